package integration

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

// taken is what an environment says while something it wants belongs to somebody else.
var taken = fixture.Has(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonNameTaken)

func TestAnObjectOfSomebodyElseIsLeftUntouchedAndTheStatusSaysSo(t *testing.T) {
	cases := map[string]struct {
		environment string
		object      func(environment string) *unstructured.Unstructured
		condition   string
	}{
		"a Namespace": {"taken-namespace", func(e string) *unstructured.Unstructured {
			return fixture.Foreign(namespaceGVK, cluster(fixture.NamespaceOf(e)), nil)
		}, v1alpha1.ConditionNamespacesReady},
		"an AppProject": {"taken-project", func(e string) *unstructured.Unstructured {
			return fixture.Foreign(fixture.AppProjectGVK, argocd(e), map[string]any{"description": "somebody else's"})
		}, v1alpha1.ConditionProjectReady},
		"an ApplicationSet": {"taken-set", func(e string) *unstructured.Unstructured {
			return fixture.Foreign(fixture.ApplicationSetGVK, argocd(e), map[string]any{
				"goTemplate": true,
				"generators": []any{map[string]any{"list": map[string]any{"elements": []any{}}}},
				"template": map[string]any{"metadata": map[string]any{"name": "x"}, "spec": map[string]any{
					"project": "default", "destination": map[string]any{"namespace": "x"}}},
			})
		}, v1alpha1.ConditionApplicationsReady},
		"an Application that the ApplicationSet would take over": {"taken-application", func(e string) *unstructured.Unstructured {
			return fixture.Foreign(fixture.ApplicationGVK, application(e, "web"), map[string]any{
				"project": "default", "destination": map[string]any{"namespace": "x"},
				"source": map[string]any{"repoURL": "https://git.example.com/other", "path": "x"},
			})
		}, v1alpha1.ConditionApplicationsReady},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			object := c.object(c.environment)
			if object.GetKind() == "Application" {
				plane.ArgoCD.Judge(object.GetName(), fixture.Verdict{Silent: true})
			}
			plane.CreateForeign(t, object)
			before := settled(t, object)
			plane.Run(t, fixture.Small(c.environment))
			plane.WaitFor(t, c.environment, taken,
				fixture.Has(c.condition, metav1.ConditionFalse, v1alpha1.ReasonNameTaken),
				fixture.BlockedOn(object.GetKind(), object.GetName(), "somebodys-tool", "kubectl annotate", v1alpha1.AnnotationAdoptBy+"="+c.environment))
			if diff := cmp.Diff(before, bytesOf(t, object)); diff != "" {
				t.Errorf("the object was touched (-before +after):\n%s", diff)
			}

			// Gone, the name is free.
			plane.ArgoCD.Judge(fixture.ApplicationOf(c.environment, "web"), fixture.Verdict{})
			plane.Delete(t, object)
			plane.WaitReady(t, c.environment)
		})
	}
}

func TestATakenObjectInsideANamespaceDoesNotStopTheRest(t *testing.T) {
	t.Parallel()
	plane.RunReady(t, fixture.Small("taken-inside"))
	object := fixture.Foreign(serviceAccountGVK, inside("taken-inside", "app1"), nil)
	plane.CreateForeign(t, object)
	before := settled(t, object)
	plane.Edit(t, "taken-inside", func(env *v1alpha1.AppEnvironment) {
		full := fixture.Full("taken-inside")
		env.Spec.Namespaces = full.Spec.Namespaces
		env.Spec.Certificates = full.Spec.Certificates
	})
	plane.WaitFor(t, "taken-inside", taken, fixture.BlockedOn("ServiceAccount", "app1"),
		fixture.Has(v1alpha1.ConditionCertificatesReady, metav1.ConditionTrue, v1alpha1.ReasonReady))
	if diff := cmp.Diff(before, bytesOf(t, object)); diff != "" {
		t.Errorf("the object was touched (-before +after):\n%s", diff)
	}
	plane.Get(t, quotaGVK, inside("taken-inside", "taken-inside"))
}

func TestASecretStoreOfSomebodyElseIsLeftUntouched(t *testing.T) {
	t.Parallel()
	const name = "taken-store"
	plane.RunReady(t, fixture.Small(name))
	store := fixture.Foreign(fixture.SecretStoreGVK, inside(name, name), map[string]any{
		"provider": map[string]any{"fake": map[string]any{"data": []any{map[string]any{"key": name + "-env", "value": `{"API_KEY":"somebodys"}`}}}},
	})
	plane.CreateForeign(t, store)
	before := settled(t, store)
	plane.Edit(t, name, func(env *v1alpha1.AppEnvironment) { env.Spec.Secrets = fixture.Full(name).Spec.Secrets })
	plane.WaitFor(t, name, taken, fixture.BlockedOn("SecretStore", inside(name, name).String()))
	if diff := cmp.Diff(before, bytesOf(t, store)); diff != "" {
		t.Errorf("the store was touched (-before +after):\n%s", diff)
	}
}

func TestATakenNamespaceGetsNoChildNoDestinationAndNoApp(t *testing.T) {
	t.Parallel()
	plane.CreateForeign(t, fixture.Foreign(namespaceGVK, cluster(fixture.NamespaceOf("not-ours")), nil))
	env := fixture.Full("not-ours")
	plane.Run(t, env)
	plane.WaitFor(t, "not-ours", taken)
	for _, gvk := range []child{
		{quotaGVK, inside("not-ours", "not-ours")},
		{serviceAccountGVK, inside("not-ours", "app1")},
		{fixture.ExternalSecretGVK, inside("not-ours", "env")},
		{fixture.ManagedCertificateGVK, inside("not-ours", "web")},
		{fixture.DNSEndpointGVK, inside("not-ours", "not-ours")},
		{fixture.ApplicationSetGVK, argocd("not-ours")},
	} {
		if live := plane.Find(t, gvk.GroupVersionKind, gvk.ObjectKey); live != nil {
			t.Errorf("%s %s was created in a namespace of somebody else", gvk.Kind, gvk.ObjectKey)
		}
	}
	if project := plane.Find(t, fixture.AppProjectGVK, argocd("not-ours")); project != nil {
		if destinations, found, _ := unstructured.NestedSlice(project.Object, "spec", "destinations"); found && len(destinations) > 0 {
			t.Errorf("the project permits %v", destinations)
		}
	}
}

// settled waits until nobody but the operator could still write the object, and
// returns it byte for byte.
func settled(t *testing.T, object *unstructured.Unstructured) string {
	t.Helper()
	last, same := "", 0
	fixture.Eventually(t, soon, func() error {
		now := bytesOf(t, object)
		if now != last {
			last, same = now, 0
		}
		if same++; same < 10 {
			return fmt.Errorf("%s still changes", object.GetName())
		}
		return nil
	})
	return last
}

func bytesOf(t *testing.T, object *unstructured.Unstructured) string {
	t.Helper()
	content, err := json.MarshalIndent(plane.Get(t, object.GroupVersionKind(), client.ObjectKeyFromObject(object)), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
