package component

import (
	"regexp"
	"slices"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/foreign/argocd"
)

// wrapping is what Argo CD puts before the cause of an error, release by release, and after it.
var wrapping = regexp.MustCompile(`^(?:Failed to load target state: |failed to generate manifest for source \d+ of \d+: |` +
	`Manifest generation error \(cached\): |rpc error: code = \w+ desc = |Failed (?:last )?(?:partial )?sync attempt to \[?[^\]: ]*\]?: )+|` +
	` Retrying attempt #\d+ at \S+\.?$`)

// An argoCause is an error of Argo CD that people meet, and what to do about it.
type argoCause struct {
	said *regexp.Regexp
	// explain gets the match and its groups, and returns the cause and the advice.
	explain func(in Input, element argocd.Element, match []string) (cause, advice string)
}

var argoCauses = []argoCause{
	{regexp.MustCompile(`unable to resolve '([^']*)' to a commit SHA`), func(_ Input, _ argocd.Element, match []string) (string, string) {
		return `the repository has no revision "` + match[1] + `"`, "push that branch or tag, or correct targetRevision"
	}},
	{regexp.MustCompile(`(\S+): app path does not exist`), func(_ Input, element argocd.Element, match []string) (string, string) {
		return "path " + match[1] + " does not exist at revision " + element[argocd.ElementTargetRevision], "add it there or correct the path"
	}},
	{regexp.MustCompile("`kustomize build [^`]*` failed [^:]*: (?:Error: )?(?:accumulating resources: accumulation err=')?(.*)"), func(_ Input, element argocd.Element, match []string) (string, string) {
		return "kustomize build fails: " + match[1], "correct the manifests in " + element[argocd.ElementPath]
	}},
	{regexp.MustCompile(`(?:failed to list refs|failed to fetch|error testing repository connectivity|failed to initialize repository resources)[^:]*: (?:Get "[^"]*": )?(.*)`), func(_ Input, element argocd.Element, match []string) (string, string) {
		return "repository " + element[argocd.ElementRepoURL] + " cannot be read: " + match[1], "check repoURL and Argo CD's credentials for it"
	}},
	{regexp.MustCompile(`resource ([^\s:]*):(\w+) is not permitted in project`), func(in Input, _ argocd.Element, match []string) (string, string) {
		kind := argocd.GroupKind{Group: match[1], Kind: match[2]}
		return "its manifests hold a " + kind.Kind + ", which the project refuses", whatToDoAbout(in, kind)
	}},
}

// whatToDoAbout says how a kind that the AppProject refuses gets in, or why it never does.
func whatToDoAbout(in Input, kind argocd.GroupKind) string {
	const remove = "remove it from the manifests"
	if permits(in.Env, kind) {
		return "the project permits it now: sync it in Argo CD" // which does not try the same again
	}
	switch {
	case kind.Group == roleBindingKind.Group && (kind.Kind == "Role" || kind.Kind == roleBindingKind.Kind):
		return "set spec.namespaceRBAC to Allowed and sync it, or " + remove
	case kind.Group == roleBindingKind.Group:
		return remove + ": no environment may hold one"
	case kind.Kind == namespaceKind.Kind || slices.Contains(blacklist(in), kind):
		return remove + ": such objects are the environment's to make"
	}
	return "add it to spec.clusterResources and sync it, or " + remove
}

// permits says whether the spec has the AppProject permit a kind that it refuses by default.
func permits(env *v1alpha1.AppEnvironment, kind argocd.GroupKind) bool {
	if kind.Group == roleBindingKind.Group {
		return env.Spec.NamespaceRBAC == v1alpha1.NamespaceRBACAllowed
	}
	return slices.Contains(env.Spec.ClusterResources, v1alpha1.GroupKind{Group: kind.Group, Kind: kind.Kind})
}

// argoSays tells an error of Argo CD: a known one by its cause and what to do, in the same words wherever
// Argo CD reports it; another as Argo CD puts it, after the operator's own words.
func argoSays(in Input, element argocd.Element, before, said string) string {
	plain := wrapping.ReplaceAllString(oneLine(said), "")
	for _, known := range argoCauses {
		if match := known.said.FindStringSubmatch(plain); match != nil {
			cause, advice := known.explain(in, element, match)
			return withCause("", cause, "; "+advice)
		}
	}
	return withCause(before, plain, "")
}
