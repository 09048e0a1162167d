package controller

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
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
func setUp(ctx context.Context, mgr manager.Manager, cfg config.Config) error {
	client, err := discovery.NewDiscoveryClientForConfigAndClient(mgr.GetConfig(), mgr.GetHTTPClient())
	if err != nil {
		return fmt.Errorf("building the discovery client: %w", err)
	}
	kinds := &apis{
		discovery: client,
		cache:     mgr.GetCache(),
		changed:   make(chan event.GenericEvent, 1),
		watched:   map[schema.GroupVersionKind]bool{},
		suspects:  make(chan struct{}, 1),
	}
	r := newReconciler(mgr, cfg, kinds)
	c, err := newController(mgr, r, cfg.Concurrency)
	if err != nil {
		return err
	}
	for _, comp := range component.All {
		for _, kind := range comp.Kinds {
			if kind.Provider == "" {
				if err := watchKind(mgr, c, kind); err != nil {
					return err
				}
			}
		}
	}
	if err := kinds.begin(ctx, mgr, c); err != nil {
		return err
	}
	if err := indexClaims(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	return mgr.Add(kinds)
}

func newReconciler(mgr manager.Manager, cfg config.Config, kinds *apis) *Reconciler {
	return &Reconciler{
		client:   mgr.GetClient(),
		reader:   mgr.GetAPIReader(),
		applier:  apply.New(mgr.GetClient(), mgr.GetAPIReader(), fieldManager),
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
		now:      time.Now,
	}
}

func newController(mgr manager.Manager, r *Reconciler, concurrency int) (controller.Controller, error) {
	unique := true
	return ctrl.NewControllerManagedBy(mgr).
		Named("appenvironment").
		Watches(&v1alpha1.AppEnvironment{}, r.environmentEvents()).
		WatchesRawSource(source.Channel(r.apis.changed, handler.Funcs{GenericFunc: r.enqueueAll})).
		WithOptions(controller.Options{
			MaxConcurrentReconciles: concurrency,
			ReconciliationTimeout:   passTimeout,
			SkipNameValidation:      &unique,
			RateLimiter:             workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](firstRetry, lastRetry),
		}).
		Build(r)
}

// begin discovers the optional kinds and watches those that are served, before the
// controller starts: the first pass must not take an API for absent.
func (a *apis) begin(ctx context.Context, mgr manager.Manager, c controller.Controller) error {
	a.watch = func(_ context.Context, kind component.Kind) error { return a.watchOptional(ctx, mgr, c, kind) }
	now, err := a.discover()
	if err != nil {
		return err
	}
	for kind := range optionalKinds {
		if now[kind.GroupVersionKind] {
			if err := a.watch(ctx, kind); err != nil {
				return err
			}
			a.watched[kind.GroupVersionKind] = true
		}
	}
	a.served = now
	a.watch = func(ctx context.Context, kind component.Kind) error {
		if err := a.watchOptional(ctx, mgr, c, kind); err != nil {
			return err
		}
		_, err := a.cache.GetInformer(ctx, objectOf(kind)) // waits until it is synced
		return err
	}
	return nil
}

func (a *apis) watchOptional(ctx context.Context, mgr manager.Manager, c controller.Controller, kind component.Kind) error {
	if optionalKinds[kind] && !a.indexed {
		if err := indexProjects(ctx, mgr.GetFieldIndexer(), kind); err != nil {
			return err
		}
		a.indexed = true
	}
	return watchKind(mgr, c, kind)
}

// watchKind wakes the environment whose label an object carries, or carried.
func watchKind(mgr manager.Manager, c controller.Controller, kind component.Kind) error {
	toEnvironment := func(_ context.Context, obj client.Object) []reconcile.Request {
		name := obj.GetLabels()[v1alpha1.LabelEnvironment]
		if name == "" {
			return nil
		}
		return []reconcile.Request{{NamespacedName: types.NamespacedName{Name: name}}}
	}
	obj := client.Object(objectOf(kind))
	if err := c.Watch(source.Kind(mgr.GetCache(), obj, handler.EnqueueRequestsFromMapFunc(toEnvironment))); err != nil {
		return fmt.Errorf("watching %s: %w", kind.Resource, err)
	}
	return nil
}

// environmentEvents wakes an environment for its own changes, and those that claim
// the same names when one is changed or goes.
func (r *Reconciler) environmentEvents() handler.EventHandler {
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	wake := func(ctx context.Context, obj client.Object, q queue, rivals bool) {
		q.Add(requestFor(obj))
		env, ok := obj.(*v1alpha1.AppEnvironment)
		if !ok || !rivals {
			return
		}
		for _, rival := range r.rivals(ctx, env) {
			q.Add(requestFor(rival))
		}
	}
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, q queue) { wake(ctx, e.Object, q, false) },
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, q queue) { wake(ctx, e.Object, q, true) },
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q queue) {
			changed := e.ObjectOld.GetGeneration() != e.ObjectNew.GetGeneration()
			if changed {
				wake(ctx, e.ObjectOld, q, true)
			}
			wake(ctx, e.ObjectNew, q, changed)
		},
	}
}

func (r *Reconciler) enqueueAll(ctx context.Context, _ event.GenericEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
	list := &v1alpha1.AppEnvironmentList{}
	if err := r.client.List(ctx, list, client.DisableReadYourWritesConsistency); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "listing AppEnvironments to wake them")
		return
	}
	for i := range list.Items {
		q.Add(requestFor(&list.Items[i]))
	}
}

func requestFor(obj client.Object) reconcile.Request {
	return reconcile.Request{NamespacedName: types.NamespacedName{Name: obj.GetName()}}
}

// projectIndex finds Applications by their project.
const projectIndex = "spec.project"

func indexProjects(ctx context.Context, indexer client.FieldIndexer, kind component.Kind) error {
	err := indexer.IndexField(ctx, objectOf(kind), projectIndex, func(obj client.Object) []string {
		u, ok := obj.(*unstructured.Unstructured)
		if !ok {
			return nil
		}
		project, _, _ := unstructured.NestedString(u.Object, "spec", "project")
		return []string{project}
	})
	if err != nil {
		return fmt.Errorf("indexing %s: %w", kind.Resource, err)
	}
	return nil
}
