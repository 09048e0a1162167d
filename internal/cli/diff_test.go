package cli

import (
	"bytes"
	"errors"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/controller"
	"github.com/appenv/appenv-operator/test/golden"
)

// TestDiffAsItIsPrinted has every kind of change, on a terminal and piped. What the changes are, test/integration holds.
func TestDiffAsItIsPrinted(t *testing.T) {
	created := golden.Object(t, `
apiVersion: v1
kind: Namespace
metadata: {name: hoge, annotations: {platform.appenv.dev/owner-uid: none-yet}}
`)
	quota := golden.Object(t, `
apiVersion: v1
kind: ResourceQuota
metadata: {name: hoge, namespace: hoge, resourceVersion: "7", uid: abc, managedFields: [{manager: x}], annotations: {kubectl.kubernetes.io/last-applied-configuration: everything}}
spec: {hard: {pods: "50", requests.cpu: "8"}}
status: {hard: {pods: "50"}}
`)
	changed := quota.DeepCopy()
	changed.SetResourceVersion("8")
	for path, value := range map[string]string{"pods": "60", "requests.memory": "8Gi"} {
		if err := unstructured.SetNestedField(changed.Object, value, "spec", "hard", path); err != nil {
			t.Fatal(err)
		}
	}
	store := golden.Object(t, `
apiVersion: external-secrets.io/v1
kind: SecretStore
metadata: {name: hoge, namespace: hoge}
spec: {provider: {fake: {data: [{key: a, value: old-secret}, {key: b, value: same-secret}, {key: c, valueMap: {x: map-secret}}]}}}
`)
	otherStore := golden.Object(t, `
apiVersion: external-secrets.io/v1
kind: SecretStore
metadata: {name: hoge, namespace: hoge}
spec: {provider: {fake: {data: [{key: d, value: added-secret}, {key: a, value: new-secret}, {key: b, value: same-secret}]}}}
`)
	templated := golden.Object(t, `
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: env, namespace: hoge, labels: {a: b}}
spec: {target: {template: {data: {password: literal-secret}}}}
`)
	taken := golden.Object(t, `
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: env, namespace: hoge}
spec: {target: {template: {data: {password: literal-secret}}}}
`)
	key := func(kind, namespace, name string) component.Key {
		return component.Key{Kind: kind, Namespace: namespace, Name: name}
	}
	env := &v1alpha1.AppEnvironment{}
	env.Name, env.Spec.Mode = "hoge-dev", v1alpha1.ModePaused
	foresight := &controller.Foresight{
		Held:    []controller.HeldApp{{Name: "app1", Why: component.Health{Message: "waits for ExternalSecret hoge/env: not created yet"}}},
		Pending: []string{"apps/app2@3"},
		Changes: []controller.Change{
			{Component: "namespaces", Key: key("Namespace", "", "hoge"), Action: v1alpha1.ActionCreate, After: created},
			{Component: "namespaces", Key: key("ResourceQuota", "hoge", "hoge"), Action: v1alpha1.ActionUpdate, Live: quota, After: changed},
			{Component: "secrets", Key: key("SecretStore", "hoge", "hoge"), Action: v1alpha1.ActionUpdate, Live: store, After: otherStore},
			{Component: "secrets", Key: key("ExternalSecret", "hoge", "env"), Action: v1alpha1.ActionAdopt, Live: taken, After: templated},
			{Component: "project", Key: key("AppProject", "argocd", "hoge"), Action: v1alpha1.ActionRefuse, Live: quota, Why: component.Health{Message: "it is somebody's"}},
			{Component: "dns", Action: v1alpha1.ActionRefuse, Why: component.Health{Message: "a record has no target"}},
			{Component: "dns", Key: key("DNSEndpoint", "hoge", "hoge"), Action: v1alpha1.ActionDelete, Live: quota},
			{Component: "namespaces", Key: key("Namespace", "", "other"), Action: v1alpha1.ActionRelease, Live: quota},
		},
	}
	asItIs := &v1alpha1.AppEnvironment{}
	asItIs.Name = "hoge-qa"
	protected := asItIs.DeepCopy()
	protected.Spec.Protection = v1alpha1.ProtectionConfirm
	for file, onTerminal := range map[string]bool{"diff.txt": false, "diff-terminal.txt": true} {
		w := &diffWriter{terminal: onTerminal}
		w.environment(asItIs, asItIs, &controller.Foresight{})
		if w.any {
			t.Error("something differs where nothing does")
		}
		w.environment(env, nil, foresight)
		w.environment(protected, asItIs, &controller.Foresight{})
		w.refused("hoge-prod", errors.New("the API server refuses it: no"))
		if !w.any {
			t.Error("nothing differs")
		}
		for _, secret := range []string{"old-secret", "new-secret", "same-secret", "map-secret", "added-secret", "literal-secret"} {
			if bytes.Contains(w.text.Bytes(), []byte(secret)) {
				t.Errorf("%s is shown", secret)
			}
		}
		golden.Check(t, "testdata/output/"+file, w.text.Bytes())
	}
}
