package cli

import (
	"strings"
	"testing"
)

// What a flag or a command takes is completed, and no names of files where none is taken.
func TestWordsAreCompletedAndFilesOnlyWhereTheyAreTaken(t *testing.T) {
	const noFiles, files = ":4\n", ":0\n"
	for line, want := range map[string]string{
		"wait a --for ":             "ready\ndeleted\n" + noFiles,
		"status -o ":                "wide\nname\njson\nyaml\n" + noFiles,
		"render -o ":                "yaml\njson\n" + noFiles,
		"lint --output ":            strings.Join(lintFormats, "\n") + "\n" + noFiles,
		"import ":                   "namespace\napplicationset\n" + noFiles,
		"import namespace ":         noFiles,
		"lint ":                     noFiles,
		"diff ":                     noFiles,
		"version ":                  noFiles,
		"lint -f ":                  files,
		"import namespace hoge -f ": files,
	} {
		words := append([]string{"__complete"}, strings.Split(line, " ")...)
		if code, out, failures := runWith(t.Context(), t, words...); code != 0 || out != want {
			t.Errorf("%q is completed with %q, want %q (%d, %s)", line, out, want, code, failures)
		}
	}
}
