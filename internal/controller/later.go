package controller

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/status"
)

// firstReport is how long a new environment's first report is put off when nothing else has to be done.
const firstReport = 100 * time.Millisecond

// seenAfter is when the cache is expected to have what was created. Should it not, because the watch was interrupted and
// the object is gone again, then nothing else leads back to the environment.
const seenAfter = time.Minute

// recheckIn asks for another pass after d at the latest.
func (p *pass) recheckIn(d time.Duration) {
	if d > 0 && (p.recheck == 0 || d < p.recheck) {
		p.recheck = d
	}
}

// The priorities of a look: what others did and what was to be done by now, and what can wait for it.
const (
	atOnce   = 0
	whenIdle = handler.LowPriority
)

// again says when to look again: at a time, or from some time on when there is nothing more urgent.
func (p *pass) again() reconcile.Result {
	if p.unseen && p.recheck > seenAfter {
		p.recheck = seenAfter
	}
	switch {
	case p.recheck == 0 && p.leisure == 0 && p.unseen:
		return reconcile.Result{RequeueAfter: seenAfter, Priority: new(whenIdle)}
	case p.recheck == 0 && p.leisure == 0:
		return reconcile.Result{}
	case p.recheck == 0:
		return reconcile.Result{RequeueAfter: p.leisure, Priority: new(whenIdle)}
	}
	p.recheckIn(p.leisure)
	return reconcile.Result{RequeueAfter: p.recheck, Priority: new(atOnce)}
}

// begins has a new environment say something of itself until its first report. It stays true if that
// does not come, because somebody pauses the environment.
func (p *pass) begins() {
	if p.env.Status.ObservedGeneration > 0 || len(p.env.Status.Conditions) > 0 {
		return
	}
	p.env.Status.BlockedOn = "its objects were asked for and are yet to be looked at"
	condition := metav1.Condition{
		Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, ObservedGeneration: p.env.Generation,
		LastTransitionTime: metav1.NewTime(p.now().Truncate(time.Second)), Reason: v1alpha1.ReasonProgressing, Message: p.env.Status.BlockedOn,
	}
	reconciling := condition
	reconciling.Type, reconciling.Status = v1alpha1.ConditionReconciling, metav1.ConditionTrue
	p.env.Status.Conditions = []metav1.Condition{condition, reconciling}
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
	notInPlace := func(plan *plan) bool { return plan.blocked || !plan.applied }
	isTrouble := func(f status.Finding) bool { return f.State != component.OK && f.State != component.Progressing }
	if slices.ContainsFunc(p.plans, notInPlace) || slices.ContainsFunc(p.findings, isTrouble) {
		return false
	}
	p.memory.waited = true
	p.leisure = firstReport
	return true
}

// canWait says whether a report would tell nothing but the UIDs of what was just created, which are
// remembered until then. So it tells of several creations at once, and does not stand in the way of the
// next one. After a crash an entry without a UID holds its object by the object's own marks.
func (p *pass) canWait(before *v1alpha1.AppEnvironmentStatus, after v1alpha1.AppEnvironmentStatus) bool {
	left := echoDelay - p.now().Sub(p.memory.createdSince)
	if len(p.memory.created) == 0 || left <= 0 || !p.env.DeletionTimestamp.IsZero() || !slices.EqualFunc(before.Children, after.Children, sameEntry) {
		return false
	}
	after.Children = before.Children
	if !equality.Semantic.DeepEqual(*before, after) {
		return false
	}
	p.leisure = left
	return true
}

// hasCreated remembers the UID of an object whose entry does not have it yet.
func (m *memory) hasCreated(key component.Key, uid types.UID, now time.Time) {
	if len(m.created) == 0 {
		m.createdSince = now
	}
	m.created[key] = uid
}

// complete fills the remembered UIDs in where entries lack theirs, and forgets those of which that
// is no longer so.
func (m *memory) complete(on records) records {
	for key, uid := range m.created {
		record, recorded := on[key]
		if !recorded || record.UID != "" {
			delete(m.created, key)
			continue
		}
		record.UID = uid
		on[key] = record
	}
	return on
}
