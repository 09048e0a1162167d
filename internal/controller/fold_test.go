package controller

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// liveObjects are the live objects of the components' golden tests, and some that look unlike them.
func liveObjects(t *testing.T) map[string]*unstructured.Unstructured {
	t.Helper()
	files, err := filepath.Glob("../component/testdata/*/*/live*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("found no live objects: %v", err)
	}
	objects := map[string]*unstructured.Unstructured{
		"nothing but a name": {Object: map[string]any{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": map[string]any{"name": "a"}}},
		"no metadata":        {Object: map[string]any{"apiVersion": "v1", "kind": "ServiceAccount"}},
		"managed by several": {Object: map[string]any{
			"apiVersion": "v1", "kind": "Namespace",
			"metadata": map[string]any{
				"name": "a", "uid": "u", "resourceVersion": "12", "generation": int64(3), "deletionTimestamp": "2026-01-02T03:04:05Z",
				"labels":      map[string]any{v1alpha1.LabelEnvironment: "hoge-dev", "other": "label"},
				"annotations": map[string]any{"an": "annotation"},
				"managedFields": []any{
					map[string]any{"manager": "a", "operation": "Update", "time": "2026-01-02T03:04:05Z", "fieldsV1": map[string]any{"f:spec": map[string]any{}}},
					map[string]any{"manager": "b", "operation": "Apply", "fieldsV1": map[string]any{"f:status": map[string]any{"f:n": map[string]any{}}}},
				},
			},
			"spec": map[string]any{"number": int64(1) << 60, "part": 0.5, "none": nil, "list": []any{"a", int64(1), true}},
		}},
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		u := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(content, &u.Object); err == nil && u.Object["kind"] != nil {
			objects[file] = u
		}
	}
	return objects
}

func TestFoldingLosesNothing(t *testing.T) {
	for name, u := range liveObjects(t) {
		t.Run(name, func(t *testing.T) {
			want := u.DeepCopy()
			if want.Object["metadata"] == nil {
				want.Object["metadata"] = map[string]any{}
			}
			folded := foldOf(t, u)
			if !isFolded(folded) {
				t.Fatal("it is not folded")
			}
			for _, get := range []func(*unstructured.Unstructured) string{
				(*unstructured.Unstructured).GetName, (*unstructured.Unstructured).GetNamespace, (*unstructured.Unstructured).GetKind,
				(*unstructured.Unstructured).GetResourceVersion, (*unstructured.Unstructured).GetAPIVersion,
				func(u *unstructured.Unstructured) string { return string(u.GetUID()) },
				func(u *unstructured.Unstructured) string { return ownerOf(u) },
				func(u *unstructured.Unstructured) string { return fmt.Sprint(u.GetDeletionTimestamp()) },
			} {
				if get(folded) != get(want) {
					t.Errorf("folded it says %q, not %q", get(folded), get(want))
				}
			}
			before := folded.DeepCopy()
			again := foldOf(t, folded)
			got, err := unfold(again)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.Object, got.Object); diff != "" {
				t.Errorf("-before +after:\n%s", diff)
			}
			got.SetLabels(map[string]string{"changed": "yes"})
			unstructured.RemoveNestedField(got.Object, "metadata", "managedFields")
			if diff := cmp.Diff(before.Object, folded.Object); diff != "" {
				t.Errorf("changing what was unfolded changed the cache:\n%s", diff)
			}
		})
	}
}

func foldOf(t *testing.T, u *unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	out, err := fold(u)
	if err != nil {
		t.Fatal(err)
	}
	return out.(*unstructured.Unstructured)
}

func TestABrokenFoldIsAnErrorAndNoPanic(t *testing.T) {
	for name, object := range map[string]map[string]any{
		"no JSON":                {"kind": "Namespace", foldedRest: "{"},
		"managedFields no JSON":  {"kind": "Namespace", foldedRest: "{}", foldedManaged: "[", foldedTimes: ""},
		"managedFields no list":  {"kind": "Namespace", foldedRest: "{}", foldedManaged: "{}", foldedTimes: ""},
		"more times than fields": {"kind": "Namespace", foldedRest: "{}", foldedManaged: "[]", foldedTimes: "a,b"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := unfold(&unstructured.Unstructured{Object: object}); err == nil {
				t.Error("there is no error")
			}
		})
	}
}
