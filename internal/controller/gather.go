package controller

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

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
	if err := p.gatherLive(ctx); err != nil {
		return err
	}
	return p.gatherCauses(ctx)
}

// gatherLive finds what is live of the things that may only change in one
// direction, or not at all: project, certificates. Status may have been cleared,
// so what should exist is looked for too, on record or not.
func (p *pass) gatherLive(ctx context.Context) error {
	p.in.LiveDomains = map[component.Key][]string{}
	for _, c := range component.All {
		intents, err := c.Intent(p.in)
		if err != nil {
			continue // decide reports it
		}
		for _, intent := range intents {
			if _, err := p.findLive(ctx, component.KeyOf(intent)); err != nil {
				return err
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
			if project, err := argocd.DecodeProject(live); err == nil {
				p.in.LiveProject = &project
			}
		}
	}
	return nil
}

// recall reads every object on record from the cache. One that the cache does not
// have stays unknown until somebody needs to know.
func (p *pass) recall(ctx context.Context) error {
	for key, record := range p.records {
		info, known := kindOf(key)
		if !known || !p.apis.serves(info.Kind) {
			continue
		}
		ref := objectOf(info.Kind)
		ref.SetNamespace(record.Namespace)
		ref.SetName(record.Name)
		live, err := p.cached(ctx, ref)
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
			return err
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
	if p.records[key].Origin == v1alpha1.OriginAdopted || standing == apply.Former {
		p.in.Adopted[key.Name] = true
	}
}

// gatherApplications reads the Applications of the environment's project, the
// elements of its live ApplicationSet, and lets the gate decide.
func (p *pass) gatherApplications(ctx context.Context) error {
	kind := applicationKind()
	if p.apis.serves(kind) {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(kind.GroupVersionKind)
		if err := p.client.List(ctx, list, client.InNamespace(p.settings.ArgoCDNamespace),
			client.MatchingFields{projectIndex: component.ProjectName(p.env)}); err != nil {
			return fmt.Errorf("listing Applications: %w", err)
		}
		for i := range list.Items {
			app, err := argocd.DecodeApplication(&list.Items[i])
			if err != nil {
				return err // what it uses of the project is unknown, so nothing may be taken from it
			}
			p.in.Applications = append(p.in.Applications, app)
		}
	}
	set, err := p.findLive(ctx, p.applicationSetKey())
	if err != nil {
		return err
	}
	if set != nil && p.isOurs(p.applicationSetKey()) {
		p.in.LiveElements = argocd.Elements(set)
	}
	return nil
}

// findLive finds an object of ours by its key, on record or not: status may have
// been cleared.
func (p *pass) findLive(ctx context.Context, key component.Key) (*unstructured.Unstructured, error) {
	info, _ := kindOf(key)
	if !p.apis.serves(info.Kind) {
		return nil, nil
	}
	ref := objectOf(info.Kind)
	ref.SetNamespace(key.Namespace)
	ref.SetName(key.Name)
	live, err := p.find(ctx, key, ref)
	if err == nil && live != nil {
		p.live[key] = live
	}
	return live, err
}

func applicationKind() component.Kind {
	for kind, observed := range optionalKinds {
		if observed {
			return kind
		}
	}
	return component.Kind{}
}

func (p *pass) applicationSetKey() component.Key { return p.setKeyOf(p.env) }

func (r *Reconciler) setKeyOf(env *v1alpha1.AppEnvironment) component.Key {
	return component.Key{Group: argocd.Group, Kind: "ApplicationSet", Namespace: r.settings.ArgoCDNamespace, Name: component.ApplicationSetName(env)}
}

func (p *pass) applicationKey(name string) component.Key {
	return component.Key{Group: argocd.Group, Kind: "Application", Namespace: p.settings.ArgoCDNamespace, Name: name}
}

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
		plan, err := p.plan(ctx, c, refused)
		if err != nil {
			return err
		}
		p.plans = append(p.plans, plan)
	}
	return nil
}

// findWithheld reports what components leave out of their objects.
func (p *pass) findWithheld() {
	for name, health := range p.in.Withheld {
		p.found("namespaces", component.Key{Kind: "Namespace", Name: name}, health)
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
func (p *pass) plan(ctx context.Context, c component.Component, refused map[component.Key]component.Health) (*plan, error) {
	plan := &plan{component: c}
	intents, err := c.Intent(p.in)
	if err != nil {
		plan.blocked = true
		p.found(c.Name, component.Key{}, refuse(component.Stalled, v1alpha1.ReasonInvalid, err.Error()))
	}
	for _, v := range component.Violations(p.in) {
		if v.Component == c.Name && v.Key.Kind != "Namespace" && !slices.ContainsFunc(intents, isObject(v.Key)) {
			plan.blocked = true
			p.found(c.Name, v.Key, refused[v.Key])
		}
	}
	if plan.blocked {
		return plan, nil
	}
	for _, intent := range intents {
		if health, no := refused[component.KeyOf(intent)]; no {
			plan.steps = append(plan.steps, &step{key: component.KeyOf(intent), intent: intent, action: actionRefuse, refusal: health})
			continue
		}
		s, err := p.resolve(ctx, intent)
		if err != nil {
			return nil, err
		}
		plan.steps = append(plan.steps, s)
	}
	return plan, nil
}

func isObject(key component.Key) func(*unstructured.Unstructured) bool {
	return func(u *unstructured.Unstructured) bool { return component.KeyOf(u) == key }
}

// admit lets new apps through the gate, and reports those it holds back.
func (p *pass) admit(ctx context.Context) error {
	taken, err := p.takenApplications(ctx)
	if err != nil {
		return err
	}
	names := component.ApplicationNames(p.env)
	admission := component.Admit(p.in, component.SecretsSynced(p.in, p.live), taken)
	p.in.Admitted = admission.Admitted
	for app, health := range admission.Held {
		p.found("applications", p.applicationKey(names[app]), health)
	}
	return nil
}

// takenApplications are the apps whose Application exists and is not generated by
// our ApplicationSet, or is claimed by another environment: the ApplicationSet
// controller silently takes Applications without an owner.
func (p *pass) takenApplications(ctx context.Context) (map[string]component.Health, error) {
	taken := map[string]component.Health{}
	kind := applicationKind()
	for app, name := range component.ApplicationNames(p.env) {
		key := p.applicationKey(name)
		if holder, lost := p.lost.object(key); lost {
			taken[app] = takenBy(holder)
			continue
		}
		if !p.apis.serves(kind) {
			continue
		}
		ref := objectOf(kind)
		ref.SetNamespace(key.Namespace)
		ref.SetName(key.Name)
		live, err := p.cached(ctx, ref)
		if err != nil {
			return nil, err
		}
		if live == nil || p.generates(live) {
			continue
		}
		p.recheckIn(p.config.RecheckInterval)
		if whole, err := p.applier.Get(ctx, live); err != nil {
			return nil, err
		} else if whole != nil { // the cache keeps no field managers
			live = whole
		}
		taken[app] = refuse(component.Stalled, v1alpha1.ReasonNameTaken, fmt.Sprintf(
			"it exists already%s, and is left untouched; use another argocd.applicationName or app name, or remove it (taking it over by %s is not yet supported)",
			ownerWords(live), v1alpha1.AnnotationAdoptBy))
	}
	return taken, nil
}

// generates says whether the Application comes from our ApplicationSet: it is owned
// by it, or carries our label and no owner, as while the ApplicationSet is replaced.
func (p *pass) generates(live *unstructured.Unstructured) bool {
	owners := live.GetOwnerReferences()
	for _, owner := range owners {
		if owner.Kind == "ApplicationSet" {
			return owner.Name == p.applicationSetKey().Name && p.isOurs(p.applicationSetKey())
		}
	}
	return len(owners) == 0 && live.GetLabels()[v1alpha1.LabelEnvironment] == p.env.Name
}

func (p *pass) isOurs(key component.Key) bool {
	_, recorded := p.records[key]
	live := p.live[key]
	return recorded || live != nil && marks.Standing(live, p.owner) == apply.Ours
}

func ownerWords(live *unstructured.Unstructured) string {
	for _, owner := range live.GetOwnerReferences() {
		return fmt.Sprintf(", belongs to %s %s", owner.Kind, owner.Name)
	}
	return managedBy(live)
}
