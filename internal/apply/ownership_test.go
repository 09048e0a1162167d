package apply

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// Ownership is read out of managedFields in place. Here it is read the long way, through the
// sets of fieldpath, and both must say the same of any intent and any managedFields.
func TestOwnershipIsWhatFieldpathMakesOfManagedFields(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	seen := map[string]int{}
	tally := func(what string, got, want bool, intent any, live *unstructured.Unstructured) {
		t.Helper()
		if got {
			seen[what]++
		}
		if got != want {
			text, _ := json.Marshal(map[string]any{"intent": intent, "live": live})
			t.Errorf("%s: %v, want %v: %s", what, got, want, text)
		}
	}
	const cases = 3000
	for range cases {
		intent := randomIntent(random)
		live := &unstructured.Unstructured{Object: map[string]any{}}
		live.SetManagedFields(randomEntries(random, intent))
		set, owned := setOf(live, "us"), ownershipOf(live, "us")
		fields := withoutIdentity(intent)

		tally("created", owned.created, slices.ContainsFunc(live.GetManagedFields(), isOurUpdate), intent, live)
		tally("covers", owned.covers(fields), setCovers(set, fields, owned.created), intent, live)
		tally("exceeds", owned.exceeds(intent), setExceeds(set, intent), intent, live)
		path := randomPath(random)
		parts := make([]any, len(path))
		for i, name := range path {
			parts[i] = name
		}
		tally("owns", New(nil, nil, "us").Owns(live, path...), set.Has(fieldpath.MakePathOrDie(parts...)), intent, live)
	}
	for _, what := range []string{"created", "covers", "exceeds", "owns"} {
		if n := seen[what]; n < cases/20 || n > cases-cases/20 {
			t.Errorf("%s is true in %d of %d cases: they prove little", what, n, cases)
		}
	}
}

func TestBrokenManagedFieldsProveNothing(t *testing.T) {
	for _, broken := range []any{
		nil, "junk", int64(1), []any{nil, "junk"}, []any{map[string]any{"manager": int64(1)}},
		[]any{map[string]any{"manager": "us", "fieldsV1": "junk"}},
		[]any{map[string]any{"manager": "us", "fieldsV1": map[string]any{"f:spec": "junk", "f:metadata": nil}}},
		[]any{map[string]any{"manager": "us", "fieldsV1": map[string]any{"": map[string]any{}, "spec": map[string]any{}}}},
	} {
		live := parse(t, quotaIntent)
		live.Object["metadata"].(map[string]any)["managedFields"] = broken
		if New(nil, nil, "us").UpToDate(parse(t, quotaIntent), live) {
			t.Errorf("an object with the managedFields %v is up to date", broken)
		}
	}
}

func isOurUpdate(entry metav1.ManagedFieldsEntry) bool {
	return entry.Manager == "us" && entry.Operation == metav1.ManagedFieldsOperationUpdate && entry.Subresource == ""
}

func setOf(live *unstructured.Unstructured, manager string) *fieldpath.Set {
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

func setCovers(owned *fieldpath.Set, intent map[string]any, created bool) bool {
	for key, wanted := range intent {
		element := fieldpath.PathElement{FieldName: &key}
		below, hasBelow := owned.Children.Get(element)
		nested, isMap := wanted.(map[string]any)
		if isMap && hasBelow {
			if !setCovers(below, nested, created) {
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

func setExceeds(owned *fieldpath.Set, intent map[string]any) bool {
	more := false
	owned.Iterate(func(path fieldpath.Path) {
		serverOwned := len(path) == 3 && path[2].FieldName != nil && *path[2].FieldName == metadataNameLabel
		more = more || !has(intent, path) && !serverOwned
	})
	return more
}

var (
	names    = []string{"a", "b", "spec", "labels", metadataNameLabel}
	elements = []string{`v:"x"`, `v:1`, `v:1.0`, `v:true`, `v:{"a":1}`, `k:{"name":"a"}`, `k:{"b":2,"a":1}`, `i:0`, "x:unknown"}
	scalars  = []any{"x", "", int64(1), true, 1.5, nil}
)

func randomIntent(random *rand.Rand) map[string]any {
	intent := randomMap(random, 3)
	intent["apiVersion"], intent["kind"] = "v1", "X"
	metadata := map[string]any{"name": "x", "namespace": "y"}
	for _, part := range []string{"labels", "annotations", "finalizers"} {
		switch random.IntN(3) {
		case 0:
			metadata[part] = randomMap(random, 1)
		case 1:
			metadata[part] = []any{"x", int64(1)}
		}
	}
	intent["metadata"] = metadata
	return intent
}

func randomMap(random *rand.Rand, depth int) map[string]any {
	fields := map[string]any{}
	for range random.IntN(4) {
		name := names[random.IntN(len(names))]
		switch kind := random.IntN(4); {
		case kind == 0 && depth > 0:
			fields[name] = randomMap(random, depth-1)
		case kind == 1:
			fields[name] = []any{"x", int64(1), map[string]any{"a": int64(1)}}[random.IntN(3):]
		default:
			fields[name] = scalars[random.IntN(len(scalars))]
		}
	}
	return fields
}

// randomEntries are mostly ours, and mostly about what the intent has.
func randomEntries(random *rand.Rand, intent map[string]any) []metav1.ManagedFieldsEntry {
	var entries []metav1.ManagedFieldsEntry
	careful := random.IntN(3)
	about := maps.Clone(intent)
	delete(about, "apiVersion")
	delete(about, "kind")
	about["metadata"] = withoutIdentity(intent)["metadata"]
	for range 1 + random.IntN(3) {
		text, _ := json.Marshal(randomFields(random, about, careful))
		manager := []string{"us", "us", "us", "them"}[random.IntN(4)]
		operation := []metav1.ManagedFieldsOperationType{metav1.ManagedFieldsOperationApply, metav1.ManagedFieldsOperationUpdate}[random.IntN(2)]
		subresource := []string{"", "", "", "status"}[random.IntN(4)]
		entry := managed(manager, operation, subresource, string(text))
		if random.IntN(20) == 0 {
			entry.FieldsV1 = nil
		}
		entries = append(entries, entry)
	}
	return entries
}

// randomFields spell a set of fields. A careful one has all that the intent has, and no more.
func randomFields(random *rand.Rand, intent any, careful int) map[string]any {
	fields := map[string]any{}
	sometimes := func(n int) bool { return careful == 0 && random.IntN(n) == 0 || careful == 1 && random.IntN(4*n) == 0 }
	values, _ := intent.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !sometimes(4) && (name != "metadata" || values[name] != nil) {
			fields[fieldPrefix+name] = randomFields(random, values[name], careful)
		}
	}
	if list, isList := intent.([]any); isList && random.IntN(2) == 0 && list[0] == "x" {
		fields[`v:"x"`] = map[string]any{}
	}
	for sometimes(6) {
		fields[fieldPrefix+names[random.IntN(len(names))]] = randomFields(random, nil, careful)
	}
	for sometimes(6) {
		fields[elements[random.IntN(len(elements))]] = randomFields(random, nil, careful)
	}
	if random.IntN(4) == 0 {
		fields["."] = map[string]any{}
	}
	return fields
}

func randomPath(random *rand.Rand) []string {
	path := []string{append([]string{"metadata"}, names...)[random.IntN(len(names)+1)]}
	for range random.IntN(3) {
		path = append(path, names[random.IntN(len(names))])
	}
	return path
}
