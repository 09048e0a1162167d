package controller

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/foreign/argocd"
)

// decide asks each component what should exist, and resolves what to do about it.
func (p *pass) decide(ctx context.Context) {
	p.admit(ctx)
	refused := map[component.Key]component.Health{}
	for _, v := range component.Violations(p.in) {
		if v.Key.Kind != "Namespace" {
			refused[v.Key] = refuse(component.Stalled, v.Reason, v.Message)
		}
	}
	p.findWithheld()
	p.confirmShrink(ctx)
	for _, c := range component.All {
		p.plans = append(p.plans, p.plan(ctx, c, refused))
	}
}

// confirmShrink looks past the cache before something is taken away from the AppProject:
// an Application that has just been made may need it.
func (p *pass) confirmShrink(ctx context.Context) {
	if !component.ShrinksProject(p.in) {
		return
	}
	list, err := p.listApplications(ctx, p.usesProject)
	if err != nil {
		p.unreadable(p.projectKey(), err)
		return
	}
	p.in.Applications = nil
	for i := range list {
		app, err := argocd.DecodeApplication(&list[i])
		if err != nil {
			p.undecodable(p.projectKey(), err)
			return
		}
		p.in.Applications = append(p.in.Applications, app)
	}
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

// consider resolves one object. One about which something cannot be read is left alone.
func (p *pass) consider(ctx context.Context, intent *unstructured.Unstructured, refused map[component.Key]component.Health) *step {
	key := component.KeyOf(intent)
	health, no := refused[key]
	if !no {
		health, no = p.unread[key]
	}
	if !no {
		s, err := p.resolve(ctx, intent)
		if err == nil {
			return s
		}
		health = p.failed(err)
	}
	return &step{key: key, intent: intent, action: actionRefuse, refusal: health}
}

func isObject(key component.Key) func(*unstructured.Unstructured) bool {
	return func(u *unstructured.Unstructured) bool { return component.KeyOf(u) == key }
}
