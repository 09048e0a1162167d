package apply

import (
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// An ownership is what one field manager owns in an object itself. It reads managedFields in
// place, for every object in every pass. How they spell a set is fieldpath's: a test holds both.
type ownership struct {
	// sets are the decoded fieldsV1 of the manager's entries.
	sets []map[string]any
	// created: one of the entries is that of the POST that created the object.
	created bool
}

func ownershipOf(live *unstructured.Unstructured, manager string) ownership {
	var owned ownership
	managed, _, _ := unstructured.NestedFieldNoCopy(live.Object, "metadata", "managedFields")
	entries, _ := managed.([]any)
	for _, entry := range entries {
		entry, _ := entry.(map[string]any)
		name, _ := entry["manager"].(string)
		subresource, _ := entry["subresource"].(string)
		if name != manager || subresource != "" {
			continue
		}
		owned.created = owned.created || entry["operation"] == string(metav1.ManagedFieldsOperationUpdate)
		if fields, ok := entry["fieldsV1"].(map[string]any); ok {
			owned.sets = append(owned.sets, fields)
		}
	}
	return owned
}

// has says whether the field itself is owned, not only something in it.
func (o ownership) has(name string) bool {
	return slices.ContainsFunc(o.sets, func(fields map[string]any) bool {
		nested, found := fields[fieldPrefix+name].(map[string]any)
		return found && isMember(nested)
	})
}

// below is what is owned in the field; ok is false when nothing is.
func (o ownership) below(name string) (below ownership, ok bool) {
	below.created = o.created
	for _, fields := range o.sets {
		if nested, _ := fields[fieldPrefix+name].(map[string]any); hasElements(nested) {
			below.sets = append(below.sets, nested)
		}
	}
	return below, len(below.sets) > 0
}

// covers says whether every field of the intent is owned: the field itself, or the whole
// list or map it stands in. Of an object that was created, managedFields does not mention
// what was empty.
func (o ownership) covers(intent map[string]any) bool {
	for key, wanted := range intent {
		nested, isMap := wanted.(map[string]any)
		_, isList := wanted.([]any)
		if isMap || isList {
			below, ok := o.below(key)
			if ok && isMap && !below.covers(nested) {
				return false
			}
			if ok || isMap && len(nested) == 0 && o.created {
				continue
			}
		}
		if !o.has(key) {
			return false
		}
	}
	return true
}

// exceeds says whether a field is owned that the intent does not have.
func (o ownership) exceeds(intent map[string]any) bool {
	return slices.ContainsFunc(o.sets, func(fields map[string]any) bool { return exceeds(fields, intent, true, 1) })
}

// exceeds: known is whether the intent has what the fields stand in; depth is the length of their paths.
func exceeds(fields map[string]any, intent any, known bool, depth int) bool {
	for key, nested := range fields {
		nested, ok := nested.(map[string]any)
		if !ok || !isElement(key) {
			continue
		}
		name, isField := strings.CutPrefix(key, fieldPrefix)
		values, _ := intent.(map[string]any)
		next, found := values[name]
		found = found && isField
		if known && !isField && hasElement(intent, key) {
			continue // and all that is in it
		}
		serverOwned := depth == 3 && name == metadataNameLabel
		if !found && !serverOwned && isMember(nested) {
			return true
		}
		if exceeds(nested, next, found, depth+1) {
			return true
		}
	}
	return false
}

// hasKeyed says whether something is owned within an element of a list: there exceeds does not look.
func (o ownership) hasKeyed() bool {
	return slices.ContainsFunc(o.sets, func(fields map[string]any) bool { return hasKeyed(fields, false) })
}

func hasKeyed(fields map[string]any, inElement bool) bool {
	for key, nested := range fields {
		nested, _ := nested.(map[string]any)
		if !isElement(key) {
			continue
		}
		if inElement || hasKeyed(nested, !strings.HasPrefix(key, fieldPrefix)) {
			return true
		}
	}
	return false
}

// metadataNameLabel is corev1.LabelMetadataName, which the server puts on every Namespace
// in the course of our own POST.
const metadataNameLabel = "kubernetes.io/metadata.name"

// hasElement is about an element of a list.
func hasElement(list any, key string) bool {
	element, err := fieldpath.DeserializePathElement(key)
	return err == nil && has(list, fieldpath.Path{element})
}

// fieldPrefix is before the name of a field; elements of lists have others.
const fieldPrefix = "f:"

// isElement is false for the dot, and for what fieldpath does not know and leaves out.
func isElement(key string) bool {
	return len(key) > 1 && key[1] == ':' && strings.IndexByte("fkvi", key[0]) >= 0
}

func hasElements(nested map[string]any) bool {
	for key := range nested {
		if isElement(key) {
			return true
		}
	}
	return false
}

// isMember: what has elements is itself in the set only where a dot says so.
func isMember(nested map[string]any) bool {
	_, dot := nested["."]
	return dot || !hasElements(nested)
}
