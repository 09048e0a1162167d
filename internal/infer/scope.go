package infer

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/internal/component"
)

// A Target is what an environment is read from: a kind, namespace or applicationset, and its name.
type Target struct{ Kind, Name string }

// A Scope is what belongs to one environment.
type Scope struct {
	settings                                   component.Settings
	sets, applications, projects, inNamespaces map[string]bool
}

// ScopeOf finds what belongs to a target, by the ApplicationSets and Applications among the objects: those that deploy
// into the namespace, or those of the ApplicationSet.
func ScopeOf(objects []unstructured.Unstructured, target Target, settings component.Settings) (*Scope, error) {
	m := &importer{o: Options{Settings: settings}, given: normalised(objects, settings), settled: map[component.Key]bool{}}
	s := &Scope{settings, map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}}
	if target.Kind == "namespace" {
		s.inNamespaces[target.Name] = true
	}
	found := false
	var unread []error
	sets := m.of("ApplicationSet", "")
	candidates, lone := m.owners(sets)
	for _, set := range append(sets, nil) {
		reader := &importer{o: m.o, given: candidates[set], settled: map[component.Key]bool{}}
		apps, err := reader.applicationsOf(set)
		if set == nil {
			apps, err = lone, nil
		}
		isTarget := set != nil && target.Kind == "applicationset" && set.GetName() == target.Name
		found = found || isTarget
		if err != nil {
			if isTarget {
				return nil, err
			}
			unread = append(unread, err)
			continue
		}
		if isTarget || target.Kind == "namespace" && slices.ContainsFunc(apps, func(app application) bool { return app.decoded.Spec.Destination.Namespace == target.Name }) {
			s.add(set, apps)
		}
	}
	if target.Kind == "applicationset" && !found {
		return nil, fmt.Errorf("there is no ApplicationSet %s in namespace %s; --argocd-namespace says where Argo CD's objects are", target.Name, settings.ArgoCDNamespace)
	}
	if target.Kind == "namespace" && len(s.applications) == 0 {
		unread = append([]error{fmt.Errorf("no Application in namespace %s deploys into namespace %s; --argocd-namespace says where Argo CD's objects are", settings.ArgoCDNamespace, target.Name)}, unread...)
		return nil, errors.Join(unread...)
	}
	return s, nil
}

// owners are the Applications that may be those of each ApplicationSet, which owns or generates them, and those that are of
// none. Argo CD's namespace may have thousands: each is looked at once.
func (m *importer) owners(sets []*unstructured.Unstructured) (candidates map[*unstructured.Unstructured][]*unstructured.Unstructured, lone []application) {
	candidates = map[*unstructured.Unstructured][]*unstructured.Unstructured{}
	byName, generators := map[string]*unstructured.Unstructured{}, map[string][]*unstructured.Unstructured{}
	for _, set := range sets {
		byName[set.GetName()] = set
		apps, err := expand(set)
		if err != nil {
			continue // which is told of it where it counts
		}
		for _, app := range apps {
			generators[app.object.GetName()] = append(generators[app.object.GetName()], set)
		}
	}
	for _, u := range m.of("Application", "") {
		owner := ownerOf(u)
		if owner != "" {
			candidates[byName[owner]] = append(candidates[byName[owner]], u)
			continue
		}
		for _, set := range generators[u.GetName()] {
			candidates[set] = append(candidates[set], u)
		}
		if app, err := decoded(u); err == nil && len(generators[u.GetName()]) == 0 {
			lone = append(lone, app)
		}
	}
	delete(candidates, nil) // of ApplicationSets that are not among the objects
	return candidates, lone
}

func (s *Scope) add(set *unstructured.Unstructured, apps []application) {
	if set != nil {
		s.sets[set.GetName()] = true
	}
	for _, app := range apps {
		destination := app.decoded.Spec.Destination
		if set == nil && !s.inNamespaces[destination.Namespace] {
			continue
		}
		s.applications[app.object.GetName()] = true
		s.projects[app.decoded.Spec.Project] = true
		if destination.Namespace != "" {
			s.inNamespaces[destination.Namespace] = true
		}
	}
}

// Namespaces are the namespaces of the environment. Sorted.
func (s *Scope) Namespaces() []string { return slices.Sorted(maps.Keys(s.inNamespaces)) }

// Holds says whether an object belongs to the environment.
func (s *Scope) Holds(u *unstructured.Unstructured) bool {
	inArgoCD := u.GetNamespace() == "" || u.GetNamespace() == s.settings.ArgoCDNamespace
	switch {
	case !isArgoCD(u) && strings.EqualFold(u.GetKind(), "Namespace"):
		return s.inNamespaces[u.GetName()]
	case !isArgoCD(u):
		return s.inNamespaces[u.GetNamespace()]
	case u.GetKind() == "ApplicationSet":
		return inArgoCD && s.sets[u.GetName()]
	case u.GetKind() == "Application":
		return inArgoCD && s.applications[u.GetName()]
	case u.GetKind() == "AppProject":
		return inArgoCD && s.projects[u.GetName()]
	}
	return false
}
