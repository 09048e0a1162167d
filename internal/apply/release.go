package apply

import (
	"context"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// A Release says what giving an object up takes off it and leaves on it.
type Release struct {
	// Drop are keys of labels and annotations.
	Drop []string
	// Finalizers are the manager's own finalizers.
	Finalizers []string
	// Leave are annotations that are put on the object.
	Leave map[string]string
}

// Release gives an object up and leaves it as it is: one patch, bound to the object as
// it was read, carries out the release and takes the manager's entry out of
// managedFields. Applying an empty intent instead would take the object's own fields
// along. An object that changed since gives a conflict.
func (a *Applier) Release(ctx context.Context, live *unstructured.Unstructured, release Release) error {
	labels, annotations := live.GetLabels(), live.GetAnnotations()
	for _, key := range release.Drop {
		delete(labels, key)
		delete(annotations, key)
	}
	if labels == nil {
		labels = map[string]string{}
	}
	if annotations == nil {
		annotations = map[string]string{}
	}
	maps.Copy(annotations, release.Leave)
	operations := []map[string]any{
		{"op": "test", "path": "/metadata/uid", "value": string(live.GetUID())},
		{"op": "test", "path": "/metadata/resourceVersion", "value": live.GetResourceVersion()},
		{"op": "add", "path": "/metadata/labels", "value": labels},
		{"op": "add", "path": "/metadata/annotations", "value": annotations},
	}
	finalizers := slices.DeleteFunc(slices.Clone(live.GetFinalizers()), func(name string) bool { return slices.Contains(release.Finalizers, name) })
	if len(finalizers) < len(live.GetFinalizers()) {
		operations = append(operations, map[string]any{"op": "replace", "path": "/metadata/finalizers", "value": finalizers})
	}
	fields := slices.DeleteFunc(live.GetManagedFields(), func(entry metav1.ManagedFieldsEntry) bool {
		return entry.Manager == a.manager && entry.Subresource == ""
	})
	left := any(fields)
	if len(fields) == 0 {
		left = []any{map[string]any{}} // none; an empty list would be filled with an entry for everything that there is
	}
	operations = append(operations, map[string]any{"op": "replace", "path": "/metadata/managedFields", "value": left})
	// What the patch leaves is nobody's: as the manager's own it would be an entry again.
	return a.patchAs(ctx, a.manager+"-release", live, operations)
}
