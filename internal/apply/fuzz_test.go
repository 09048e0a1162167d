package apply

import (
	"bytes"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// FuzzManagedFieldsOfAnyShapeAreRead: whatever stands in managedFields, and in the live object beside them, is
// compared with the intent; and where fieldpath understands it, ownership is what fieldpath says.
func FuzzManagedFieldsOfAnyShapeAreRead(f *testing.F) {
	for i, fields := range []string{
		`{"f:metadata":{"f:labels":{".":{},"f:a":{}}},"f:spec":{"f:hard":{"f:pods":{}}}}`,
		`{"f:metadata":{"f:finalizers":{".":{},"v:\"ours\"":{}}},"f:spec":{"f:generators":{}}}`,
		`{"f:spec":{"f:generators":{"k:{\"name\":\"a\"}":{".":{},"f:name":{}},"i:0":{}}}}`,
		`{"f:spec":{"k:":{},"v:":{},"i:99999999999999999999":{},"i:-1":{},"k:{":{},"k:{}":{},"v:{":{},"f:":{},"x:a":{},".":{}}}`,
		`[{"manager":"us","operation":"Apply","apiVersion":"v1","time":"2026-09-01T00:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{}}}]`,
		`[null,1,"a",{"manager":1,"fieldsV1":"junk"},{"manager":"us","fieldsV1":[]},{"manager":"us","subresource":{},"fieldsV1":{"f:spec":null}}]`,
		`{"f:metadata":{"f:labels":"junk","f:annotations":[]}}`, `null`, `""`, `1`, `[]`, `{`,
	} {
		for form := range byte(6) {
			f.Add(form, fields, []string{"us", "them", "", "\xff", "5"}[i%5])
		}
	}
	f.Fuzz(func(t *testing.T, form byte, text, name string) {
		var fields any
		if utiljson.Unmarshal([]byte(text), &fields) != nil {
			fields = text
		}
		intent := parse(t, []string{quotaIntent, setIntent}[form%2])
		live := intent.DeepCopy()
		metadata := live.Object["metadata"].(map[string]any)
		entry := map[string]any{"manager": name, "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": fields}
		switch form / 2 % 4 {
		case 0:
			metadata["managedFields"] = fields
		case 1:
			metadata["managedFields"] = []any{entry}
		case 2:
			ours := map[string]any{"manager": "us", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": fields}
			metadata["managedFields"] = []any{entry, ours}
		case 3:
			live.Object["spec"], metadata["labels"], metadata["finalizers"] = fields, fields, fields
			metadata["managedFields"] = []any{entry}
		}
		lookAt(t, intent, live)
	})
}

// lookAt compares an intent with a live object in every way that there is.
func lookAt(t *testing.T, intent, live *unstructured.Unstructured) {
	t.Helper()
	a := New(nil, nil, "us")
	before := live.DeepCopy()
	upToDate := a.UpToDate(intent, live)
	owned := ownershipOf(live, "us")
	owned.hasKeyed()
	exceeds, covers := owned.exceeds(intent.Object), owned.covers(withoutIdentity(intent.Object))
	if upToDate && (exceeds || !covers) {
		t.Error("it is up to date although the intent's fields are not the manager's")
	}
	a.Contenders(intent, live)
	if _, _, err := a.split(intent, live); err == nil && understood(live) {
		set := setOf(live, "us")
		if got, want := exceeds, setExceeds(set, intent.Object); got != want {
			t.Errorf("owns something beyond the intent: %v, fieldpath says %v", got, want)
		}
		if got, want := covers, setCovers(set, withoutIdentity(intent.Object), owned.created); got != want {
			t.Errorf("owns all of the intent: %v, fieldpath says %v", got, want)
		}
	}
	a.Owns(live, "metadata", "labels", "a")
	a.sameHands(before, live)
	changed("", written(live), written(intent))
	ManagerOf(live)
	Marks{ManagedByLabel: "a", OwnerLabel: "a"}.Standing(live, Owner{Name: "1"})
	if !equalJSON(t, before, live) {
		t.Error("the live object was changed")
	}
}

// understood says whether fieldpath reads every entry, and reads all of it: what it leaves out, in a place where
// nothing else stands, is no field.
func understood(live *unstructured.Unstructured) bool {
	for _, entry := range live.GetManagedFields() {
		set := &fieldpath.Set{}
		if entry.FieldsV1 == nil || set.FromJSON(bytes.NewReader(entry.FieldsV1.GetRawBytes())) != nil {
			return false
		}
	}
	return len(live.GetManagedFields()) > 0
}
