package integration

import (
	"errors"
	"os"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

func TestAnAPIThatAppearsLaterIsPickedUpAndOneThatGoesStopsNothingElse(t *testing.T) {
	t.Parallel()
	own := startPlane(t, fixture.Options{Without: []string{"external-secrets", "cert-manager"}})
	missing := fixture.Has(v1alpha1.ConditionSecretsReady, metav1.ConditionFalse, v1alpha1.ReasonAPINotInstalled)
	restWorks := []func(*v1alpha1.AppEnvironment) error{
		fixture.Has(v1alpha1.ConditionNamespacesReady, metav1.ConditionTrue, v1alpha1.ReasonReady),
		fixture.Has(v1alpha1.ConditionProjectReady, metav1.ConditionTrue, v1alpha1.ReasonReady),
		fixture.Has(v1alpha1.ConditionDNSReady, metav1.ConditionTrue, v1alpha1.ReasonReady),
		fixture.Has(v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonAPINotInstalled),
		fixture.Lacks(v1alpha1.ConditionStalled),
	}

	own.Run(t, fixture.Full("late"))
	own.WaitFor(t, "late", append(restWorks, missing, fixture.BlockedOn("External Secrets"),
		fixture.Has(v1alpha1.ConditionCertificatesReady, metav1.ConditionFalse, v1alpha1.ReasonAPINotInstalled),
		fixture.Has(v1alpha1.ConditionApplicationsReady, metav1.ConditionFalse, v1alpha1.ReasonWaitingForSecrets))...)

	for _, provider := range []string{"external-secrets", "cert-manager"} {
		if err := own.InstallCRDs(provider); err != nil {
			t.Fatal(err)
		}
	}
	checkPickedUp(t, own, "late")
	for _, provider := range []string{"external-secrets", "cert-manager"} {
		if err := own.StartFake(provider); err != nil {
			t.Fatal(err)
		}
	}
	own.WaitReady(t, "late")
	web := own.Get(t, fixture.ApplicationGVK, application("late", "web"))

	// Uninstalled under a running environment: the apps stay, and the rest goes on.
	if err := own.UninstallCRDs("external-secrets"); err != nil {
		t.Fatal(err)
	}
	own.WaitFor(t, "late", append(restWorks, missing)...)
	own.Delete(t, own.Get(t, quotaGVK, inside("late", "late")))
	fixture.Eventually(t, soon, own.Exists(quotaGVK, inside("late", "late")))
	if live := own.Get(t, fixture.ApplicationGVK, application("late", "web")); live.GetUID() != web.GetUID() || live.GetDeletionTimestamp() != nil {
		t.Error("an admitted Application was taken away because an API went")
	}

	if err := own.InstallCRDs("external-secrets"); err != nil {
		t.Fatal(err)
	}
	checkPickedUp(t, own, "late")
	own.WaitReady(t, "late")
}

// checkPickedUp checks that the kinds of External Secrets are used within seconds of
// their installation.
func checkPickedUp(t *testing.T, own *fixture.Plane, environment string) {
	t.Helper()
	start := time.Now()
	fixture.Eventually(t, 15*time.Second, own.Exists(fixture.SecretStoreGVK, inside(environment, environment)))
	fixture.Eventually(t, 15*time.Second, own.Exists(fixture.ExternalSecretGVK, inside(environment, "env")))
	t.Logf("picked up after %s", time.Since(start).Round(time.Millisecond))
}

func TestAnEnvironmentCanBeDeletedWhileAnAPIItUsedIsGone(t *testing.T) {
	t.Parallel()
	own := startPlane(t, fixture.Options{Without: []string{"cert-manager"}})
	own.RunReady(t, func() *v1alpha1.AppEnvironment {
		env := fixture.Full("gone-api")
		env.Spec.Certificates = env.Spec.Certificates[:1]
		return env
	}())
	if err := own.UninstallCRDs("external-dns"); err != nil {
		t.Fatal(err)
	}
	own.WaitFor(t, "gone-api", fixture.Has(v1alpha1.ConditionDNSReady, metav1.ConditionFalse, v1alpha1.ReasonAPINotInstalled))
	own.Delete(t, own.Environment(t, "gone-api"))
	own.WaitGone(t, "gone-api")
	fixture.Eventually(t, soon, own.Gone(namespaceGVK, cluster(fixture.NamespaceOf("gone-api"))))
}

// startPlane starts a control plane for one test, with the operator on it.
func startPlane(t *testing.T, options fixture.Options) *fixture.Plane {
	t.Helper()
	own, err := fixture.StartPlane(options)
	t.Cleanup(func() {
		if err := errors.Join(own.WaitDeparted(), own.Stop()); err != nil {
			t.Error(err)
		}
		if !t.Failed() {
			_ = os.RemoveAll(own.Logs)
		}
	})
	if err == nil {
		err = own.Operator.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	return own
}

func TestArgoCDMayArriveLater(t *testing.T) {
	t.Parallel()
	own := startPlane(t, fixture.Options{Without: []string{"argocd"}})
	own.Run(t, fixture.Full("early"))
	own.WaitFor(t, "early",
		fixture.Has(v1alpha1.ConditionNamespacesReady, metav1.ConditionTrue, v1alpha1.ReasonReady),
		fixture.Has(v1alpha1.ConditionSecretsReady, metav1.ConditionTrue, v1alpha1.ReasonReady),
		fixture.Has(v1alpha1.ConditionProjectReady, metav1.ConditionFalse, v1alpha1.ReasonAPINotInstalled),
		fixture.Lacks(v1alpha1.ConditionStalled), fixture.BlockedOn("Argo CD"))
	if err := own.InstallCRDs("argocd"); err != nil {
		t.Fatal(err)
	}
	fixture.Eventually(t, 15*time.Second, own.Exists(fixture.AppProjectGVK, argocd("early")))
	if err := own.StartFake("argocd"); err != nil {
		t.Fatal(err)
	}
	own.WaitReady(t, "early")
}
