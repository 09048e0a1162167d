package argocd

import (
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/json"
)

// Application is what the operator reads of an Argo CD Application.
type Application struct {
	Metadata Metadata          `json:"metadata"`
	Spec     ApplicationSpec   `json:"spec"`
	Status   ApplicationStatus `json:"status"`
	// Operation is set while a sync is asked for and has not begun.
	Operation *struct{} `json:"operation,omitempty"`
}

// Metadata is the part of an Application's metadata that is read.
type Metadata struct {
	Name              string                  `json:"name"`
	Namespace         string                  `json:"namespace"`
	UID               string                  `json:"uid,omitempty"`
	Labels            map[string]string       `json:"labels,omitempty"`
	Finalizers        []string                `json:"finalizers,omitempty"`
	OwnerReferences   []metav1.OwnerReference `json:"ownerReferences,omitempty"`
	DeletionTimestamp string                  `json:"deletionTimestamp,omitempty"`
}

// ApplicationStatus is Argo CD's judgement of an Application.
type ApplicationStatus struct {
	ReconciledAt   string          `json:"reconciledAt,omitempty"`
	Sync           SyncStatus      `json:"sync,omitempty"`
	Health         HealthStatus    `json:"health,omitempty"`
	OperationState *OperationState `json:"operationState,omitempty"`
	Conditions     []Condition     `json:"conditions,omitempty"`
	Summary        Summary         `json:"summary,omitempty"`
	// Resources are the managed resources. In a trimmed Application each
	// combination stands once.
	Resources []Resource `json:"resources,omitempty"`
	// History are the successful syncs, the last one last. A trimmed Application
	// has only the last one.
	History []Revision `json:"history,omitempty"`
}

// SyncStatus compares the cluster with Git.
type SyncStatus struct {
	Status     string     `json:"status,omitempty"`
	Revision   string     `json:"revision,omitempty"`
	ComparedTo ComparedTo `json:"comparedTo,omitempty"`
}

// ComparedTo is the part of the spec that the comparison was made with.
type ComparedTo struct {
	Source      *Source     `json:"source,omitempty"`
	Sources     []Source    `json:"sources,omitempty"`
	Destination Destination `json:"destination,omitempty"`
}

// HealthStatus is the health of everything an Application holds.
type HealthStatus struct {
	Status string `json:"status,omitempty"`
}

// OperationState is the last sync, or the one that runs.
type OperationState struct {
	Phase      string `json:"phase,omitempty"`
	Message    string `json:"message,omitempty"`
	StartedAt  string `json:"startedAt,omitempty"`
	FinishedAt string `json:"finishedAt,omitempty"`

	SyncResult *SyncResult `json:"syncResult,omitempty"`
}

// SyncResult is what a sync did. A trimmed Application has only the first resource that failed, and the
// first hook.
type SyncResult struct {
	Resources []ResourceResult `json:"resources,omitempty"`
}

// ResourceResult is what a sync did to a resource.
type ResourceResult struct {
	Status   string `json:"status,omitempty"` // syncFailed is what a failed one has
	Message  string `json:"message,omitempty"`
	HookType string `json:"hookType,omitempty"` // of a hook
}

const syncFailed = "SyncFailed"

// RanHooks says whether the operation ran hooks. There may be none.
func (o *OperationState) RanHooks() bool {
	return o != nil && o.SyncResult != nil && slices.ContainsFunc(o.SyncResult.Resources, isHook)
}

func isHook(r ResourceResult) bool { return r.HookType != "" }

func isFailed(r ResourceResult) bool { return r.Status == syncFailed }

// Failure is why a sync failed: the operation's message and, where that does not have it, the message
// of the first resource that failed. Argo CD 2 tells some causes in the latter alone.
func (o *OperationState) Failure() string {
	if o.SyncResult == nil {
		return o.Message
	}
	failed := slices.IndexFunc(o.SyncResult.Resources, isFailed)
	if failed < 0 || strings.Contains(o.Message, o.SyncResult.Resources[failed].Message) {
		return o.Message
	}
	return o.Message + ": " + o.SyncResult.Resources[failed].Message
}

// trim keeps of the result of a sync what Failure and RanHooks need.
func (o *OperationState) trim() {
	o.Message = shorten(o.Message)
	if o.SyncResult == nil {
		return
	}
	var kept []ResourceResult
	for _, wanted := range []func(ResourceResult) bool{isFailed, isHook} {
		if i := slices.IndexFunc(o.SyncResult.Resources, wanted); i >= 0 {
			result := o.SyncResult.Resources[i]
			result.Message = shorten(result.Message)
			kept = append(kept, result)
		}
	}
	o.SyncResult.Resources = slices.Compact(kept)
	if len(kept) == 0 {
		o.SyncResult = nil
	}
}

// Condition is something Argo CD has to complain about; its presence means true.
type Condition struct {
	Type    string `json:"type,omitempty"`
	Message string `json:"message,omitempty"`
}

// Summary is what runs at the moment.
type Summary struct {
	Images []string `json:"images,omitempty"`
}

// Resource is a managed resource. Cluster-scoped ones have no namespace. In a trimmed
// Application only those that run Pods have a name, so that they can be counted.
type Resource struct {
	Group           string `json:"group,omitempty"`
	Kind            string `json:"kind,omitempty"`
	Namespace       string `json:"namespace,omitempty"`
	Name            string `json:"name,omitempty"`
	Status          string `json:"status,omitempty"`
	RequiresPruning bool   `json:"requiresPruning,omitempty"`
}

// RunsPods says whether the resource is a workload of Kubernetes' own: it makes Pods, or is one.
func (r Resource) RunsPods() bool {
	return slices.Contains([]string{"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Pod", "Job", "CronJob"}, r.Kind)
}

// Revision is a successful sync.
type Revision struct {
	Revision string `json:"revision,omitempty"`
}

// MaxImages and maxMessage bound what is kept of an Application's status, the latter in bytes.
const (
	MaxImages  = 10
	maxMessage = 1024
)

// DecodeApplication reads a live Application. Fields that do not have the
// expected shape are an error; the caller reports the object as not understood.
func DecodeApplication(live *unstructured.Unstructured) (Application, error) {
	var app Application
	if err := decode(live.Object, &app); err != nil {
		return app, fmt.Errorf("reading Application %s: %w", live.GetName(), err)
	}
	app.Status.trim()
	return app, nil
}

// DecodeProject reads the spec of a live AppProject. Cluster-scoped kinds that are
// permitted for single names only are left out: without the name they would mean more.
func DecodeProject(live *unstructured.Unstructured) (Project, error) {
	var project struct {
		Spec Project `json:"spec"`
	}
	var named struct {
		Spec struct {
			ClusterResourceWhitelist []struct {
				Name string `json:"name"`
			} `json:"clusterResourceWhitelist"`
		} `json:"spec"`
	}
	for _, into := range []any{&project, &named} {
		if err := decode(live.Object, into); err != nil {
			return Project{}, fmt.Errorf("reading AppProject %s: %w", live.GetName(), err)
		}
	}
	var kinds []GroupKind
	for i, kind := range project.Spec.ClusterResourceWhitelist {
		if named.Spec.ClusterResourceWhitelist[i].Name == "" {
			kinds = append(kinds, kind)
		}
	}
	project.Spec.ClusterResourceWhitelist = kinds
	return project.Spec, nil
}

// Elements are the elements of a live ApplicationSet's list, by the app's name.
// What is not an element as the operator writes it is left out.
func Elements(live *unstructured.Unstructured) map[string]Element {
	elements := map[string]Element{}
	generators, _, _ := unstructured.NestedSlice(live.Object, "spec", "generators")
	for _, generator := range generators {
		fields, ok := generator.(map[string]any)
		if !ok {
			continue
		}
		items, _, _ := unstructured.NestedSlice(fields, "list", "elements")
		for _, item := range items {
			var element Element
			fields, _ := item.(map[string]any)
			if decode(fields, &element) == nil && element[ElementName] != "" {
				elements[element[ElementName]] = element
			}
		}
	}
	return elements
}

// decode reads fields as JSON would. JSON is left the last word on what cannot be read: it names the field.
func decode(from map[string]any, into any) error {
	if runtime.DefaultUnstructuredConverter.FromUnstructured(from, into) == nil {
		return nil
	}
	data, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

// JudgedSinceSync says whether Argo CD has looked at the Application after its
// last sync ended. Before that its health is the one from before the sync.
func (s ApplicationStatus) JudgedSinceSync() bool {
	if s.OperationState == nil || s.OperationState.FinishedAt == "" {
		return true
	}
	finished, err := time.Parse(time.RFC3339, s.OperationState.FinishedAt)
	if err != nil {
		return true
	}
	judged, err := time.Parse(time.RFC3339, s.ReconciledAt)
	return err == nil && !judged.Before(finished)
}

// trim keeps what the operator reads, so that large Applications stay small in memory.
func (s *ApplicationStatus) trim() {
	if len(s.Summary.Images) > MaxImages {
		s.Summary.Images = s.Summary.Images[:MaxImages:MaxImages]
	}
	if len(s.History) > 1 {
		s.History = s.History[len(s.History)-1:]
	}
	for i := range s.Resources {
		if !s.Resources[i].RunsPods() {
			s.Resources[i].Name = ""
		}
	}
	slices.SortFunc(s.Resources, compareResources)
	s.Resources = slices.Compact(s.Resources)
	if s.OperationState != nil {
		s.OperationState.trim()
	}
	for i := range s.Conditions {
		s.Conditions[i].Message = shorten(s.Conditions[i].Message)
	}
}

// ResourcesFinalizer makes Argo CD delete what an Application deployed when the Application goes. The
// ApplicationSet controller sets it where a template names no finalizers.
const ResourcesFinalizer = "resources-finalizer.argocd.argoproj.io"
