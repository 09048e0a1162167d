package controller

import (
	"context"
	"fmt"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
)

// maxPlan is the bound of status.plan.
const maxPlan = 200

// suspensionOf is the reason for which spec.mode forbids writing; empty when it does not.
func suspensionOf(env *v1alpha1.AppEnvironment) string {
	switch env.Spec.Mode {
	case v1alpha1.ModeObserve:
		return v1alpha1.ReasonObserving
	case v1alpha1.ModePaused:
		return v1alpha1.ReasonPaused
	}
	return ""
}

// retains says whether what is no longer asked for is released instead of deleted.
func (p *pass) retains() bool {
	return p.env.Spec.DeletionPolicy == v1alpha1.DeletionPolicyRetain
}

// waitWhileSuspended holds a deletion back: in neither mode the operator removes anything.
func (p *pass) waitWhileSuspended() {
	p.refuseAll(refuse(component.Stalled, v1alpha1.ReasonTeardownPaused, fmt.Sprintf(
		"kubectl patch appenv %s --type=merge -p '{\"spec\":{\"mode\":\"Enforce\"}}' lets its deletion go on, which waits because spec.mode is %s",
		p.env.Name, p.env.Spec.Mode)))
}

// foresee says what Enforce would do, in the order in which it would, and does none of it.
func (p *pass) foresee(ctx context.Context) {
	for _, plan := range p.plans {
		for _, s := range plan.steps {
			health := s.refusal
			if s.action != actionRefuse {
				health = plan.component.Health(p.in, s.key, s.live)
			}
			p.found(plan.component.Name, s.key, health)
			p.foreseeStep(ctx, s)
		}
	}
	for _, gone := range p.departures() {
		p.planned(v1alpha1.PlannedAction{Object: gone.key.String(), Action: gone.action})
	}
	// Nothing is claimed, and nothing on record is given up.
	p.records = recordsOf(p.env)
	p.held = held{apps: p.env.Status.AdmittedApps, records: p.env.Status.DNSNames}
}

// A departure is what becomes of an object that is no longer asked for.
type departure struct {
	component string
	key       component.Key
	action    v1alpha1.PlannedActionType
}

// departures are in the order in which they would be made.
func (p *pass) departures() []departure {
	var all []departure
	for _, name := range component.TeardownOrder {
		for _, key := range p.recorded(name, p.isStale) {
			live := p.live[key]
			if live == nil {
				continue // gone already
			}
			action := v1alpha1.ActionDelete
			if p.retains() || !p.mayDelete(key, live) {
				action = v1alpha1.ActionRelease
			}
			all = append(all, departure{name, key, action})
		}
	}
	return all
}

func (p *pass) foreseeStep(ctx context.Context, s *step) {
	planned := v1alpha1.PlannedAction{Object: s.key.String()}
	switch s.action {
	case actionNone:
		return
	case actionCreate:
		planned.Action = v1alpha1.ActionCreate
	case actionRefuse:
		planned.Action, planned.Message = v1alpha1.ActionRefuse, s.refusal.Message
	case actionApply, actionAdopt:
		planned.Action = v1alpha1.ActionUpdate
		if s.action == actionAdopt {
			planned.Action = v1alpha1.ActionAdopt
		}
		fields, err := p.applier.Preview(ctx, s.intent, s.live)
		if err != nil {
			planned.Action, planned.Message = v1alpha1.ActionRefuse, p.failed(err).Message
		}
		planned.Fields = fields
	}
	p.planned(planned)
}

func (p *pass) planned(action v1alpha1.PlannedAction) {
	if len(p.foreseen) < maxPlan {
		p.foreseen = append(p.foreseen, action)
	}
}
