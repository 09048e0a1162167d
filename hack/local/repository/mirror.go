package repository

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Init makes a repository whose default branch has one commit, with a file.
func (r Repository) Init(ctx context.Context, branch, file, content string) error {
	return r.make(ctx, branch, "A repository", func(work string) error {
		if _, err := git(ctx, work, "init", "--quiet", "--initial-branch", branch); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(work, file), []byte(content), 0o644)
	})
}

// Mirror makes the repository a clone of a checkout: its history, and on top of it, on the branch, what the
// working tree has and no commit does.
func (r Repository) Mirror(ctx context.Context, checkout, branch string) error {
	return r.make(ctx, branch, "The working tree", func(work string) error {
		if _, err := git(ctx, work, "clone", "--quiet", "--no-hardlinks", checkout, "."); err != nil {
			return err
		}
		if _, err := git(ctx, work, "checkout", "--quiet", "-B", branch); err != nil {
			return err
		}
		if _, err := git(ctx, work, "rm", "-r", "--quiet", "."); err != nil {
			return err
		}
		listed, err := git(ctx, checkout, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
		if err != nil {
			return err
		}
		for file := range strings.SplitSeq(strings.TrimSuffix(listed, "\x00"), "\x00") {
			if err := copyFile(filepath.Join(checkout, file), filepath.Join(work, file)); err != nil {
				return err
			}
		}
		return nil
	})
}

// make fills a folder, commits what is in it, and makes the repository a clone of that.
func (r Repository) make(ctx context.Context, branch, message string, fill func(work string) error) (err error) {
	work, err := r.workFolder()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	if err := fill(work); err != nil {
		return err
	}
	if _, err := git(ctx, work, "add", "--all"); err != nil {
		return err
	}
	if _, err := git(ctx, work, "diff", "--cached", "--quiet"); err != nil { // there is something to commit
		if _, err := git(ctx, work, "commit", "--quiet", "--message", message); err != nil {
			return err
		}
	}
	_, err = git(ctx, r.parent, "clone", "--quiet", "--bare", "--no-hardlinks", "--single-branch", "--branch", branch, work, r.path())
	return err
}

// Tag gives the tip of a branch a tag, which moves when it exists.
func (r Repository) Tag(ctx context.Context, branch, tag string) error {
	_, err := git(ctx, r.path(), "tag", "--force", tag, "refs/heads/"+branch)
	return err
}

// Edit changes files on a branch, by path, in one commit, and returns the commit. A file that becomes empty
// is removed.
func (r Repository) Edit(ctx context.Context, branch, message string, edits map[string]func(string) string) (string, error) {
	return r.change(ctx, branch, func(work string) error {
		for path, edit := range edits {
			if err := editFile(filepath.Join(work, path), edit); err != nil {
				return err
			}
		}
		_, err := commitAll(ctx, work, message)
		return err
	})
}

func editFile(path string, edit func(string) string) error {
	content, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	after := edit(string(content))
	switch {
	case after == string(content):
		return fmt.Errorf("the edit of %s changes nothing", filepath.Base(path))
	case after == "":
		return os.Remove(path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(after), 0o644)
}

// copyFile copies a file with its mode; one that was deleted in the working tree is left out.
func copyFile(from, to string) error {
	info, err := os.Stat(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, content, info.Mode().Perm())
}
