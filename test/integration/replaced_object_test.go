package integration

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/internal/apply"
	"github.com/appenv/appenv-operator/test/fixture"
)

// What was judged is what is written, deleted or released: an object that took its
// place in between is left as it is.
func TestNoWriteHitsAnObjectThatTookThePlaceOfTheOneThatWasRead(t *testing.T) {
	t.Parallel()
	if err := plane.NewNamespace(t.Context(), "replaced"); err != nil {
		t.Fatal(err)
	}
	applier := apply.New(plane.Client, plane.Client, "test")
	key := objectKey("replaced", "quota")
	intent := fixture.Foreign(quotaGVK, key, map[string]any{"hard": map[string]any{"pods": "1"}})
	for name, write := range map[string]func(old *unstructured.Unstructured) error{
		"apply": func(old *unstructured.Unstructured) error {
			_, err := applier.Apply(t.Context(), intent, old)
			return err
		},
		"delete": func(old *unstructured.Unstructured) error {
			return applier.Delete(t.Context(), old, metav1.DeletePropagationBackground)
		},
		"release": func(old *unstructured.Unstructured) error {
			return applier.Release(t.Context(), old, apply.Release{Drop: []string{"kept"}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			old, err := applier.Create(t.Context(), intent)
			if err != nil {
				t.Fatal(err)
			}
			plane.Delete(t, old)
			replacement := fixture.Foreign(quotaGVK, key, map[string]any{"hard": map[string]any{"pods": "2"}})
			plane.CreateForeign(t, replacement)
			before := bytesOf(t, replacement)
			if err := write(old); !apply.IsReplaced(err) {
				t.Errorf("got %v, want an error that says that the object was replaced", err)
			}
			if diff := cmp.Diff(before, bytesOf(t, replacement)); diff != "" {
				t.Errorf("the replacement was touched (-before +after):\n%s", diff)
			}
			plane.Delete(t, replacement)
		})
		t.Run(name+" of what is gone", func(t *testing.T) {
			old, err := applier.Create(t.Context(), intent)
			if err != nil {
				t.Fatal(err)
			}
			plane.Delete(t, old)
			if err := write(old); name == "apply" && !apply.IsReplaced(err) || name != "apply" && err != nil {
				t.Errorf("got %v", err)
			}
			if live := plane.Find(t, quotaGVK, key); live != nil {
				t.Error("the object is back")
			}
		})
	}
}
