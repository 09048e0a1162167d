package controller

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
)

// decide asks each component what should exist, and resolves what to do about it.
func (p *pass) decide(ctx context.Context) error {
	if err := p.admit(ctx); err != nil {
		return err
	}
	refused := map[component.Key]component.Health{}
	for _, v := range component.Violations(p.in) {
		if v.Key.Kind != "Namespace" {
			refused[v.Key] = refuse(component.Stalled, v.Reason, v.Message)
		}
	}
	p.findWithheld()
	for _, c := range component.All {
		p.plans = append(p.plans, p.plan(ctx, c, refused))
	}
	return nil
}

// findWithheld reports what components leave out of their objects.
func (p *pass) findWithheld() {
	for name, health := range p.in.Withheld {
		p.found("namespaces", component.Key{Kind: "Namespace", Name: name}, health)
	}
	for key := range p.records {
		if health, withheld := p.in.Withheld[key.Namespace]; withheld {
			info, _ := kindOf(key)
			p.found(info.component, key, waitsForNamespace(key.Namespace, health))
		}
	}
	for name, holder := range p.in.TakenRecords {
		health := takenBy(holder)
		health.Message = "record " + name + ": " + health.Message
		p.found("dns", endpointKeyOf(p.env), health)
	}
}

// plan resolves what one component should consist of. What the settings refuse is
// left as it is: one object, or the whole component if the refusal is about no
// object of its own.
func (p *pass) plan(ctx context.Context, c component.Component, refused map[component.Key]component.Health) *plan {
	plan := &plan{component: c}
	intents, err := c.Intent(p.in)
	if err != nil {
		plan.blocked = true
		p.found(c.Name, component.Key{}, refuse(component.Stalled, v1alpha1.ReasonInvalid, err.Error()))
	}
	if c.Condition == v1alpha1.ConditionProjectReady && p.unreadable != nil {
		plan.blocked = true // it could take away what an Application still uses
		p.found(c.Name, component.Key{}, refuse(component.Failing, v1alpha1.ReasonRejected, p.unreadable.Error()))
	}
	for _, v := range component.Violations(p.in) {
		if _, withheld := p.in.Withheld[v.Key.Namespace]; withheld {
			continue // the whole namespace is left alone
		}
		if v.Component == c.Name && v.Key.Kind != "Namespace" && !slices.ContainsFunc(intents, isObject(v.Key)) {
			plan.blocked = true
			p.found(c.Name, v.Key, refused[v.Key])
		}
	}
	if plan.blocked {
		return plan
	}
	for _, intent := range intents {
		plan.steps = append(plan.steps, p.consider(ctx, intent, refused))
	}
	return plan
}

// consider resolves one object. One that cannot be read is left alone for now.
func (p *pass) consider(ctx context.Context, intent *unstructured.Unstructured, refused map[component.Key]component.Health) *step {
	key := component.KeyOf(intent)
	if health, no := refused[key]; no {
		return &step{key: key, intent: intent, action: actionRefuse, refusal: health}
	}
	err := p.unread[key]
	var s *step
	if err == nil {
		s, err = p.resolve(ctx, intent)
	}
	if err != nil {
		return &step{key: key, intent: intent, action: actionRefuse, refusal: p.failed(err)}
	}
	return s
}

func isObject(key component.Key) func(*unstructured.Unstructured) bool {
	return func(u *unstructured.Unstructured) bool { return component.KeyOf(u) == key }
}
