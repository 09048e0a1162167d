package component

import (
	"cmp"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/foreign/argocd"
)

const (
	argoVersion = "v1alpha1"
	argoCD      = "Argo CD"
)

var appProjectKind = Kind{
	GroupVersionKind: schema.GroupVersionKind{Group: argocd.Group, Version: argoVersion, Kind: "AppProject"},
	Resource:         "appprojects", Provider: argoCD,
}

// project is the Argo CD project: what the environment's applications may use, and
// who may look at them and sync them.
var project = Component{
	Name:      "project",
	Condition: v1alpha1.ConditionProjectReady,
	Kinds:     []Kind{appProjectKind},
	Desired:   desiredProject,
	Health:    projectHealth,
}

// deniedKinds are what an application's manifests may not hold in its namespaces:
// guard rails, and what would let it reach beyond them.
var deniedKinds = []argocd.GroupKind{
	{Group: "", Kind: "LimitRange"},
	{Group: "", Kind: "ResourceQuota"},
	{Group: argocd.Group, Kind: "AppProject"},
	{Group: argocd.Group, Kind: "Application"},
	{Group: argocd.Group, Kind: "ApplicationSet"},
	{Group: esoGroup, Kind: "SecretStore"},
	{Group: "externaldns.k8s.io", Kind: "DNSEndpoint"},
}

// rbacKinds are denied too, unless namespaceRBAC is Allowed.
var rbacKinds = []argocd.GroupKind{
	{Group: "rbac.authorization.k8s.io", Kind: "Role"},
	{Group: "rbac.authorization.k8s.io", Kind: "RoleBinding"},
}

func desiredProject(in Input) ([]*unstructured.Unstructured, error) {
	spec := argocd.Project{
		SourceRepos:                sorted(append(specRepositories(in.Env), keptRepositories(in)...)),
		Destinations:               destinations(in),
		ClusterResourceWhitelist:   sortedKinds(append(clusterKinds(in.Env), keptClusterKinds(in)...)),
		NamespaceResourceBlacklist: blacklist(in),
		Roles:                      projectRoles(in.Env),
	}
	windows, err := syncWindows(in.Env)
	if err != nil {
		return nil, err
	}
	spec.SyncWindows = windows
	u, err := projectObject(in, spec)
	if err != nil {
		return nil, err
	}
	return []*unstructured.Unstructured{u}, nil
}

// TeardownProject is the AppProject that lets the live Applications be removed
// when theirs is missing: their repositories and destinations, the cluster-scoped
// kinds of the spec, no roles and no windows. Roles and RoleBindings that they hold
// are permitted, or they would be left behind. It carries the marks of the
// environment. An Application cannot be finalized without its project.
func TeardownProject(in Input) (*unstructured.Unstructured, error) {
	spec := argocd.Project{
		ClusterResourceWhitelist: sortedKinds(clusterKinds(in.Env)),
		NamespaceResourceBlacklist: slices.DeleteFunc(blacklist(in), func(kind argocd.GroupKind) bool {
			return slices.Contains(rbacKinds, kind) && usesKind(in, kind)
		}),
	}
	for _, app := range in.Applications {
		for _, source := range app.Spec.AllSources() {
			spec.SourceRepos = append(spec.SourceRepos, source.RepoURL)
		}
		spec.Destinations = append(spec.Destinations, app.Spec.Destination)
	}
	spec.SourceRepos = sorted(spec.SourceRepos)
	spec.Destinations = sortedDestinations(spec.Destinations)
	u, err := projectObject(in, spec)
	if err != nil {
		return nil, err
	}
	stamp(in.Env, u)
	return u, nil
}

func projectObject(in Input, spec argocd.Project) (*unstructured.Unstructured, error) {
	return object(appProjectKind, in.Settings.ArgoCDNamespace, ProjectName(in.Env), map[string]any{"spec": spec})
}

// destinations are the namespaces of the spec that are ours, and those still in use.
func destinations(in Input) []argocd.Destination {
	var all []argocd.Destination
	for _, namespace := range in.Env.Spec.Namespaces {
		if _, withheld := in.Withheld[namespace.Name]; !withheld {
			all = append(all, argocd.Destination{Server: argocd.InCluster, Namespace: namespace.Name})
		}
	}
	for _, namespace := range in.KeptNamespaces {
		all = append(all, argocd.Destination{Server: argocd.InCluster, Namespace: namespace})
	}
	return sortedDestinations(append(all, keptDestinations(in)...))
}

func blacklist(in Input) []argocd.GroupKind {
	denied := slices.Clone(deniedKinds)
	if in.Env.Spec.NamespaceRBAC == v1alpha1.NamespaceRBACAllowed {
		return sortedKinds(denied)
	}
	for _, kind := range rbacKinds {
		if !keptNamespacedKind(in, kind) {
			denied = append(denied, kind)
		}
	}
	return sortedKinds(denied)
}

// granted are what the roles of spec.access may do in the project. Never override, exec or delete.
var granted = map[v1alpha1.Role][]string{
	v1alpha1.RoleView:  {"applications, get", "logs, get"},
	v1alpha1.RoleEdit:  {"applications, get", "logs, get", "applications, sync"},
	v1alpha1.RoleAdmin: {"applications, get", "logs, get", "applications, sync", "applications, action/*"},
}

// Policies are the lines of Argo CD's policy by which a role of a project is what it is in spec.access.
func Policies(project string, role v1alpha1.Role) []string {
	policies := make([]string, len(granted[role]))
	for i, action := range granted[role] {
		policies[i] = fmt.Sprintf("p, proj:%s:%s, %s, %s/*, allow", project, role, action, project)
	}
	return policies
}

// projectRoles are the roles of spec.access.
func projectRoles(env *v1alpha1.AppEnvironment) []argocd.ProjectRole {
	var all []argocd.ProjectRole
	for _, role := range roles {
		groups := groupsOf(env, role)
		if len(groups) == 0 {
			continue
		}
		all = append(all, argocd.ProjectRole{Name: string(role), Policies: Policies(ProjectName(env), role), Groups: groups})
	}
	return all
}

// syncWindows apply to every Application of the project. Argo CD validates them
// only where its own API server writes them, so they are validated here.
func syncWindows(env *v1alpha1.AppEnvironment) ([]argocd.SyncWindow, error) {
	if env.Spec.Sync == nil {
		return nil, nil
	}
	var windows []argocd.SyncWindow
	for i, window := range env.Spec.Sync.Windows {
		built := argocd.SyncWindow{
			Kind:         string(window.Kind),
			Schedule:     window.Schedule,
			Duration:     window.Duration,
			Applications: []string{"*"},
			ManualSync:   orDefault(window.ManualSync, false),
			TimeZone:     orDefault(window.TimeZone, ""),
		}
		if err := built.Validate(); err != nil {
			return nil, fmt.Errorf("spec.sync.windows[%d]: %w", i, err)
		}
		if slices.ContainsFunc(windows, built.SameTime) {
			return nil, fmt.Errorf("spec.sync.windows[%d] repeats another window; remove it", i)
		}
		windows = append(windows, built)
	}
	return windows, nil
}

func projectHealth(_ Input, _ Key, live *unstructured.Unstructured) Health {
	health, _ := existence(live)
	return health
}

func sorted(values []string) []string {
	slices.Sort(values)
	return slices.Compact(values)
}

func sortedKinds(kinds []argocd.GroupKind) []argocd.GroupKind {
	slices.SortFunc(kinds, func(a, b argocd.GroupKind) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Kind, b.Kind))
	})
	return slices.Compact(kinds)
}

func sortedDestinations(all []argocd.Destination) []argocd.Destination {
	slices.SortFunc(all, func(a, b argocd.Destination) int {
		return cmp.Or(cmp.Compare(a.Server, b.Server), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Namespace, b.Namespace))
	})
	return slices.Compact(all)
}
