package apply

import (
	"bytes"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	"sigs.k8s.io/structured-merge-diff/v6/value"
)

// matches says whether live holds every value of the intent, the manager owns
// every field of it, and owns nothing that has left the intent.
func (a *Applier) matches(intent, live *unstructured.Unstructured) bool {
	if !contains(live.Object, intent.Object) {
		return false
	}
	owned := ownedFields(live, a.manager)
	created := hasUpdateEntry(live, a.manager)
	return covers(owned, withoutIdentity(intent.Object), created) && !ownsMore(owned, intent.Object)
}

// contains says whether live has every value of want. Maps may hold more, unless they
// are to be empty; lists may not, except finalizers, which is the one set that several
// managers share.
func contains(live, want any) bool {
	switch want := want.(type) {
	case map[string]any:
		live, ok := live.(map[string]any)
		if !ok || len(want) == 0 && len(live) > 0 {
			return false
		}
		for key, wanted := range want {
			have, found := live[key]
			if !found {
				return false
			}
			if key == "finalizers" && containsAll(have, wanted) {
				continue
			}
			if !contains(have, wanted) {
				return false
			}
		}
		return true
	case []any:
		live, ok := live.([]any)
		return ok && slices.EqualFunc(live, want, contains)
	default:
		return equality.Semantic.DeepEqual(live, want)
	}
}

func containsAll(live, want any) bool {
	have, ok := live.([]any)
	wanted, ok2 := want.([]any)
	if !ok || !ok2 {
		return false
	}
	for _, w := range wanted {
		if !slices.ContainsFunc(have, func(h any) bool { return contains(h, w) }) {
			return false
		}
	}
	return true
}

// Owns says whether the manager has set the field of the object.
func (a *Applier) Owns(live *unstructured.Unstructured, path ...string) bool {
	elements := make([]any, len(path))
	for i, name := range path {
		elements[i] = name
	}
	return ownedFields(live, a.manager).Has(fieldpath.MakePathOrDie(elements...))
}

// ownedFields are the fields that the manager owns in the object itself, by apply
// or by the POST that created it.
func ownedFields(live *unstructured.Unstructured, manager string) *fieldpath.Set {
	owned := &fieldpath.Set{}
	for _, entry := range live.GetManagedFields() {
		if entry.Manager != manager || entry.Subresource != "" || entry.FieldsV1 == nil {
			continue
		}
		set := &fieldpath.Set{}
		if err := set.FromJSON(bytes.NewReader(entry.FieldsV1.GetRawBytes())); err == nil {
			owned = owned.Union(set)
		}
	}
	return owned
}

func hasUpdateEntry(live *unstructured.Unstructured, manager string) bool {
	return slices.ContainsFunc(live.GetManagedFields(), func(entry metav1.ManagedFieldsEntry) bool {
		return entry.Manager == manager && entry.Operation == metav1.ManagedFieldsOperationUpdate && entry.Subresource == ""
	})
}

// covers says whether the set holds every field of the intent: the field itself,
// or the whole list or map it stands in. Of an object that was created, managedFields
// does not mention what was empty.
func covers(owned *fieldpath.Set, intent map[string]any, created bool) bool {
	for key, wanted := range intent {
		element := fieldpath.PathElement{FieldName: &key}
		below, hasBelow := owned.Children.Get(element)
		nested, isMap := wanted.(map[string]any)
		if isMap && hasBelow {
			if !covers(below, nested, created) {
				return false
			}
			continue
		}
		if isMap && len(nested) == 0 && created {
			continue
		}
		_, isList := wanted.([]any)
		if !owned.Members.Has(element) && (!isList || !hasBelow) {
			return false
		}
	}
	return true
}

// withoutIdentity leaves out what managedFields never mentions.
func withoutIdentity(intent map[string]any) map[string]any {
	fields := map[string]any{}
	for key, v := range intent {
		if key != "apiVersion" && key != "kind" && key != "metadata" {
			fields[key] = v
		}
	}
	metadata, _ := intent["metadata"].(map[string]any)
	rest := map[string]any{}
	for key, v := range metadata {
		if key == "labels" || key == "annotations" || key == "finalizers" {
			rest[key] = v
		}
	}
	fields["metadata"] = rest
	if len(rest) == 0 {
		delete(fields, "metadata")
	}
	return fields
}

// ownsMore says whether the set holds a field that the intent no longer has.
func ownsMore(owned *fieldpath.Set, intent map[string]any) bool {
	more := false
	owned.Iterate(func(path fieldpath.Path) {
		more = more || !has(intent, path) && !serverOwned(path)
	})
	return more
}

// serverOwned fields are set by the API server in the course of our own POST.
func serverOwned(path fieldpath.Path) bool {
	return len(path) == 3 && path[2].FieldName != nil && *path[2].FieldName == metadataNameLabel
}

// metadataNameLabel is corev1.LabelMetadataName, which the server puts on every Namespace.
const metadataNameLabel = "kubernetes.io/metadata.name"

func has(v any, path fieldpath.Path) bool {
	for _, element := range path {
		switch {
		case element.FieldName != nil:
			fields, _ := v.(map[string]any)
			next, found := fields[*element.FieldName]
			if !found {
				return false
			}
			v = next
		case element.Value != nil:
			items, _ := v.([]any)
			return slices.ContainsFunc(items, func(item any) bool {
				return value.Equals(value.NewValueInterface(item), *element.Value)
			})
		default:
			return true // an element of a keyed list: the intents here have none
		}
	}
	return true
}
