package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A breakage whose line has moved on would break nothing, and is noticed here rather than by `make sabotage` alone.
func TestEachBreakageChangesExactlyOnePlace(t *testing.T) {
	for _, b := range breakages {
		content, err := os.ReadFile(filepath.Join("..", "..", b.file))
		if err != nil {
			t.Errorf("%s: %v", b.what, err)
		} else if n := strings.Count(string(content), b.from); n != 1 || b.from == b.to {
			t.Errorf("%s: %q stands %d times in %s", b.what, b.from, n, b.file)
		}
	}
}
