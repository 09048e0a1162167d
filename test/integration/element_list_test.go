package integration

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

func TestTheElementListIsNeverEmptyWhileTheOnlyNewAppIsHeldBack(t *testing.T) {
	t.Parallel()
	env := fixture.Small("elements")
	env.Spec.Secrets = fixture.FakeSecrets("elements", "env")
	plane.RunReady(t, env)
	web := plane.Get(t, fixture.ApplicationGVK, application("elements", "web"))

	// The only app is replaced by one that waits for a secret nobody has put there.
	plane.Edit(t, "elements", func(env *v1alpha1.AppEnvironment) {
		env.Spec.Apps = []v1alpha1.App{{Name: "next"}}
		env.Spec.Secrets.Items = append(env.Spec.Secrets.Items, fixture.SecretItem("elements", "missing"))
	})
	plane.WaitFor(t, "elements",
		fixture.Has(v1alpha1.ConditionApplicationsReady, metav1.ConditionFalse, v1alpha1.ReasonWaitingForSecrets))
	fixture.Consistently(t, 2*time.Second, listed(t, "elements", "web"))
	live := plane.Get(t, fixture.ApplicationGVK, application("elements", "web"))
	if live.GetUID() != web.GetUID() || live.GetDeletionTimestamp() != nil {
		t.Error("the live Application was taken away before there was another")
	}

	plane.Edit(t, "elements", func(env *v1alpha1.AppEnvironment) {
		env.Spec.Secrets.Store.Fake.Data = append(env.Spec.Secrets.Store.Fake.Data, fixture.RemoteSecret("elements", "missing"))
	})
	fixture.Eventually(t, soon, listed(t, "elements", "next"))
	fixture.Eventually(t, soon, plane.Gone(fixture.ApplicationGVK, application("elements", "web")))
	plane.WaitReady(t, "elements")
}

func TestNamespacesThatAStillLiveAppNeedsAreNotPruned(t *testing.T) {
	t.Parallel()
	env := fixture.Small("held-prune")
	env.Spec.Secrets = fixture.FakeSecrets("held-prune", "env")
	env.Spec.Namespaces = append(env.Spec.Namespaces, v1alpha1.Namespace{Name: "it-held-prune-two"})
	second := "it-held-prune-two"
	env.Spec.Apps[0].Namespace = &second
	plane.RunReady(t, env)

	plane.Edit(t, "held-prune", func(env *v1alpha1.AppEnvironment) {
		env.Spec.Apps = []v1alpha1.App{{Name: "next"}}
		env.Spec.Namespaces = env.Spec.Namespaces[:1]
		env.Spec.Secrets.Items = append(env.Spec.Secrets.Items, fixture.SecretItem("held-prune", "missing"))
	})
	plane.WaitFor(t, "held-prune",
		fixture.Has(v1alpha1.ConditionApplicationsReady, metav1.ConditionFalse, v1alpha1.ReasonWaitingForSecrets))
	fixture.Consistently(t, 2*time.Second, func() error { return plane.Exists(configMapGVK, objectKey(second, "held-prune-web-dev"))() })
	if live := plane.Get(t, namespaceGVK, cluster(second)); live.GetDeletionTimestamp() != nil {
		t.Error("the namespace of a live Application is being deleted")
	}

	plane.Edit(t, "held-prune", func(env *v1alpha1.AppEnvironment) {
		env.Spec.Secrets.Store.Fake.Data = append(env.Spec.Secrets.Store.Fake.Data, fixture.RemoteSecret("held-prune", "missing"))
	})
	fixture.Eventually(t, soon, plane.Gone(namespaceGVK, cluster(second)))
	plane.WaitReady(t, "held-prune")
}
