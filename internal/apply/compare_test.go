package apply

import (
	"encoding/json"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"
)

const quotaIntent = `
apiVersion: v1
kind: ResourceQuota
metadata: {name: q, namespace: n, labels: {a: "1"}}
spec: {hard: {pods: "5"}}
`

const setIntent = `
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: s, namespace: argocd, finalizers: [ours]}
spec: {generators: [{list: {elements: [{name: a}]}}]}
`

func TestUpToDate(t *testing.T) {
	cases := map[string]struct {
		intent, live string
		owned        string // fields of our entry
		want         bool
	}{
		"same values, all owned": {
			quotaIntent, quotaIntent,
			`{"f:metadata":{"f:labels":{"f:a":{}}},"f:spec":{"f:hard":{"f:pods":{}}}}`, true,
		},
		"fields of others beside ours do not matter": {
			quotaIntent,
			`{apiVersion: v1, kind: ResourceQuota, metadata: {name: q, namespace: n, labels: {a: "1", b: "2"}}, spec: {hard: {pods: "5", secrets: "9"}}}`,
			`{"f:metadata":{"f:labels":{"f:a":{}}},"f:spec":{"f:hard":{"f:pods":{}}}}`, true,
		},
		"a value was changed": {
			quotaIntent,
			`{apiVersion: v1, kind: ResourceQuota, metadata: {name: q, namespace: n, labels: {a: "1"}}, spec: {hard: {pods: "6"}}}`,
			`{"f:metadata":{"f:labels":{"f:a":{}}},"f:spec":{"f:hard":{"f:pods":{}}}}`, false,
		},
		"a label was stripped": {
			quotaIntent,
			`{apiVersion: v1, kind: ResourceQuota, metadata: {name: q, namespace: n}, spec: {hard: {pods: "5"}}}`,
			`{"f:spec":{"f:hard":{"f:pods":{}}}}`, false,
		},
		"somebody else owns the field now": {
			quotaIntent, quotaIntent,
			`{"f:metadata":{"f:labels":{"f:a":{}}}}`, false,
		},
		"a field that left the intent is still owned": {
			quotaIntent,
			`{apiVersion: v1, kind: ResourceQuota, metadata: {name: q, namespace: n, labels: {a: "1"}}, spec: {hard: {pods: "5", secrets: "9"}}}`,
			`{"f:metadata":{"f:labels":{"f:a":{}}},"f:spec":{"f:hard":{"f:pods":{},"f:secrets":{}}}}`, false,
		},
		"the server's own label on a Namespace is no field of ours": {
			`{apiVersion: v1, kind: Namespace, metadata: {name: n, labels: {a: "1"}}}`,
			`{apiVersion: v1, kind: Namespace, metadata: {name: n, labels: {a: "1", kubernetes.io/metadata.name: n}}}`,
			`{"f:metadata":{"f:labels":{".":{},"f:a":{},"f:kubernetes.io/metadata.name":{}}}}`, true,
		},
		"a list that was emptied by hand": {
			setIntent,
			`{apiVersion: argoproj.io/v1alpha1, kind: ApplicationSet, metadata: {name: s, namespace: argocd, finalizers: [ours]}, spec: {generators: [{list: {elements: []}}]}}`,
			`{"f:metadata":{"f:finalizers":{"v:\"ours\"":{}}},"f:spec":{"f:generators":{}}}`, false,
		},
		"an element was added by hand": {
			setIntent,
			`{apiVersion: argoproj.io/v1alpha1, kind: ApplicationSet, metadata: {name: s, namespace: argocd, finalizers: [ours]}, spec: {generators: [{list: {elements: [{name: a}, {name: b}]}}]}}`,
			`{"f:metadata":{"f:finalizers":{"v:\"ours\"":{}}},"f:spec":{"f:generators":{}}}`, false,
		},
		"defaults inside a list's elements are the server's": {
			setIntent,
			`{apiVersion: argoproj.io/v1alpha1, kind: ApplicationSet, metadata: {name: s, namespace: argocd, finalizers: [ours]}, spec: {generators: [{list: {elements: [{name: a}], elementsYaml: ""}}]}}`,
			`{"f:metadata":{"f:finalizers":{"v:\"ours\"":{}}},"f:spec":{"f:generators":{}}}`, true,
		},
		"finalizers of others beside ours do not matter": {
			setIntent,
			`{apiVersion: argoproj.io/v1alpha1, kind: ApplicationSet, metadata: {name: s, namespace: argocd, finalizers: [theirs, ours]}, spec: {generators: [{list: {elements: [{name: a}]}}]}}`,
			`{"f:metadata":{"f:finalizers":{".":{},"v:\"ours\"":{}}},"f:spec":{"f:generators":{}}}`, true,
		},
		"our finalizer was stripped": {
			setIntent,
			`{apiVersion: argoproj.io/v1alpha1, kind: ApplicationSet, metadata: {name: s, namespace: argocd}, spec: {generators: [{list: {elements: [{name: a}]}}]}}`,
			`{"f:spec":{"f:generators":{}}}`, false,
		},
		"an empty selector that is owned is in place": {
			`{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: n}, spec: {podSelector: {}}}`,
			`{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: n}, spec: {podSelector: {}}}`,
			`{"f:spec":{"f:podSelector":{}}}`, true,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			live := parse(t, c.live)
			live.SetManagedFields([]metav1.ManagedFieldsEntry{
				entry(t, "somebody-else", `{"f:spec":{"f:hard":{"f:secrets":{}}}}`),
				entry(t, "us", c.owned),
			})
			before := live.DeepCopy()
			if got := New(nil, nil, "us").UpToDate(parse(t, c.intent), live); got != c.want {
				t.Errorf("UpToDate = %v, want %v", got, c.want)
			}
			if !equalJSON(t, before, live) {
				t.Error("UpToDate changed the live object")
			}
		})
	}
}

func TestUpToDateRemembersWhatTheServerNormalises(t *testing.T) {
	applier := New(nil, nil, "us")
	intent := parse(t, quotaIntent)
	stored := parse(t, quotaIntent)
	stored.SetUID(types.UID("u1"))
	stored.SetResourceVersion("7")
	if applier.UpToDate(intent, stored) {
		t.Fatal("an object whose fields nobody owns is up to date")
	}
	applier.remember(intent, stored)
	if !applier.UpToDate(intent, stored) {
		t.Error("what the server made of the intent is applied again")
	}
	stored.SetResourceVersion("8")
	if applier.UpToDate(intent, stored) {
		t.Error("a change after our apply goes unnoticed")
	}
	applier.Forget(stored)
	stored.SetResourceVersion("7")
	if applier.UpToDate(intent, stored) {
		t.Error("Forget does not forget")
	}
}

func parse(t testing.TB, text string) *unstructured.Unstructured {
	t.Helper()
	u := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(text), &u.Object); err != nil {
		t.Fatal(err)
	}
	return u
}

func entry(t *testing.T, manager, fields string) metav1.ManagedFieldsEntry {
	t.Helper()
	e := metav1.ManagedFieldsEntry{Manager: manager, Operation: metav1.ManagedFieldsOperationApply, APIVersion: "v1", FieldsType: "FieldsV1"}
	if err := json.Unmarshal([]byte(`{"fieldsV1":`+fields+`}`), &e); err != nil {
		t.Fatal(err)
	}
	return e
}

func equalJSON(t *testing.T, a, b *unstructured.Unstructured) bool {
	t.Helper()
	left, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	right, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(left) == string(right)
}
