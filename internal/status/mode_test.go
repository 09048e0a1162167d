package status

import (
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
)

var (
	degraded = one(app1Key, component.Failing, v1alpha1.ReasonDegraded, "broken")
	pending  = one(app1Key, component.Progressing, v1alpha1.ReasonProgressing, "rolls out")
)

const (
	paused    = "Suspended True Paused: spec.mode is Paused: nothing is done until it is Enforce"
	observing = "Suspended True Observing: spec.mode is Observe: only the status is written; status.plan lists what Enforce would do"
)

// unconfirmed is a report that looks at nothing but a deletion that waits.
func unconfirmed(r *Report) {
	r.Keep, r.Children, r.Admitted = true, nil, nil
	r.Findings = []Finding{{Health: component.Health{
		State: component.Stalled, Reason: v1alpha1.ReasonConfirmationRequired, Message: "its deletion waits",
	}}}
}

func suspend(reason string) func(*Report) {
	return func(r *Report) {
		r.Suspended = reason
		if reason == v1alpha1.ReasonPaused {
			r.Keep, r.Findings, r.Children, r.Admitted = true, nil, nil, nil
		}
	}
}

// A mode is a report that follows another, and what the user is told.
type mode struct {
	first      func(*Report)
	then       func(*Report)
	conditions []string
	blockedOn  string
	kstatus    status.Status
}

var modes = map[string]mode{
	"paused while ready": {
		first: func(*Report) {}, then: suspend(v1alpha1.ReasonPaused),
		conditions: []string{allWell, paused},
		kstatus:    status.CurrentStatus,
	},
	"paused while an application is degraded": {
		first: degraded, then: suspend(v1alpha1.ReasonPaused),
		conditions: []string{
			"ApplicationsReady False Degraded: Application argocd/hoge-app1-dev: broken",
			"Ready False Degraded: Application argocd/hoge-app1-dev: broken",
			paused,
		},
		blockedOn: "Application argocd/hoge-app1-dev: broken",
		kstatus:   status.InProgressStatus,
	},
	"paused while reconciling: the operator is no longer at work": {
		first: pending, then: suspend(v1alpha1.ReasonPaused),
		conditions: []string{
			"ApplicationsReady False Progressing: Application argocd/hoge-app1-dev: rolls out",
			"Ready False Progressing: Application argocd/hoge-app1-dev: rolls out",
			paused,
		},
		blockedOn: "Application argocd/hoge-app1-dev: rolls out",
		kstatus:   status.InProgressStatus,
	},
	"paused while several things are wrong: blockedOn still names the first": {
		first: func(r *Report) {
			r.judge(namespaceKey, component.Progressing, v1alpha1.ReasonProgressing, "being created")
			degraded(r)
		},
		then: suspend(v1alpha1.ReasonPaused),
		conditions: []string{
			"NamespacesReady False Progressing: Namespace hoge: being created",
			"ApplicationsReady False Degraded: Application argocd/hoge-app1-dev: broken",
			"Ready False Degraded: Application argocd/hoge-app1-dev: broken",
			paused,
		},
		blockedOn: "Namespace hoge: being created",
		kstatus:   status.InProgressStatus,
	},
	"observing while ready": {
		first: func(*Report) {}, then: suspend(v1alpha1.ReasonObserving),
		conditions: []string{
			"Ready Unknown Observing: spec.mode is Observe: only the status is written; status.plan lists what Enforce would do",
			observing,
		},
		blockedOn: "spec.mode is Observe: only the status is written; status.plan lists what Enforce would do",
		kstatus:   status.InProgressStatus,
	},
	"observing what is degraded": {
		first: func(*Report) {},
		then: func(r *Report) {
			degraded(r)
			suspend(v1alpha1.ReasonObserving)(r)
		},
		conditions: []string{
			"ApplicationsReady False Degraded: Application argocd/hoge-app1-dev: broken",
			"Ready Unknown Observing: spec.mode is Observe: only the status is written; status.plan lists what Enforce would do",
			observing,
		},
		blockedOn: "Application argocd/hoge-app1-dev: broken",
		kstatus:   status.InProgressStatus,
	},
	"a deletion waits for a paused environment": {
		first: func(*Report) {},
		then: func(r *Report) {
			suspend(v1alpha1.ReasonPaused)(r)
			r.Env.DeletionTimestamp = &metav1.Time{Time: later}
			r.Findings = []Finding{{Health: component.Health{
				State: component.Stalled, Reason: v1alpha1.ReasonTeardownPaused, Message: "set spec.mode to Enforce",
			}}}
		},
		conditions: []string{
			"Ready False TeardownPaused: set spec.mode to Enforce",
			"Stalled True TeardownPaused: set spec.mode to Enforce",
			paused,
		},
		blockedOn: "set spec.mode to Enforce",
		kstatus:   status.TerminatingStatus,
	},
	"a deletion that waits for a confirmation leaves the rest as it was": {
		first: degraded, then: unconfirmed,
		conditions: []string{
			"ApplicationsReady False Degraded: Application argocd/hoge-app1-dev: broken",
			"Ready False ConfirmationRequired: its deletion waits",
			"Stalled True ConfirmationRequired: its deletion waits",
		},
		blockedOn: "its deletion waits",
		kstatus:   status.FailedStatus,
	},
	"nothing could be looked at: all as it was": {
		first: pending,
		then:  func(r *Report) { r.Keep, r.Findings = true, nil },
		conditions: []string{
			"ApplicationsReady False Progressing: Application argocd/hoge-app1-dev: rolls out",
			"Ready False Progressing: Application argocd/hoge-app1-dev: rolls out",
			"Reconciling True Progressing: Application argocd/hoge-app1-dev: rolls out",
		},
		blockedOn: "Application argocd/hoge-app1-dev: rolls out",
		kstatus:   status.InProgressStatus,
	},
}

// after is the second report, on generation 4, and its status.
func (c mode) after(t *testing.T) (Report, v1alpha1.AppEnvironmentStatus) {
	before, r := wellReport(), wellReport()
	c.first(&before)
	r = before.before(t, r)
	r.Env.Generation, r.Now = 4, later.Add(time.Hour)
	c.then(&r)
	return r, Compute(r)
}

func TestModes(t *testing.T) {
	for name, c := range modes {
		t.Run(name, func(t *testing.T) {
			r, got := c.after(t)
			if diff := cmp.Diff(c.conditions, remarkable(got.Conditions)); diff != "" {
				t.Errorf("conditions (-want +got):\n%s", diff)
			}
			if got.BlockedOn != c.blockedOn {
				t.Errorf("blockedOn = %q, want %q", got.BlockedOn, c.blockedOn)
			}
			if kstatus := kstatusOf(t, r.Env, got); kstatus != c.kstatus {
				t.Errorf("kstatus = %s, want %s", kstatus, c.kstatus)
			}
			if got.ObservedGeneration != 4 {
				t.Errorf("observedGeneration = %d, want 4", got.ObservedGeneration)
			}
			if r.Keep {
				checkKept(t, r.Env.Status, got)
			}
			checkInAnyOrder(t, r, got)
			checkSettled(t, r, got)
		})
	}
}

// checkKept checks that everything but Ready and what is abnormal stayed.
func checkKept(t *testing.T, before, after v1alpha1.AppEnvironmentStatus) {
	t.Helper()
	if diff := cmp.Diff(before.Conditions[:len(component.All)], after.Conditions[:len(component.All)]); diff != "" {
		t.Errorf("component conditions changed (-before +after):\n%s", diff)
	}
	before.Conditions, after.Conditions = nil, nil
	before.BlockedOn, after.BlockedOn = "", ""
	before.ObservedGeneration, after.ObservedGeneration = 0, 0
	if len(before.Children) == 0 || len(before.Apps) == 0 || len(before.AdmittedApps) == 0 {
		t.Fatal("there was nothing to keep")
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the rest changed (-before +after):\n%s", diff)
	}
}

// An environment may be suspended, or waiting, before it was ever looked at.
func TestModesBeforeTheFirstReconcile(t *testing.T) {
	for name, c := range map[string]struct {
		change    func(*Report)
		ready     string
		component string
		blockedOn string
		kstatus   status.Status
	}{
		"paused": {
			change:    suspend(v1alpha1.ReasonPaused),
			ready:     "Ready Unknown Paused: not looked at yet; spec.mode is Paused: nothing is done until it is Enforce",
			component: "NamespacesReady Unknown Paused: not looked at yet; spec.mode is Paused: nothing is done until it is Enforce",
			blockedOn: "not looked at yet; spec.mode is Paused: nothing is done until it is Enforce",
			kstatus:   status.InProgressStatus,
		},
		"deleted and not confirmed": {
			change:    unconfirmed,
			ready:     "Ready False ConfirmationRequired: its deletion waits",
			component: "NamespacesReady Unknown ConfirmationRequired: not looked at yet",
			blockedOn: "its deletion waits",
			kstatus:   status.FailedStatus,
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := wellReport()
			c.change(&r)
			got := Compute(r)
			if lines := lines(got.Conditions); lines[0] != c.component || lines[len(component.All)] != c.ready {
				t.Errorf("got %q and %q", lines[0], lines[len(component.All)])
			}
			if got.BlockedOn != c.blockedOn {
				t.Errorf("blockedOn = %q, want %q", got.BlockedOn, c.blockedOn)
			}
			if kstatus := kstatusOf(t, r.Env, got); kstatus != c.kstatus {
				t.Errorf("kstatus = %s, want %s", kstatus, c.kstatus)
			}
			checkSettled(t, r, got)
		})
	}
}

func TestTransitionTimeMovesOnlyWithTheStatus(t *testing.T) {
	first := wellReport()
	degraded(&first)
	next := first.before(t, wellReport())
	pending(&next)
	next.Env.Generation, next.Now = 4, later.Add(90*time.Second+123*time.Millisecond)
	second := Compute(next)
	ready := meta.FindStatusCondition(second.Conditions, v1alpha1.ConditionReady)
	if ready.Reason != v1alpha1.ReasonProgressing || !ready.LastTransitionTime.Time.Equal(later) || ready.ObservedGeneration != 4 {
		t.Errorf("another reason for False moved it: %v", ready)
	}
	next.Findings = wellReport().Findings
	next.Env.Status = second
	ready = meta.FindStatusCondition(Compute(next).Conditions, v1alpha1.ConditionReady)
	if want := later.Add(90 * time.Second); ready.Status != metav1.ConditionTrue || !ready.LastTransitionTime.Time.Equal(want) {
		t.Errorf("got %v, want True since %s, in whole seconds", ready, want)
	}
}
