package integration

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

func TestNewAppsAreHeldUntilEverySecretHasBeenSyncedOnce(t *testing.T) {
	t.Parallel()
	env := fixture.Small("gate")
	env.Spec.Secrets = fixture.FakeSecrets("gate", "first", "second")
	env.Spec.Secrets.Store.Fake.Data = env.Spec.Secrets.Store.Fake.Data[:1]
	plane.Run(t, env)

	waiting := plane.WaitFor(t, "gate",
		fixture.Has(v1alpha1.ConditionSecretsReady, metav1.ConditionFalse, v1alpha1.ReasonSecretNotSynced),
		fixture.Has(v1alpha1.ConditionApplicationsReady, metav1.ConditionFalse, v1alpha1.ReasonWaitingForSecrets),
		fixture.Has(v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonSecretNotSynced),
		fixture.BlockedOn("ExternalSecret it-gate/second", `key "gate-second" not found`))
	if len(waiting.Status.AdmittedApps) != 0 || waiting.Status.SecretsReady != "1/2" {
		t.Errorf("admitted %v, secrets %s", waiting.Status.AdmittedApps, waiting.Status.SecretsReady)
	}
	fixture.Consistently(t, time.Second, func() error {
		if plane.Find(t, fixture.ApplicationSetGVK, argocd("gate")) != nil {
			return fmt.Errorf("there is an ApplicationSet, though no app has passed the gate")
		}
		return nil
	})

	plane.Edit(t, "gate", func(env *v1alpha1.AppEnvironment) {
		env.Spec.Secrets.Store.Fake.Data = append(env.Spec.Secrets.Store.Fake.Data, fixture.RemoteSecret("gate", "second"))
	})
	plane.WaitReady(t, "gate")
	if diff := cmp.Diff([]string{"web"}, plane.Environment(t, "gate").Status.AdmittedApps); diff != "" {
		t.Errorf("admitted apps (-want +got):\n%s", diff)
	}
}

func TestWithoutTheGateAppsDoNotWaitForSecrets(t *testing.T) {
	t.Parallel()
	env := fixture.Small("no-gate")
	env.Spec.Sync.Gate = v1alpha1.GateNone
	env.Spec.Secrets = fixture.FakeSecrets("no-gate", "missing")
	env.Spec.Secrets.Store.Fake.Data = []v1alpha1.FakeSecret{{Key: "other", Value: "x"}}
	plane.Run(t, env)
	plane.WaitFor(t, "no-gate",
		fixture.Has(v1alpha1.ConditionApplicationsReady, metav1.ConditionTrue, v1alpha1.ReasonReady),
		fixture.Has(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonSecretNotSynced))
}

// elementNames are the names of the apps in the live list of an ApplicationSet.
func elementNames(t *testing.T, set string) []string {
	t.Helper()
	live := plane.Find(t, fixture.ApplicationSetGVK, argocd(set))
	if live == nil {
		return nil
	}
	generators, _, _ := unstructured.NestedSlice(live.Object, "spec", "generators")
	var out []string
	for _, generator := range generators {
		elements, _, _ := unstructured.NestedSlice(generator.(map[string]any), "list", "elements")
		for _, element := range elements {
			name, _, _ := unstructured.NestedString(element.(map[string]any), "name")
			out = append(out, name)
		}
	}
	return out
}

// listed is an error unless the live list holds exactly these apps.
func listed(t *testing.T, set string, want ...string) func() error {
	return func() error {
		if diff := cmp.Diff(want, elementNames(t, set)); diff != "" {
			return fmt.Errorf("elements (-want +got):\n%s", diff)
		}
		return nil
	}
}
