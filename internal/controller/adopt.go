package controller

import (
	"context"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/apply"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/foreign/argocd"
)

// notice sees whether an object that is not ours consents to be taken over: it names
// this environment, and nobody else has it.
func (p *pass) notice(ctx context.Context, key component.Key, live *unstructured.Unstructured) {
	if !p.names(live) || live.GetDeletionTimestamp() != nil {
		return
	}
	switch p.standing(key, live) {
	case apply.Ours:
	case apply.Rival:
		p.consenting[key] = !p.isHeld(ctx, marks.HolderOf(live), key)
	default:
		p.consenting[key] = true
	}
}

// names says whether an object names this environment as the one that may take it.
func (p *pass) names(live *unstructured.Unstructured) bool {
	by := live.GetAnnotations()[v1alpha1.AnnotationAdoptBy]
	return by == p.env.Name || by == "" && p.supposing
}

// isHeld says whether another environment has an object on record.
func (p *pass) isHeld(ctx context.Context, environment string, key component.Key) bool {
	holder := &v1alpha1.AppEnvironment{}
	if err := p.client.Get(ctx, client.ObjectKey{Name: environment}, holder); err != nil {
		return !apply.IsAbsent(err)
	}
	_, recorded := recordsOf(holder)[key]
	return recorded
}

// gatherAdoption looks at what an ApplicationSet and an AppProject that consent would
// bring along. What runs is in the list from the first write on; what would break is
// refused before anything is written.
func (p *pass) gatherAdoption(ctx context.Context) {
	setKey, projectKey := p.applicationSetKey(), p.projectKey()
	if !p.consenting[setKey] && !p.consenting[projectKey] {
		return
	}
	all, err := p.listApplications(ctx, func(*unstructured.Unstructured) bool { return true })
	if err != nil {
		p.unreadable(setKey, err)
		p.unreadable(projectKey, err)
		return
	}
	if p.consenting[setKey] {
		p.gatherSetAdoption(setKey, all)
	}
	if p.consenting[projectKey] {
		p.gatherProjectAdoption(projectKey, all)
	}
}

func (p *pass) gatherSetAdoption(key component.Key, all []unstructured.Unstructured) {
	set := p.live[key]
	var owned []argocd.Application
	for i := range all {
		if ownedBy(&all[i], set.GetUID()) < 0 {
			continue
		}
		app, err := argocd.DecodeApplication(&all[i])
		if err != nil {
			p.undecodable(key, err)
			return
		}
		owned = append(owned, app)
	}
	elements, problems := component.AdoptSet(p.in, set, owned, marks.HolderOf(set) == p.env.Name)
	if len(problems) > 0 {
		p.unread[key] = p.unsafe(problems)
		return
	}
	p.in.LiveElements = elements
}

func (p *pass) gatherProjectAdoption(key component.Key, all []unstructured.Unstructured) {
	names, setKey := p.applicationNames(), p.applicationSetKey()
	refused, unsafeSet := p.unread[setKey]
	var others []string
	for i := range all {
		app := &all[i]
		ours := slices.Contains(names, app.GetName()) && (p.generates(app) || p.consentsToSet(app))
		switch {
		case !p.usesProject(app):
		case p.generates(app) && unsafeSet:
			p.unread[key] = refuse(component.Stalled, refused.Reason, fmt.Sprintf("its Applications belong to %s, which cannot be taken over: %s",
				setKey, strings.TrimPrefix(refused.Message, unsafePrefix)))
			return
		case isOwnedBySet(app, setKey.Name) && !p.isOurs(setKey):
			p.unread[key] = refuse(component.Stalled, v1alpha1.ReasonNameTaken, fmt.Sprintf(
				"%s lets this environment take over the ApplicationSet too, whose Applications use it; until then it is left untouched", p.howToConsent(setKey)))
			return
		case !ours:
			others = append(others, app.GetName())
		}
	}
	if problems := component.AdoptProject(p.live[key], others); len(problems) > 0 {
		p.unread[key] = p.unsafe(problems)
	}
}

// consentsToSet says whether an Application that nobody generates may be taken by our
// ApplicationSet.
func (p *pass) consentsToSet(app *unstructured.Unstructured) bool {
	return !isOwnedBySet(app, "") && p.names(app)
}

// isOwnedBySet says whether an Application belongs to the ApplicationSet, or to any when
// the name is empty.
func isOwnedBySet(app *unstructured.Unstructured, name string) bool {
	return slices.ContainsFunc(app.GetOwnerReferences(), func(owner metav1.OwnerReference) bool {
		return owner.Kind == "ApplicationSet" && (name == "" || owner.Name == name)
	})
}

// mayTake says why our ApplicationSet must not take a live Application; ok when it may.
func (p *pass) mayTake(app string, live *unstructured.Unstructured) (why component.Health, ok bool) {
	if !p.consentsToSet(live) {
		return component.Health{}, false
	}
	decoded, err := argocd.DecodeApplication(live)
	if err != nil {
		return refuse(component.Failing, v1alpha1.ReasonInvalid, err.Error()), false
	}
	if problems := component.AdoptApplication(p.in, app, decoded, false); len(problems) > 0 {
		return p.unsafe(problems), false
	}
	return component.Health{}, true
}

// guardSecret refuses an ExternalSecret that consents, where taking it over would lose the Secret that it has made.
func (p *pass) guardSecret(intent *unstructured.Unstructured) {
	key := component.KeyOf(intent)
	if key.Kind != "ExternalSecret" || !p.consenting[key] || p.live[key] == nil {
		return
	}
	if problems := component.AdoptExternalSecret(p.live[key], intent); len(problems) > 0 {
		p.unread[key] = p.unsafe(problems)
	}
}

// unsafe is the refusal of an adoption that would break something.
func (p *pass) unsafe(problems []string) component.Health {
	p.recheckIn(p.config.RecheckInterval)
	prefix := unsafePrefix
	if p.supposing {
		prefix = "" // it may not consent, and nothing is written anyway
	}
	return refuse(component.Stalled, v1alpha1.ReasonAdoptionUnsafe, prefix+strings.Join(problems, "; "))
}

const unsafePrefix = "it consents to be taken over, and nothing was written, because "

// howToConsent is the command by which an object is given to this environment.
func (p *pass) howToConsent(key component.Key) string {
	namespace := ""
	if key.Namespace != "" {
		namespace = "-n " + key.Namespace + " "
	}
	return fmt.Sprintf("kubectl annotate --overwrite %s%s %s %s=%s", namespace, strings.ToLower(key.Kind), key.Name, v1alpha1.AnnotationAdoptBy, p.env.Name)
}
