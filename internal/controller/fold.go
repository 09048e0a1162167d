package controller

import (
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// Objects stand folded in the cache: what says which object it is, in which version and whose,
// and the rest as JSON. An object of maps takes several times as much, and is hardly ever read:
// most looks at an environment end at the resource versions.
//
// These are the fields of a folded object beside apiVersion, kind and metadata.
const (
	foldedRest    = "folded"        // spec, status and everything else, as JSON
	foldedManaged = "managedFields" // as JSON, without times: one string for all objects of a kind
	foldedTimes   = "times"         // of the managedFields, joined by commas
	foldedOwner   = "owner"         // the name of the environment in the object's label, if there is one
)

// keptUnfolded are the fields of metadata by which objects are found, compared and routed.
var keptUnfolded = []string{"name", "namespace", "uid", "resourceVersion", "deletionTimestamp"}

// fold is a cache transform. What cannot be folded stays as it is.
func fold(in any) (any, error) {
	u, ok := in.(*unstructured.Unstructured)
	if !ok || isFolded(u) {
		return in, nil
	}
	metadata, _ := u.Object["metadata"].(map[string]any)
	managed, times := withoutTimes(metadata["managedFields"])
	rest := make(map[string]any, len(u.Object))
	for key, value := range u.Object {
		if key != "apiVersion" && key != "kind" && key != "metadata" {
			rest[key] = value
		}
	}
	others := make(map[string]any, len(metadata))
	for key, value := range metadata {
		if key != "managedFields" || managed == "" {
			others[key] = value
		}
	}
	kept := map[string]any{}
	for _, key := range keptUnfolded {
		if value, found := others[key]; found {
			kept[key] = value
			delete(others, key)
		}
	}
	rest["metadata"] = others
	text, err := json.Marshal(rest)
	if err != nil {
		return in, nil //nolint:nilerr // it takes more room, and nothing else is wrong with it
	}
	folded := map[string]any{"apiVersion": common.of(u.GetAPIVersion()), "kind": common.of(u.GetKind()), "metadata": kept, foldedRest: string(text)}
	if name := u.GetLabels()[v1alpha1.LabelEnvironment]; name != "" {
		folded[foldedOwner] = name
	}
	if managed != "" {
		folded[foldedManaged], folded[foldedTimes] = managed, times
	}
	u.Object = folded
	return u, nil
}

func isFolded(u *unstructured.Unstructured) bool {
	_, folded := u.Object[foldedRest]
	return folded
}

// withoutTimes are managedFields as JSON, of which equal ones share one string, and their times.
func withoutTimes(managedFields any) (managed, times string) {
	entries, _ := managedFields.([]any)
	if len(entries) == 0 {
		return "", ""
	}
	var at []string
	plain := make([]any, len(entries))
	for i, entry := range entries {
		fields, _ := entry.(map[string]any)
		rest := make(map[string]any, len(fields))
		for key, value := range fields {
			rest[key] = value
		}
		time, _ := rest["time"].(string)
		delete(rest, "time")
		plain[i], at = rest, append(at, time)
	}
	text, err := json.Marshal(plain)
	if err != nil {
		return "", ""
	}
	return common.of(string(text)), strings.Join(at, ",")
}

// ownerOf is the name of the environment in the label of an object, folded or not.
func ownerOf(obj client.Object) string {
	if u, ok := obj.(*unstructured.Unstructured); ok && isFolded(u) {
		name, _ := u.Object[foldedOwner].(string)
		return name
	}
	return obj.GetLabels()[v1alpha1.LabelEnvironment]
}

// unfold is a copy of a folded object as it was. Other objects are returned as they are.
func unfold(u *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	text, folded := u.Object[foldedRest].(string)
	if !folded {
		return u, nil
	}
	object := map[string]any{}
	if err := utiljson.Unmarshal([]byte(text), &object); err != nil {
		return nil, fmt.Errorf("unfolding %s %s: %w", u.GetKind(), u.GetName(), err)
	}
	metadata, _ := object["metadata"].(map[string]any)
	if metadata == nil {
		metadata = map[string]any{}
	}
	kept, _ := u.Object["metadata"].(map[string]any)
	for _, key := range keptUnfolded {
		if value, found := kept[key]; found {
			metadata[key] = value
		}
	}
	if managed, found := u.Object[foldedManaged].(string); found {
		entries, err := withTimes(managed, u.Object[foldedTimes])
		if err != nil {
			return nil, fmt.Errorf("unfolding managedFields of %s %s: %w", u.GetKind(), u.GetName(), err)
		}
		metadata["managedFields"] = entries
	}
	object["metadata"] = metadata
	object["apiVersion"], object["kind"] = u.Object["apiVersion"], u.Object["kind"]
	return &unstructured.Unstructured{Object: object}, nil
}

// withTimes undoes withoutTimes.
func withTimes(managed string, times any) ([]any, error) {
	var entries []any
	if err := json.Unmarshal([]byte(managed), &entries); err != nil {
		return nil, err
	}
	joined, _ := times.(string)
	all := strings.Split(joined, ",")
	if len(all) != len(entries) {
		return nil, fmt.Errorf("%d entries have %d times", len(entries), len(all))
	}
	for i, at := range all {
		if fields, ok := entries[i].(map[string]any); ok && at != "" {
			fields["time"] = at
		}
	}
	return entries, nil
}
