package component

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// object makes an object of a kind. fields are its top-level fields but metadata,
// as plain maps or as anything that encodes to JSON without zero values.
func object(kind Kind, namespace, name string, fields map[string]any) (*unstructured.Unstructured, error) {
	plain, err := toPlain(fields)
	if err != nil {
		return nil, fmt.Errorf("encoding %s %s: %w", kind.Kind, name, err)
	}
	u := &unstructured.Unstructured{Object: plain}
	u.SetGroupVersionKind(kind.GroupVersionKind)
	u.SetNamespace(namespace)
	u.SetName(name)
	return u, nil
}

// toPlain turns typed values into what JSON has: maps, slices, strings, bools, int64.
func toPlain(fields map[string]any) (map[string]any, error) {
	return runtime.DefaultUnstructuredConverter.ToUnstructured(&fields)
}

// existence judges objects that are well when they exist. ok is false when the
// object is missing or on its way out, and health says so.
func existence(live *unstructured.Unstructured) (health Health, ok bool) {
	if live == nil {
		return Health{State: Progressing, Reason: v1alpha1.ReasonProgressing, Message: "not created yet"}, false
	}
	if live.GetDeletionTimestamp() == nil {
		return Health{}, true
	}
	message := "is being deleted; it is created again when it is gone"
	if held := HeldBy(live); held != "" {
		message = "is being deleted and waits: " + held + "; it is created again when it is gone"
	}
	return Health{State: Progressing, Reason: v1alpha1.ReasonTerminating, Message: shorten(message)}, false
}

// condition is a condition of status.conditions, as most operators write them.
type condition struct {
	status, reason, message string
	observedGeneration      int64
}

// conditionOf finds a condition of a live object. A missing one has no status.
func conditionOf(live *unstructured.Unstructured, conditionType string) condition {
	items, _, _ := unstructured.NestedSlice(live.Object, "status", "conditions")
	for _, item := range items {
		fields, _ := item.(map[string]any)
		if text(fields, "type") != conditionType {
			continue
		}
		generation, _, _ := unstructured.NestedInt64(fields, "observedGeneration")
		return condition{text(fields, "status"), text(fields, "reason"), text(fields, "message"), generation}
	}
	return condition{}
}

// text is a string in a live object, empty when it is missing or something else.
func text(fields map[string]any, path ...string) string {
	value, _, _ := unstructured.NestedString(fields, path...)
	return value
}
