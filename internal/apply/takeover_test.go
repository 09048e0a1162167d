package apply

import (
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

func decoded(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	u := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(text), &u.Object); err != nil {
		t.Fatal(err)
	}
	return u
}

func managed(manager string, operation metav1.ManagedFieldsOperationType, subresource, fields string) metav1.ManagedFieldsEntry {
	return metav1.ManagedFieldsEntry{
		Manager: manager, Operation: operation, Subresource: subresource,
		FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(fields),
	}
}

const (
	podsAndSecrets = `{"f:spec":{"f:hard":{"f:pods":{},"f:secrets":{}}}}` //nolint:gosec // names of fields
	podsAlone      = `{"f:spec":{"f:hard":{"f:pods":{}}}}`
	secretsAlone   = `{"f:spec":{"f:hard":{"f:secrets":{}}}}` //nolint:gosec // names of fields
	statusAlone    = `{"f:status":{"f:hard":{}}}`
)

// What TakeOver takes is what the intent has; see adoption_test in test/integration for
// what the API server makes of it.
func TestSplitTakesTheIntentsFieldsFromThoseWhoUpdated(t *testing.T) {
	cases := map[string]struct {
		entries []metav1.ManagedFieldsEntry
		rest    []metav1.ManagedFieldsEntry
		taken   string
	}{
		"part of an entry": {
			entries: []metav1.ManagedFieldsEntry{managed("kubectl-create", metav1.ManagedFieldsOperationUpdate, "", podsAndSecrets)},
			rest:    []metav1.ManagedFieldsEntry{managed("kubectl-create", metav1.ManagedFieldsOperationUpdate, "", secretsAlone)},
			taken:   podsAlone,
		},
		"a whole entry, which goes": {
			entries: []metav1.ManagedFieldsEntry{managed("kubectl-create", metav1.ManagedFieldsOperationUpdate, "", podsAlone)},
			taken:   podsAlone,
		},
		"who applies keeps his, and shares": {
			entries: []metav1.ManagedFieldsEntry{managed("helm", metav1.ManagedFieldsOperationApply, "", podsAlone)},
			rest:    []metav1.ManagedFieldsEntry{managed("helm", metav1.ManagedFieldsOperationApply, "", podsAlone)},
			taken:   `{}`,
		},
		"the status is its controller's": {
			entries: []metav1.ManagedFieldsEntry{managed("controller", metav1.ManagedFieldsOperationUpdate, "status", statusAlone)},
			rest:    []metav1.ManagedFieldsEntry{managed("controller", metav1.ManagedFieldsOperationUpdate, "status", statusAlone)},
			taken:   `{}`,
		},
		"our own earlier entry is kept whole": {
			entries: []metav1.ManagedFieldsEntry{
				managed("us", metav1.ManagedFieldsOperationApply, "", secretsAlone),
				managed("kubectl-edit", metav1.ManagedFieldsOperationUpdate, "", podsAlone),
			},
			taken: podsAndSecrets,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			live := decoded(t, quotaIntent)
			live.SetManagedFields(c.entries)
			rest, taken, err := (&Applier{manager: "us"}).split(decoded(t, quotaIntent), live)
			if err != nil {
				t.Fatal(err)
			}
			fields, err := taken.ToJSON()
			if err != nil {
				t.Fatal(err)
			}
			if string(fields) != c.taken {
				t.Errorf("took %s, want %s", fields, c.taken)
			}
			if diff := gocmp.Diff(describe(c.rest), describe(rest)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func describe(entries []metav1.ManagedFieldsEntry) (all []string) {
	for _, e := range entries {
		all = append(all, e.Manager+" "+string(e.Operation)+" "+e.Subresource+" "+string(e.FieldsV1.GetRawBytes()))
	}
	return all
}

func TestContenders(t *testing.T) {
	intent := quotaIntent
	cases := map[string]struct {
		live    string
		entries []metav1.ManagedFieldsEntry
		want    []Contender
	}{
		"another value": {
			live:    `{spec: {hard: {pods: "9"}}}`,
			entries: []metav1.ManagedFieldsEntry{managed("they", metav1.ManagedFieldsOperationUpdate, "", podsAlone)},
			want:    []Contender{{".spec.hard.pods", "they"}},
		},
		"the same value": {
			live:    `{spec: {hard: {pods: "5"}}}`,
			entries: []metav1.ManagedFieldsEntry{managed("they", metav1.ManagedFieldsOperationUpdate, "", podsAlone)},
		},
		"a field that is none of ours": {
			live:    `{spec: {hard: {pods: "5", secrets: "1"}}}`,
			entries: []metav1.ManagedFieldsEntry{managed("they", metav1.ManagedFieldsOperationUpdate, "", secretsAlone)},
		},
		"a change of our own": {
			live:    `{spec: {hard: {pods: "9"}}}`,
			entries: []metav1.ManagedFieldsEntry{managed("us", metav1.ManagedFieldsOperationApply, "", podsAlone)},
		},
		"two who set it": {
			live: `{spec: {hard: {pods: "9"}}}`,
			entries: []metav1.ManagedFieldsEntry{
				managed("b", metav1.ManagedFieldsOperationApply, "", podsAlone), managed("a", metav1.ManagedFieldsOperationUpdate, "", podsAlone),
			},
			want: []Contender{{".spec.hard.pods", "a"}, {".spec.hard.pods", "b"}},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			live := decoded(t, c.live)
			live.SetManagedFields(c.entries)
			if diff := gocmp.Diff(c.want, (&Applier{manager: "us"}).Contenders(decoded(t, intent), live)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestChanged(t *testing.T) {
	before := decoded(t, `{kind: X, metadata: {name: x, uid: u, resourceVersion: "1", labels: {a: "1"}}, spec: {list: [1, 2], same: {x: 1}, gone: true}, status: {x: 1}}`)
	after := decoded(t, `{kind: X, metadata: {name: x, uid: u, resourceVersion: "2", labels: {a: "2", b: "3"}}, spec: {list: [1], same: {x: 1}}, status: {x: 2}}`)
	want := map[string]bool{"metadata.labels.a": true, "metadata.labels.b": true, "spec.list": true, "spec.gone": true}
	got := map[string]bool{}
	for _, path := range changed("", written(before), written(after)) {
		got[path] = true
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
