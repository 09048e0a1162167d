package controller

import (
	"context"
	"fmt"
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

// heldNames are the claims that a live ApplicationSet or DNSEndpoint makes good.
func heldNames(live *unstructured.Unstructured) []component.Claim {
	var held []component.Claim
	for _, element := range argocd.Elements(live) {
		held = append(held, component.NewClaim(component.ClaimApplication, element[argocd.ElementApplication]))
	}
	endpoints, _, _ := unstructured.NestedSlice(live.Object, "spec", "endpoints")
	for _, e := range endpoints {
		endpoint, _ := e.(map[string]any)
		name, _ := endpoint["dnsName"].(string)
		held = append(held, component.NewClaim(component.ClaimDNS, strings.ToLower(name)))
	}
	return held
}

func indexClaims(ctx context.Context, indexer client.FieldIndexer) error {
	err := indexer.IndexField(ctx, &v1alpha1.AppEnvironment{}, claimIndex, func(obj client.Object) []string {
		if env, ok := obj.(*v1alpha1.AppEnvironment); ok {
			claims := component.Claims(env)
			names := make([]string, len(claims))
			for i, claim := range claims {
				names[i] = string(claim)
			}
			return names
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("indexing claims: %w", err)
	}
	return nil
}

// rivals are the other environments that claim a name this one claims.
func (r *Reconciler) rivals(ctx context.Context, env *v1alpha1.AppEnvironment) []*v1alpha1.AppEnvironment {
	found := map[string]*v1alpha1.AppEnvironment{}
	for _, claim := range component.Claims(env) {
		list := &v1alpha1.AppEnvironmentList{}
		// An event handler must not wait for the cache that feeds it.
		if err := r.client.List(ctx, list, client.MatchingFields{claimIndex: string(claim)}, client.DisableReadYourWritesConsistency); err != nil {
			return nil // the cache is stopping
		}
		for i := range list.Items {
			if list.Items[i].Name != env.Name {
				found[list.Items[i].Name] = &list.Items[i]
			}
		}
	}
	rivals := make([]*v1alpha1.AppEnvironment, 0, len(found))
	for _, rival := range found {
		rivals = append(rivals, rival)
	}
	return rivals
}

// lostClaims are the names this environment claims and another one holds: who has
// it on record keeps it, else the oldest, then the first by name.
func (p *pass) lostClaims(ctx context.Context) (claims, error) {
	lost := claims{}
	for _, claim := range component.Claims(p.env) {
		list := &v1alpha1.AppEnvironmentList{}
		if err := p.client.List(ctx, list, client.MatchingFields{claimIndex: string(claim)}); err != nil {
			return nil, fmt.Errorf("listing who claims %s: %w", claim, err)
		}
		for i := range list.Items {
			rival := &list.Items[i]
			if rival.Name == p.env.Name {
				continue
			}
			before, err := p.precedes(ctx, rival, claim)
			if err != nil {
				return nil, err
			}
			if before {
				lost[claim] = rival.Name
			}
		}
	}
	return lost, nil
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

// holds says whether the name is on record as the environment's: by an entry, by
// an element of its live ApplicationSet, or by its live DNSEndpoint.
func (p *pass) holds(ctx context.Context, env *v1alpha1.AppEnvironment, claim component.Claim) (bool, error) {
	for _, child := range env.Status.Children {
		if claimOn(keyOfChild(child)) == claim {
			return true, nil
		}
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
		if key.Kind == "Namespace" || slices.Contains(heldNames(live), claim) {
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
