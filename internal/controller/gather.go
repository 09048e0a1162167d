package controller

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/apply"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/foreign/argocd"
)

// gather fills the input: what is live, what others claim, what is not allowed.
// Whatever is missing is a fact, not an error.
func (p *pass) gather(ctx context.Context) error {
	if err := p.recall(ctx); err != nil {
		return err
	}
	lost, err := p.lostClaims(ctx)
	if err != nil {
		return err
	}
	p.lost = lost
	p.in.TakenRecords = lost.names(component.ClaimDNS)
	for _, step := range []func(context.Context) error{p.gatherNamespaces, p.gatherApplications, p.rescueApplications} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	p.gatherLive(ctx)
	p.gatherCauses(ctx)
	return nil
}

// gatherLive finds what is live of the things that may only change in one
// direction, or not at all: project, certificates. Status may have been cleared,
// so what should exist is looked for too, on record or not.
func (p *pass) gatherLive(ctx context.Context) {
	p.in.LiveDomains = map[component.Key][]string{}
	for _, c := range component.All {
		intents, err := c.Intent(p.in)
		if err != nil {
			continue // plan reports it
		}
		for _, intent := range intents {
			if _, err := p.findLive(ctx, component.KeyOf(intent)); err != nil {
				p.unread[component.KeyOf(intent)] = err // nothing may be concluded about it
			}
		}
	}
	for key, live := range p.live {
		if live == nil || !p.isOurs(key) {
			continue
		}
		switch key.Kind {
		case "ManagedCertificate":
			p.in.LiveDomains[key], _, _ = unstructured.NestedStringSlice(live.Object, "spec", "domains")
		case "AppProject":
			project, err := argocd.DecodeProject(live)
			if err != nil {
				p.unreadable = err
			}
			p.in.LiveProject = &project
		}
	}
}

// recall reads every object on record from the cache. One that the cache does not
// have stays unknown until somebody needs to know.
func (p *pass) recall(ctx context.Context) error {
	for key := range p.records {
		info, known := kindOf(key)
		if !known || !p.apis.serves(info.Kind) {
			continue
		}
		live, err := p.cached(ctx, referenceOf(info.Kind, key))
		if err != nil {
			return err
		}
		if live != nil {
			p.live[key] = live
		}
	}
	return nil
}

// gatherNamespaces finds the namespaces that must get nothing, and why.
func (p *pass) gatherNamespaces(ctx context.Context) error {
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
			p.in.Withheld[namespace.Name] = p.failed(err)
			continue
		}
		p.live[key] = live
		p.withhold(key, live)
	}
	return nil
}

// withhold keeps children out of a namespace that is not ours or on its way out.
func (p *pass) withhold(key component.Key, live *unstructured.Unstructured) {
	if live == nil {
		return
	}
	standing := marks.Standing(live, p.owner)
	ours := standing == apply.Ours || p.records[key].UID == live.GetUID() ||
		standing == apply.Former && p.env.Annotations[v1alpha1.AnnotationReAdopt] == string(p.env.UID)
	switch {
	case !ours:
		p.in.Withheld[key.Name] = p.foreign(live, standing)
	case live.GetDeletionTimestamp() != nil:
		p.in.Withheld[key.Name] = refuse(component.Progressing, v1alpha1.ReasonTerminating, terminatingMessage(live))
	}
	adopted := string(v1alpha1.OriginAdopted)
	if p.records[key].Origin == v1alpha1.OriginAdopted || standing == apply.Former || live.GetAnnotations()[v1alpha1.AnnotationOrigin] == adopted {
		p.in.Adopted[key.Name] = ""
		if p.applier.OwnsLabel(live, component.LabelPodSecurity) {
			p.in.Adopted[key.Name] = live.GetLabels()[component.LabelPodSecurity]
		}
	}
}
