package repository

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
)

// read returns a file as it stands at the tip of a branch; "" when there is none.
func read(t *testing.T, r Repository, branch, path string) string {
	t.Helper()
	content, err := git(t.Context(), r.path(), "show", branch+":"+path)
	if err != nil {
		return ""
	}
	return content
}

func TestAChangeCanBeRevertedAndStaysOnItsBranch(t *testing.T) {
	r := Repository{parent: filepath.Join(t.TempDir(), "git"), name: "team"}
	files := fstest.MapFS{"app/image.txt": {Data: []byte("v1")}}
	first, changed, err := r.Publish(t.Context(), files, "main", "development")
	if err != nil || !changed {
		t.Fatalf("published: %v, %v", changed, err)
	}
	if _, err := r.Commit(t.Context(), "development", "v2", map[string]string{"app/image.txt": "v2", "new/file": "x"}); err != nil {
		t.Fatal(err)
	}
	if got := read(t, r, "development", "app/image.txt"); got != "v2" {
		t.Errorf("development holds %q, want v2", got)
	}
	if got := read(t, r, "main", "app/image.txt"); got != "v1" {
		t.Errorf("main holds %q, want v1", got)
	}
	if _, err := r.Revert(t.Context(), "development"); err != nil {
		t.Fatal(err)
	}
	if image, file := read(t, r, "development", "app/image.txt"), read(t, r, "development", "new/file"); image != "v1" || file != "" {
		t.Errorf("after the revert development holds %q and %q, want v1 and nothing", image, file)
	}
	again, changed, err := r.Publish(t.Context(), files, "main", "development")
	if err != nil || changed || again != first {
		t.Errorf("published again: %s, changed %v, %v; want %s, false", again, changed, err, first)
	}
	if left, _ := os.ReadDir(r.parent); len(left) != 1 {
		t.Errorf("%d entries remain beside the repository, want itself alone", len(left))
	}
}
