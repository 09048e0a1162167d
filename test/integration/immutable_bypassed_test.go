package integration

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
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

// Kubernetes lets no Secret change its type, and External Secrets would write no new values into it any more.
func TestTheTypeOfASecretThatIsWrittenStays(t *testing.T) {
	t.Parallel()
	plane.RunReady(t, fixture.Full("typed"))
	secret := func(name string) *unstructured.Unstructured {
		return plane.Get(t, corev1.SchemeGroupVersion.WithKind("Secret"), inside("typed", name))
	}
	asks := func(edit func(*v1alpha1.SecretItem)) {
		plane.Edit(t, "typed", func(env *v1alpha1.AppEnvironment) { edit(&env.Spec.Secrets.Items[0]) })
	}
	name := plane.Environment(t, "typed").Spec.Secrets.Items[0].Name
	before := secret(name)

	// The other changes of the item are made.
	asks(func(item *v1alpha1.SecretItem) {
		item.Type = ptr.To("example.com/another")
		item.Data = []v1alpha1.SecretKey{{Key: "MORE", RemoteKey: item.Extract[0].Key}}
	})
	plane.WaitFor(t, "typed", immutableChanged, fixture.BlockedOn("ExternalSecret it-typed/"+name))
	fixture.Consistently(t, time.Second, func() error {
		live := secret(name)
		kind, _, _ := unstructured.NestedString(live.Object, "type")
		more, _, _ := unstructured.NestedString(live.Object, "data", "MORE")
		if live.GetUID() != before.GetUID() || kind != "Opaque" || more == "" {
			return fmt.Errorf("the Secret has type %s and, as MORE, %q", kind, more)
		}
		return nil
	})
	asks(func(item *v1alpha1.SecretItem) { item.Type = nil })
	plane.WaitReady(t, "typed")

	// As the message says: a new name.
	asks(func(item *v1alpha1.SecretItem) {
		item.Type, item.SecretName = ptr.To("example.com/another"), ptr.To("renamed")
	})
	plane.WaitReady(t, "typed")
	fixture.Eventually(t, soon, func() error {
		if kind, _, _ := unstructured.NestedString(secret("renamed").Object, "type"); kind != "example.com/another" {
			return fmt.Errorf("the Secret has type %s", kind)
		}
		return nil
	})

	// Somebody changes the live one: External Secrets is refused, and what the spec asks for is put back.
	plane.Change(t, fixture.ExternalSecretGVK, inside("typed", name), func(u *unstructured.Unstructured) {
		if err := unstructured.SetNestedField(u.Object, "example.com/by-hand", "spec", "target", "template", "type"); err != nil {
			t.Fatal(err)
		}
	})
	fixture.Eventually(t, soon, func() error {
		live := plane.Get(t, fixture.ExternalSecretGVK, inside("typed", name))
		if kind, _, _ := unstructured.NestedString(live.Object, "spec", "target", "template", "type"); kind != "example.com/another" {
			return fmt.Errorf("the ExternalSecret asks for type %s", kind)
		}
		return nil
	})
	plane.WaitReady(t, "typed")
}
