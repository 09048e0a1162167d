package controller

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	toolscache "k8s.io/client-go/tools/cache"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/appenv/appenv-operator/internal/component"
)

// apis knows which of the children's kinds the cluster serves, and watches each
// kind from the moment it is served. Waiting for a kind that is absent would stop
// the whole manager, so no optional kind is watched before discovery has it.
type apis struct {
	discovery discovery.DiscoveryInterface
	cache     cache.Cache
	watch     func(context.Context, component.Kind) error // starts the watch of a kind and waits until it is synced
	changed   chan event.GenericEvent                     // wakes every environment

	indexed  bool // Applications can be found by project
	mu       sync.RWMutex
	served   map[schema.GroupVersionKind]bool
	watched  map[schema.GroupVersionKind]bool
	suspects chan struct{} // one element: a CRD came or went
}

// serves says whether the cluster serves the kind.
func (a *apis) serves(kind component.Kind) bool {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return kind.Provider == "" || a.served[kind.GroupVersionKind]
}

// Start implements manager.Runnable: it follows CRDs until ctx ends.
func (a *apis) Start(ctx context.Context) error {
	informer, err := a.cache.GetInformer(ctx, crdMetadata())
	if err != nil {
		return fmt.Errorf("watching CustomResourceDefinitions: %w", err)
	}
	if _, err := informer.AddEventHandler(a.crdEvents()); err != nil {
		return fmt.Errorf("watching CustomResourceDefinitions: %w", err)
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-a.suspects:
			a.settle(ctx)
		}
	}
}

// crdEvents notes that one of the children's CRDs came or went.
func (a *apis) crdEvents() toolscache.ResourceEventHandler {
	names := map[string]bool{}
	for kind := range optionalKinds {
		names[kind.Resource+"."+kind.Group] = true
	}
	suspect := func(obj any) {
		if tombstone, ok := obj.(toolscache.DeletedFinalStateUnknown); ok {
			obj = tombstone.Obj
		}
		if crd, ok := obj.(*metav1.PartialObjectMetadata); ok && names[crd.Name] {
			select {
			case a.suspects <- struct{}{}:
			default:
			}
		}
	}
	return toolscache.ResourceEventHandlerFuncs{
		AddFunc:    suspect,
		UpdateFunc: func(_, obj any) { suspect(obj) },
		DeleteFunc: suspect,
	}
}

// settle asks discovery until it agrees with the CRDs there are: a CRD is served a
// moment after it is created, and no longer a moment after it is deleted.
func (a *apis) settle(ctx context.Context) {
	for range 60 {
		now, err := a.discover()
		if err == nil {
			a.take(ctx, now)
			if a.agrees(ctx, now) {
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(500 * time.Millisecond):
		}
	}
	ctrl.LoggerFrom(ctx).Info("discovery does not serve every CRD that exists; waiting for the next change of a CRD")
}

// agrees says whether exactly those kinds are served whose CRD exists.
func (a *apis) agrees(ctx context.Context, served map[schema.GroupVersionKind]bool) bool {
	for kind := range optionalKinds {
		err := a.cache.Get(ctx, client.ObjectKey{Name: kind.Resource + "." + kind.Group}, crdMetadata())
		if (err == nil) != served[kind.GroupVersionKind] {
			return false
		}
	}
	return true
}

// discover asks the API server which optional kinds it serves.
func (a *apis) discover() (map[schema.GroupVersionKind]bool, error) {
	served := map[schema.GroupVersionKind]bool{}
	asked := map[schema.GroupVersion]*metav1.APIResourceList{}
	for kind := range optionalKinds {
		gv := kind.GroupVersion()
		list, done := asked[gv]
		if !done {
			var err error
			list, err = a.discovery.ServerResourcesForGroupVersion(gv.String())
			if err != nil && !apierrors.IsNotFound(err) {
				return nil, fmt.Errorf("discovering %s: %w", gv, err)
			}
			asked[gv] = list
		}
		if list == nil {
			continue
		}
		for _, resource := range list.APIResources {
			if resource.Kind == kind.Kind && resource.Name == kind.Resource {
				served[kind.GroupVersionKind] = true
			}
		}
	}
	return served, nil
}

// take starts the watches of newly served kinds and wakes every environment when
// anything changed.
func (a *apis) take(ctx context.Context, now map[schema.GroupVersionKind]bool) {
	log := ctrl.LoggerFrom(ctx)
	for kind := range optionalKinds {
		if !now[kind.GroupVersionKind] || a.watched[kind.GroupVersionKind] {
			continue
		}
		if err := a.watch(ctx, kind); err != nil {
			log.Error(err, "watching a kind", "kind", kind.Kind)
			delete(now, kind.GroupVersionKind) // settle tries again
			continue
		}
		a.watched[kind.GroupVersionKind] = true
	}
	a.mu.Lock()
	changed := !maps.Equal(a.served, now)
	a.served = maps.Clone(now)
	a.mu.Unlock()
	if changed {
		log.Info("the cluster serves other kinds than before", "served", len(now), "known", len(optionalKinds))
		a.changed <- event.GenericEvent{}
	}
}

// optionalKinds are the kinds that something beside Kubernetes serves, children's
// and observed ones, and whether they are observed only.
var optionalKinds = func() map[component.Kind]bool {
	kinds := map[component.Kind]bool{}
	for _, c := range component.All {
		for _, kind := range c.Kinds {
			if kind.Provider != "" {
				kinds[kind] = false
			}
		}
		for _, kind := range c.Observes {
			kinds[kind] = true
		}
	}
	return kinds
}()

func crdMetadata() *metav1.PartialObjectMetadata {
	crd := &metav1.PartialObjectMetadata{}
	crd.SetGroupVersionKind(schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"})
	return crd
}

// keepNameOnly is a cache transform: of CRDs only the coming and going is of interest.
func keepNameOnly(in any) (any, error) {
	if crd, ok := in.(*metav1.PartialObjectMetadata); ok {
		crd.Labels, crd.Annotations, crd.ManagedFields = nil, nil, nil
	}
	return in, nil
}
