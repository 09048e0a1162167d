package cli

import "testing"

func TestFilesAreNamedByURIs(t *testing.T) {
	for file, want := range map[string]string{
		"environments/dev.yaml": "environments/dev.yaml",
		"sp ace/100% ü.yaml":    "sp%20ace/100%25%20%C3%BC.yaml",
		"a:b.yaml":              "./a:b.yaml",
		"../what?.yaml":         "../what%3F.yaml",
		"/srv/sp ace/dev.yaml":  "file:///srv/sp%20ace/dev.yaml",
		"stdin":                 "stdin",
	} {
		if got := fileURI(file); got != want {
			t.Errorf("%s: got %s, want %s", file, got, want)
		}
	}
}
