package infer

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Whoever may name an object in the cluster must not be able to write into the file that somebody else applies.
func TestWhatObjectsSayStaysWithinALine(t *testing.T) {
	for text, want := range map[string]string{
		"plain: ü\u3000x":                        "plain: ü\\u3000x",
		"a\n---\nkind: ClusterRoleBinding":       `a\n---\nkind: ClusterRoleBinding`,
		"a\r\u0085\u2028\u2029\ufeffb\x1b[31m":   `a\r\u0085\u2028\u2029\ufeffb\x1b[31m`,
		"from https://user:tok3n@example.com/x":  "from https://...@example.com/x",
		"from https://example.com/x@v1 to a@b.c": "from https://example.com/x@v1 to a@b.c",
	} {
		if got := OneLine(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

// A template may be anybody's: it is executed only if it comes to an end, and its result is about as large as it is.
func TestTemplatesThatNeedNotEndAreNotExecuted(t *testing.T) {
	element := map[string]any{"a": "x,y"}
	for text, want := range map[string]string{
		`{{.a}}-{{ if eq .a "b" }}{{ else }}c{{ end }}`: "x,y-c",
		`{{ splitList "," .a | toJson }}`:               `["x","y"]`,
		`{{ with .a }}{{ . }}{{ end }}`:                 "x,y",
	} {
		if got, err := executed(text, element, nil); err != nil || got != want {
			t.Errorf("%s gives %q, %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{
		`{{ range 10000000000000 }}{{ end }}`, `{{ if .a }}{{ range 10000000000000 }}x{{ end }}{{ end }}`,
		`{{ define "x" }}{{ template "x" }}{{ end }}{{ template "x" }}`, `{{ printf "%1000000000d" 1 }}`, `{{ (printf "%9999d" 1) }}`,
	} {
		ended := make(chan error, 1)
		go func() {
			_, err := executed(text, element, nil)
			ended <- err
		}()
		select {
		case err := <-ended:
			if err == nil || !strings.Contains(err.Error(), "its template") {
				t.Errorf("%s: %v", text, err)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s does not end", text)
		}
	}
}

// One annotation that an environment may not have, or one too many, is no reason to write none.
func TestAnnotationsThatAnEnvironmentMayNotHaveAreLeft(t *testing.T) {
	annotations := map[string]string{"a/control": "x\u0085y", "a/bom": "\ufeffx", "a/template": "{{ x }}", "kubernetes.io/x": "y", "a/braces": "{x}"}
	for i := range 30 {
		annotations[fmt.Sprintf("b/%02d", i)] = "kept"
	}
	namespace := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": "hoge"}}}
	namespace.SetAnnotations(annotations)
	m := &importer{}
	found := m.annotations(namespace)
	if len(found) != 20 || found["a/braces"] != "" || found["b/19"] != "kept" || found["b/20"] != "" {
		t.Errorf("found %v", found)
	}
	if len(m.remarks) != 1 || !strings.Contains(m.remarks[0].Text, "20 at most") {
		t.Errorf("remarks: %v", m.remarks)
	}
}
