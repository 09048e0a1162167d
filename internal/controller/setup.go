package controller

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/apply"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/config"
)

// Back-off of a failing environment, and the longest a pass may take: a cache that
// stops following its watch must not hold a worker for good.
const (
	firstRetry  = 100 * time.Millisecond
	lastRetry   = time.Minute
	passTimeout = 2 * time.Minute
)

// setUp registers the controller, its indexes and its watches with the manager.
func setUp(ctx context.Context, mgr manager.Manager, cfg config.Config, keeps *shard) (*Reconciler, error) {
	client, err := discovery.NewDiscoveryClientForConfigAndClient(mgr.GetConfig(), mgr.GetHTTPClient())
	if err != nil {
		return nil, fmt.Errorf("building the discovery client: %w", err)
	}
	kinds := &apis{
		discovery: client,
		cache:     mgr.GetCache(),
		changed:   make(chan event.GenericEvent, 1),
		watched:   map[schema.GroupVersionKind]bool{},
		suspects:  make(chan struct{}, 1),
	}
	r := newReconciler(mgr, cfg, kinds)
	r.shard = keeps
	c, err := newController(mgr, r, cfg.Concurrency)
	if err != nil {
		return nil, err
	}
	for _, comp := range component.All {
		for _, kind := range comp.Kinds {
			if kind.Provider == "" {
				if err := watchKind(mgr, c, r, kind); err != nil {
					return nil, err
				}
			}
		}
	}
	if err := kinds.begin(ctx, mgr, c, r); err != nil {
		return nil, err
	}
	if err := indexClaims(ctx, mgr.GetFieldIndexer()); err != nil {
		return nil, err
	}
	if err := mgr.Add(manager.RunnableFunc(func(ctx context.Context) error { return reportPolicies(ctx, mgr.GetAPIReader()) })); err != nil {
		return nil, err
	}
	if err := mgr.Add(manager.RunnableFunc(r.releaseMemory)); err != nil {
		return nil, err
	}
	return r, mgr.Add(kinds)
}

func newReconciler(mgr manager.Manager, cfg config.Config, kinds *apis) *Reconciler {
	following := newFollower(mgr.GetClient())
	r := &Reconciler{
		client:   following,
		cache:    mgr.GetCache(),
		reader:   mgr.GetAPIReader(),
		applier:  newApplier(following, mgr.GetAPIReader()),
		apis:     kinds,
		recorder: mgr.GetEventRecorder(fieldManager),
		config:   cfg,
		settings: component.Settings{
			ArgoCDNamespace:              cfg.ArgoCDNamespace,
			CloudflareProxiedProperty:    cfg.CloudflareProxiedProperty,
			ReservedNamespaces:           cfg.ReservedNamespaces,
			AllowedRepositories:          cfg.AllowedRepositories,
			AllowedNamespaces:            cfg.AllowedNamespaces,
			AllowedGoogleServiceAccounts: cfg.AllowedGoogleServiceAccounts,
			AllowedClusterSecretStores:   cfg.AllowedClusterSecretStores,
		},
		memories: map[types.UID]*memory{},
		echoes:   newEchoes(),
		now:      time.Now,
	}
	r.applications.read = r.readApplications
	return r
}

// newApplier writes as the operator.
func newApplier(c client.Client, live client.Reader) *apply.Applier {
	return apply.New(c, live, fieldManager, v1alpha1.LabelManagedBy, v1alpha1.LabelEnvironment,
		v1alpha1.AnnotationOwnerUID, v1alpha1.AnnotationOrigin, v1alpha1.AnnotationAdoptBy)
}

func newController(mgr manager.Manager, r *Reconciler, concurrency int) (controller.Controller, error) {
	unique, warm := true, true
	return ctrl.NewControllerManagedBy(mgr).
		Named("appenvironment").
		Watches(&v1alpha1.AppEnvironment{}, r.environmentEvents()).
		WatchesRawSource(source.Channel(r.apis.changed, handler.Funcs{GenericFunc: r.enqueueAll})).
		WithOptions(controller.Options{
			MaxConcurrentReconciles: concurrency,
			ReconciliationTimeout:   passTimeout,
			SkipNameValidation:      &unique,
			EnableWarmup:            &warm, // a standby's caches are filled before it has to work
			RateLimiter:             workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](firstRetry, lastRetry),
		}).
		Build(r)
}

// begin discovers the optional kinds and watches those that are served, before the
// controller starts: the first pass must not take an API for absent.
func (a *apis) begin(ctx context.Context, mgr manager.Manager, c controller.Controller, r *Reconciler) error {
	a.list = func(ctx context.Context, kind component.Kind) error {
		return listOne(ctx, mgr.GetAPIReader(), r.within(kind), kind)
	}
	start := func(ctx context.Context, kind component.Kind) error {
		if index, indexed := indexes[kind.GroupVersionKind]; indexed {
			if err := mgr.GetFieldIndexer().IndexField(ctx, objectOf(kind), index.name, index.values); err != nil {
				return fmt.Errorf("indexing %s: %w", kind.Resource, err)
			}
		}
		return watchKind(mgr, c, r, kind)
	}
	a.watch = start
	now, err := a.discover()
	if err != nil {
		return err
	}
	a.served, a.unread = now, a.watchAll(ctx, now)
	a.watch = func(ctx context.Context, kind component.Kind) error {
		if err := start(ctx, kind); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, listTimeout)
		defer cancel()
		_, err := a.cache.GetInformer(ctx, objectOf(kind)) // waits until it is synced
		return err
	}
	return nil
}

// listOne asks for one object of a kind, to learn whether the role allows it.
func listOne(ctx context.Context, reader client.Reader, where client.InNamespace, kind component.Kind) error {
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(kind.GroupVersionKind)
	if err := reader.List(ctx, list, where, client.Limit(1)); err != nil {
		return fmt.Errorf("listing %s: %w", kind.Resource, err)
	}
	return nil
}

// watchKind wakes the environment whose label an object carries, or carried, and
// those that want a name which the object held.
func watchKind(mgr manager.Manager, c controller.Controller, r *Reconciler, kind component.Kind) error {
	obj := client.Object(objectOf(kind))
	if err := c.Watch(source.Kind(mgr.GetCache(), obj, r.childEvents())); err != nil {
		return fmt.Errorf("watching %s: %w", kind.Resource, err)
	}
	return nil
}

// childEvents are the events of children and of what others make from them.
func (r *Reconciler) childEvents() handler.EventHandler {
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, q queue) { r.wakeOwner(ctx, e.Object, q) },
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, q queue) {
			r.echoes.forget(ownerOf(e.Object), e.Object)
			r.wakeOwner(ctx, e.Object, q)
			r.wakeClaimants(ctx, claimsHeldBy(e.Object), q)
		},
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q queue) {
			if ownerOf(e.ObjectOld) != ownerOf(e.ObjectNew) {
				r.wakeFormerOwner(ctx, e.ObjectOld, q)
			}
			r.wakeOwner(ctx, e.ObjectNew, q)
			r.wakeClaimants(ctx, freed(claimsHeldBy(e.ObjectOld), claimsHeldBy(e.ObjectNew)), q)
		},
	}
}

type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// wakeClaimants wakes the environments whose spec makes one of the claims.
func (r *Reconciler) wakeClaimants(ctx context.Context, claims []component.Claim, q queue) {
	for _, claim := range claims {
		for _, env := range r.claimants(ctx, claim) {
			if r.shard.keeps(env) {
				q.Add(requestFor(env)) // at once, whoever wrote the environment itself
			}
		}
	}
}

// environmentEvents wakes an environment for its own changes, and those that claim the
// same names when its spec changes, when it lets a name go, and when it goes.
func (r *Reconciler) environmentEvents() handler.EventHandler {
	claimed := func(obj client.Object) []component.Claim {
		if env, ok := obj.(*v1alpha1.AppEnvironment); ok {
			return component.Claims(env)
		}
		return nil
	}
	recorded := func(obj client.Object) []component.Claim {
		if env, ok := obj.(*v1alpha1.AppEnvironment); ok {
			return recordedClaims(env)
		}
		return nil
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q queue) { r.wake(e.Object, q) },
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, q queue) {
			r.echoes.forget(e.Object.GetName(), e.Object)
			r.wake(e.Object, q)
			r.wakeClaimants(ctx, claimed(e.Object), q)
		},
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q queue) {
			r.wakeChanged(e.ObjectOld, e.ObjectNew, q)
			if e.ObjectOld.GetGeneration() != e.ObjectNew.GetGeneration() {
				r.wakeClaimants(ctx, append(claimed(e.ObjectOld), claimed(e.ObjectNew)...), q)
			}
			r.wakeClaimants(ctx, freed(recorded(e.ObjectOld), recorded(e.ObjectNew)), q)
		},
	}
}

func (r *Reconciler) enqueueAll(ctx context.Context, _ event.GenericEvent, q queue) {
	list := &v1alpha1.AppEnvironmentList{}
	if err := r.client.List(ctx, list, client.DisableReadYourWritesConsistency); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "listing AppEnvironments to wake them")
		return
	}
	for i := range list.Items {
		r.wake(&list.Items[i], q)
	}
}

func requestFor(obj client.Object) reconcile.Request {
	return reconcile.Request{NamespacedName: types.NamespacedName{Name: obj.GetName()}}
}

// An index finds objects in the cache by what they contain.
type index struct {
	name   string
	values client.IndexerFunc
}

// indexed is a list option: what an index finds by a value. Quiet passes are remembered with their options,
// and a map for one field takes more.
type indexed struct{ index, value string }

// ApplyToList is part of client.ListOption.
func (i indexed) ApplyToList(options *client.ListOptions) {
	options.FieldSelector = fields.OneTermEqualSelector(i.index, i.value)
}

// projectIndex finds Applications by their project.
const projectIndex = "spec.project"

// indexes are the indexes of optional kinds: Applications by project, and what makes
// claims good by claim.
var indexes = func() map[schema.GroupVersionKind]index {
	all := map[schema.GroupVersionKind]index{}
	for kind, observed := range optionalKinds {
		switch {
		case observed:
			all[kind.GroupVersionKind] = index{projectIndex, projectOf}
		case kind.Kind == "ApplicationSet" || kind.Kind == "DNSEndpoint":
			all[kind.GroupVersionKind] = index{claimIndex, func(obj client.Object) []string { return texts(claimsHeldBy(obj)) }}
		}
	}
	return all
}()

func projectOf(obj client.Object) []string {
	u, ok := obj.(*unstructured.Unstructured)
	if !ok {
		return nil
	}
	whole, err := unfold(u)
	if err != nil {
		return nil
	}
	project, _, _ := unstructured.NestedString(whole.Object, "spec", "project")
	return []string{project}
}
