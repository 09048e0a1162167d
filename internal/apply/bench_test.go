package apply

import (
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	"sigs.k8s.io/structured-merge-diff/v6/typed"
	"sigs.k8s.io/structured-merge-diff/v6/value"
)

const benchManager = "appenv-operator"

// BenchmarkUpToDate compares an ApplicationSet and an ExternalSecret, the objects that
// grow with the spec, with what the API server stores of them: as it is after an
// apply, and after somebody changed the last entry of the list.
func BenchmarkUpToDate(b *testing.B) {
	for _, size := range []struct {
		name    string
		entries int
	}{{"typical", 2}, {"large", 50}} {
		pairs := []pair{
			stored(b, applicationSet(size.entries)),
			stored(b, externalSecret(size.entries)),
		}
		b.Run(size.name, func(b *testing.B) { compare(b, pairs, true) })
		for _, p := range pairs {
			p.changeLast()
		}
		b.Run(size.name+"/changed", func(b *testing.B) { compare(b, pairs, false) })
	}
}

// A pair is an intent and its live object.
type pair struct {
	intent, live *unstructured.Unstructured
}

func compare(b *testing.B, pairs []pair, want bool) {
	b.Helper()
	applier := New(nil, nil, benchManager)
	for _, p := range pairs {
		if got := applier.UpToDate(p.intent, p.live); got != want {
			b.Fatalf("%s: UpToDate = %v, want %v", p.intent.GetKind(), got, want)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, p := range pairs {
			applier.UpToDate(p.intent, p.live)
		}
	}
}

// stored is the intent with what the API server keeps of it and what others have
// added since: defaults, their finalizer, status and managedFields.
func stored(b *testing.B, intent *unstructured.Unstructured) pair {
	b.Helper()
	live := intent.DeepCopy()
	live.SetUID("6f1e2d3c-0000-4000-8000-000000000002")
	live.SetResourceVersion("4711")
	live.SetGeneration(2)
	live.SetCreationTimestamp(metav1.NewTime(time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)))
	live.SetFinalizers(append(live.GetFinalizers(), "example.com/theirs"))
	live.Object["status"] = map[string]any{
		"refreshTime": "2026-09-01T00:00:00Z",
		"conditions": []any{
			map[string]any{"type": "Ready", "status": "True", "reason": "Reported", "message": "as it should be", "lastTransitionTime": "2026-09-01T00:00:00Z"},
		},
	}
	ours := fieldsOf(b, map[string]any{"metadata": map[string]any{
		"labels": intent.Object["metadata"].(map[string]any)["labels"], "annotations": intent.Object["metadata"].(map[string]any)["annotations"],
	}, "spec": intent.Object["spec"]})
	for _, finalizer := range intent.GetFinalizers() {
		ours.Insert(finalizerPath(finalizer))
	}
	live.SetManagedFields([]metav1.ManagedFieldsEntry{
		ownedBy(b, benchManager, "", ours),
		ownedBy(b, "their-controller", "", fieldpath.NewSet(finalizerPath("example.com/theirs"))),
		ownedBy(b, "their-controller", "status", fieldsOf(b, map[string]any{"status": live.Object["status"]})),
	})
	return pair{intent, asRead(b, live)}
}

func finalizerPath(name string) fieldpath.Path {
	return fieldpath.MakePathOrDie("metadata", "finalizers", value.NewValueInterface(name))
}

// fieldsOf are the fields that a manager owns who has applied the values. Lists are
// atomic, as in the schemas of both kinds.
func fieldsOf(b *testing.B, values map[string]any) *fieldpath.Set {
	b.Helper()
	applied, err := typed.DeducedParseableType.FromUnstructured(values)
	if err != nil {
		b.Fatal(err)
	}
	set, err := applied.ToFieldSet()
	if err != nil {
		b.Fatal(err)
	}
	return set
}

func ownedBy(b *testing.B, manager, subresource string, fields *fieldpath.Set) metav1.ManagedFieldsEntry {
	b.Helper()
	raw, err := fields.ToJSON()
	if err != nil {
		b.Fatal(err)
	}
	return metav1.ManagedFieldsEntry{
		Manager: manager, Subresource: subresource, Operation: metav1.ManagedFieldsOperationApply, APIVersion: "v1",
		FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(string(raw)), Time: new(metav1.NewTime(time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC))),
	}
}

// asRead is the object as a client reads it.
func asRead(b *testing.B, u *unstructured.Unstructured) *unstructured.Unstructured {
	b.Helper()
	data, err := u.MarshalJSON()
	if err != nil {
		b.Fatal(err)
	}
	read := &unstructured.Unstructured{}
	if err := read.UnmarshalJSON(data); err != nil {
		b.Fatal(err)
	}
	return read
}

// changeLast changes a value in the last entry of the longest list: all before it is compared first.
func (p pair) changeLast() {
	spec := p.live.Object["spec"].(map[string]any)
	if entries, ok := spec["data"].([]any); ok {
		entries[len(entries)-1].(map[string]any)["secretKey"] = "CHANGED"
		return
	}
	list := spec["generators"].([]any)[0].(map[string]any)["list"].(map[string]any)
	elements := list["elements"].([]any)
	elements[len(elements)-1].(map[string]any)["targetRevision"] = "changed"
}

func metadataOf(namespace, name string) map[string]any {
	return map[string]any{
		"name": name, "namespace": namespace,
		"annotations": map[string]any{"platform.appenv.dev/owner-uid": "6f1e2d3c-0000-4000-8000-000000000001"},
		"labels": map[string]any{
			"app.kubernetes.io/managed-by": benchManager, "cost-center": "4711", "owner": "team-hoge", "platform.appenv.dev/environment": "hoge-dev",
		},
	}
}

func applicationSet(apps int) *unstructured.Unstructured {
	var elements []any
	for i := range apps {
		name := fmt.Sprintf("app-%02d", i)
		elements = append(elements, map[string]any{
			"name": name, "application": "hoge-" + name + "-dev", "namespace": "hoge", "images": name + "=registry.example.com/" + name + ":3f2c1ab",
			"path":    "deployment/k8s/manifests/" + name + "/overlays/dev",
			"repoURL": "https://github.com/example/hoge", "targetRevision": "development",
		})
	}
	u := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "metadata": metadataOf("argocd", "hoge-dev"),
		"spec": map[string]any{
			"goTemplate": true, "goTemplateOptions": []any{"missingkey=error"},
			"generators": []any{map[string]any{"list": map[string]any{"elements": elements}}},
			"template": map[string]any{
				"metadata": map[string]any{"name": "{{.application}}", "labels": map[string]any{"owner": "team-hoge"}},
				"spec": map[string]any{
					"project":     "hoge-dev",
					"destination": map[string]any{"namespace": "{{.namespace}}", "server": "https://kubernetes.default.svc"},
					"source":      map[string]any{"path": "{{.path}}", "repoURL": "{{.repoURL}}", "targetRevision": "{{.targetRevision}}"},
					"syncPolicy": map[string]any{
						"automated": map[string]any{"prune": true, "selfHeal": true},
						"retry":     map[string]any{"limit": int64(5)}, "syncOptions": []any{"ApplyOutOfSyncOnly=true"},
					},
				},
			},
			"templatePatch": `{{ if .images }}{"spec":{"source":{"kustomize":{"images":{{ splitList "," .images | toJson }}}}}}{{ else }}{}{{ end }}`,
		},
	}}
	u.SetFinalizers([]string{"platform.appenv.dev/keep-applications"})
	return u
}

func externalSecret(keys int) *unstructured.Unstructured {
	var data []any
	for i := range keys {
		data = append(data, map[string]any{
			"secretKey": fmt.Sprintf("KEY_%02d", i), "remoteRef": map[string]any{"key": fmt.Sprintf("hoge-dev-%02d", i), "property": "value"},
		})
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": metadataOf("hoge", "app-env"),
		"spec": map[string]any{
			"data": data, "refreshInterval": "1h0m0s",
			"secretStoreRef": map[string]any{"kind": "SecretStore", "name": "hoge-dev"},
			"target": map[string]any{
				"creationPolicy": "Owner", "deletionPolicy": "Retain", "name": "app-env",
				"template": map[string]any{
					"engineVersion": "v2", "mergePolicy": "Replace", "type": "Opaque",
					"metadata": map[string]any{"labels": map[string]any{"owner": "team-hoge"}},
				},
			},
		},
	}}
}
