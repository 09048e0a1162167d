package integration

import (
	"errors"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

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
	stranger := fixture.Foreign(namespaceGVK, cluster("it-oldest-wins"), nil)
	plane.CreateForeign(t, stranger)
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

// The right to a name does not hang on the object that has it.
func TestADNSNameIsHeldWhileItsRecordIsDeletedByHand(t *testing.T) {
	t.Parallel()
	plane.RunReady(t, fixture.Small("older"))
	waitForNextSecond(t, "older")
	holder := fixture.Small("younger")
	holder.Spec.DNS = fixture.Full("younger").Spec.DNS
	plane.RunReady(t, holder)
	plane.Edit(t, "older", func(env *v1alpha1.AppEnvironment) { env.Spec.DNS = fixture.Full("younger").Spec.DNS })
	plane.WaitFor(t, "older", taken, fixture.BlockedOn("younger.hoge.example.com", "younger"))
	old := plane.Get(t, fixture.DNSEndpointGVK, inside("younger", "younger"))
	plane.Delete(t, old)
	fixture.Eventually(t, soon, func() error {
		live := plane.Find(t, fixture.DNSEndpointGVK, inside("younger", "younger"))
		if live == nil || live.GetUID() == old.GetUID() {
			return errors.New("the record is not back")
		}
		return nil
	})
	plane.WaitReady(t, "younger")
	plane.WaitFor(t, "older", taken)

	// Once the holder lets it go, the other gets it at once.
	plane.Delete(t, plane.Environment(t, "younger"))
	fixture.Eventually(t, soon, plane.Exists(fixture.DNSEndpointGVK, inside("older", "older")))
	plane.WaitReady(t, "older")
}

// A name that has left the spec is held as long as a live object has it.
func TestADNSNameIsHeldUntilTheRecordIsGone(t *testing.T) {
	t.Parallel()
	holder, contender := fixture.Small("record-one"), fixture.Small("record-two")
	holder.Spec.DNS = fixture.Full("record-one").Spec.DNS
	holder.Spec.DNS.Records = append(holder.Spec.DNS.Records, fixture.Full("record-kept").Spec.DNS.Records...)
	contender.Spec.DNS = fixture.Full("record-one").Spec.DNS
	plane.RunReady(t, holder)
	binding := frozenDNS(t, "record-one")
	plane.Run(t, contender)
	plane.WaitFor(t, "record-two", taken, fixture.BlockedOn("record-one.hoge.example.com", "record-one"))

	plane.Edit(t, "record-one", func(env *v1alpha1.AppEnvironment) { env.Spec.DNS.Records = env.Spec.DNS.Records[1:] })
	plane.WaitFor(t, "record-one", fixture.Has(v1alpha1.ConditionDNSReady, metav1.ConditionFalse, v1alpha1.ReasonRejected))
	fixture.Consistently(t, 2*time.Second, func() error {
		return errors.Join(taken(plane.Environment(t, "record-two")), plane.Gone(fixture.DNSEndpointGVK, inside("record-two", "record-two"))())
	})

	// Nobody tells the operator that the policy went: another label makes it try again.
	plane.Delete(t, binding)
	plane.Edit(t, "record-one", func(env *v1alpha1.AppEnvironment) { env.Spec.Labels = map[string]string{"owner": "team-other"} })
	plane.WaitReady(t, "record-one")
	plane.WaitReady(t, "record-two")
	fixture.Eventually(t, soon, plane.Exists(fixture.DNSEndpointGVK, inside("record-two", "record-two")))
}

// frozenDNS lets nobody change the DNSEndpoint of an environment until what it returns
// is deleted.
func frozenDNS(t *testing.T, environment string) client.Object {
	t.Helper()
	policy := "frozen-dns-" + environment
	plane.Create(t, &admissionv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: policy},
		Spec: admissionv1.ValidatingAdmissionPolicySpec{
			MatchConstraints: &admissionv1.MatchResources{ResourceRules: named(rules("externaldns.k8s.io", "dnsendpoints"))},
			Validations:      []admissionv1.Validation{{Expression: "false", Message: "records are frozen"}},
		},
	})
	binding := &admissionv1.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: policy},
		Spec: admissionv1.ValidatingAdmissionPolicyBindingSpec{
			PolicyName: policy, ValidationActions: []admissionv1.ValidationAction{admissionv1.Deny},
			MatchResources: &admissionv1.MatchResources{NamespaceSelector: only(environment)},
		},
	}
	plane.Create(t, binding)
	t.Cleanup(func() { plane.Delete(t, binding) })
	refuses(t, environment, fixture.New(fixture.DNSEndpointGVK))
	return binding
}

// waitForNextSecond waits until whatever is created next is younger than the
// environment: creation timestamps are in seconds.
func waitForNextSecond(t *testing.T, name string) {
	t.Helper()
	created := plane.Environment(t, name).CreationTimestamp
	fixture.Eventually(t, soon, func() error { return olderThanASecond(created) })
}
