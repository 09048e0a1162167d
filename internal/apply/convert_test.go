package apply

import (
	"context"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// A keeper keeps one object and answers as the API server does to what Apply asks of it.
type keeper struct {
	client.Client
	live  *unstructured.Unstructured // nil when it is gone
	asked []string
}

func (k *keeper) Get(_ context.Context, key client.ObjectKey, obj client.Object, _ ...client.GetOption) error {
	k.asked = append(k.asked, "get")
	if k.live == nil {
		return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
	}
	obj.(*unstructured.Unstructured).Object = k.live.DeepCopy().Object
	return nil
}

func (k *keeper) Patch(_ context.Context, obj client.Object, patch client.Patch, _ ...client.PatchOption) error {
	k.asked = append(k.asked, "patch")
	if k.live == nil {
		return apierrors.NewNotFound(schema.GroupResource{}, obj.GetName())
	}
	data, err := patch.Data(obj)
	if err != nil {
		return err
	}
	if !strings.Contains(string(data), `"value":"`+k.live.GetResourceVersion()+`"`) {
		return apierrors.NewConflict(schema.GroupResource{}, obj.GetName(), nil)
	}
	return nil
}

func (k *keeper) Apply(context.Context, runtime.ApplyConfiguration, ...client.ApplyOption) error {
	k.asked = append(k.asked, "apply")
	if k.live == nil {
		return apierrors.NewConflict(schema.GroupResource{}, "a", nil)
	}
	return nil
}

// posted is an object as our POST has left it.
func posted(uid, version string) *unstructured.Unstructured {
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(schema.GroupVersionKind{Version: "v1", Kind: "ServiceAccount"})
	u.SetName("a")
	u.SetUID(types.UID(uid))
	u.SetResourceVersion(version)
	u.SetManagedFields([]metav1.ManagedFieldsEntry{{
		Manager: "us", Operation: metav1.ManagedFieldsOperationUpdate, APIVersion: "v1",
		FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(`{"f:metadata":{"f:labels":{"f:b":{}}}}`),
	}})
	return u
}

func TestTheEntryOfThePOSTIsConvertedOnlyWhereItHoldsTooMuch(t *testing.T) {
	finalizer := `{"f:metadata":{"f:finalizers":{".":{},"v:\"a/b\"":{}},"f:labels":{"f:b":{}}}}`
	keyed := `{"f:metadata":{"f:labels":{"f:b":{}}},"f:secrets":{"k:{\"name\":\"x\"}":{".":{},"f:name":{}}}}`
	for name, c := range map[string]struct {
		fields  string
		intent  map[string]any
		convert bool
	}{
		"a value of the intent is another's now": {fields: `{}`, intent: map[string]any{"labels": map[string]any{"b": "c"}}},
		"the intent has all of it, and more":     {fields: `{"f:metadata":{"f:labels":{"f:b":{}}}}`, intent: map[string]any{"labels": map[string]any{"b": "c", "d": "e"}}},
		"a set is nothing special":               {fields: finalizer, intent: map[string]any{"labels": map[string]any{"b": "c"}, "finalizers": []any{"a/b"}}},
		"a label has left the intent":            {fields: `{"f:metadata":{"f:labels":{"f:b":{}}}}`, intent: map[string]any{}, convert: true},
		"a member of a set has left the intent":  {fields: finalizer, intent: map[string]any{"labels": map[string]any{"b": "c"}, "finalizers": []any{}}, convert: true},
		"something within an element of a list":  {fields: keyed, intent: map[string]any{"labels": map[string]any{"b": "c"}}, convert: true},
	} {
		t.Run(name, func(t *testing.T) {
			live := posted("1", "7")
			entries := live.GetManagedFields()
			entries[0].FieldsV1 = metav1.NewFieldsV1(c.fields)
			live.SetManagedFields(entries)
			intent := &unstructured.Unstructured{Object: map[string]any{
				"apiVersion": "v1", "kind": "ServiceAccount", "metadata": c.intent, "secrets": []any{map[string]any{"name": "x"}},
			}}
			k := &keeper{live: live}
			if _, err := New(k, k, "us").Apply(t.Context(), intent, live); err != nil {
				t.Fatal(err)
			}
			if got := slices.Contains(k.asked, "patch"); got != c.convert || !slices.Contains(k.asked, "apply") {
				t.Errorf("it asks %v", k.asked)
			}
		})
	}
}

func TestTheEntryOfThePOSTIsConvertedOnce(t *testing.T) {
	for name, c := range map[string]struct {
		live   *unstructured.Unstructured
		asked  []string
		failed bool
	}{
		"the cache is up to date":     {live: posted("1", "7"), asked: []string{"patch", "apply"}},
		"the cache is behind":         {live: posted("1", "8"), asked: []string{"patch", "get", "patch", "apply"}},
		"the object is gone":          {asked: []string{"patch", "apply", "get"}, failed: true},
		"another object has its name": {live: posted("2", "8"), asked: []string{"patch", "get"}, failed: true},
		"it was converted meanwhile":  {live: converted("8"), asked: []string{"patch", "get", "apply"}},
	} {
		t.Run(name, func(t *testing.T) {
			k := &keeper{live: c.live}
			intent := posted("", "")
			intent.SetManagedFields(nil)
			cached := posted("1", "7")
			before := cached.DeepCopy()
			_, err := New(k, k, "us").Apply(t.Context(), intent, cached)
			if (err != nil) != c.failed || c.failed && !IsReplaced(err) {
				t.Errorf("the error is %v", err)
			}
			if !slices.Equal(k.asked, c.asked) {
				t.Errorf("it asks %v, want %v", k.asked, c.asked)
			}
			if cached.GetResourceVersion() != before.GetResourceVersion() || len(cached.GetManagedFields()) != 1 {
				t.Errorf("the cache has changed: %v", cached.Object)
			}
		})
	}
}

// converted is what convert makes of posted.
func converted(version string) *unstructured.Unstructured {
	u := posted("1", version)
	entries := u.GetManagedFields()
	entries[0].Operation = metav1.ManagedFieldsOperationApply
	u.SetManagedFields(entries)
	return u
}
