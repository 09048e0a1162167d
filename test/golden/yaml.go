package golden

import (
	"encoding/json"
	"os"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

// ReadYAML reads a file into a value, and fails on what the value has no field for.
func ReadYAML(t testing.TB, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(data, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// Merged is base changed by a JSON merge patch, which may be nil, with numbers as the API server has them.
func Merged(t testing.TB, base, patch map[string]any) map[string]any {
	t.Helper()
	document := JSON(t, base)
	if patch != nil {
		var err error
		if document, err = jsonpatch.MergePatch(document, JSON(t, patch)); err != nil {
			t.Fatal(err)
		}
	}
	result := map[string]any{}
	if err := utiljson.Unmarshal(document, &result); err != nil {
		t.Fatal(err)
	}
	return result
}

// Object is an object that stands in a test as YAML.
func Object(t testing.TB, text string) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(text), &object.Object); err != nil {
		t.Fatal(err)
	}
	return object
}

// JSON is a value as JSON.
func JSON(t testing.TB, value any) []byte {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
