// Package status turns what a reconcile found into the status of an environment:
// conditions, the one line that says what it waits for, counts and rows.
//
// It is pure: it reads no clock (the caller gives the time) and no cluster. The
// order of findings does not matter.
package status

import (
	"slices"
	"time"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
)

// A Finding is what a reconcile has to say about one object.
type Finding struct {
	// Component is the name of the component the object belongs to. Empty when the
	// finding is about the environment as a whole; it then comes before all components.
	Component string
	// Key is the object. Zero when the finding is about the component as a whole.
	Key component.Key
	component.Health
	// Waiting says that the object can do nothing but wait for others that are in the report too.
	Waiting bool
}

// Report is everything the status is computed from.
type Report struct {
	// Env is the AppEnvironment as it was read, with its previous status.
	Env *v1alpha1.AppEnvironment
	// Findings are about desired and observed objects, and about refusals. OK ones
	// included: a component without any counts as not requested. At most one of
	// them carries the row of an app, secret or certificate.
	Findings []Finding
	// Removing are objects that the spec no longer asks for and that are still there.
	// A State of OK means on its way out, unless the reason is PendingRemoval.
	Removing []Finding
	// Children are the objects on record, with UID and origin; their states are filled in here.
	Children []v1alpha1.Child
	// Admitted are the apps that have passed the gate. Sorted.
	Admitted []string
	// DNSNames are the DNS names on record as the environment's. Sorted.
	DNSNames []string
	// Teardown is the step that a deletion has reached. Nil while there is none, and
	// once all steps are done.
	Teardown *v1alpha1.Teardown
	// Keep leaves everything of the previous status as it was: component conditions,
	// counts, rows, children, admitted apps. Findings then decide Ready alone;
	// without any, Ready stays as it was too.
	Keep bool
	// Suspended is ReasonPaused or ReasonObserving where spec.mode forbids writing,
	// else empty. Only findings about the environment as a whole then decide Ready.
	Suspended string
	// Pending are the confirmations that would let removals go. Sorted.
	Pending []string
	// Protection is the protection in force.
	Protection v1alpha1.Protection
	// Plan is what Enforce would do, in mode Observe.
	Plan []v1alpha1.PlannedAction
	// Now becomes the lastTransitionTime of conditions that change.
	Now time.Time
}

// ReasonPendingRemoval is the reason of something in Report.Removing that waits for a confirmation.
const ReasonPendingRemoval = string(v1alpha1.ChildPendingRemoval)

// Compute is the status that a report amounts to. What nothing has happened to
// comes back as it was, so an unchanged status needs no write.
func Compute(r Report) v1alpha1.AppEnvironmentStatus {
	s := newSurvey(r)
	out := *r.Env.Status.DeepCopy()
	out.ObservedGeneration = r.Env.Generation
	out.Conditions = s.conditions()
	out.BlockedOn = s.blockedOn(out.Conditions)
	if !r.Keep || len(r.Pending) > 0 {
		out.PendingRemovals = r.Pending
	}
	out.Protection = r.Protection
	if r.Teardown != nil || !r.Keep {
		out.Teardown = r.Teardown.DeepCopy()
	}
	if r.Keep {
		return out
	}
	out.AdmittedApps = slices.Sorted(slices.Values(r.Admitted))
	out.Plan = slices.Clone(r.Plan)
	for i := range out.Plan {
		out.Plan[i].Message = fit(s.words.clean(out.Plan[i].Message), "")
	}
	out.DNSNames = slices.Sorted(slices.Values(r.DNSNames))
	out.Children = s.children()
	s.fillRows(&out)
	return out
}
