package integration

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

func TestWhatTheSpecNoLongerAsksForGoesAndNothingElse(t *testing.T) {
	t.Parallel()
	plane.RunReady(t, fixture.Full("pruning"))
	worker := application("pruning", "worker")
	fixture.Eventually(t, soon, plane.Exists(configMapGVK, inside("pruning", worker.Name)))
	copied := copyOf(t, child{quotaGVK, inside("pruning", "pruning")}, "copied")
	uids := uidsOf(t, "pruning")

	plane.Edit(t, "pruning", func(env *v1alpha1.AppEnvironment) {
		env.Spec.Apps = env.Spec.Apps[:1]
		env.Spec.Namespaces[0].Limits = nil
		env.Spec.Namespaces[0].ServiceAccounts = nil
		env.Spec.Access = env.Spec.Access[:1]
		env.Spec.Secrets = nil
		env.Spec.Certificates = env.Spec.Certificates[:1]
		env.Spec.DNS = nil
	})
	gone := []child{
		{limitRangeGVK, inside("pruning", "pruning")},
		{serviceAccountGVK, inside("pruning", "app1")},
		{roleBindingGVK, inside("pruning", "pruning-view")},
		{fixture.ExternalSecretGVK, inside("pruning", "env")},
		{fixture.SecretStoreGVK, inside("pruning", "pruning")},
		{fixture.CertificateGVK, inside("pruning", "internal")},
		{fixture.DNSEndpointGVK, inside("pruning", "pruning")},
		{fixture.ApplicationGVK, worker},
		{configMapGVK, inside("pruning", worker.Name)},
	}
	for _, child := range gone {
		fixture.Eventually(t, soon, plane.Gone(child.GroupVersionKind, child.ObjectKey))
	}
	env := plane.WaitFor(t, "pruning", fixture.Ready, recorded(7))

	for _, entry := range env.Status.Children {
		if uids[entry.Kind+" "+entry.Name] != entry.UID {
			t.Errorf("%s %s was replaced, though nobody asked for it", entry.Kind, entry.Name)
		}
	}
	if live := plane.Get(t, quotaGVK, inside("pruning", "copied")); live.GetUID() != copied.GetUID() {
		t.Error("a copied manifest has our marks and no entry: it is not ours to delete")
	}
}

// copyOf makes a copy of a child under another name, marks included, as people do.
func copyOf(t *testing.T, child child, name string) *unstructured.Unstructured {
	t.Helper()
	live := plane.Get(t, child.GroupVersionKind, child.ObjectKey)
	out := fixture.New(child.GroupVersionKind)
	out.SetNamespace(child.Namespace)
	out.SetName(name)
	out.SetLabels(live.GetLabels())
	out.SetAnnotations(live.GetAnnotations())
	out.Object["spec"] = live.Object["spec"]
	plane.Create(t, out)
	return out
}

// uidsOf are the UIDs in an environment's entries, by kind and name.
func uidsOf(t *testing.T, environment string) map[string]types.UID {
	t.Helper()
	out := map[string]types.UID{}
	for _, entry := range plane.Environment(t, environment).Status.Children {
		out[entry.Kind+" "+entry.Name] = entry.UID
	}
	return out
}

// recorded is a check for WaitFor: status.children has that many entries.
func recorded(count int) func(*v1alpha1.AppEnvironment) error {
	return func(env *v1alpha1.AppEnvironment) error {
		if len(env.Status.Children) != count {
			return fmt.Errorf("%d entries in status.children, want %d: %v", len(env.Status.Children), count, env.Status.Children)
		}
		return nil
	}
}
