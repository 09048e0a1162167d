package validation

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// TestSamplesAreAccepted holds what users copy to what the schema says.
func TestSamplesAreAccepted(t *testing.T) {
	files, err := filepath.Glob("../../config/samples/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		object := &unstructured.Unstructured{Object: parse(string(data)).(map[string]any)}
		if object.GroupVersionKind().Group != v1alpha1.GroupVersion.Group {
			continue
		}
		found++
		if err := create(t.Context(), object, true); err != nil {
			t.Errorf("%s: %v", filepath.Base(file), err)
		}
	}
	if found == 0 {
		t.Error("there is no AppEnvironment in config/samples")
	}
}

func TestTheExampleOfTheReadmeIsAccepted(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, marked := strings.Cut(string(text), "<!-- example -->\n```yaml\n")
	example, _, ended := strings.Cut(rest, "```")
	if !marked || !ended {
		t.Fatal("the README has no example")
	}
	object := &unstructured.Unstructured{Object: parse(example).(map[string]any)}
	if err := create(t.Context(), object, true); err != nil {
		t.Error(err)
	}
}
