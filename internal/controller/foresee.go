package controller

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/config"
)

// A Foresight is what the operator would do about an environment, and what it would wait with.
type Foresight struct {
	// Changes are in the order in which the operator would make them.
	Changes []Change
	// Held are the apps that would not be in the ApplicationSet yet. Sorted.
	Held []HeldApp
	// Applications are those that nobody generates and that the ApplicationSet would take, as they are. Sorted.
	Applications []*unstructured.Unstructured
	// Pending are the confirmations that removals would wait for, as kubectl appenv confirm takes them. Sorted.
	Pending []string
}

// A HeldApp is an app that would not be in the ApplicationSet yet, and why.
type HeldApp struct {
	Name, Application string
	Why               component.Health
}

// A Change is what would become of one object.
type Change struct {
	// Component is the name of the component that has the object.
	Component string
	Key       component.Key
	Action    v1alpha1.PlannedActionType
	// Live is the object as it is; nil when there is none.
	Live *unstructured.Unstructured
	// After is the object as it would be, as far as a dry run can tell; nil when it would be deleted, released or left alone.
	After *unstructured.Unstructured
	// Why says why an object would be left alone.
	Why component.Health
}

// NoneYet is what stands for the UID of an environment that does not exist yet.
const NoneYet types.UID = "none-yet"

// A Foreseer foresees environments. It reads past any cache, each list once: what it says is of the time when it was made.
type Foreseer struct{ reconciler *Reconciler }

// NewForeseer makes one for the cluster that the connection leads to. The settings are those of the operator there.
func NewForeseer(restConfig *rest.Config, settings component.Settings) (*Foreseer, error) {
	scheme := runtime.NewScheme()
	if err := errors.Join(v1alpha1.AddToScheme(scheme), corev1.AddToScheme(scheme)); err != nil {
		return nil, fmt.Errorf("building the scheme: %w", err)
	}
	httpClient, err := rest.HTTPClientFor(restConfig)
	if err != nil {
		return nil, fmt.Errorf("building the client: %w", err)
	}
	live, err := client.New(restConfig, client.Options{Scheme: scheme, HTTPClient: httpClient, Mapper: knownKinds()})
	if err != nil {
		return nil, fmt.Errorf("building the client: %w", err)
	}
	kinds := &apis{}
	if kinds.discovery, err = discovery.NewDiscoveryClientForConfigAndClient(restConfig, httpClient); err != nil {
		return nil, fmt.Errorf("building the discovery client: %w", err)
	}
	if kinds.served, err = kinds.discover(); err != nil {
		return nil, err
	}
	r := &Reconciler{apis: kinds, config: config.Default(), settings: settings, memories: map[types.UID]*memory{}, echoes: newEchoes(), now: time.Now}
	read := &uncached{Client: client.NewDryRunClient(live), within: r.within, indexes: map[schema.GroupVersionKind]map[string][]client.Object{}}
	r.client, r.cache, r.reader, r.applier = read, read, read, newApplier(read, read)
	r.applications.read = r.readApplications
	return &Foreseer{r}, nil
}

// Foresee says what the operator would do about an environment with the spec that it is given, whatever its mode is. It
// makes the very pass that the operator makes, and writes nothing but dry runs. The environment's metadata and status are
// those of the live one; without a UID there is none yet. Supposing takes it that every object which names no environment
// consents to be taken over, and that the environment takes back what an earlier one of its name left behind.
//
// Where something about an object cannot be read, the object would be left alone, and Why says so. An error means that
// nothing could be told, as when whoever asks has not the permissions of the operator.
func (f *Foreseer) Foresee(ctx context.Context, env *v1alpha1.AppEnvironment, supposing bool) (*Foresight, error) {
	env = env.DeepCopy()
	if env.UID == "" { // it would be the youngest, and the owner of nothing
		env.UID, env.CreationTimestamp = NoneYet, metav1.NewTime(time.Now())
	}
	if supposing {
		env.Annotations = maps.Clone(env.Annotations)
		metav1.SetMetaDataAnnotation(&env.ObjectMeta, v1alpha1.AnnotationReAdopt, string(env.UID))
	}
	defer f.reconciler.dropMemory(env.Name) // of environments that do not exist yet there are several with one UID
	p := f.reconciler.begin(env)
	p.suspended, p.supposing = v1alpha1.ReasonObserving, supposing
	p.gather(ctx)
	p.decide(ctx)
	if err := errors.Join(errors.Join(p.errs...), p.unpermitted()); err != nil {
		return nil, err
	}
	return p.outlook(ctx)
}

// outlook is what has been decided, with dry runs of what would be written.
func (p *pass) outlook(ctx context.Context) (*Foresight, error) {
	foresight := &Foresight{Pending: p.pending}
	for _, key := range slices.SortedFunc(maps.Keys(p.taking), compareKeys) {
		foresight.Applications = append(foresight.Applications, p.taking[key])
	}
	for _, finding := range p.findings {
		if app := finding.App; app != nil {
			foresight.Held = append(foresight.Held, HeldApp{app.Name, app.Application, finding.Health})
		}
	}
	slices.SortFunc(foresight.Held, func(a, b HeldApp) int { return strings.Compare(a.Name, b.Name) })
	for _, plan := range p.plans {
		for _, s := range plan.steps {
			change := Change{Component: plan.component.Name, Key: s.key, Live: s.live}
			if err := p.tryStep(ctx, s, &change); err != nil {
				return nil, err
			}
			if change.Action != "" {
				foresight.Changes = append(foresight.Changes, change)
			}
		}
		foresight.Changes = append(foresight.Changes, p.refusals(plan)...)
	}
	p.in.LiveElements = nil // what runs in a namespace goes first, and then the namespace
	for _, gone := range p.departures() {
		foresight.Changes = append(foresight.Changes, Change{Component: gone.component, Key: gone.key, Action: gone.action, Live: p.live[gone.key]})
	}
	return foresight, nil
}

// refusals are what a component leaves alone beside the objects of its plan, or as a whole.
func (p *pass) refusals(plan *plan) []Change {
	var changes []Change
	for _, finding := range p.findings {
		told := slices.ContainsFunc(plan.steps, func(s *step) bool { return s.key == finding.Key && s.action == actionRefuse })
		if finding.Component == plan.component.Name && finding.App == nil && !told {
			changes = append(changes, Change{
				Component: finding.Component, Key: finding.Key, Action: v1alpha1.ActionRefuse, Live: p.live[finding.Key], Why: finding.Health,
			})
		}
	}
	return changes
}

// knownKinds maps the kinds that a pass reads, without asking the API server.
func knownKinds() meta.RESTMapper {
	known := meta.NewDefaultRESTMapper(nil)
	add := func(gvk schema.GroupVersionKind, resource string, scope meta.RESTScope) {
		version := gvk.GroupVersion()
		known.AddSpecific(gvk, version.WithResource(resource), version.WithResource(strings.ToLower(gvk.Kind)), scope)
	}
	add(v1alpha1.GroupVersion.WithKind("AppEnvironment"), "appenvironments", meta.RESTScopeRoot)
	add(corev1.SchemeGroupVersion.WithKind("Event"), "events", meta.RESTScopeNamespace)
	for _, kind := range component.Kinds() {
		scope := meta.RESTScopeNamespace
		if kind.ClusterScoped {
			scope = meta.RESTScopeRoot
		}
		add(kind.GroupVersionKind, kind.Resource, scope)
	}
	return known
}

// uncached is a client that answers as the manager's does, from the API server: what an index would find is looked for in
// the list of everything, which is read once.
type uncached struct {
	client.Client
	within  func(component.Kind) client.InNamespace
	indexes map[schema.GroupVersionKind]map[string][]client.Object
}

// List reads a list. It is not for several goroutines at once.
func (u *uncached) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	at := slices.IndexFunc(options, func(o client.ListOption) bool { _, ok := o.(indexed); return ok })
	if at < 0 {
		return u.Client.List(ctx, list, options...)
	}
	value, others := options[at].(indexed).value, slices.Delete(slices.Clone(options), at, at+1)
	if environments, ok := list.(*v1alpha1.AppEnvironmentList); ok {
		found, err := u.find(ctx, v1alpha1.GroupVersion.WithKind("AppEnvironment"), value, &v1alpha1.AppEnvironmentList{}, others)
		for _, env := range found {
			environments.Items = append(environments.Items, *env.(*v1alpha1.AppEnvironment))
		}
		return err
	}
	wanted := list.(*unstructured.UnstructuredList)
	everything := &unstructured.UnstructuredList{}
	everything.SetGroupVersionKind(wanted.GroupVersionKind())
	found, err := u.find(ctx, wanted.GroupVersionKind(), value, everything, others)
	for _, object := range found {
		wanted.Items = append(wanted.Items, *object.(*unstructured.Unstructured))
	}
	return err
}

// find is what an index of the manager's cache finds by a value.
func (u *uncached) find(ctx context.Context, gvk schema.GroupVersionKind, value string, everything client.ObjectList, options []client.ListOption) ([]client.Object, error) {
	if index, known := u.indexes[gvk]; known {
		return index[value], nil
	}
	if kind, isChild := childKinds[gvk.GroupKind()]; isChild {
		options = append(options, u.within(kind.Kind), client.MatchingLabels{v1alpha1.LabelManagedBy: v1alpha1.ManagedByValue})
	}
	if err := u.Client.List(ctx, everything, options...); err != nil {
		return nil, err
	}
	index := map[string][]client.Object{}
	switch all := everything.(type) {
	case *v1alpha1.AppEnvironmentList:
		for i := range all.Items {
			for _, claim := range component.Claims(&all.Items[i]) {
				index[string(claim)] = append(index[string(claim)], &all.Items[i])
			}
		}
	case *unstructured.UnstructuredList:
		for i := range all.Items {
			for _, value := range indexes[gvk].values(&all.Items[i]) {
				index[value] = append(index[value], &all.Items[i])
			}
		}
	}
	u.indexes[gvk] = index
	return index[value], nil
}
