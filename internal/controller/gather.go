package controller

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/apply"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/foreign/argocd"
)

// gather fills the input: what is live, what others claim, what is not allowed.
// Whatever is missing is a fact, not an error.
func (p *pass) gather(ctx context.Context) {
	p.recall(ctx)
	p.gatherClaims(ctx)
	p.gatherNamespaces(ctx)
	p.gatherApplications(ctx)
	if p.suspended == "" {
		p.rescueApplications(ctx)
	}
	p.freeze()
	p.gatherLive(ctx)
	p.gatherCauses(ctx)
	if p.suspended == "" {
		p.nudge(ctx)
	}
}

// unreadable notes that something about an object could not be read: what it is now,
// or what it should be. It is left as it is in this pass.
func (p *pass) unreadable(key component.Key, err error) {
	if _, known := p.unread[key]; !known {
		p.unread[key] = p.failed(err)
	}
}

// gatherLive finds what is live of the things that may only change in one
// direction, or not at all: project, certificates, types of Secrets. Status may have been cleared,
// so what should exist is looked for too, on record or not.
func (p *pass) gatherLive(ctx context.Context) {
	p.in.LiveDomains = map[component.Key][]string{}
	p.in.LiveSecrets = map[component.Key]component.WrittenSecret{}
	for _, c := range component.All {
		intents, err := c.Intent(p.in)
		if err != nil {
			continue // plan reports it
		}
		for _, intent := range intents {
			if _, err := p.findLive(ctx, component.KeyOf(intent)); err != nil {
				p.unreadable(component.KeyOf(intent), err)
			}
			p.guardSecret(intent)
		}
	}
	for key, live := range p.live {
		if live == nil || !p.isOurs(key) {
			continue
		}
		switch key.Kind {
		case "ManagedCertificate":
			p.in.LiveDomains[key], _, _ = unstructured.NestedStringSlice(live.Object, "spec", "domains")
		case "ExternalSecret":
			if secret, ok := p.memory.written(key, live); ok {
				p.in.LiveSecrets[key] = secret
			}
		case "AppProject":
			project, err := argocd.DecodeProject(live)
			if err != nil {
				p.undecodable(key, err)
			}
			p.in.LiveProject = &project
		}
	}
}

// A writing is what an ExternalSecret has written for certain.
type writing struct {
	by     types.UID
	secret component.WrittenSecret
}

// written is the Secret that a live ExternalSecret has written. What it asks for now may be yet to be written, and then
// what was written last is remembered.
func (m *memory) written(key component.Key, live *unstructured.Unstructured) (component.WrittenSecret, bool) {
	secret, proven, ok := component.Written(live)
	known, remembered := m.writings[key]
	switch {
	case proven:
		m.writings[key] = writing{live.GetUID(), secret}
	case remembered && known.by == live.GetUID() && known.secret.Name == secret.Name:
		return known.secret, true
	}
	return secret, ok
}

// undecodable notes that what an object should be depends on one that cannot be
// understood.
func (p *pass) undecodable(key component.Key, err error) {
	p.unread[key] = refuse(component.Failing, v1alpha1.ReasonInvalid, err.Error())
}

// recall reads every object on record from the cache. One that the cache does not
// have stays unknown until somebody needs to know.
func (p *pass) recall(ctx context.Context) {
	for key := range p.records {
		info, known := kindOf(key)
		elsewhere := info.Group == argocd.Group && key.Namespace != p.settings.ArgoCDNamespace
		if !known || elsewhere || !p.apis.serves(info.Kind) {
			continue // --argocd-namespace may have been another once
		}
		live, err := p.cached(ctx, referenceOf(info.Kind, key))
		if err == nil && live != nil {
			live, err = p.verified(ctx, key, live)
		}
		if err != nil {
			p.unreadable(key, err)
		}
		if live != nil {
			p.live[key] = live
			p.notice(ctx, key, live)
		}
	}
}

// gatherNamespaces finds the namespaces that must get nothing, and why.
func (p *pass) gatherNamespaces(ctx context.Context) {
	for _, violation := range component.Violations(p.in) {
		if violation.Key.Kind == "Namespace" {
			p.in.Withheld[violation.Key.Name] = refuse(component.Stalled, violation.Reason, violation.Message)
		}
	}
	for _, namespace := range p.env.Spec.Namespaces {
		key := component.Key{Kind: "Namespace", Name: namespace.Name}
		if _, withheld := p.in.Withheld[namespace.Name]; withheld {
			continue
		}
		if holder, lost := p.lost.object(key); lost {
			p.in.Withheld[namespace.Name] = takenBy(holder)
			continue
		}
		live, err := p.findLive(ctx, key)
		if err != nil {
			p.unreadable(key, err)
		}
		if health, unread := p.unread[key]; unread {
			p.in.Withheld[namespace.Name] = health
			continue
		}
		p.live[key] = live
		p.withhold(ctx, key, live)
	}
}

// withhold keeps children out of a namespace that is not ours or on its way out.
func (p *pass) withhold(ctx context.Context, key component.Key, live *unstructured.Unstructured) {
	if live == nil {
		return
	}
	switch standing := p.standing(key, live); {
	case standing != apply.Ours && !p.consenting[key]:
		p.in.Withheld[key.Name] = p.foreign(ctx, live, standing)
	case live.GetDeletionTimestamp() != nil:
		p.in.Withheld[key.Name] = refuse(component.Progressing, v1alpha1.ReasonTerminating, terminatingMessage(live))
	}
	if p.originOf(key, live) == v1alpha1.OriginAdopted {
		p.in.Adopted[key.Name] = ""
		if p.applier.Owns(live, "metadata", "labels", component.LabelPodSecurity) {
			p.in.Adopted[key.Name] = live.GetLabels()[component.LabelPodSecurity]
		}
	}
}
