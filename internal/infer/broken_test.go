package infer

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestObjectsOfTheWrongShapeDoNoHarm puts something else into every field of every object, one after another: a file may
// hold anything.
func TestObjectsOfTheWrongShapeDoNoHarm(t *testing.T) {
	tried := 0
	for _, path := range []string{"testdata/rich.yaml", "testdata/changed.yaml"} {
		objects := objectsIn(t, path)
		for i := range objects {
			for _, wrong := range []any{nil, "text", int64(7), []any{"text"}, map[string]any{"key": map[string]any{"a": "b"}}} {
				eachField(objects[i].Object, func(set func(any), old any) {
					tried++
					set(wrong)
					defer set(old)
					tryAll(t, objects)
				})
			}
		}
	}
	if tried < 2000 {
		t.Errorf("only %d fields were tried", tried)
	}
}

// tryAll asks everything of the objects. Errors are fine, panics are not.
func tryAll(t *testing.T, objects []unstructured.Unstructured) {
	t.Helper()
	if scope, err := ScopeOf(objects, Target{"namespace", "shop-prod"}, testSettings); err == nil {
		scope.Holds(&objects[0])
	}
	result, err := Environment(objects, Options{Settings: testSettings})
	if err != nil {
		return
	}
	if _, err := Check(result.Env, objects, testSettings); err != nil {
		return
	}
}

// eachField visits every value below the apiVersion, kind and names of an object, and lets it be set.
func eachField(in map[string]any, visit func(set func(any), old any)) {
	for _, key := range sortedKeys(in) {
		if contains([]string{"apiVersion", "kind"}, key) {
			continue
		}
		old := in[key]
		if key != "metadata" {
			visit(func(value any) { in[key] = value }, old)
		}
		eachBelow(old, visit)
	}
}

func eachBelow(value any, visit func(set func(any), old any)) {
	switch value := value.(type) {
	case map[string]any:
		eachField(value, visit)
	case []any:
		for i, old := range value {
			visit(func(other any) { value[i] = other }, old)
			eachBelow(old, visit)
		}
	}
}
