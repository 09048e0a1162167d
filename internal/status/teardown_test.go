package status

import (
	"slices"
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
)

// tearingDown is a report on a deletion that has reached the step, with these
// objects on their way out and those children left.
func tearingDown(step string, removing []component.Key, left ...component.Key) Report {
	r := wellReport()
	r.Env.DeletionTimestamp = &metav1.Time{Time: later}
	r.Findings, r.Children = nil, nil
	r.Teardown = &v1alpha1.Teardown{Step: step, Since: metav1.NewTime(later)}
	for _, key := range removing {
		f := finding(key)
		f.Reason, f.Message = v1alpha1.ReasonTearingDown, "being deleted"
		r.Removing = append(r.Removing, f)
	}
	for _, key := range left {
		r.Children = append(r.Children, child(key))
	}
	return r
}

func TestTeardown(t *testing.T) {
	step2 := tearingDown("applications", []component.Key{setKey}, setKey, namespaceKey, quotaKey)
	stalled := tearingDown("applications", []component.Key{setKey}, setKey, namespaceKey, quotaKey)
	stalled.Findings = []Finding{{Component: "applications", Key: app1Key, Health: component.Health{
		State: component.Stalled, Reason: v1alpha1.ReasonTeardownStalled, Message: "still there after the deadline of 5m0s; end its sync",
	}}}
	degradedMeanwhile := tearingDown("applications", nil, namespaceKey)
	degradedMeanwhile.Findings = []Finding{{Component: "applications", Key: app1Key, Health: component.Health{
		State: component.Failing, Reason: v1alpha1.ReasonDegraded, Message: "broken",
	}}}
	unrecorded := tearingDown("namespaces", nil)
	unrecorded.Teardown = nil // all steps are done
	unrecorded.Removing = []Finding{{Component: "dns", Key: dnsKey, Health: component.Health{
		State: component.Stalled, Reason: v1alpha1.ReasonUnrecordedChildren,
		Message: "not on record; to take it back: kubectl annotate appenv hoge-dev platform.appenv.dev/re-adopt=" + envUID,
	}}}

	for name, c := range map[string]struct {
		report     Report
		conditions []string
		blockedOn  string
	}{
		"a step waits for an object": {
			report: step2,
			conditions: []string{
				"NamespacesReady False TearingDown: 2 objects on record; the teardown has reached step applications",
				"ProjectReady False TearingDown: nothing of it is left",
				"SecretsReady False TearingDown: nothing of it is left",
				"ApplicationsReady False TearingDown: ApplicationSet argocd/hoge-dev: being deleted",
				"CertificatesReady False TearingDown: nothing of it is left",
				"Ready False TearingDown: teardown step applications (2 of 6): ApplicationSet argocd/hoge-dev: being deleted",
				"Reconciling True TearingDown: teardown step applications (2 of 6): ApplicationSet argocd/hoge-dev: being deleted",
			},
			blockedOn: "teardown step applications (2 of 6): ApplicationSet argocd/hoge-dev: being deleted",
		},
		"a step is past its deadline": {
			report: stalled,
			conditions: []string{
				"NamespacesReady False TearingDown: 2 objects on record; the teardown has reached step applications",
				"ProjectReady False TearingDown: nothing of it is left",
				"SecretsReady False TearingDown: nothing of it is left",
				"ApplicationsReady False TeardownStalled: Application argocd/hoge-app1-dev: still there after the deadline of 5m0s; end its sync",
				"CertificatesReady False TearingDown: nothing of it is left",
				"Ready False TeardownStalled: Application argocd/hoge-app1-dev: still there after the deadline of 5m0s; end its sync",
				"Stalled True TeardownStalled: Application argocd/hoge-app1-dev: still there after the deadline of 5m0s; end its sync",
			},
			blockedOn: "Application argocd/hoge-app1-dev: still there after the deadline of 5m0s; end its sync",
		},
		"an application that is not well does not matter any more": {
			report: degradedMeanwhile,
			conditions: []string{
				"NamespacesReady False TearingDown: 1 object on record; the teardown has reached step applications",
				"ProjectReady False TearingDown: nothing of it is left",
				"SecretsReady False TearingDown: nothing of it is left",
				"ApplicationsReady False Degraded: Application argocd/hoge-app1-dev: broken",
				"CertificatesReady False TearingDown: nothing of it is left",
				"Ready False TearingDown: teardown step applications (2 of 6): Application argocd/hoge-app1-dev: broken",
				"Reconciling True TearingDown: teardown step applications (2 of 6): Application argocd/hoge-app1-dev: broken",
			},
			blockedOn: "teardown step applications (2 of 6): Application argocd/hoge-app1-dev: broken",
		},
		"objects without an entry hold the end, and the instruction can be pasted": {
			report: unrecorded,
			conditions: []string{
				"NamespacesReady False TearingDown: nothing of it is left",
				"ProjectReady False TearingDown: nothing of it is left",
				"SecretsReady False TearingDown: nothing of it is left",
				"ApplicationsReady False TearingDown: nothing of it is left",
				"CertificatesReady False TearingDown: nothing of it is left",
				"DNSReady False UnrecordedChildren: DNSEndpoint hoge/hoge-dev: not on record; to take it back: kubectl annotate appenv hoge-dev platform.appenv.dev/re-adopt=" + envUID,
				"Ready False UnrecordedChildren: DNSEndpoint hoge/hoge-dev: not on record; to take it back: kubectl annotate appenv hoge-dev platform.appenv.dev/re-adopt=" + envUID,
				"Stalled True UnrecordedChildren: DNSEndpoint hoge/hoge-dev: not on record; to take it back: kubectl annotate appenv hoge-dev platform.appenv.dev/re-adopt=" + envUID,
			},
			blockedOn: "DNSEndpoint hoge/hoge-dev: not on record; to take it back: kubectl annotate appenv hoge-dev platform.appenv.dev/re-adopt=" + envUID,
		},
	} {
		t.Run(name, func(t *testing.T) {
			before := wellReport()
			r := before.before(t, c.report)
			got := Compute(r)
			if diff := cmp.Diff(c.conditions, remarkable(got.Conditions)); diff != "" {
				t.Errorf("conditions (-want +got):\n%s", diff)
			}
			if got.BlockedOn != c.blockedOn {
				t.Errorf("blockedOn = %q, want %q", got.BlockedOn, c.blockedOn)
			}
			if kstatus := kstatusOf(t, r.Env, got); kstatus != status.TerminatingStatus {
				t.Errorf("kstatus = %s, want Terminating", kstatus)
			}
			if diff := cmp.Diff(r.Teardown, got.Teardown); diff != "" {
				t.Errorf("teardown (-want +got):\n%s", diff)
			}
			checkInAnyOrder(t, r, got)
			checkSettled(t, r, got)
		})
	}
}

func TestTeardownOrderDecidesWhatComesFirst(t *testing.T) {
	r := tearingDown("dns", []component.Key{namespaceKey, projectKey, secretKey, setKey, certificateKey, dnsKey})
	var order []string
	for range component.TeardownOrder {
		blocked := Compute(r).BlockedOn
		i := slices.IndexFunc(r.Removing, func(f Finding) bool {
			return blocked == "teardown step dns (1 of 6): "+f.Key.String()+": being deleted"
		})
		if i < 0 {
			t.Fatalf("blockedOn names none of them: %s", blocked)
		}
		order = append(order, r.Removing[i].Component)
		r.Removing = slices.Delete(r.Removing, i, i+1)
	}
	if diff := cmp.Diff(component.TeardownOrder, order); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestADeletionThatHasReachedNoStepIsATeardown(t *testing.T) {
	r := tearingDown("dns", nil, namespaceKey)
	r.Teardown = nil
	got := Compute(r)
	want := []string{"Ready False TearingDown: teardown", "Reconciling True TearingDown: teardown"}
	if diff := cmp.Diff(want, lines(got.Conditions)[len(component.All):]); diff != "" {
		t.Errorf("conditions (-want +got):\n%s", diff)
	}
	if line, want := lines(got.Conditions)[0], "NamespacesReady False TearingDown: 1 object on record"; line != want {
		t.Errorf("got %q, want %q", line, want)
	}
	checkSettled(t, r, got)
}

func TestTeardownLeavesTheStatusWhenItEnds(t *testing.T) {
	before := tearingDown("dns", nil)
	r := before.before(t, wellReport())
	r.Now = later.Add(time.Minute)
	if got := Compute(r); got.Teardown != nil {
		t.Errorf("teardown = %v, want none", got.Teardown)
	}
}
