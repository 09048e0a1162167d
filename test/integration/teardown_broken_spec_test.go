package integration

import (
	"testing"

	"k8s.io/utils/ptr"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

// An environment can hold what today's rules refuse: it was made under older rules,
// or a rule was bypassed. It must still be possible to delete it.
func TestAnEnvironmentWhoseSpecIsBrokenCanBeDeleted(t *testing.T) {
	t.Parallel()
	own := startPlane(t, fixture.Options{Relaxed: true})
	own.RunReady(t, fixture.Full("broken"))
	system := own.Get(t, namespaceGVK, cluster("kube-system"))

	own.Edit(t, "broken", func(env *v1alpha1.AppEnvironment) {
		env.Spec.Application = "{{ not a name }}"
		env.Spec.Namespaces[0].Name = "kube-system"
		env.Spec.Namespaces[0].ServiceAccounts = nil
		env.Spec.Source = v1alpha1.Source{RepoURL: "::", TargetRevision: "", Path: "../{nothing}"}
		env.Spec.Apps = append(env.Spec.Apps, v1alpha1.App{Name: "Not A Label", Namespace: ptr.To("nowhere")})
		env.Spec.ArgoCD = &v1alpha1.ArgoCD{Project: ptr.To("renamed"), ApplicationSet: ptr.To("renamed"), ApplicationName: ptr.To("no-placeholder")}
		env.Spec.Secrets.Store = v1alpha1.Store{}
		env.Spec.Certificates[0].Google.Domains = []string{"*"}
		env.Spec.DNS.Records[0].Targets = []string{"not an address"}
	})
	if err := own.InstallCRDs(""); err != nil { // from here on the rules hold
		t.Fatal(err)
	}
	own.Delete(t, own.Environment(t, "broken"))
	own.WaitGone(t, "broken")

	for _, child := range childrenOf("broken") {
		if live := own.Find(t, child.GroupVersionKind, child.ObjectKey); live != nil {
			t.Errorf("%s %s is left behind", child.Kind, child.ObjectKey)
		}
	}
	if live := own.Get(t, namespaceGVK, cluster("kube-system")); live.GetUID() != system.GetUID() || live.GetDeletionTimestamp() != nil {
		t.Error("a namespace that was never the environment's was deleted")
	}
}
