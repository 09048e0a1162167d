package apply

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	"sigs.k8s.io/structured-merge-diff/v6/value"
)

// TakeOver makes the manager the owner of the intent's fields that others wrote by
// Update, before the first apply to an object that is adopted. With two owners, a key
// that leaves the intent later would stay in the object for good. Fields that the
// intent does not have stay with whom they are. An object that changed since gives a
// conflict.
func (a *Applier) TakeOver(ctx context.Context, intent, live *unstructured.Unstructured) error {
	entries, taken, err := a.split(intent, live)
	if err != nil || taken.Empty() {
		return err
	}
	own, err := taken.ToJSON()
	if err != nil {
		return fmt.Errorf("encoding managed fields of %s %s: %w", live.GetKind(), live.GetName(), err)
	}
	now := metav1.Now()
	entries = append(entries, metav1.ManagedFieldsEntry{
		Manager: a.manager, Operation: metav1.ManagedFieldsOperationApply, APIVersion: intent.GetAPIVersion(),
		Time: &now, FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(string(own)),
	})
	return a.PatchJSON(ctx, live, []map[string]any{
		{"op": "test", "path": "/metadata/uid", "value": string(live.GetUID())},
		{"op": "test", "path": "/metadata/resourceVersion", "value": live.GetResourceVersion()},
		{"op": "replace", "path": "/metadata/managedFields", "value": entries},
	})
}

// split takes the intent's fields out of the entries of other managers that wrote them
// by Update, and what the manager has already out of its own.
func (a *Applier) split(intent, live *unstructured.Unstructured) (rest []metav1.ManagedFieldsEntry, taken *fieldpath.Set, err error) {
	taken = &fieldpath.Set{}
	for _, entry := range live.GetManagedFields() {
		own := entry.Manager == a.manager && entry.Operation == metav1.ManagedFieldsOperationApply
		update := entry.Operation == metav1.ManagedFieldsOperationUpdate
		if entry.Subresource != "" || entry.FieldsV1 == nil || !own && !update {
			rest = append(rest, entry)
			continue
		}
		fields, stay := &fieldpath.Set{}, &fieldpath.Set{}
		if err := fields.FromJSON(bytes.NewReader(entry.FieldsV1.GetRawBytes())); err != nil {
			return nil, nil, fmt.Errorf("reading managed fields of %s %s: %w", live.GetKind(), live.GetName(), err)
		}
		fields.Iterate(func(path fieldpath.Path) {
			if own || has(intent.Object, path) {
				taken.Insert(path.Copy())
			} else {
				stay.Insert(path.Copy())
			}
		})
		if stay.Empty() {
			continue
		}
		left, err := stay.ToJSON()
		if err != nil {
			return nil, nil, fmt.Errorf("encoding managed fields of %s %s: %w", live.GetKind(), live.GetName(), err)
		}
		entry.FieldsV1 = metav1.NewFieldsV1(string(left))
		rest = append(rest, entry)
	}
	return rest, taken, nil
}

// has says whether the value has something at the path.
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

// A Contender is a field of an intent that another manager has set to something else.
type Contender struct{ Path, Manager string }

// Contenders are the fields of the intent to which other managers gave other values, sorted
// by path.
func (a *Applier) Contenders(intent, live *unstructured.Unstructured) []Contender {
	var contenders []Contender
	for _, entry := range live.GetManagedFields() {
		if entry.Manager == a.manager || entry.Subresource != "" || entry.FieldsV1 == nil {
			continue
		}
		fields := &fieldpath.Set{}
		if fields.FromJSON(bytes.NewReader(entry.FieldsV1.GetRawBytes())) != nil {
			continue
		}
		fields.Leaves().Iterate(func(path fieldpath.Path) {
			want, wanted := valueAt(intent.Object, path)
			have, _ := valueAt(live.Object, path)
			if wanted && !contains(have, want) {
				contenders = append(contenders, Contender{path.String(), entry.Manager})
			}
		})
	}
	slices.SortFunc(contenders, func(a, b Contender) int { return bytes.Compare([]byte(a.Path+a.Manager), []byte(b.Path+b.Manager)) })
	return contenders
}

// valueAt is the value at a path of field names; a path into a list has none.
func valueAt(v any, path fieldpath.Path) (any, bool) {
	for _, element := range path {
		fields, _ := v.(map[string]any)
		if element.FieldName == nil {
			return nil, false
		}
		next, found := fields[*element.FieldName]
		if !found {
			return nil, false
		}
		v = next
	}
	return v, true
}
