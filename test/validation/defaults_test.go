package validation

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

const smallest = `
application: hoge
environment: dev
namespaces: [{name: hoge-namespace}]
source: {repoURL: "https://github.com/example/hoge", targetRevision: main, path: "deploy/{app}"}
apps: [{name: app1}]
`

func TestTheExampleIsAccepted(t *testing.T) {
	if err := create(t.Context(), example(t), true); err != nil {
		t.Fatal(err)
	}
}

func TestDefaults(t *testing.T) {
	for name, tt := range map[string]struct {
		edits []edit
		path  string
		want  any
	}{
		"mode":                      {nil, "spec.mode", "Enforce"},
		"deletionPolicy":            {nil, "spec.deletionPolicy", "Delete"},
		"protection":                {nil, "spec.protection", "None"},
		"namespaceRBAC":             {nil, "spec.namespaceRBAC", "Denied"},
		"status.observedGeneration": {nil, "status.observedGeneration", int64(-1)},
		"status.observedGeneration with an empty status, as typed clients send it": {[]edit{put("status", `{}`)}, "status.observedGeneration", int64(-1)},
		"no sync at all means by hand":                                             {nil, "spec.sync", nil},
		"no automated means by hand":                                               {[]edit{put("spec.sync", `{}`)}, "spec.sync.automated", nil},
		"gate":                                                                     {[]edit{put("spec.sync", `{}`)}, "spec.sync.gate", "Secrets"},
		"prune of automated":                                                       {[]edit{put("spec.sync", `{automated: {}}`)}, "spec.sync.automated.prune", true},
		"selfHeal of automated":                                                    {[]edit{put("spec.sync", `{automated: {prune: false}}`)}, "spec.sync.automated.selfHeal", true},
		"prune stays false":                                                        {[]edit{put("spec.sync", `{automated: {prune: false}}`)}, "spec.sync.automated.prune", false},
		"refreshInterval":                                                          {[]edit{put("spec.secrets", `{store: {storeRef: {name: s}}}`)}, "spec.secrets.refreshInterval", "1h"},
		"kind of storeRef":                                                         {[]edit{put("spec.secrets", `{store: {storeRef: {name: s}}}`)}, "spec.secrets.store.storeRef.kind", "ClusterSecretStore"},
		"kind of an issuer":                                                        {[]edit{certManager}, "spec.certificates[0].certManager.issuerRef.kind", "ClusterIssuer"},
		"group of an issuer":                                                       {[]edit{certManager}, "spec.certificates[0].certManager.issuerRef.group", "cert-manager.io"},
		"group of a cluster resource":                                              {[]edit{put("spec.clusterResources", `[{kind: PersistentVolume}]`)}, "spec.clusterResources[0].group", ""},
		"podSecurity has none, since adopting differs":                             {nil, "spec.namespaces[0].podSecurity", nil},
		"networkPolicy has none":                                                   {nil, "spec.namespaces[0].networkPolicy", nil},
		"cloudflareProxied has none":                                               {[]edit{put("spec.dns", `{records: [{name: a.example.com, type: A, targets: [203.0.113.10]}]}`)}, "spec.dns.records[0].cloudflareProxied", nil},
	} {
		t.Run(name, func(t *testing.T) {
			object := example(t, append([]edit{put("spec", smallest)}, tt.edits...)...)
			if err := create(t.Context(), object, true); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, at(object.Object, steps(tt.path))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.path, diff)
			}
		})
	}
}

// at is the value at a path, nil when there is none.
func at(node any, path []string) any {
	for _, step := range path {
		switch typed := node.(type) {
		case map[string]any:
			node = typed[step]
		case []any:
			var index int
			if _, err := fmt.Sscan(step, &index); err != nil || index >= len(typed) {
				return nil
			}
			node = typed[index]
		default:
			return nil
		}
	}
	return node
}

func TestATypedClientReadsBackWhatItWrote(t *testing.T) {
	var want v1alpha1.AppEnvironment
	object := example(t, set("metadata.name", "typed"), put("spec.namespaces[0].quota", `{pods: 50, requests.cpu: "1.5", requests.memory: 16Gi}`))
	if err := api.Create(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	if err := api.Get(t.Context(), client.ObjectKeyFromObject(object), &want); err != nil {
		t.Fatal(err)
	}
	got := &v1alpha1.AppEnvironment{ObjectMeta: metav1.ObjectMeta{Name: "typed-again"}, Spec: *want.Spec.DeepCopy()}
	if err := api.Create(t.Context(), got); err != nil {
		t.Fatal(err)
	}
	// An empty list or map means the same as none: a typed client leaves it out.
	if diff := cmp.Diff(want.Spec, got.Spec, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the spec written by the typed client (-want +got):\n%s", diff)
	}
	if got.Status.ObservedGeneration != -1 {
		t.Errorf("observedGeneration is %d, want -1", got.Status.ObservedGeneration)
	}
}

func TestStatusIsBounded(t *testing.T) {
	child := `{apiVersion: v1, kind: ServiceAccount, namespace: hoge-namespace, name: child-%d}`
	app := `{name: app1, images: [%s]}`
	for name, tt := range map[string]struct {
		path   string
		inside any
		beyond any
		want   string
	}{
		"children":                 {"children", times(500, child), times(501, child), "must have at most 500 items"},
		"plan":                     {"plan", times(200, `{object: o-%d, action: Create}`), times(201, `{object: o-%d, action: Create}`), "must have at most 200 items"},
		"images of an app":         {"apps", []any{parse(fmt.Sprintf(app, strings.Repeat("a, ", 10)))}, []any{parse(fmt.Sprintf(app, strings.Repeat("a, ", 11)))}, "must have at most 10 items"},
		"message of an app":        {"apps", []any{map[string]any{"name": "a", "message": long(256)}}, []any{map[string]any{"name": "a", "message": long(257)}}, "may not be more than 256"},
		"message of a secret":      {"secrets", messages(256), messages(257), "may not be more than 256"},
		"message of a certificate": {"certificates", messages(256), messages(257), "may not be more than 256"},
		"step of the teardown":     {"teardown", parse(`{step: dns, since: "2026-01-01T00:00:00Z"}`), parse(`{step: later, since: "2026-01-01T00:00:00Z"}`), "supported values"},
	} {
		t.Run(name, func(t *testing.T) {
			object := example(t, set("metadata.name", "status-"+strings.ReplaceAll(name, " ", "-")))
			if err := create(t.Context(), object, false); err != nil {
				t.Fatal(err)
			}
			try := func(value any) error {
				changed := object.DeepCopy()
				if err := unstructured.SetNestedField(changed.Object, value, "status", tt.path); err != nil {
					t.Fatal(err)
				}
				return api.Status().Update(t.Context(), changed, client.DryRunAll)
			}
			if err := try(tt.inside); err != nil {
				t.Errorf("at the bound: should be accepted, but: %v", err)
			}
			if err := try(tt.beyond); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("beyond the bound: should be refused with %q, but got: %v", tt.want, err)
			}
		})
	}
}

func messages(n int) []any {
	return []any{map[string]any{"name": "a", "namespace": "b", "ready": false, "message": long(n)}}
}
