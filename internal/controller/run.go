// Package controller keeps environments: it gathers what there is, lets
// internal/component decide what should be, writes the difference through
// internal/apply, prunes what is no longer asked for, and reports through
// internal/status.
//
// It is the only package that knows the manager, caches, watches and events. It
// decides nothing that a pure function could decide. A missing reference is a fact
// for the input, never an error; one object's failure never hides another's.
package controller

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/config"
	"github.com/appenv/appenv-operator/internal/foreign/argocd"
)

const fieldManager = "appenv-operator"

// Run keeps the environments of the cluster until ctx ends. It returns an error
// when the operator cannot start, or loses its leadership.
func Run(ctx context.Context, restConfig *rest.Config, cfg config.Config) error {
	mgr, _, err := prepare(ctx, restConfig, cfg)
	if err != nil {
		return err
	}
	return mgr.Start(ctx)
}

// prepare makes the manager, and the Reconciler that works in it once it is started.
func prepare(ctx context.Context, restConfig *rest.Config, cfg config.Config) (manager.Manager, *Reconciler, error) {
	scheme := runtime.NewScheme()
	if err := errors.Join(v1alpha1.AddToScheme(scheme), corev1.AddToScheme(scheme)); err != nil {
		return nil, nil, fmt.Errorf("building the scheme: %w", err)
	}
	keeps, err := newShard(cfg.WatchSelector)
	if err != nil {
		return nil, nil, err
	}
	restConfig = connected(restConfig, stallGrace)
	mgr, err := ctrl.NewManager(restConfig, managerOptions(scheme, cfg, keeps.lease()))
	if err != nil {
		return nil, nil, fmt.Errorf("building the manager: %w", err)
	}
	r, err := setUp(ctx, mgr, cfg, keeps)
	if err := errors.Join(
		err,
		mgr.AddHealthzCheck("ping", func(*http.Request) error { return nil }),
		mgr.AddReadyzCheck("caches", func(req *http.Request) error {
			if !mgr.GetCache().WaitForCacheSync(req.Context()) {
				return errors.New("caches are not synced")
			}
			return nil
		}),
	); err != nil {
		return nil, nil, fmt.Errorf("setting up: %w", err)
	}
	return mgr, r, nil
}

// connected is how the operator reaches the API server: it notices what it asks for, and when nobody is behind a watch
// any more.
func connected(restConfig *rest.Config, grace time.Duration) *rest.Config {
	restConfig = rest.CopyConfig(restConfig)
	restConfig.Wrap(noticeRequests)
	restConfig.Wrap(noticeStalls(grace))
	restConfig.QPS = -1 // the API server's priority and fairness limits us, not ourselves
	return restConfig
}

func managerOptions(scheme *runtime.Scheme, cfg config.Config, lease string) manager.Options {
	yes := true
	return manager.Options{
		Scheme:         scheme,
		MapperProvider: mapKinds,
		Cache:          cacheOptions(cfg.ArgoCDNamespace),
		Client: client.Options{Cache: &client.CacheOptions{
			Unstructured: true,
			// A pass sees what was applied before it, see follower. What was only created it
			// may not see yet: then the entry makes it look past the cache.
			EnableReadYourWritesConsistency: &yes,
			DisableFor:                      []client.Object{&corev1.Event{}},
		}},
		Metrics:                       metricsOptions(cfg),
		HealthProbeBindAddress:        cfg.HealthProbeBindAddress,
		PprofBindAddress:              cfg.PprofBindAddress,
		LeaderElection:                cfg.LeaderElect,
		LeaderElectionID:              lease,
		LeaderElectionNamespace:       cfg.LeaderElectionNamespace,
		LeaderElectionReleaseOnCancel: true,
	}
}

// metricsOptions serve the metrics to whom the API server lets get them, since they name every environment.
func metricsOptions(cfg config.Config) server.Options {
	options := server.Options{BindAddress: cfg.MetricsBindAddress, SecureServing: cfg.MetricsSecure, CertDir: cfg.MetricsCertPath}
	if cfg.MetricsSecure {
		options.FilterProvider = metricsFilter
	}
	return options
}

// mapKinds knows the resources of our optional kinds without asking: the manager must
// start where none of them is served.
func mapKinds(restConfig *rest.Config, client *http.Client) (meta.RESTMapper, error) {
	known := meta.NewDefaultRESTMapper(nil)
	for kind := range optionalKinds {
		plural := kind.GroupVersion().WithResource(kind.Resource)
		singular := kind.GroupVersion().WithResource(strings.ToLower(kind.Kind))
		known.AddSpecific(kind.GroupVersionKind, plural, singular, meta.RESTScopeNamespace)
	}
	discovered, err := apiutil.NewDynamicRESTMapper(restConfig, client)
	if err != nil {
		return nil, fmt.Errorf("building the REST mapper: %w", err)
	}
	return meta.FirstHitRESTMapper{MultiRESTMapper: meta.MultiRESTMapper{known, discovered}}, nil
}

// cacheOptions limit the caches to what the operator put its label on. Only
// AppEnvironments, the Applications of Argo CD's namespace and the names of CRDs
// are cached whole, the latter two trimmed to what is read of them. What stands there
// is folded.
func cacheOptions(argoCDNamespace string) cache.Options {
	inArgoCD := map[string]cache.Config{argoCDNamespace: {}}
	everything := labels.Everything()
	options := cache.Options{
		ReaderFailOnMissingInformer: true,
		DefaultLabelSelector:        labels.SelectorFromSet(labels.Set{v1alpha1.LabelManagedBy: v1alpha1.ManagedByValue}),
		DefaultTransform:            fold,
		NewInformer:                 informerByName,
		ByObject: map[client.Object]cache.ByObject{
			&v1alpha1.AppEnvironment{}: {Label: everything, Transform: slim},
			crdMetadata():              {Label: everything, Transform: keepNameOnly},
		},
	}
	for _, c := range component.All {
		for _, kind := range c.Kinds {
			if kind.Group == argocd.Group {
				options.ByObject[objectOf(kind)] = cache.ByObject{Namespaces: inArgoCD, Transform: fold}
			}
		}
		for _, kind := range c.Observes {
			options.ByObject[objectOf(kind)] = cache.ByObject{Namespaces: inArgoCD, Label: everything, Transform: trimApplication}
		}
	}
	return options
}

// informerByName has no index by namespace: nothing is looked for by its namespace alone, and in an
// index of that every namespace has an entry of its own for every kind.
func informerByName(source toolscache.ListerWatcher, obj runtime.Object, resync time.Duration, indexers toolscache.Indexers) toolscache.SharedIndexInformer {
	delete(indexers, toolscache.NamespaceIndex)
	return toolscache.NewSharedIndexInformer(source, obj, resync, indexers)
}

func objectOf(kind component.Kind) *unstructured.Unstructured {
	obj := &unstructured.Unstructured{}
	obj.SetGroupVersionKind(kind.GroupVersionKind)
	return obj
}

// referenceOf is an object of the kind with nothing but its key, to read it by.
func referenceOf(kind component.Kind, key component.Key) *unstructured.Unstructured {
	ref := objectOf(kind)
	ref.SetNamespace(key.Namespace)
	ref.SetName(key.Name)
	return ref
}

func trimApplication(in any) (any, error) {
	if u, ok := in.(*unstructured.Unstructured); ok {
		if isFolded(u) {
			return in, nil
		}
		argocd.TrimApplication(u)
	}
	return fold(in)
}
