package component

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/foreign/argocd"
	"github.com/appenv/appenv-operator/test/golden"
)

// junk is what may stand where something else was expected.
var junk = []any{nil, "", "junk", int64(-1), 1.5, true, map[string]any{}, []any{}, []any{nil, int64(1), "x", map[string]any{}}, map[string]any{"type": int64(3)}}

func TestNoLiveObjectMakesHealthPanic(t *testing.T) {
	tried := 0
	forEachCase(t, func(t *testing.T, c Component, dir string, in Input) {
		for _, live := range readLive(t, dir) {
			key := KeyOf(&unstructured.Unstructured{Object: live.Base})
			for _, path := range pathsOf(nil, live.Base) {
				for _, thing := range junk {
					object := &unstructured.Unstructured{Object: golden.Merged(t, live.Base, nil)}
					replaceAt(object.Object, path, runtime.DeepCopyJSONValue(thing))
					tried++
					mustNotPanic(t, fmt.Sprintf("%s with %v at %v", key, thing, path), func() {
						c.Health(in, key, object)
						argocd.Elements(object)
						argocd.TrimApplication(object)
						c.Health(in, key, object)
					})
				}
			}
		}
	})
	if tried < 1000 {
		t.Errorf("only %d broken objects were tried", tried)
	}
}

func TestAnEnvironmentWithoutAnythingPanicsNowhere(t *testing.T) {
	in := Input{Env: &v1alpha1.AppEnvironment{}}
	for _, c := range All {
		mustNotPanic(t, c.Name, func() {
			_, _ = c.Intent(in)
			for _, kind := range append(c.Kinds, c.Observes...) {
				live := &unstructured.Unstructured{Object: map[string]any{}}
				c.Health(in, Key{Group: kind.Group, Kind: kind.Kind}, live)
				c.Health(in, Key{Group: kind.Group, Kind: kind.Kind}, nil)
			}
		})
	}
	mustNotPanic(t, "the rest", func() {
		Admit(in, nil, nil)
		SecretsSynced(in, nil)
		Violations(in)
		Claims(in.Env)
		_, _ = TeardownProject(in)
	})
}

func mustNotPanic(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		if problem := recover(); problem != nil {
			t.Errorf("%s: panic: %v", what, problem)
		}
	}()
	f()
}

// pathsOf are the paths of every field, but those that say what the object is.
func pathsOf(prefix []any, value any) [][]any {
	var paths [][]any
	switch value := value.(type) {
	case map[string]any:
		for key, nested := range value {
			if len(prefix) == 0 && (key == "apiVersion" || key == "kind" || key == "metadata") {
				continue
			}
			path := append(append([]any{}, prefix...), key)
			paths = append(append(paths, path), pathsOf(path, nested)...)
		}
	case []any:
		for i, nested := range value {
			path := append(append([]any{}, prefix...), i)
			paths = append(append(paths, path), pathsOf(path, nested)...)
		}
	}
	return paths
}

func replaceAt(value any, path []any, with any) {
	switch value := value.(type) {
	case map[string]any:
		if len(path) == 1 {
			value[path[0].(string)] = with
			return
		}
		replaceAt(value[path[0].(string)], path[1:], with)
	case []any:
		if len(path) == 1 {
			value[path[0].(int)] = with
			return
		}
		replaceAt(value[path[0].(int)], path[1:], with)
	}
}
