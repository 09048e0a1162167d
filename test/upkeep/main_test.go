package upkeep

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// root is the folder of the repository, from this package.
const root = "../.."

// tools is a folder with yq, which stands first in the PATH of what the tests run.
var tools string

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "upkeep:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "upkeep-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	tools = dir
	build := exec.CommandContext(context.Background(), "go", "build", "-o", dir+"/", "github.com/mikefarah/yq/v4")
	build.Env = append(os.Environ(), "GOWORK=off")
	if output, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("building yq: %w\n%s", err, output)
	}
	return m.Run(), nil
}

// A shell runs programs in a folder. They see none of the user's settings.
type shell struct {
	dir string
	env []string
}

// newShell runs in a new folder that is a Git repository without a commit.
func newShell(t *testing.T) *shell {
	t.Helper()
	s := &shell{dir: t.TempDir(), env: []string{
		"PATH=" + tools + string(os.PathListSeparator) + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir(),
		"GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C", "TZ=UTC",
		"GIT_AUTHOR_DATE=2026-01-01T00:00:00Z", "GIT_COMMITTER_DATE=2026-01-01T00:00:00Z",
	}}
	s.must(t, "git", "init", "--quiet", "--initial-branch=main")
	s.must(t, "git", "config", "user.name", "A Person")
	s.must(t, "git", "config", "user.email", "person@example.com")
	return s
}

// with is the same shell with more in its environment; of two values of one name the later counts.
func (s *shell) with(env ...string) *shell {
	return &shell{dir: s.dir, env: append(append([]string{}, s.env...), env...)}
}

// A result is what a program printed, and how it ended.
type result struct {
	stdout, stderr string
	code           int
}

func (s *shell) run(t *testing.T, name string, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(t.Context(), name, args...)
	command.Dir, command.Env, command.Stdout, command.Stderr = s.dir, s.env, &stdout, &stderr
	var exit *exec.ExitError
	if err := command.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{stdout.String(), stderr.String(), command.ProcessState.ExitCode()}
}

// must runs a program that has to end well, and returns what it printed.
func (s *shell) must(t *testing.T, name string, args ...string) string {
	t.Helper()
	got := s.run(t, name, args...)
	if got.code != 0 {
		t.Fatalf("%s %s ended with %d:\n%s%s", name, strings.Join(args, " "), got.code, got.stdout, got.stderr)
	}
	return got.stdout
}

// path is a place in the shell's folder.
func (s *shell) path(name string) string { return filepath.Join(s.dir, filepath.FromSlash(name)) }

func (s *shell) write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(s.path(name)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.path(name), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// take copies files of the repository to the same places, with the permissions they have.
func (s *shell) take(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		s.write(t, name, read(t, filepath.Join(root, name)))
		info, err := os.Stat(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(s.path(name), info.Mode().Perm()); err != nil {
			t.Fatal(err)
		}
	}
}

// commit records everything in the folder.
func (s *shell) commit(t *testing.T, subject string) {
	t.Helper()
	s.must(t, "git", "add", "--all")
	s.must(t, "git", "commit", "--quiet", "--allow-empty", "--message", subject)
}

// environments are the contents of all files in the folder of that name.
func (s *shell) environments(t *testing.T) map[string]string {
	t.Helper()
	folder := s.path("environments")
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, entry := range entries {
		found[entry.Name()] = read(t, filepath.Join(folder, entry.Name()))
	}
	return found
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// glob are the files of the repository that match one of the patterns; each must match some.
func glob(t *testing.T, patterns ...string) []string {
	t.Helper()
	var found []string
	for _, pattern := range patterns {
		matches, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		if len(matches) == 0 {
			t.Fatalf("nothing matches %s", pattern)
		}
		found = append(found, matches...)
	}
	return found
}
