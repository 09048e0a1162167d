// Package repository makes the Git repository that the demo's Argo CD reads.
package repository

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/appenv/appenv-operator/hack/demo/internal/checkout"
)

// branches are those that the samples follow: dev, stage and prod.
var branches = []string{"development", "staging", "main"}

// published is where the demo remembers what it put into the repository.
const published = "refs/demo/published"

// Path is where the repository is.
func Path(dir checkout.Dir) string { return dir.State("git", "hoge.git") }

// URL is the repository as Argo CD reads it.
func URL(dir checkout.Dir) string { return "file://" + Path(dir) }

// Publish puts the files of hack/demo/repo into the repository, as one commit on every branch, and
// returns the commit. Author and date are fixed: the same files make the same commit, and then
// nothing is done, so that what people pushed meanwhile stays.
func Publish(ctx context.Context, dir checkout.Dir) (commit string, changed bool, err error) {
	if err := os.MkdirAll(dir.State("git"), 0o755); err != nil {
		return "", false, err
	}
	work, err := os.MkdirTemp(dir.State("git"), "work-")
	if err != nil {
		return "", false, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	if err := os.CopyFS(work, os.DirFS(dir.Path("hack", "demo", "repo"))); err != nil {
		return "", false, err
	}
	if commit, err = commitAll(ctx, work); err != nil {
		return "", false, err
	}
	if _, err := os.Stat(filepath.Join(Path(dir), "HEAD")); err != nil {
		if _, err := git(ctx, work, "init", "--quiet", "--bare", "--initial-branch", branches[0], Path(dir)); err != nil {
			return "", false, err
		}
	}
	if now, err := git(ctx, Path(dir), "rev-parse", "--quiet", "--verify", published); err == nil && now == commit {
		return commit, false, nil
	}
	push := []string{"push", "--quiet", "--force", Path(dir)}
	for _, branch := range branches {
		push = append(push, commit+":refs/heads/"+branch)
	}
	_, err = git(ctx, work, append(push, commit+":"+published)...)
	return commit, true, err
}

// commitAll commits everything in a folder and returns the commit.
func commitAll(ctx context.Context, work string) (string, error) {
	for _, args := range [][]string{
		{"init", "--quiet", "--initial-branch", branches[0]},
		{"add", "--all"},
		{"commit", "--quiet", "--message", "Two applications in four environments"},
	} {
		if _, err := git(ctx, work, args...); err != nil {
			return "", err
		}
	}
	return git(ctx, work, "rev-parse", "HEAD")
}

// git runs git without any settings of the user or the machine.
func git(ctx context.Context, folder string, args ...string) (string, error) {
	const date = "2026-01-01T00:00:00Z"
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = folder
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + folder,
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=demo", "GIT_AUTHOR_EMAIL=demo@example.com", "GIT_AUTHOR_DATE=" + date,
		"GIT_COMMITTER_NAME=demo", "GIT_COMMITTER_EMAIL=demo@example.com", "GIT_COMMITTER_DATE=" + date,
	}
	output, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(output)))
	}
	return strings.TrimSpace(string(output)), nil
}
