// Package repository makes the Git repositories that Argo CD reads here.
package repository

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/appenv/appenv-operator/hack/local/checkout"
)

// published is where a repository remembers what Publish put into it.
const published = "refs/local/published"

// Repository is a bare Git repository in a folder of state. It need not exist yet.
type Repository struct {
	parent string
	name   string
}

// At is the repository of that name in a checkout's folder of state.
func At(dir checkout.Dir, name string) Repository {
	return Repository{parent: dir.State("git"), name: name}
}

// path is where the repository is.
func (r Repository) path() string { return filepath.Join(r.parent, r.name+".git") }

// URL is the repository as Argo CD reads it.
func (r Repository) URL() string { return "file://" + r.path() }

// Publish puts files into the repository, as one commit on every branch, the first of which is the
// default, and returns the commit. Author and date are fixed: the same files make the same commit, and
// then nothing is done, so that what people pushed meanwhile stays.
func (r Repository) Publish(ctx context.Context, files fs.FS, branches ...string) (commit string, changed bool, err error) {
	work, err := r.workFolder()
	if err != nil {
		return "", false, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	if err := os.CopyFS(work, files); err != nil {
		return "", false, err
	}
	if _, err := git(ctx, work, "init", "--quiet", "--initial-branch", branches[0]); err != nil {
		return "", false, err
	}
	if commit, err = commitAll(ctx, work, "Applications and their environments"); err != nil {
		return "", false, err
	}
	if _, err := os.Stat(filepath.Join(r.path(), "HEAD")); err != nil {
		if _, err := git(ctx, work, "init", "--quiet", "--bare", "--initial-branch", branches[0], r.path()); err != nil {
			return "", false, err
		}
	}
	if now, err := git(ctx, r.path(), "rev-parse", "--quiet", "--verify", published); err == nil && now == commit {
		return commit, false, nil
	}
	push := []string{"push", "--quiet", "--force", r.path()}
	for _, branch := range branches {
		push = append(push, commit+":refs/heads/"+branch)
	}
	_, err = git(ctx, work, append(push, commit+":"+published)...)
	return commit, true, err
}

// Commit writes files, by path, commits them on a branch and returns the commit.
func (r Repository) Commit(ctx context.Context, branch, message string, files map[string]string) (string, error) {
	return r.change(ctx, branch, func(work string) error {
		for path, content := range files {
			file := filepath.Join(work, path)
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				return err
			}
			if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
				return err
			}
		}
		_, err := commitAll(ctx, work, message)
		return err
	})
}

// Revert reverts the last commit of a branch, as `git revert` does, and returns the commit that does so.
func (r Repository) Revert(ctx context.Context, branch string) (string, error) {
	return r.change(ctx, branch, func(work string) error {
		_, err := git(ctx, work, "revert", "--no-edit", "HEAD")
		return err
	})
}

// change clones a branch, lets work be done there, pushes the outcome and returns its commit.
func (r Repository) change(ctx context.Context, branch string, do func(work string) error) (commit string, err error) {
	work, err := r.workFolder()
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	if _, err := git(ctx, work, "clone", "--quiet", "--branch", branch, r.path(), "."); err != nil {
		return "", err
	}
	if err := do(work); err != nil {
		return "", err
	}
	if _, err := git(ctx, work, "push", "--quiet", "origin", "HEAD:refs/heads/"+branch); err != nil {
		return "", err
	}
	return git(ctx, work, "rev-parse", "HEAD")
}

// workFolder makes an empty folder beside the repository.
func (r Repository) workFolder() (string, error) {
	if err := os.MkdirAll(r.parent, 0o755); err != nil {
		return "", err
	}
	return os.MkdirTemp(r.parent, "work-")
}

// commitAll commits everything in a folder and returns the commit.
func commitAll(ctx context.Context, work, message string) (string, error) {
	for _, args := range [][]string{
		{"add", "--all"},
		{"commit", "--quiet", "--message", message},
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
		"GIT_AUTHOR_NAME=local", "GIT_AUTHOR_EMAIL=local@example.com", "GIT_AUTHOR_DATE=" + date,
		"GIT_COMMITTER_NAME=local", "GIT_COMMITTER_EMAIL=local@example.com", "GIT_COMMITTER_DATE=" + date,
	}
	output, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(output)))
	}
	return strings.TrimSpace(string(output)), nil
}
