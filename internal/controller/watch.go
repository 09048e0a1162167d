package controller

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
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
// kind from the moment it is served and may be listed. Waiting for a kind that is
// absent or forbidden would stop the whole manager, so no optional kind is watched
// before discovery has it and a list of it was answered.
type apis struct {
	discovery discovery.DiscoveryInterface
	cache     cache.Cache
	list      func(context.Context, component.Kind) error // asks for one object of a kind, past the cache
	watch     func(context.Context, component.Kind) error // starts the watch of a kind
	changed   chan event.GenericEvent                     // wakes every environment
	suspects  chan struct{}                               // one element: a CRD came or went

	mu      sync.RWMutex
	served  map[schema.GroupVersionKind]bool
	unread  map[schema.GroupVersionKind]error // why a kind that is served is not watched
	watched map[schema.GroupVersionKind]bool  // used by one goroutine at a time
	revised int64                             // how often served or unread changed
}

// How often a kind that is served and cannot be listed is tried again, and how long
// its first list may take.
const (
	listRetry   = 5 * time.Second
	listTimeout = 30 * time.Second
)

// serves says whether the cluster serves the kind.
func (a *apis) serves(kind component.Kind) bool {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return kind.Provider == "" || a.served[kind.GroupVersionKind]
}

// revision changes when what serves and readable say does.
func (a *apis) revision() int64 {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.revised
}

// readable says why objects of a served kind cannot be read; nil when they can.
func (a *apis) readable(gvk schema.GroupVersionKind) error {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.unread[gvk]
}

// NeedLeaderElection implements manager.LeaderElectionRunnable: a standby that knew only the
// kinds of its own start would, once it leads, take the others for absent.
func (*apis) NeedLeaderElection() bool { return false }

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
		var again <-chan time.Time
		if len(a.unread) > 0 {
			again = time.After(listRetry) // a role may be granted without any event
		}
		select {
		case <-ctx.Done():
			return nil
		case <-a.suspects:
		case <-again:
		}
		a.settle(ctx)
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
	for _, kind := range optionalKindsSorted {
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

// take starts the watches of newly served kinds, and wakes every environment when
// anything changed. The watch of a kind that went is not ended: the client's
// read-your-writes consistency is tied to the informer, and the reflector asks again,
// every half a minute at the longest, until the kind is back.
func (a *apis) take(ctx context.Context, now map[schema.GroupVersionKind]bool) {
	unread := a.watchAll(ctx, now)
	a.mu.Lock()
	changed := !maps.Equal(a.served, now) || !maps.EqualFunc(a.unread, unread, sameWords)
	a.served, a.unread = now, unread
	if changed {
		a.revised++
	}
	a.mu.Unlock()
	if changed {
		ctrl.LoggerFrom(ctx).Info("the cluster serves other kinds than before",
			"served", len(now), "unreadable", len(unread), "known", len(optionalKinds))
		a.changed <- event.GenericEvent{}
	}
}

// watchAll starts to watch the kinds that are served and are not watched yet, and
// says why it could not.
func (a *apis) watchAll(ctx context.Context, served map[schema.GroupVersionKind]bool) map[schema.GroupVersionKind]error {
	unread := map[schema.GroupVersionKind]error{}
	for kind := range optionalKinds {
		gvk := kind.GroupVersionKind
		if !served[gvk] || a.watched[gvk] {
			continue
		}
		err := a.list(ctx, kind)
		if err == nil {
			err = a.watch(ctx, kind)
		}
		if err != nil {
			ctrl.LoggerFrom(ctx).Info("a kind that the cluster serves cannot be watched", "kind", kind.Kind, "cause", err.Error())
			unread[gvk] = err
			continue
		}
		a.watched[gvk] = true
	}
	return unread
}

func sameWords(a, b error) bool { return a.Error() == b.Error() }

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

// optionalKindsSorted are always in the same order, so that the first failure is always the same one.
var optionalKindsSorted = slices.SortedFunc(maps.Keys(optionalKinds), func(a, b component.Kind) int { return strings.Compare(a.String(), b.String()) })
