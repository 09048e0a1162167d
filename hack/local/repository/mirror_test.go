package repository

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

func TestAMirrorHasWhatTheWorkingTreeHas(t *testing.T) {
	checkout := t.TempDir()
	if err := os.CopyFS(checkout, fstest.MapFS{
		"kept.txt": {Data: []byte("kept")}, "changed.txt": {Data: []byte("before")}, "removed.txt": {Data: []byte("x")},
		".gitignore": {Data: []byte("/bin/\n")}, "bin/built": {Data: []byte("x")},
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := git(t.Context(), checkout, "init", "--quiet", "--initial-branch", "topic"); err != nil {
		t.Fatal(err)
	}
	first, err := commitAll(t.Context(), checkout, "first")
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		os.WriteFile(filepath.Join(checkout, "changed.txt"), []byte("after"), 0o644),
		os.WriteFile(filepath.Join(checkout, "new.sh"), []byte("new"), 0o755),
		os.Remove(filepath.Join(checkout, "removed.txt")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	r := Repository{parent: filepath.Join(t.TempDir(), "git"), name: "mirror"}
	if err := r.Mirror(t.Context(), checkout, "main"); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"kept.txt": "kept", "changed.txt": "after", "new.sh": "new", "removed.txt": "", "bin/built": ""} {
		if got := read(t, r, "main", path); got != want {
			t.Errorf("%s holds %q, want %q", path, got, want)
		}
	}
	if mode, err := git(t.Context(), r.path(), "ls-tree", "main", "new.sh"); err != nil || !strings.HasPrefix(mode, "100755 ") {
		t.Errorf("new.sh is %q, %v; want it executable", mode, err)
	}
	if parent, err := git(t.Context(), r.path(), "rev-parse", "main^"); err != nil || parent != first {
		t.Errorf("it is built on %q, %v; want the history %s", parent, err, first)
	}
	if err := r.Tag(t.Context(), "main", "v1.0.0"); err != nil {
		t.Fatal(err)
	}
	if now, err := git(t.Context(), checkout, "log", "--format=%H"); err != nil || now != first {
		t.Errorf("the checkout has commits %q, %v; want it left alone", now, err)
	}
}

func TestAnEditChangesRemovesAndRefusesToDoNothing(t *testing.T) {
	r := Repository{parent: filepath.Join(t.TempDir(), "git"), name: "team"}
	if err := r.Init(t.Context(), "main", "README.md", "hello\n"); err != nil {
		t.Fatal(err)
	}
	to := func(text string) func(string) string { return func(string) string { return text } }
	if _, err := r.Edit(t.Context(), "main", "two files", map[string]func(string) string{"a/b.txt": to("b"), "c.txt": to("c")}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Edit(t.Context(), "main", "one goes", map[string]func(string) string{"c.txt": to("")}); err != nil {
		t.Fatal(err)
	}
	if b, c := read(t, r, "main", "a/b.txt"), read(t, r, "main", "c.txt"); b != "b" || c != "" {
		t.Errorf("it holds %q and %q, want b and nothing", b, c)
	}
	if _, err := r.Edit(t.Context(), "main", "nothing", map[string]func(string) string{"a/b.txt": to("b")}); err == nil {
		t.Error("an edit that changes nothing is no error")
	}
}
