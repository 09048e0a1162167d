package controller

import (
	"context"
	"errors"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/apply"
	"github.com/appenv/appenv-operator/internal/component"
)

// writers is how many objects of one environment are written at once. Far away API servers
// answer in tens of milliseconds, and an environment may have hundreds of objects.
const writers = 8

// stages are the steps of a plan in the order in which they are carried out: the steps of one
// stage do not need one another.
func (plan *plan) stages() [][]*step {
	var first, rest []*step
	for _, s := range plan.steps {
		if info, _ := kindOf(s.key); info.First {
			first = append(first, s)
		} else {
			rest = append(rest, s)
		}
	}
	return [][]*step{first, rest}
}

// carryOut does what the steps of a stage say. The health of a step is empty when its object is
// in place, and says why not otherwise.
//
// Only the requests are sent at once: what is to be sent is decided before, and what came of it
// noted after, one step at a time.
func (p *pass) carryOut(ctx context.Context, plan *plan, stage []*step) []component.Health {
	healths := make([]component.Health, len(stage))
	var due []*step
	for i, s := range stage {
		var may bool
		if healths[i], may = p.mayWrite(plan, s); may {
			due = append(due, s)
		}
	}
	answers := p.sendAll(ctx, due)
	for i, s := range stage {
		if answer, sent := answers[s]; sent {
			healths[i] = p.noted(ctx, s, answer)
		}
	}
	return healths
}

// mayWrite says whether a step is to be carried out now, and why not if something is in its way.
func (p *pass) mayWrite(plan *plan, s *step) (component.Health, bool) {
	if s.action == actionRefuse {
		return s.refusal, false
	}
	if s.action == actionNone {
		return component.Health{}, false
	}
	if health, waits := p.waits(plan, s); waits {
		return health, false
	}
	if health, waits := p.refusedBefore(s); waits {
		return health, false
	}
	if s.action == actionApply {
		if health, waits := p.contended(s); waits {
			return health, false
		}
	}
	return component.Health{}, true
}

// waits says whether something that must be there before the object is missing.
func (p *pass) waits(plan *plan, s *step) (component.Health, bool) {
	namespace := component.Key{Kind: "Namespace", Name: s.key.Namespace}
	inArgoCD := s.key.Namespace == p.settings.ArgoCDNamespace
	if s.key.Namespace != "" && !inArgoCD && p.live[namespace] == nil {
		return refuse(component.Progressing, v1alpha1.ReasonWaitingForNamespace, "waits for Namespace "+s.key.Namespace), true
	}
	for _, other := range p.plans {
		if !slices.Contains(plan.component.After, other.component.Name) {
			continue
		}
		if !other.applied {
			return refuse(component.Progressing, v1alpha1.ReasonWaitingForProject, "waits for "+other.component.Name), true
		}
	}
	return component.Health{}, false
}

// An answer is what the API server made of a step.
type answer struct {
	stored *unstructured.Unstructured
	err    error
}

// sendAll sends what the steps ask for, several at once.
func (p *pass) sendAll(ctx context.Context, due []*step) map[*step]answer {
	all := make([]answer, len(due))
	slots := make(chan struct{}, writers)
	var sending sync.WaitGroup
	for i, s := range due {
		slots <- struct{}{}
		sending.Go(func() {
			defer func() { <-slots }()
			defer recovered(&all[i].err)
			all[i] = p.send(ctx, s)
		})
	}
	sending.Wait()
	for i := range all {
		if errors.Is(all[i].err, errPanicked) {
			panic(all[i].err)
		}
	}
	answers := make(map[*step]answer, len(due))
	for i, s := range due {
		answers[s] = all[i]
	}
	return answers
}

// send sends one step's request. It may touch nothing of the pass but what is safe for
// concurrent use.
//
// An object that consents is taken over: the fields that others wrote, then the rest with our
// marks. Until that last write the object is not ours.
func (p *pass) send(ctx context.Context, s *step) (a answer) {
	switch s.action {
	case actionCreate:
		a.stored, a.err = p.applier.Create(ctx, s.intent)
	case actionAdopt:
		if a.err = p.applier.TakeOver(ctx, s.intent, s.live); a.err == nil {
			a.stored, a.err = p.applier.Apply(ctx, s.intent, s.live)
		}
	case actionApply:
		a.stored, a.err = p.applier.Apply(ctx, s.intent, s.live)
	}
	return a
}

// noted takes down what came of a step. A name that was taken in the meantime stays untouched.
func (p *pass) noted(ctx context.Context, s *step, a answer) component.Health {
	if s.action == actionCreate && apply.IsTaken(a.err) {
		return p.createdBefore(ctx, s)
	}
	if a.err != nil {
		return p.refusedNow(s, a.err)
	}
	switch {
	case s.action == actionAdopt:
		ctrl.LoggerFrom(ctx).Info("took over an object by its consent", "object", s.key.String())
	case s.action == actionApply || s.again:
		p.repaired(s)
	}
	p.unseen = p.unseen || s.action == actionCreate
	p.stored(s, a.stored)
	return component.Health{}
}

// create sends the POST of one step.
func (p *pass) create(ctx context.Context, s *step) component.Health {
	s.action = actionCreate
	return p.noted(ctx, s, p.send(ctx, s))
}

// createdBefore looks at the object that made a POST fail: it may be our own, from
// a pass that died before it could note the UID.
func (p *pass) createdBefore(ctx context.Context, s *step) component.Health {
	live, err := p.applier.Get(ctx, s.intent)
	if err != nil {
		return p.failed(err)
	}
	if live != nil {
		p.notice(ctx, s.key, live)
	}
	if p.consenting[s.key] {
		p.memory.refused[s.key] = true // the next pass reads it past the cache
		p.recheckIn(firstRetry)
		return refuse(component.Progressing, v1alpha1.ReasonProgressing, "is about to be taken over")
	}
	if live == nil || marks.Standing(live, p.owner) == apply.Ours {
		p.recheckIn(firstRetry) // the next pass sees it, or sees it gone
		p.live[s.key], s.live = live, live
		return refuse(component.Progressing, v1alpha1.ReasonProgressing, "being created")
	}
	delete(p.records, s.key)
	return p.foreign(ctx, live, marks.Standing(live, p.owner))
}

func (p *pass) stored(s *step, stored *unstructured.Unstructured) {
	p.echoes.note(stored)
	p.memory.stored[s.key] = stored.GetResourceVersion()
	s.live = stored
	p.live[s.key] = stored
	delete(p.memory.refusals, s.key)
	record := p.records[s.key]
	if record.UID != stored.GetUID() {
		p.memory.hasCreated(s.key, stored.GetUID(), p.now())
	}
	record.UID = stored.GetUID()
	p.records[s.key] = record
}
