package controller

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// firstReport is how long a new environment's first report is put off when nothing else has to be done.
const firstReport = 100 * time.Millisecond

// recheckIn asks for another pass after d at the latest.
func (p *pass) recheckIn(d time.Duration) {
	if d > 0 && (p.recheck == 0 || d < p.recheck) {
		p.recheck = d
	}
}

// again says when to look again: at a time, or from some time on when there is nothing more urgent.
func (p *pass) again() reconcile.Result {
	if p.leisure == 0 || p.recheck > 0 {
		p.recheckIn(p.leisure)
		return reconcile.Result{RequeueAfter: p.recheck}
	}
	low := handler.LowPriority
	return reconcile.Result{RequeueAfter: p.leisure, Priority: &low}
}

// begins has a new environment say something of itself until its first report.
func (p *pass) begins() {
	if p.env.Status.ObservedGeneration > 0 || len(p.env.Status.Conditions) > 0 {
		return
	}
	p.env.Status.BlockedOn = "its objects are being created"
	p.env.Status.Conditions = []metav1.Condition{{
		Type:               v1alpha1.ConditionReady,
		Status:             metav1.ConditionFalse,
		ObservedGeneration: p.env.Generation,
		LastTransitionTime: metav1.NewTime(p.now().Truncate(time.Second)),
		Reason:             v1alpha1.ReasonProgressing,
		Message:            p.env.Status.BlockedOn,
	}}
}

// reportsLater says whether the report of this pass waits until there is time: everything that a new
// environment asks for was sent and nothing of it refused, and that this is under way its status says
// already. So the objects of other new environments come before the reports, and the children have a
// moment to become what the report says of them. It happens once to an environment.
func (p *pass) reportsLater() bool {
	isNew := p.env.Status.ObservedGeneration < 1 && len(p.plans) > 0
	if !isNew || p.memory.waited || len(p.errs) > 0 || p.recheck > 0 {
		return false
	}
	inPlace := func(plan *plan) bool { return plan.applied && !plan.blocked }
	if slices.ContainsFunc(p.plans, func(plan *plan) bool { return !inPlace(plan) }) {
		return false
	}
	p.memory.waited = true
	p.leisure = firstReport
	return true
}

// canWait says whether a report would tell nothing but the UIDs of what this pass created. Without
// a UID an entry still holds its object, by the object's own marks, so the report may take the time
// to tell of several creations at once, and does not stand in the way of the next one.
func (p *pass) canWait(before *v1alpha1.AppEnvironmentStatus, after v1alpha1.AppEnvironmentStatus) bool {
	if !p.created || !slices.EqualFunc(before.Children, after.Children, sameEntry) {
		return false
	}
	after.Children = before.Children
	if !equality.Semantic.DeepEqual(*before, after) {
		return false
	}
	p.leisure = echoDelay
	return true
}
