// Package argocd holds the few fields of Argo CD's API (argoproj.io/v1alpha1)
// that the operator writes or reads. Argo CD's own types are kept out of the
// operator, for its size and its pins; test/contract holds these to them.
package argocd

// Group is the API group of Argo CD's objects.
const Group = "argoproj.io"

// InCluster is the address under which Argo CD knows the cluster it runs in.
const InCluster = "https://kubernetes.default.svc"

// Project is the spec of an AppProject.
type Project struct {
	Description                string        `json:"description,omitempty"`
	SourceRepos                []string      `json:"sourceRepos,omitempty"`
	Destinations               []Destination `json:"destinations,omitempty"`
	ClusterResourceWhitelist   []GroupKind   `json:"clusterResourceWhitelist,omitempty"`
	NamespaceResourceBlacklist []GroupKind   `json:"namespaceResourceBlacklist,omitempty"`
	Roles                      []ProjectRole `json:"roles,omitempty"`
	SyncWindows                []SyncWindow  `json:"syncWindows,omitempty"`
}

// Destination is where an Application deploys, or may deploy.
type Destination struct {
	Server    string `json:"server,omitempty"`
	Name      string `json:"name,omitempty"`
	Namespace string `json:"namespace,omitempty"`
}

// GroupKind names a kind. An empty group, the core group, is written as such.
type GroupKind struct {
	Group string `json:"group"`
	Kind  string `json:"kind"`
}

// ProjectRole gives groups permissions within a project.
type ProjectRole struct {
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Policies    []string `json:"policies,omitempty"`
	Groups      []string `json:"groups,omitempty"`
}

// SyncWindow is a time in which syncs are allowed or denied.
type SyncWindow struct {
	Kind         string   `json:"kind,omitempty"`
	Schedule     string   `json:"schedule,omitempty"`
	Duration     string   `json:"duration,omitempty"`
	Applications []string `json:"applications,omitempty"`
	ManualSync   bool     `json:"manualSync,omitempty"`
	TimeZone     string   `json:"timeZone,omitempty"`
}

// ApplicationSetSpec is the spec of an ApplicationSet with one list generator.
type ApplicationSetSpec struct {
	GoTemplate        bool                `json:"goTemplate,omitempty"`
	GoTemplateOptions []string            `json:"goTemplateOptions,omitempty"`
	Generators        []Generator         `json:"generators"`
	Template          ApplicationTemplate `json:"template"`
	TemplatePatch     string              `json:"templatePatch,omitempty"`
}

// Generator is a list generator.
type Generator struct {
	List ListGenerator `json:"list"`
}

// ListGenerator makes one Application per element.
type ListGenerator struct {
	Elements []Element `json:"elements"`
}

// Element is what the template is rendered with. Strings only: Argo CD reads
// numbers as floats, and would render them so.
type Element map[string]string

// The keys of an Element. Every element has all of them, because a missing key
// stops the whole ApplicationSet.
const (
	ElementName           = "name"        // the app's name in the environment
	ElementApplication    = "application" // the Application's name
	ElementRepoURL        = "repoURL"
	ElementTargetRevision = "targetRevision"
	ElementPath           = "path"
	ElementNamespace      = "namespace"
	ElementImages         = "images" // Kustomize image overrides, joined by commas; may be empty
)

// ApplicationTemplate is what every generated Application looks like.
type ApplicationTemplate struct {
	Metadata TemplateMetadata `json:"metadata"`
	Spec     ApplicationSpec  `json:"spec"`
}

// TemplateMetadata is the metadata of generated Applications.
type TemplateMetadata struct {
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels,omitempty"`
}

// ApplicationSpec is what an Application deploys, from where, to where.
type ApplicationSpec struct {
	Project     string      `json:"project"`
	Source      *Source     `json:"source,omitempty"`
	Sources     []Source    `json:"sources,omitempty"`
	Destination Destination `json:"destination"`
	SyncPolicy  *SyncPolicy `json:"syncPolicy,omitempty"`
}

// Source is where manifests come from.
type Source struct {
	RepoURL        string     `json:"repoURL"`
	Path           string     `json:"path,omitempty"`
	TargetRevision string     `json:"targetRevision,omitempty"`
	Kustomize      *Kustomize `json:"kustomize,omitempty"`
}

// Kustomize overrides images of an overlay.
type Kustomize struct {
	Images []string `json:"images,omitempty"`
}

// SyncPolicy says how an Application is synced. Nil Automated means by hand:
// older releases read "enabled: false" as automation turned on.
type SyncPolicy struct {
	Automated   *Automated `json:"automated,omitempty"`
	SyncOptions []string   `json:"syncOptions,omitempty"`
	Retry       *Retry     `json:"retry,omitempty"`
}

// Automated is automated sync. Both fields are always written: dropping the last
// one would drop automated itself.
type Automated struct {
	Prune    bool `json:"prune"`
	SelfHeal bool `json:"selfHeal"`
}

// Retry says how often a failed sync is tried again; negative means without end.
// A limit of 0 is written: without it Argo CD retries five times.
type Retry struct {
	Limit int64 `json:"limit"`
}

// AllSources are the sources of an Application; several win over a single one.
func (s ApplicationSpec) AllSources() []Source {
	if len(s.Sources) > 0 {
		return s.Sources
	}
	if s.Source == nil {
		return nil
	}
	return []Source{*s.Source}
}
