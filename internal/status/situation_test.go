package status

import (
	"strings"
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/go-cmp/cmp"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
)

// A situation is what was found, and what the user is told. conditions lists
// those components that are not ready, then Ready and what is abnormal.
type situation struct {
	change     func(*Report)
	conditions []string
	blockedOn  string
	kstatus    status.Status
}

const allWell = "Ready True Ready: everything the spec asks for is in place and works"

// one is the situation in which a single object is not well.
func one(key component.Key, state component.State, reason, message string) func(*Report) {
	return func(r *Report) { r.judge(key, state, reason, message) }
}

var situations = map[string]situation{
	"all is well": {
		change:     func(*Report) {},
		conditions: []string{allWell},
		kstatus:    status.CurrentStatus,
	},
	"provisioning: everything waits for the namespace": {
		change: func(r *Report) {
			r.judge(namespaceKey, component.Progressing, v1alpha1.ReasonProgressing, "being created")
			r.judge(secretKey, component.Progressing, v1alpha1.ReasonWaitingForNamespace, "waits for Namespace hoge")
		},
		conditions: []string{
			"NamespacesReady False Progressing: Namespace hoge: being created",
			"SecretsReady False WaitingForNamespace: ExternalSecret hoge/app1-env: waits for Namespace hoge",
			"Ready False Progressing: Namespace hoge: being created",
			"Reconciling True Progressing: Namespace hoge: being created",
		},
		blockedOn: "Namespace hoge: being created",
		kstatus:   status.InProgressStatus,
	},
	"an application is progressing": {
		change: one(app1Key, component.Progressing, v1alpha1.ReasonProgressing, "Deployment app1 rolls out"),
		conditions: []string{
			"ApplicationsReady False Progressing: Application argocd/hoge-app1-dev: Deployment app1 rolls out",
			"Ready False Progressing: Application argocd/hoge-app1-dev: Deployment app1 rolls out",
			"Reconciling True Progressing: Application argocd/hoge-app1-dev: Deployment app1 rolls out",
		},
		blockedOn: "Application argocd/hoge-app1-dev: Deployment app1 rolls out",
		kstatus:   status.InProgressStatus,
	},
	"a secret is not there yet, and two apps wait for it": {
		change: func(r *Report) {
			r.judge(secretKey, component.Progressing, v1alpha1.ReasonSecretNotSynced, `key "hoge-dev-app1" not found; create it in Secret Manager project my-project`)
			r.judge(app1Key, component.Progressing, v1alpha1.ReasonWaitingForSecrets, "waits for ExternalSecret hoge/app1-env")
			r.judge(app2Key, component.Progressing, v1alpha1.ReasonWaitingForSecrets, "waits for ExternalSecret hoge/app1-env")
		},
		conditions: []string{
			`SecretsReady False SecretNotSynced: ExternalSecret hoge/app1-env: key "hoge-dev-app1" not found; create it in Secret Manager project my-project`,
			"ApplicationsReady False WaitingForSecrets: Application argocd/hoge-app1-dev: waits for ExternalSecret hoge/app1-env (and 1 more)",
			`Ready False SecretNotSynced: ExternalSecret hoge/app1-env: key "hoge-dev-app1" not found; create it in Secret Manager project my-project`,
			`Reconciling True SecretNotSynced: ExternalSecret hoge/app1-env: key "hoge-dev-app1" not found; create it in Secret Manager project my-project`,
		},
		blockedOn: `ExternalSecret hoge/app1-env: key "hoge-dev-app1" not found; create it in Secret Manager project my-project`,
		kstatus:   status.InProgressStatus,
	},
	"an API is not installed, said about the component": {
		change: func(r *Report) {
			r.drop("certificates")
			r.Findings = append(r.Findings, Finding{Component: "certificates", Health: component.Health{
				State: component.Progressing, Reason: v1alpha1.ReasonAPINotInstalled, Message: "the cluster does not serve ManagedCertificate; install GKE",
			}})
		},
		conditions: []string{
			"CertificatesReady False APINotInstalled: certificates: the cluster does not serve ManagedCertificate; install GKE",
			"Ready False APINotInstalled: certificates: the cluster does not serve ManagedCertificate; install GKE",
			"Reconciling True APINotInstalled: certificates: the cluster does not serve ManagedCertificate; install GKE",
		},
		blockedOn: "certificates: the cluster does not serve ManagedCertificate; install GKE",
		kstatus:   status.InProgressStatus,
	},
	"the webhook of a dependency is down": {
		change: one(storeKey, component.Progressing, v1alpha1.ReasonRetrying, "failed calling webhook: no endpoints available"),
		conditions: []string{
			"SecretsReady False Retrying: SecretStore hoge/hoge-dev: failed calling webhook: no endpoints available",
			"Ready False Retrying: SecretStore hoge/hoge-dev: failed calling webhook: no endpoints available",
			"Reconciling True Retrying: SecretStore hoge/hoge-dev: failed calling webhook: no endpoints available",
		},
		blockedOn: "SecretStore hoge/hoge-dev: failed calling webhook: no endpoints available",
		kstatus:   status.InProgressStatus,
	},
	"an application is degraded": {
		change: one(app2Key, component.Failing, v1alpha1.ReasonDegraded, "Argo CD judges it Degraded"),
		conditions: []string{
			"ApplicationsReady False Degraded: Application argocd/hoge-app2-dev: Argo CD judges it Degraded",
			"Ready False Degraded: Application argocd/hoge-app2-dev: Argo CD judges it Degraded",
		},
		blockedOn: "Application argocd/hoge-app2-dev: Argo CD judges it Degraded",
		kstatus:   status.InProgressStatus, // kstatus has no word for it: Ready False
	},
	"an application without resources is failing": {
		change: one(app1Key, component.Failing, v1alpha1.ReasonNoResources, "the path renders nothing"),
		conditions: []string{
			"ApplicationsReady False NoResources: Application argocd/hoge-app1-dev: the path renders nothing",
			"Ready False NoResources: Application argocd/hoge-app1-dev: the path renders nothing",
		},
		blockedOn: "Application argocd/hoge-app1-dev: the path renders nothing",
		kstatus:   status.InProgressStatus,
	},
	"the store of a live secret fails": {
		change: one(secretKey, component.Failing, v1alpha1.ReasonStoreFailing, "permission denied; the last values stay"),
		conditions: []string{
			"SecretsReady False StoreFailing: ExternalSecret hoge/app1-env: permission denied; the last values stay",
			"Ready False StoreFailing: ExternalSecret hoge/app1-env: permission denied; the last values stay",
		},
		blockedOn: "ExternalSecret hoge/app1-env: permission denied; the last values stay",
		kstatus:   status.InProgressStatus,
	},
	"a certificate serves and could not be renewed": {
		change: one(certificateKey, component.Failing, v1alpha1.ReasonRenewalFailed, "add a second certificate"),
		conditions: []string{
			"CertificatesReady False RenewalFailed: ManagedCertificate hoge/web: add a second certificate",
			"Ready False RenewalFailed: ManagedCertificate hoge/web: add a second certificate",
		},
		blockedOn: "ManagedCertificate hoge/web: add a second certificate",
		kstatus:   status.InProgressStatus,
	},
	"an app synced by hand was never synced": {
		change: one(app1Key, component.Progressing, v1alpha1.ReasonAwaitingSync, "never synced; sync it in Argo CD"),
		conditions: []string{
			"ApplicationsReady False AwaitingSync: Application argocd/hoge-app1-dev: never synced; sync it in Argo CD",
			"Ready False AwaitingSync: Application argocd/hoge-app1-dev: never synced; sync it in Argo CD",
			"Reconciling True AwaitingSync: Application argocd/hoge-app1-dev: never synced; sync it in Argo CD",
		},
		blockedOn: "Application argocd/hoge-app1-dev: never synced; sync it in Argo CD",
		kstatus:   status.InProgressStatus,
	},
	"an app synced by hand is OutOfSync but healthy, another Suspended": {
		change: func(r *Report) {
			r.row(app1Key).Sync = "OutOfSync"
			r.row(app2Key).Health = "Suspended"
		},
		conditions: []string{allWell + "; 1 app OutOfSync, to be synced by hand; 1 app Suspended"},
		kstatus:    status.CurrentStatus,
	},
	"stalled beats failing beats reconciling, and blockedOn names what comes first": {
		change: func(r *Report) {
			r.judge(quotaKey, component.Progressing, v1alpha1.ReasonProgressing, "being created")
			r.judge(secretKey, component.Failing, v1alpha1.ReasonStoreFailing, "down")
			r.judge(app1Key, component.Progressing, v1alpha1.ReasonProgressing, "rolls out")
			r.judge(setKey, component.Stalled, v1alpha1.ReasonNameTaken, "belongs to nobody")
		},
		conditions: []string{
			"NamespacesReady False Progressing: ResourceQuota hoge/hoge-dev: being created",
			"SecretsReady False StoreFailing: ExternalSecret hoge/app1-env: down",
			"ApplicationsReady False NameTaken: ApplicationSet argocd/hoge-dev: belongs to nobody",
			"Ready False NameTaken: ApplicationSet argocd/hoge-dev: belongs to nobody",
			"Stalled True NameTaken: ApplicationSet argocd/hoge-dev: belongs to nobody",
		},
		blockedOn: "ResourceQuota hoge/hoge-dev: being created",
		kstatus:   status.FailedStatus,
	},
	"failing beats reconciling": {
		change: func(r *Report) {
			r.judge(namespaceKey, component.Progressing, v1alpha1.ReasonProgressing, "being created")
			r.judge(app1Key, component.Failing, v1alpha1.ReasonDegraded, "broken")
		},
		conditions: []string{
			"NamespacesReady False Progressing: Namespace hoge: being created",
			"ApplicationsReady False Degraded: Application argocd/hoge-app1-dev: broken",
			"Ready False Degraded: Application argocd/hoge-app1-dev: broken",
		},
		blockedOn: "Namespace hoge: being created",
		kstatus:   status.InProgressStatus,
	},
	"something is on its way out": {
		change: func(r *Report) {
			r.Removing = append(r.Removing, Finding{Component: "dns", Key: dnsKey})
		},
		conditions: []string{
			"DNSReady False Pruning: DNSEndpoint hoge/hoge-dev: Pruning",
			"Ready False Pruning: DNSEndpoint hoge/hoge-dev: Pruning",
			"Reconciling True Pruning: DNSEndpoint hoge/hoge-dev: Pruning",
		},
		blockedOn: "DNSEndpoint hoge/hoge-dev: Pruning",
		kstatus:   status.InProgressStatus,
	},
	"the environment as a whole needs a human": {
		change: func(r *Report) {
			r.judge(namespaceKey, component.Stalled, v1alpha1.ReasonNameTaken, "exists")
			r.Findings = append(r.Findings, Finding{Health: component.Health{
				State: component.Stalled, Reason: v1alpha1.ReasonTooManyChildren, Message: "it needs 501 objects and may have 500",
			}})
		},
		conditions: []string{
			"NamespacesReady False NameTaken: Namespace hoge: exists",
			"Ready False TooManyChildren: it needs 501 objects and may have 500",
			"Stalled True TooManyChildren: it needs 501 objects and may have 500",
		},
		blockedOn: "it needs 501 objects and may have 500",
		kstatus:   status.FailedStatus,
	},
}

func TestEveryReasonThatNeedsAHumanStalls(t *testing.T) {
	for _, reason := range []string{
		v1alpha1.ReasonNameTaken, v1alpha1.ReasonNotAllowed, v1alpha1.ReasonAdoptionUnsafe, v1alpha1.ReasonRejected,
		v1alpha1.ReasonForbidden, v1alpha1.ReasonNamespaceReserved, v1alpha1.ReasonCertificateFailed,
		v1alpha1.ReasonImmutableChanged, v1alpha1.ReasonInvalid,
	} {
		t.Run(reason, func(t *testing.T) {
			situation{
				change: one(certificateKey, component.Stalled, reason, "do something"),
				conditions: []string{
					"CertificatesReady False " + reason + ": ManagedCertificate hoge/web: do something",
					"Ready False " + reason + ": ManagedCertificate hoge/web: do something",
					"Stalled True " + reason + ": ManagedCertificate hoge/web: do something",
				},
				blockedOn: "ManagedCertificate hoge/web: do something",
				kstatus:   status.FailedStatus,
			}.check(t)
		})
	}
}

func TestSituations(t *testing.T) {
	for name, c := range situations {
		t.Run(name, c.check)
	}
}

func (c situation) check(t *testing.T) {
	r := wellReport()
	c.change(&r)
	got := Compute(r)
	if diff := cmp.Diff(c.conditions, remarkable(got.Conditions)); diff != "" {
		t.Errorf("conditions (-want +got):\n%s", diff)
	}
	if got.BlockedOn != c.blockedOn {
		t.Errorf("blockedOn = %q, want %q", got.BlockedOn, c.blockedOn)
	}
	if kstatus := kstatusOf(t, r.Env, got); kstatus != c.kstatus {
		t.Errorf("kstatus = %s, want %s", kstatus, c.kstatus)
	}
	checkInAnyOrder(t, r, got)
	checkSettled(t, r, got)
}

func TestEveryConditionOfAHealthyEnvironment(t *testing.T) {
	r := wellReport()
	r.Findings = append(r.Findings, Finding{Component: "dns", Key: dnsKey, Health: component.Health{Message: "read; this does not prove the record"}})
	got := Compute(r)
	want := []string{
		"NamespacesReady True Ready: 2 objects in place",
		"ProjectReady True Ready: 1 object in place",
		"SecretsReady True Ready: 1/1 secrets are synced",
		"ApplicationsReady True Ready: 2/2 apps are deployed and healthy",
		"CertificatesReady True Ready: 1/1 certificates serve",
		"DNSReady True Ready: 1 object in place; DNSEndpoint hoge/hoge-dev: read; this does not prove the record",
		allWell,
	}
	if diff := cmp.Diff(want, lines(got.Conditions)); diff != "" {
		t.Errorf("conditions (-want +got):\n%s", diff)
	}
	for _, c := range got.Conditions {
		if c.ObservedGeneration != 3 || !c.LastTransitionTime.Time.Equal(later) {
			t.Errorf("%s: generation %d, since %s", c.Type, c.ObservedGeneration, c.LastTransitionTime)
		}
	}
	if got.ObservedGeneration != 3 {
		t.Errorf("observedGeneration = %d, want 3", got.ObservedGeneration)
	}
	absent := Compute(wellReport())
	if line := lines(absent.Conditions)[5]; !strings.HasPrefix(line, "DNSReady True NotRequested: ") {
		t.Errorf("without DNS: %s", line)
	}
}
