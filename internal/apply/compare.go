package apply

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// matches says whether live holds every value of the intent, the manager owns
// every field of it, and owns nothing that has left the intent.
func (a *Applier) matches(intent, live *unstructured.Unstructured) bool {
	if !contains(live.Object, intent.Object) {
		return false
	}
	owned := ownershipOf(live, a.manager)
	return owned.covers(withoutIdentity(intent.Object)) && !owned.exceeds(intent.Object)
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
	case string, bool, int64:
		return live == want
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
	owned, has := ownershipOf(live, a.manager), false
	for _, name := range path {
		has = owned.has(name)
		owned, _ = owned.below(name)
	}
	return has
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
