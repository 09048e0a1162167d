package apply

import (
	"context"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Release gives an object up and leaves it as it is: one patch, bound to the
// object as it was read, takes off the labels and annotations with the keys in
// drop and the manager's entry in managedFields, and adds the annotations in
// leave. Applying an empty intent instead would take the object's own fields along.
func (a *Applier) Release(ctx context.Context, live *unstructured.Unstructured, drop []string, leave map[string]string) error {
	labels, annotations := live.GetLabels(), live.GetAnnotations()
	for _, key := range drop {
		delete(labels, key)
		delete(annotations, key)
	}
	if annotations == nil {
		annotations = map[string]string{}
	}
	maps.Copy(annotations, leave)
	fields := slices.DeleteFunc(live.GetManagedFields(), func(entry metav1.ManagedFieldsEntry) bool {
		return entry.Manager == a.manager
	})
	operations := []map[string]any{
		{"op": "test", "path": "/metadata/uid", "value": string(live.GetUID())},
		{"op": "test", "path": "/metadata/resourceVersion", "value": live.GetResourceVersion()},
		{"op": "add", "path": "/metadata/labels", "value": labels},
		{"op": "add", "path": "/metadata/annotations", "value": annotations},
	}
	if len(fields) > 0 {
		// An empty list would be filled with an entry for everything that there is.
		operations = append(operations, map[string]any{"op": "replace", "path": "/metadata/managedFields", "value": fields})
	}
	return a.PatchJSON(ctx, live, operations)
}
