package component

import (
	"strings"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// defaultApplicationName is the pattern of Application names when the spec has none.
const defaultApplicationName = "{application}-{app}-{environment}"

// ProjectName is the name of the environment's AppProject.
func ProjectName(env *v1alpha1.AppEnvironment) string {
	if argo := env.Spec.ArgoCD; argo != nil && argo.Project != nil {
		return *argo.Project
	}
	return env.Name
}

// ApplicationSetName is the name of the environment's ApplicationSet.
func ApplicationSetName(env *v1alpha1.AppEnvironment) string {
	if argo := env.Spec.ArgoCD; argo != nil && argo.ApplicationSet != nil {
		return *argo.ApplicationSet
	}
	return env.Name
}

// ApplicationNames are the names of the Applications that the spec's apps become,
// by the app's name.
func ApplicationNames(env *v1alpha1.AppEnvironment) map[string]string {
	names := make(map[string]string, len(env.Spec.Apps))
	for _, app := range env.Spec.Apps {
		names[app.Name] = ApplicationName(env, app.Name)
	}
	return names
}

// ApplicationName is the name of the Application that an app becomes, in the spec or not.
func ApplicationName(env *v1alpha1.AppEnvironment, app string) string {
	pattern := defaultApplicationName
	if argo := env.Spec.ArgoCD; argo != nil && argo.ApplicationName != nil {
		pattern = *argo.ApplicationName
	}
	return expand(env, app, pattern)
}

// expand replaces the three placeholders. What it puts in is not looked at again.
func expand(env *v1alpha1.AppEnvironment, app, pattern string) string {
	var out strings.Builder
	out.Grow(len(pattern))
	for {
		before, rest, found := strings.Cut(pattern, "{")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		name, after, closed := strings.Cut(rest, "}")
		switch {
		case closed && name == "app":
			out.WriteString(app)
		case closed && name == "application":
			out.WriteString(env.Spec.Application)
		case closed && name == "environment":
			out.WriteString(env.Spec.Environment)
		default:
			out.WriteByte('{')
			after = rest
		}
		pattern = after
	}
}

// NamespaceOf is the namespace that is named, or else the environment's first.
func NamespaceOf(env *v1alpha1.AppEnvironment, named *string) string {
	if named != nil {
		return *named
	}
	if len(env.Spec.Namespaces) == 0 {
		return "" // the CRD asks for one; a broken environment must not panic
	}
	return env.Spec.Namespaces[0].Name
}

func orDefault[T any](value *T, fallback T) T {
	if value == nil {
		return fallback
	}
	return *value
}

// SourceOf is the repository and the folder in it that an app is deployed from.
func SourceOf(env *v1alpha1.AppEnvironment, app v1alpha1.App) (repository, path string) {
	source := env.Spec.Source
	return orDefault(app.RepoURL, source.RepoURL), expand(env, app.Name, orDefault(app.Path, source.Path))
}
