package integration

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

func TestAdmittedAppsAreNeverHeldBackOrDroppedAgain(t *testing.T) {
	t.Parallel()
	env := fixture.Small("admitted")
	env.Spec.Secrets = fixture.FakeSecrets("admitted", "env")
	plane.RunReady(t, env)
	web := plane.Get(t, fixture.ApplicationGVK, application("admitted", "web"))

	plane.ESO.Break(inside("admitted", "admitted"), "permission denied on the project")
	plane.WaitFor(t, "admitted",
		fixture.Has(v1alpha1.ConditionSecretsReady, metav1.ConditionFalse, v1alpha1.ReasonStoreFailing),
		fixture.Has(v1alpha1.ConditionApplicationsReady, metav1.ConditionTrue, v1alpha1.ReasonReady),
		fixture.Lacks(v1alpha1.ConditionReconciling), fixture.Lacks(v1alpha1.ConditionStalled))

	// A new app waits for a new secret, which the broken store cannot give.
	plane.Edit(t, "admitted", func(env *v1alpha1.AppEnvironment) {
		env.Spec.Apps = append(env.Spec.Apps, v1alpha1.App{Name: "later"})
		env.Spec.Secrets.Store.Fake.Data = append(env.Spec.Secrets.Store.Fake.Data, fixture.RemoteSecret("admitted", "later"))
		env.Spec.Secrets.Items = append(env.Spec.Secrets.Items, fixture.SecretItem("admitted", "later"))
	})
	plane.WaitFor(t, "admitted",
		fixture.Has(v1alpha1.ConditionApplicationsReady, metav1.ConditionFalse, v1alpha1.ReasonWaitingForSecrets))
	fixture.Consistently(t, time.Second, listed(t, "admitted", "web"))

	// Re-created while the store is broken, the ApplicationSet still has the admitted app.
	old := plane.Get(t, fixture.ApplicationSetGVK, argocd("admitted"))
	plane.Delete(t, old)
	fixture.Eventually(t, soon, func() error {
		live := plane.Find(t, fixture.ApplicationSetGVK, argocd("admitted"))
		if live == nil || live.GetUID() == old.GetUID() {
			return fmt.Errorf("the ApplicationSet is not back")
		}
		return nil
	})
	fixture.Consistently(t, time.Second, listed(t, "admitted", "web"))
	if live := plane.Get(t, fixture.ApplicationGVK, application("admitted", "web")); live.GetUID() != web.GetUID() {
		t.Error("the Application was replaced, and its workload with it")
	}

	plane.ESO.Mend(inside("admitted", "admitted"))
	ready := plane.WaitReady(t, "admitted")
	if diff := cmp.Diff([]string{"later", "web"}, ready.Status.AdmittedApps); diff != "" {
		t.Errorf("admitted apps (-want +got):\n%s", diff)
	}
}
