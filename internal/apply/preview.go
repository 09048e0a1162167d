package apply

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// maxPreview is how many paths a preview names at most.
const maxPreview = 20

// Preview says which fields an apply of the intent to live would change, by a dry run:
// paths such as spec.hard.pods, sorted, lists as a whole, at most 20. The same intent
// and version are asked for once.
func (a *Applier) Preview(ctx context.Context, intent, live *unstructured.Unstructured) ([]string, error) {
	now := proof{live.GetUID(), live.GetResourceVersion(), Fingerprint(intent)}
	a.mu.Lock()
	known, ok := a.previews[nameOf(live)]
	a.mu.Unlock()
	if ok && known.proof == now {
		return known.fields, nil
	}
	obj, err := a.Try(ctx, intent, live)
	if err != nil {
		return nil, err
	}
	fields := Changed(live, obj)
	fields = fields[:min(len(fields), maxPreview)]
	a.mu.Lock()
	defer a.mu.Unlock()
	a.previews[nameOf(live)] = preview{now, fields}
	return fields, nil
}

// Try says what an apply of the intent to live would store, by a dry run.
func (a *Applier) Try(ctx context.Context, intent, live *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	obj := intent.DeepCopy()
	obj.SetUID(live.GetUID())
	if err := a.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(obj), client.FieldOwner(a.manager), client.ForceOwnership, client.DryRunAll); err != nil {
		return nil, fmt.Errorf("trying %s %s: %w", intent.GetKind(), intent.GetName(), err)
	}
	a.withdraw(obj, intent)
	return obj, nil
}

// Guess says what an apply of the intent to live would store, as far as it can be told without the API server: lists are
// taken as a whole, and nothing is given its default.
func (a *Applier) Guess(intent, live *unstructured.Unstructured) *unstructured.Unstructured {
	after := live.DeepCopy()
	merge(after.Object, intent.DeepCopy().Object)
	a.withdraw(after, intent)
	return after
}

// merge puts the values of from into a map, and keeps what from does not have.
func merge(into, from map[string]any) {
	for key, value := range from {
		nested, isMap := value.(map[string]any)
		there, wasMap := into[key].(map[string]any)
		if isMap && wasMap {
			merge(there, nested)
			continue
		}
		into[key] = value
	}
}

// withdraw takes out of an object the fields that the manager alone owns and that have left the
// intent: an apply converts that entry first, see convert, which no dry run can. Elements of lists stay.
func (a *Applier) withdraw(obj, intent *unstructured.Unstructured) {
	own, others := &fieldpath.Set{}, &fieldpath.Set{}
	for _, entry := range obj.GetManagedFields() {
		fields := &fieldpath.Set{}
		if entry.FieldsV1 == nil || fields.FromJSON(bytes.NewReader(entry.FieldsV1.GetRawBytes())) != nil {
			continue
		}
		if entry.Manager == a.manager && entry.Subresource == "" {
			own = own.Union(fields)
		} else {
			others = others.Union(fields)
		}
	}
	own.Difference(others).Leaves().Iterate(func(path fieldpath.Path) {
		var names []string
		for _, element := range path {
			if element.FieldName == nil {
				return
			}
			names = append(names, *element.FieldName)
		}
		if !has(intent.Object, path) && names[len(names)-1] != metadataNameLabel {
			unstructured.RemoveNestedField(obj.Object, names...)
		}
	})
}

type preview struct {
	proof
	fields []string
}

// Changed are the fields at which two versions of an object differ: paths such as spec.hard.pods, sorted, lists as a whole.
// What the server keeps of an object is not compared.
func Changed(before, after *unstructured.Unstructured) []string {
	fields := changed("", written(before), written(after))
	slices.Sort(fields)
	return fields
}

// written are the fields that people and operators write.
func written(u *unstructured.Unstructured) map[string]any {
	fields := maps.Clone(u.Object)
	delete(fields, "status")
	metadata, _ := fields["metadata"].(map[string]any)
	fields["metadata"] = map[string]any{
		"labels": metadata["labels"], "annotations": metadata["annotations"], "finalizers": metadata["finalizers"],
	}
	return fields
}

// changed are the paths at which two values differ. Lists differ as a whole.
func changed(path string, before, after any) []string {
	from, isMap := before.(map[string]any)
	to, wasMap := after.(map[string]any)
	if !isMap || !wasMap {
		if equality.Semantic.DeepEqual(before, after) {
			return nil
		}
		return []string{path}
	}
	var paths []string
	keys := maps.Clone(from)
	maps.Copy(keys, to)
	for key := range keys {
		below := key
		if path != "" {
			below = path + "." + key
		}
		paths = append(paths, changed(below, from[key], to[key])...)
	}
	return paths
}
