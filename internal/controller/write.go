package controller

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/apply"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/status"
)

// maxChildren is the bound of status.children.
const maxChildren = 500

// record writes the entries of the objects that are about to be created, the apps that
// have passed the gate and the DNS names, before anything is sent: whatever happens in
// between, nothing is created that is not on record.
func (p *pass) record(ctx context.Context) error {
	before := p.records.children()
	for _, plan := range p.plans {
		for _, s := range plan.steps {
			p.note(plan, s)
		}
	}
	if len(p.records) > maxChildren {
		p.refuseTooMany()
	}
	children := p.records.children()
	p.held.records = p.namesToHold()
	protection := p.protection()
	if slices.EqualFunc(before, children, sameEntry) && slices.Equal(p.env.Status.AdmittedApps, p.held.apps) &&
		slices.Equal(p.env.Status.DNSNames, p.held.records) && (p.env.Status.Protection == protection || protection == v1alpha1.ProtectionNone) {
		return nil
	}
	p.env.Status.Children = children
	p.begins()
	p.env.Status.Protection = protection
	p.env.Status.AdmittedApps, p.env.Status.DNSNames = p.held.apps, p.held.records
	if err := p.writeStatus(ctx); err != nil {
		return fmt.Errorf("recording children: %w", err)
	}
	return nil
}

// sameEntry says whether an entry is on record as it should be before anything is sent. The UID of
// what exists already is filled in by the report.
func sameEntry(before, after v1alpha1.Child) bool {
	before.UID = cmp.Or(before.UID, after.UID)
	return before == after
}

// note puts a step's object on record, if it is ours or about to be.
func (p *pass) note(plan *plan, s *step) {
	if plan.blocked || s.action == actionRefuse && s.live == nil {
		return
	}
	record, recorded := p.records[s.key]
	switch {
	case s.action == actionCreate || s.action == actionAdopt:
		record.UID = "" // it becomes ours with the write
		delete(p.memory.created, s.key)
	case s.action == actionRefuse && !recorded:
		return
	case s.action != actionRefuse:
		record.UID = s.live.GetUID()
	}
	record.APIVersion, record.Kind = s.intent.GetAPIVersion(), s.intent.GetKind()
	record.Namespace, record.Name = s.key.Namespace, s.key.Name
	if s.action != actionRefuse {
		record.Origin = v1alpha1.Origin(s.intent.GetAnnotations()[v1alpha1.AnnotationOrigin])
	}
	if record.State == "" {
		record.State = v1alpha1.ChildProgressing
	}
	p.records[s.key] = record
}

// refuseTooMany creates nothing that could not be put on record.
func (p *pass) refuseTooMany() {
	health := refuse(component.Stalled, v1alpha1.ReasonTooManyChildren,
		fmt.Sprintf("the environment would have %d objects, and %d is the limit; split it", len(p.records), maxChildren))
	p.records = recordsOf(p.env)
	for _, plan := range p.plans {
		for _, s := range plan.steps {
			if s.action == actionCreate {
				s.action, s.refusal = actionRefuse, health
			} else if len(p.records) < maxChildren {
				p.note(plan, s)
			}
		}
	}
}

// write carries out the plans. One object's failure never hides another's.
func (p *pass) write(ctx context.Context) {
	for _, plan := range p.plans {
		if plan.blocked {
			continue
		}
		plan.applied = true
		for _, stage := range plan.stages() {
			for i, health := range p.carryOut(ctx, plan, stage) {
				s := stage[i]
				if health.Reason == "" {
					health = plan.component.Health(p.in, s.key, s.live)
				} else {
					plan.applied = false
					plan.failed = plan.failed || health.Reason != v1alpha1.ReasonAPINotInstalled
				}
				p.found(plan.component.Name, s.key, health)
			}
		}
	}
}

func (p *pass) found(component string, key component.Key, health component.Health) {
	p.findings = append(p.findings, status.Finding{Component: component, Key: key, Health: health})
}

// repaired counts a write that no change of the spec asked for.
func (p *pass) repaired(s *step) {
	if p.env.Status.ObservedGeneration == p.env.Generation {
		driftRepaired(s.key.Kind)
	}
}

// A refusal is a write that failed, and what it was.
type refusal struct {
	resourceVersion string
	intent          uint64
	until           time.Time
	delay           time.Duration
	health          component.Health
}

// refusedBefore says whether the very same write failed a moment ago: events must
// not repeat it faster than its own delay.
func (p *pass) refusedBefore(s *step) (component.Health, bool) {
	before, known := p.memory.refusals[s.key]
	if !known || before.intent != apply.Fingerprint(s.intent) || before.resourceVersion != versionOf(s.live) || !p.now().Before(before.until) {
		return component.Health{}, false
	}
	p.recheckIn(before.until.Sub(p.now()))
	return before.health, true
}

// refusedNow remembers a write that failed.
func (p *pass) refusedNow(s *step, err error) component.Health {
	health := p.failed(err)
	if p.certainty.missed() != nil {
		return health // which is nothing about this object
	}
	now := refusal{resourceVersion: versionOf(s.live), intent: apply.Fingerprint(s.intent), health: health, delay: time.Second}
	if before := p.memory.refusals[s.key]; before.intent == now.intent && before.resourceVersion == now.resourceVersion {
		now.delay = min(2*before.delay, cmp.Or(apply.Classify(err).Recheck, lastRetry))
	}
	now.until = p.now().Add(now.delay)
	p.recheckIn(now.delay)
	p.memory.refusals[s.key] = now
	return health
}

func versionOf(live *unstructured.Unstructured) string {
	if live == nil {
		return ""
	}
	return live.GetResourceVersion()
}

// failed turns a failed request into words, and into another try.
func (p *pass) failed(err error) component.Health {
	problem := apply.Classify(err)
	state := component.Progressing
	if problem.Final {
		state = component.Stalled
	}
	switch {
	case problem.Recheck > 0:
		p.recheckIn(problem.Recheck)
	case problem.Reason == v1alpha1.ReasonAPINotInstalled:
		p.recheckIn(listRetry) // discovery still says that it is served
	default:
		p.errs = append(p.errs, err)
	}
	return refuse(state, problem.Reason, problem.Message)
}

// observe judges the objects that others make from ours.
func (p *pass) observe(ctx context.Context) {
	p.leftBehind()
	for _, plan := range p.plans {
		if plan.component.Observed == nil || plan.blocked {
			continue
		}
		kind := plan.component.Observes[0]
		for _, key := range plan.component.Observed(p.in) {
			p.found(plan.component.Name, key, p.observed(ctx, plan.component, kind, key))
		}
	}
}

func (p *pass) observed(ctx context.Context, c component.Component, kind component.Kind, key component.Key) component.Health {
	if !p.apis.serves(kind) {
		return c.Health(p.in, key, nil)
	}
	live, err := p.cached(ctx, referenceOf(kind, key))
	if err != nil {
		return p.failed(err)
	}
	return c.Health(p.in, key, live)
}
