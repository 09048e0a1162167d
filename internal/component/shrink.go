package component

import (
	"slices"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/foreign/argocd"
)

// What an AppProject lets its Applications use shrinks only when no live
// Application uses it: Argo CD leaves behind what the project no longer permits.
//
// An entry is kept when the live AppProject has it and a live Application or a
// live element uses it. Use alone is not enough: an Application's status lists
// whatever stands in Git, so a team could permit itself anything.

// ShrinksProject says whether the AppProject that should exist permits less than the
// live one, as far as the Applications that are known let it.
func ShrinksProject(in Input) bool {
	if in.LiveProject == nil {
		return false
	}
	lacks := func(want []argocd.GroupKind) func(argocd.GroupKind) bool {
		return func(kind argocd.GroupKind) bool { return !slices.Contains(want, kind) }
	}
	repositories := append(specRepositories(in.Env), keptRepositories(in)...)
	wanted := destinations(in)
	return slices.ContainsFunc(in.LiveProject.SourceRepos, func(have string) bool { return !slices.Contains(repositories, have) }) ||
		slices.ContainsFunc(in.LiveProject.Destinations, func(have argocd.Destination) bool { return !slices.Contains(wanted, have) }) ||
		slices.ContainsFunc(in.LiveProject.ClusterResourceWhitelist, lacks(append(clusterKinds(in.Env), keptClusterKinds(in)...))) ||
		slices.ContainsFunc(blacklist(in), lacks(in.LiveProject.NamespaceResourceBlacklist))
}

// specRepositories are the repositories of the spec's apps.
func specRepositories(env *v1alpha1.AppEnvironment) []string {
	var all []string
	for _, app := range env.Spec.Apps {
		all = append(all, orDefault(app.RepoURL, env.Spec.Source.RepoURL))
	}
	return sorted(all)
}

func clusterKinds(env *v1alpha1.AppEnvironment) []argocd.GroupKind {
	var all []argocd.GroupKind
	for _, kind := range env.Spec.ClusterResources {
		all = append(all, argocd.GroupKind{Group: kind.Group, Kind: kind.Kind})
	}
	return all
}

// keptRepositories: where the live AppProject is gone, our own list stands for it.
func keptRepositories(in Input) []string {
	var used []string
	for _, element := range in.LiveElements {
		used = append(used, element[argocd.ElementRepoURL])
	}
	if in.LiveProject == nil {
		return used
	}
	for _, app := range in.Applications {
		for _, source := range app.Spec.AllSources() {
			used = append(used, source.RepoURL)
		}
	}
	return slices.DeleteFunc(used, func(repository string) bool {
		return !slices.Contains(in.LiveProject.SourceRepos, repository)
	})
}

func keptDestinations(in Input) []argocd.Destination {
	var used []argocd.Destination
	for _, element := range in.LiveElements {
		used = append(used, argocd.Destination{Server: argocd.InCluster, Namespace: element[argocd.ElementNamespace]})
	}
	if in.LiveProject == nil {
		return used
	}
	for _, app := range in.Applications {
		used = append(used, app.Spec.Destination)
	}
	return slices.DeleteFunc(used, func(destination argocd.Destination) bool {
		return !slices.Contains(in.LiveProject.Destinations, destination)
	})
}

func keptClusterKinds(in Input) []argocd.GroupKind {
	if in.LiveProject == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(in.LiveProject.ClusterResourceWhitelist), func(kind argocd.GroupKind) bool {
		return !uses(in, func(resource argocd.Resource) bool {
			return resource.Namespace == "" && resource.Group == kind.Group && resource.Kind == kind.Kind
		})
	})
}

// keptNamespacedKind says whether a kind that the spec denies stays permitted.
func keptNamespacedKind(in Input, kind argocd.GroupKind) bool {
	if in.LiveProject == nil || slices.Contains(in.LiveProject.NamespaceResourceBlacklist, kind) {
		return false
	}
	return usesKind(in, kind)
}

func usesKind(in Input, kind argocd.GroupKind) bool {
	return uses(in, func(resource argocd.Resource) bool {
		return resource.Group == kind.Group && resource.Kind == kind.Kind
	})
}

func uses(in Input, resource func(argocd.Resource) bool) bool {
	return slices.ContainsFunc(in.Applications, func(app argocd.Application) bool {
		return slices.ContainsFunc(app.Status.Resources, resource)
	})
}
