package component

import (
	"fmt"
	"path"
	"slices"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// Violations are what the spec asks for and the operator's settings forbid, in the
// order of the spec. Without violations the answer is empty.
func Violations(in Input) []Violation {
	var found []Violation
	for _, namespace := range in.Env.Spec.Namespaces {
		found = append(found, namespaceViolations(in.Settings, namespace)...)
	}
	found = append(found, repositoryViolations(in)...)
	return append(found, storeViolations(in)...)
}

func namespaceViolations(settings Settings, namespace v1alpha1.Namespace) []Violation {
	key := Key{Kind: namespaceKind.Kind, Name: namespace.Name}
	switch {
	case namespace.Name == settings.ArgoCDNamespace || matches(settings.ReservedNamespaces, namespace.Name):
		return []Violation{{
			Component: namespaces.Name, Key: key, Reason: v1alpha1.ReasonNamespaceReserved,
			Message: "it is reserved on this cluster (--reserved-namespaces, --argocd-namespace); use another name",
		}}
	case !allowed(settings.AllowedNamespaces, namespace.Name):
		return []Violation{notAllowed(namespaces.Name, key, "it", "--allowed-namespaces")}
	}
	var found []Violation
	for _, account := range namespace.ServiceAccounts {
		google := orDefault(account.GCPServiceAccount, "")
		if google != "" && !allowed(settings.AllowedGoogleServiceAccounts, google) {
			key := Key{Kind: serviceAccountKind.Kind, Namespace: namespace.Name, Name: account.Name}
			found = append(found, notAllowed(namespaces.Name, key, "Google service account "+google, "--allowed-google-service-accounts"))
		}
	}
	return found
}

func repositoryViolations(in Input) []Violation {
	var found []Violation
	for _, repository := range specRepositories(in.Env) {
		if !allowed(in.Settings.AllowedRepositories, repository) {
			key := Key{Group: appProjectKind.Group, Kind: appProjectKind.Kind, Namespace: in.Settings.ArgoCDNamespace, Name: ProjectName(in.Env)}
			found = append(found, notAllowed(project.Name, key, "repository "+repository, "--allowed-repositories"))
		}
	}
	return found
}

func storeViolations(in Input) []Violation {
	if in.Env.Spec.Secrets == nil || in.Env.Spec.Secrets.Store.StoreRef == nil {
		return nil
	}
	ref := in.Env.Spec.Secrets.Store.StoreRef
	if ref.Kind == secretStoreKind.Kind || allowed(in.Settings.AllowedClusterSecretStores, ref.Name) {
		return nil
	}
	key := Key{Group: secretStoreKind.Group, Kind: clusterSecretStore, Name: ref.Name}
	return []Violation{notAllowed(secrets.Name, key, "it", "--allowed-cluster-secret-stores")}
}

func notAllowed(component string, key Key, what, flag string) Violation {
	return Violation{
		Component: component, Key: key, Reason: v1alpha1.ReasonNotAllowed,
		Message: shorten(fmt.Sprintf("%s is not allowed on this cluster (%s); use another, or ask the platform team to allow it", what, flag)),
	}
}

// allowed says whether a name matches one of the patterns. No patterns allow everything.
func allowed(patterns []string, name string) bool {
	return len(patterns) == 0 || matches(patterns, name)
}

func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		matched, err := path.Match(pattern, name)
		return pattern == "**" || err == nil && matched
	})
}
