package integration

import (
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

// A situation is something that happens to a Ready environment, and what it says then.
type situation struct {
	// name is the environment's.
	name string
	// change is made before the environment is created. Optional.
	change func(*v1alpha1.AppEnvironment)
	// happens comes once the environment exists. Optional.
	happens func(t *testing.T, name string)
	// ready is what Ready is, and reason why.
	ready  metav1.ConditionStatus
	reason string
	// also is Reconciling, Stalled, or empty for neither.
	also string
	// says are words that blockedOn must hold, or the message of Ready when it is True.
	says []string
}

func TestTheStatusTellsEverySituation(t *testing.T) {
	for description, s := range situations() {
		t.Run(description, func(t *testing.T) {
			t.Parallel()
			env := fixture.Full(s.name)
			if s.change != nil {
				s.change(env)
			}
			plane.Run(t, env)
			if s.happens != nil {
				s.happens(t, s.name)
			}
			checks := []func(*v1alpha1.AppEnvironment) error{fixture.Has(v1alpha1.ConditionReady, s.ready, s.reason)}
			for _, kind := range []string{v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled} {
				if kind == s.also {
					checks = append(checks, fixture.Has(kind, metav1.ConditionTrue, s.reason))
				} else {
					checks = append(checks, fixture.Lacks(kind))
				}
			}
			if s.ready == metav1.ConditionTrue {
				checks = append(checks, fixture.Ready, readySays(s.says...))
			} else {
				checks = append(checks, fixture.BlockedOn(s.says...))
			}
			plane.WaitFor(t, s.name, checks...)
			endSituation(t, s.name)
		})
	}
}

func situations() map[string]situation {
	const (
		reconciling = v1alpha1.ConditionReconciling
		stalled     = v1alpha1.ConditionStalled
	)
	judged := func(verdict fixture.Verdict) func(*testing.T, string) {
		return func(_ *testing.T, name string) { plane.ArgoCD.Judge(fixture.ApplicationOf(name, "web"), verdict) }
	}
	certified := func(status, domains string) func(*testing.T, string) {
		return func(_ *testing.T, name string) { plane.GKE.Judge(inside(name, "web"), status, domains) }
	}
	const no, yes = metav1.ConditionFalse, metav1.ConditionTrue
	return map[string]situation{
		"an application is progressing": {"s-progressing", nil, judged(fixture.Verdict{Health: "Progressing"}),
			no, v1alpha1.ReasonProgressing, reconciling, []string{"Application", "web"}},
		"an application is syncing": {"s-syncing", nil, judged(fixture.Verdict{Phase: "Running", Sync: "OutOfSync"}),
			no, v1alpha1.ReasonProgressing, reconciling, []string{"web"}},
		"an automated application is out of sync": {"s-out-of-sync", nil, judged(fixture.Verdict{Sync: "OutOfSync"}),
			no, v1alpha1.ReasonOutOfSync, reconciling, []string{"web"}},
		"the health of an application is older than its last sync": {"s-stale", nil, judged(fixture.Verdict{Stale: true}),
			no, v1alpha1.ReasonStale, reconciling, []string{"web"}},
		"an application is degraded": {"s-degraded", nil, judged(fixture.Verdict{Health: "Degraded"}),
			no, v1alpha1.ReasonDegraded, "", []string{"s-degraded-web-dev"}},
		"a sync has failed": {"s-failed", nil, judged(fixture.Verdict{Phase: "Failed", Sync: "OutOfSync", Message: "one or more objects failed to apply"}),
			no, v1alpha1.ReasonSyncFailed, "", []string{"web", "one or more objects failed to apply"}},
		"Argo CD cannot compare an application with Git": {"s-compare", nil, judged(fixture.Verdict{Sync: "Unknown", Conditions: map[string]string{"ComparisonError": "app path does not exist"}}),
			no, v1alpha1.ReasonSyncFailed, "", []string{"web", "app path does not exist"}},
		"an application has no resources": {"s-empty", nil, judged(fixture.Verdict{Empty: true}),
			no, v1alpha1.ReasonNoResources, "", []string{"web"}},
		"an application is suspended": {"s-suspended", nil, judged(fixture.Verdict{Health: "Suspended"}),
			yes, v1alpha1.ReasonReady, "", []string{"uspended"}},
		"a manual application was never synced": {"s-awaiting", manual, nil,
			no, v1alpha1.ReasonAwaitingSync, reconciling, []string{"sync"}},
		"a manual application was synced once and is out of sync": {"s-drifted", manual, syncedOnce,
			yes, v1alpha1.ReasonReady, "", []string{"1", "OutOfSync"}},
		"a certificate is being provisioned": {"s-provisioning", nil, certified("Provisioning", "FailedNotVisible"),
			no, v1alpha1.ReasonProgressing, reconciling, []string{"ManagedCertificate", "s-provisioning.hoge.example.com"}},
		"a certificate failed for good": {"s-cert-failed", nil, certified("ProvisioningFailedPermanently", "FailedCaaForbidden"),
			no, v1alpha1.ReasonCertificateFailed, stalled, []string{"ManagedCertificate it-s-cert-failed/web"}},
		"a certificate could not be renewed": {"s-renewal", nil, certified("RenewalFailed", "FailedNotVisible"),
			no, v1alpha1.ReasonRenewalFailed, "", []string{"ManagedCertificate it-s-renewal/web"}},
		"external-dns has not read the records": {"s-dns", func(env *v1alpha1.AppEnvironment) { plane.ExternalDNS.Ignore(inside(env.Name, env.Name)) }, nil,
			no, v1alpha1.ReasonProgressing, reconciling, []string{"DNSEndpoint it-s-dns/s-dns", "external-dns"}},
		"a remote secret is missing": {"s-missing", func(env *v1alpha1.AppEnvironment) { env.Spec.Secrets.Store.Fake.Data[0].Key = "other" }, nil,
			no, v1alpha1.ReasonSecretNotSynced, reconciling, []string{"ExternalSecret it-s-missing/env", `key "s-missing-env" not found`}},
		"a store that never worked": {"s-store-new", func(env *v1alpha1.AppEnvironment) {
			plane.ESO.Break(inside(env.Name, env.Name), "google: could not find default credentials")
		}, nil,
			no, v1alpha1.ReasonSecretNotSynced, reconciling, []string{"SecretStore it-s-store-new/s-store-new", "could not find default credentials"}},
		"the store of a secret that was synced fails": {"s-store", nil, brokenStore,
			no, v1alpha1.ReasonStoreFailing, "", []string{"ExternalSecret it-s-store/env", "permission denied"}},
	}
}

func manual(env *v1alpha1.AppEnvironment) {
	env.Spec.Sync.Automated = nil
	env.Spec.Apps = env.Spec.Apps[:1]
}

func syncedOnce(t *testing.T, name string) {
	plane.WaitFor(t, name, fixture.Has(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonAwaitingSync))
	plane.ArgoCD.Sync(fixture.ApplicationOf(name, "web"))
	plane.WaitReady(t, name)
	plane.ArgoCD.Judge(fixture.ApplicationOf(name, "web"), fixture.Verdict{Sync: "OutOfSync"})
}

func brokenStore(t *testing.T, name string) {
	plane.WaitReady(t, name)
	plane.ESO.Break(inside(name, name), "permission denied, request 7f9c24e5-0000-4000-8000-123456789abc")
}

// readySays is a check for WaitFor: the message of Ready holds all of these words.
func readySays(words ...string) func(*v1alpha1.AppEnvironment) error {
	return func(env *v1alpha1.AppEnvironment) error {
		condition := meta.FindStatusCondition(env.Status.Conditions, v1alpha1.ConditionReady)
		for _, word := range words {
			if !strings.Contains(condition.Message, word) {
				return fmt.Errorf("the message of Ready, %q, does not mention %q", condition.Message, word)
			}
		}
		return nil
	}
}

// endSituation ends every situation.
func endSituation(t *testing.T, name string) {
	t.Helper()
	plane.ArgoCD.Judge(fixture.ApplicationOf(name, "web"), fixture.Verdict{})
	plane.ArgoCD.Sync(fixture.ApplicationOf(name, "web"))
	plane.GKE.Judge(inside(name, "web"), "Active", "Active")
	plane.ESO.Mend(inside(name, name))
	plane.ExternalDNS.Heed(inside(name, name))
	plane.Edit(t, name, func(env *v1alpha1.AppEnvironment) {
		env.Spec.Secrets.Store.Fake.Data[0] = fixture.RemoteSecret(name, "env")
	})
	plane.WaitReady(t, name)
}
