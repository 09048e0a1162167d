package integration

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

var immutableChanged = fixture.Has(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonImmutableChanged)

// The API refuses an item whose domains change, and cannot refuse one that is removed
// and added again. Not parallel: it stops the operator between the two.
func TestDomainsOfACertificateThatWasRemovedAndAddedAgainAreNotEdited(t *testing.T) {
	plane.RunReady(t, fixture.Full("domains"))
	before := plane.Get(t, fixture.ManagedCertificateGVK, inside("domains", "web"))
	stopOperator(t)
	plane.Edit(t, "domains", func(env *v1alpha1.AppEnvironment) { env.Spec.Certificates = env.Spec.Certificates[1:] })
	plane.Edit(t, "domains", func(env *v1alpha1.AppEnvironment) {
		env.Spec.Certificates = append(env.Spec.Certificates, v1alpha1.Certificate{
			Name: "web", Google: &v1alpha1.GoogleCertificate{Domains: []string{"new.hoge.example.com"}}})
	})
	startOperator(t)
	plane.WaitFor(t, "domains", immutableChanged, fixture.BlockedOn("ManagedCertificate it-domains/web"))
	fixture.Consistently(t, time.Second, sameDomains(t, before))

	// As the message says: remove, wait until it is gone, add again.
	plane.Edit(t, "domains", func(env *v1alpha1.AppEnvironment) { env.Spec.Certificates = env.Spec.Certificates[:1] })
	fixture.Eventually(t, soon, plane.Gone(fixture.ManagedCertificateGVK, inside("domains", "web")))
	plane.Edit(t, "domains", func(env *v1alpha1.AppEnvironment) {
		env.Spec.Certificates = append(env.Spec.Certificates, v1alpha1.Certificate{
			Name: "web", Google: &v1alpha1.GoogleCertificate{Domains: []string{"new.hoge.example.com"}}})
	})
	plane.WaitReady(t, "domains")
}

func TestDomainsThatSomebodyChangedByHandAreNotEditedBack(t *testing.T) {
	t.Parallel()
	plane.RunReady(t, fixture.Full("hand-domains"))
	key := inside("hand-domains", "web")
	setDomains := func(domains ...string) *unstructured.Unstructured {
		return plane.Change(t, fixture.ManagedCertificateGVK, key, func(u *unstructured.Unstructured) {
			if err := unstructured.SetNestedStringSlice(u.Object, domains, "spec", "domains"); err != nil {
				t.Fatal(err)
			}
		})
	}
	changed := setDomains("by-hand.example.com")
	plane.WaitFor(t, "hand-domains", immutableChanged, fixture.BlockedOn("ManagedCertificate it-hand-domains/web"))
	fixture.Consistently(t, time.Second, sameDomains(t, changed))
	setDomains("hand-domains.hoge.example.com")
	plane.WaitReady(t, "hand-domains")
}

// Not parallel: it stops the operator between removing the app and adding it again.
func TestTheNamespaceOfAnAppThatWasRemovedAndAddedAgainIsNotEdited(t *testing.T) {
	env := fixture.Small("moved")
	env.Spec.Namespaces = append(env.Spec.Namespaces, v1alpha1.Namespace{Name: "it-moved-two"})
	env.Spec.Apps = append(env.Spec.Apps, v1alpha1.App{Name: "wanderer"})
	plane.RunReady(t, env)
	wanderer := application("moved", "wanderer")
	before := plane.Get(t, fixture.ApplicationGVK, wanderer)

	stopOperator(t)
	plane.Edit(t, "moved", func(env *v1alpha1.AppEnvironment) { env.Spec.Apps = env.Spec.Apps[:1] })
	plane.Edit(t, "moved", func(env *v1alpha1.AppEnvironment) {
		env.Spec.Apps = append(env.Spec.Apps, v1alpha1.App{Name: "wanderer", Namespace: ptr.To("it-moved-two")})
	})
	startOperator(t)
	plane.WaitFor(t, "moved", immutableChanged, fixture.BlockedOn("wanderer"))
	fixture.Consistently(t, time.Second, func() error {
		live := plane.Get(t, fixture.ApplicationGVK, wanderer)
		namespace, _, _ := unstructured.NestedString(live.Object, "spec", "destination", "namespace")
		if namespace != "it-moved" || live.GetUID() != before.GetUID() {
			return fmt.Errorf("the Application was moved to %s under its workload", namespace)
		}
		return nil
	})

	plane.Edit(t, "moved", func(env *v1alpha1.AppEnvironment) { env.Spec.Apps = env.Spec.Apps[:1] })
	fixture.Eventually(t, soon, plane.Gone(fixture.ApplicationGVK, wanderer))
	plane.WaitReady(t, "moved")
}

// sameDomains is an error unless the certificate has the domains and the UID it had.
func sameDomains(t *testing.T, before *unstructured.Unstructured) func() error {
	return func() error {
		live := plane.Get(t, fixture.ManagedCertificateGVK, objectKey(before.GetNamespace(), before.GetName()))
		if live.GetUID() != before.GetUID() {
			return fmt.Errorf("the certificate was replaced")
		}
		if diff := cmp.Diff(before.Object["spec"], live.Object["spec"]); diff != "" {
			return fmt.Errorf("the certificate was edited (-before +after):\n%s", diff)
		}
		return nil
	}
}
