package controller

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/apply"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/foreign/argocd"
)

// claimIndex finds AppEnvironments by the names they claim.
const claimIndex = "claims"

// claims are names that another environment holds, with its name.
type claims map[component.Claim]string

// object says who holds the name of an object, if somebody else does.
func (c claims) object(key component.Key) (string, bool) {
	holder, lost := c[claimOn(key)]
	return holder, lost
}

// names are the lost names of one kind of claim, with their holders.
func (c claims) names(kind string) map[string]string {
	names := map[string]string{}
	for claim, holder := range c {
		if claim.Kind() == kind {
			names[claim.Name()] = holder
		}
	}
	return names
}

// held are names that stay the environment's whatever becomes of the objects they are in.
type held struct {
	apps    []string // that have passed the gate
	records []string // DNS names
}

// namesToHold are the DNS names that stay the environment's: those that its DNSEndpoint
// is about to have, and those that it had and the spec still asks for.
func (p *pass) namesToHold() []string {
	names := map[string]bool{}
	for _, claim := range component.Claims(p.env) {
		if claim.Kind() == component.ClaimDNS && slices.Contains(p.env.Status.DNSNames, claim.Name()) {
			names[claim.Name()] = true
		}
	}
	for _, plan := range p.plans {
		for _, s := range plan.steps {
			for _, claim := range claimsHeldBy(s.intent) {
				if claim.Kind() == component.ClaimDNS && s.action != actionRefuse {
					names[claim.Name()] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// recordedClaims are the claims that the status of an environment makes good.
func recordedClaims(env *v1alpha1.AppEnvironment) []component.Claim {
	var recorded []component.Claim
	for _, child := range env.Status.Children {
		if claim := claimOn(keyOfChild(child)); claim != "" {
			recorded = append(recorded, claim)
		}
	}
	for _, app := range env.Status.AdmittedApps {
		recorded = append(recorded, component.NewClaim(component.ClaimApplication, component.ApplicationName(env, app)))
	}
	for _, name := range env.Status.DNSNames {
		recorded = append(recorded, component.NewClaim(component.ClaimDNS, name))
	}
	return recorded
}

// freed are the claims that were made before and are no longer.
func freed(before, after []component.Claim) []component.Claim {
	remaining := map[component.Claim]bool{}
	for _, claim := range after {
		remaining[claim] = true
	}
	return slices.DeleteFunc(before, func(claim component.Claim) bool { return remaining[claim] })
}

// claimOn is the claim that an object with the key stands for; empty when none.
func claimOn(key component.Key) component.Claim {
	kinds := map[string]string{
		"Namespace": component.ClaimNamespace, "AppProject": component.ClaimProject,
		"ApplicationSet": component.ClaimApplicationSet, "Application": component.ClaimApplication,
	}
	if kind, ok := kinds[key.Kind]; ok {
		return component.NewClaim(kind, key.Name)
	}
	return ""
}

// claimsHeldBy are the claims that a live ApplicationSet or DNSEndpoint makes good.
func claimsHeldBy(obj client.Object) []component.Claim {
	live, ok := obj.(*unstructured.Unstructured)
	if !ok || live.GetKind() != "ApplicationSet" && live.GetKind() != "DNSEndpoint" {
		return nil
	}
	live, err := unfold(live)
	if err != nil {
		return nil
	}
	var held []component.Claim
	switch live.GetKind() {
	case "ApplicationSet":
		for _, element := range argocd.Elements(live) {
			held = append(held, component.NewClaim(component.ClaimApplication, element[argocd.ElementApplication]))
		}
	case "DNSEndpoint":
		endpoints, _, _ := unstructured.NestedSlice(live.Object, "spec", "endpoints")
		for _, e := range endpoints {
			endpoint, _ := e.(map[string]any)
			name, _ := endpoint["dnsName"].(string)
			held = append(held, component.NewClaim(component.ClaimDNS, strings.ToLower(name)))
		}
	}
	return held
}

func texts(claims []component.Claim) []string {
	all := make([]string, len(claims))
	for i, claim := range claims {
		all[i] = string(claim)
	}
	return all
}

func indexClaims(ctx context.Context, indexer client.FieldIndexer) error {
	err := indexer.IndexField(ctx, &v1alpha1.AppEnvironment{}, claimIndex, func(obj client.Object) []string {
		if env, ok := obj.(*v1alpha1.AppEnvironment); ok {
			return texts(component.Claims(env))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("indexing claims: %w", err)
	}
	return nil
}

// claimants are the environments whose spec makes a claim. It is for event handlers,
// which must not wait for the cache that feeds them; when the cache is stopping there
// are none.
func (r *Reconciler) claimants(ctx context.Context, claim component.Claim) []*v1alpha1.AppEnvironment {
	list := &v1alpha1.AppEnvironmentList{}
	if err := r.client.List(ctx, list, indexed{claimIndex, string(claim)}, client.DisableReadYourWritesConsistency); err != nil {
		return nil
	}
	return pointers(list)
}

func pointers(list *v1alpha1.AppEnvironmentList) []*v1alpha1.AppEnvironment {
	all := make([]*v1alpha1.AppEnvironment, len(list.Items))
	for i := range list.Items {
		all[i] = &list.Items[i]
	}
	return all
}

// gatherClaims finds the names this environment claims and another one holds: who has
// it on record keeps it, else the oldest, then the first by name. Where that cannot be
// told, nothing is done about what the name is for.
func (p *pass) gatherClaims(ctx context.Context) {
	p.lost = claims{}
	for _, claim := range component.Claims(p.env) {
		rivals, err := p.rivals(ctx, claim)
		for _, rival := range rivals {
			var before bool
			if before, err = p.precedes(ctx, rival, claim); err != nil {
				break
			}
			if before {
				p.lost[claim] = rival.Name
			}
		}
		if err != nil {
			p.unreadable(p.claimed(claim), err)
		}
	}
	p.in.TakenRecords = p.lost.names(component.ClaimDNS)
	if len(p.lost) > 0 {
		p.recheckIn(p.config.RecheckInterval)
	}
}

// claimed is the object that a claim of this environment is for.
func (p *pass) claimed(claim component.Claim) component.Key {
	switch claim.Kind() {
	case component.ClaimNamespace:
		return namespaceKey(claim)
	case component.ClaimProject:
		return p.projectKey()
	case component.ClaimDNS:
		return endpointKeyOf(p.env)
	}
	return p.applicationSetKey()
}

// rivals are the other environments that claim a name or, though their spec no longer
// does, have it in a live object still.
func (p *pass) rivals(ctx context.Context, claim component.Claim) ([]*v1alpha1.AppEnvironment, error) {
	list := &v1alpha1.AppEnvironmentList{}
	if err := p.client.List(ctx, list, indexed{claimIndex, string(claim)}, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing who claims %s: %w", claim, err)
	}
	rivals := pointers(list)
	holders, err := p.holders(ctx, claim)
	if err != nil {
		return nil, err
	}
	for _, name := range holders {
		known := slices.ContainsFunc(rivals, func(env *v1alpha1.AppEnvironment) bool { return env.Name == name })
		if known {
			continue
		}
		holder := &v1alpha1.AppEnvironment{}
		err := p.client.Get(ctx, client.ObjectKey{Name: name}, holder)
		if client.IgnoreNotFound(err) != nil {
			return nil, fmt.Errorf("reading AppEnvironment %s: %w", name, err)
		}
		if err == nil {
			rivals = append(rivals, holder)
		}
	}
	return slices.DeleteFunc(rivals, func(env *v1alpha1.AppEnvironment) bool { return env.Name == p.env.Name }), nil
}

// holders are the names that the live objects which make a claim good carry.
func (p *pass) holders(ctx context.Context, claim component.Claim) ([]string, error) {
	key := p.claimed(claim)
	info, _ := kindOf(key)
	if _, indexed := indexes[info.GroupVersionKind]; !indexed {
		return nil, nil
	}
	list, err := p.listCached(ctx, info.Kind, indexed{claimIndex, string(claim)})
	if err != nil {
		return nil, err
	}
	var names []string
	for i := range list.Items {
		names = append(names, marks.HolderOf(&list.Items[i]))
	}
	return names, nil
}

// precedes says whether the rival has the better right to a name.
func (p *pass) precedes(ctx context.Context, rival *v1alpha1.AppEnvironment, claim component.Claim) (bool, error) {
	theirs, err := p.holds(ctx, rival, claim)
	if err != nil {
		return false, err
	}
	mine, err := p.holds(ctx, p.env, claim)
	if err != nil || theirs != mine {
		return theirs, err
	}
	if !theirs && !rival.DeletionTimestamp.IsZero() {
		return false, nil
	}
	if !rival.CreationTimestamp.Equal(&p.env.CreationTimestamp) {
		return rival.CreationTimestamp.Before(&p.env.CreationTimestamp), nil
	}
	return rival.Name < p.env.Name, nil
}

// holds says whether the name is on record as the environment's: by its status, by an
// element of its live ApplicationSet, or by its live DNSEndpoint.
func (p *pass) holds(ctx context.Context, env *v1alpha1.AppEnvironment, claim component.Claim) (bool, error) {
	if slices.Contains(recordedClaims(env), claim) {
		return true, nil
	}
	owner := apply.Owner{Name: env.Name, UID: env.UID}
	for _, key := range []component.Key{p.setKeyOf(env), endpointKeyOf(env), namespaceKey(claim)} {
		info, known := kindOf(key)
		if !known || !p.apis.serves(info.Kind) {
			continue
		}
		live, err := p.cached(ctx, referenceOf(info.Kind, key))
		if err != nil {
			return false, err
		}
		if live == nil || marks.Standing(live, owner) != apply.Ours {
			continue
		}
		if key.Kind == "Namespace" || slices.Contains(claimsHeldBy(live), claim) {
			return true, nil
		}
	}
	return false, nil
}

func endpointKeyOf(env *v1alpha1.AppEnvironment) component.Key {
	key := component.Key{Group: "externaldns.k8s.io", Kind: "DNSEndpoint", Name: env.Name}
	if len(env.Spec.Namespaces) > 0 {
		key.Namespace = env.Spec.Namespaces[0].Name
	}
	return key
}

// namespaceKey is the Namespace that a claim on a namespace is about, else zero.
func namespaceKey(claim component.Claim) component.Key {
	if claim.Kind() != component.ClaimNamespace {
		return component.Key{}
	}
	return component.Key{Kind: "Namespace", Name: claim.Name()}
}
