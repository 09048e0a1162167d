package integration

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

func TestOfTwoEnvironmentsThatWantANamespaceTheHolderKeepsItAndTheOtherGetsItLater(t *testing.T) {
	t.Parallel()
	plane.RunReady(t, fixture.Small("holder"))
	namespace := cluster(fixture.NamespaceOf("holder"))
	held := plane.Get(t, namespaceGVK, namespace)

	other := fixture.Small("contender")
	other.Spec.Namespaces[0].Name = namespace.Name
	plane.Run(t, other)
	plane.WaitFor(t, "contender", taken, fixture.BlockedOn("Namespace "+namespace.Name, "holder"))
	plane.WaitReady(t, "holder")
	if live := plane.Get(t, namespaceGVK, namespace); live.GetUID() != held.GetUID() || live.GetLabels()[v1alpha1.LabelEnvironment] != "holder" {
		t.Errorf("the holder lost the namespace: %v", live.GetLabels())
	}
	if set := plane.Find(t, fixture.ApplicationSetGVK, argocd("contender")); set != nil {
		t.Error("the contender deploys into a namespace of another environment")
	}

	plane.Delete(t, plane.Environment(t, "holder"))
	plane.WaitGone(t, "holder")
	plane.WaitReady(t, "contender")
	live := plane.Get(t, namespaceGVK, namespace)
	if live.GetUID() == held.GetUID() || live.GetLabels()[v1alpha1.LabelEnvironment] != "contender" {
		t.Errorf("the namespace is not the contender's own: %v", live.GetLabels())
	}
}

func TestOfTwoEnvironmentsThatWantAFreeNameTheOldestGetsIt(t *testing.T) {
	t.Parallel()
	stranger := foreign(namespaceGVK, cluster("it-oldest-wins"), nil)
	createForeign(t, stranger)
	for _, name := range []string{"wins-z", "wins-a"} { // the name decides only between equals
		env := fixture.Small(name)
		env.Spec.Namespaces[0].Name = stranger.GetName()
		plane.Run(t, env)
		plane.WaitFor(t, name, taken)
		waitForNextSecond(t, name)
	}
	plane.Delete(t, stranger)
	plane.WaitReady(t, "wins-z")
	plane.WaitFor(t, "wins-a", taken, fixture.BlockedOn("wins-z"))
}

func TestNamesOfProjectsApplicationsAndRecordsAreClaimedToo(t *testing.T) {
	cases := map[string]struct {
		holder, contender string
		share             func(holder, contender *v1alpha1.AppEnvironment)
		condition         string
	}{
		"the AppProject": {"project-one", "project-two", func(_, contender *v1alpha1.AppEnvironment) {
			contender.Spec.ArgoCD = &v1alpha1.ArgoCD{Project: ptr.To("project-one")}
		}, v1alpha1.ConditionProjectReady},
		"the ApplicationSet": {"set-one", "set-two", func(_, contender *v1alpha1.AppEnvironment) {
			contender.Spec.ArgoCD = &v1alpha1.ArgoCD{ApplicationSet: ptr.To("set-one")}
		}, v1alpha1.ConditionApplicationsReady},
		"an Application": {"app-one", "app-two", func(_, contender *v1alpha1.AppEnvironment) {
			contender.Spec.ArgoCD = &v1alpha1.ArgoCD{ApplicationName: ptr.To("app-one-{app}-dev")}
		}, v1alpha1.ConditionApplicationsReady},
		"a DNS name": {"dns-one", "dns-two", func(holder, contender *v1alpha1.AppEnvironment) {
			holder.Spec.DNS = fixture.Full("dns-one").Spec.DNS
			contender.Spec.DNS = fixture.Full("dns-one").Spec.DNS
		}, v1alpha1.ConditionDNSReady},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			holder, contender := fixture.Small(c.holder), fixture.Small(c.contender)
			c.share(holder, contender)
			plane.RunReady(t, holder)
			plane.Run(t, contender)
			plane.WaitFor(t, c.contender, taken,
				fixture.Has(c.condition, metav1.ConditionFalse, v1alpha1.ReasonNameTaken), fixture.BlockedOn(c.holder))
			plane.WaitReady(t, c.holder)
		})
	}
}

// waitForNextSecond waits until whatever is created next is younger than the
// environment: creation timestamps are in seconds.
func waitForNextSecond(t *testing.T, name string) {
	t.Helper()
	created := plane.Environment(t, name).CreationTimestamp
	fixture.Eventually(t, soon, func() error { return olderThanASecond(created) })
}
