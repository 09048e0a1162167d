package controller

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
)

const (
	// patience is how long a read waits for the cache to show what the operator wrote.
	patience = 5 * time.Second
	// firstDoubt is how long reads of a kind do not wait after one has waited in vain; it doubles each time.
	firstDoubt, lastDoubt = 30 * time.Second, 10 * time.Minute
)

// A follower reads from the cache what the operator wrote, as far as the cache ever shows it. The client underneath
// waits until it does (controller-runtime v0.25, pkg/client/consistency.go), and that may be for ever: of an object
// that came and went while its watch was interrupted, or whose API was taken away and installed again, no event comes.
// Every look at every environment would wait for it.
//
// So a read that has waited for a while takes what the cache has, and deletions are not waited for: whoever deletes
// looks past the cache whether the object is gone.
type follower struct {
	client.Client
	patience time.Duration
	now      func() time.Time

	mu     sync.Mutex
	doubts map[schema.GroupVersionKind]doubt
}

// A doubt is whether a cache will ever show what was written.
type doubt struct {
	until time.Time
	span  time.Duration
}

func newFollower(c client.Client) *follower {
	return &follower{Client: c, patience: patience, now: time.Now, doubts: map[schema.GroupVersionKind]doubt{}}
}

// Get reads an object from the cache.
func (f *follower) Get(ctx context.Context, key client.ObjectKey, obj client.Object, options ...client.GetOption) error {
	kind, err := apiutil.GVKForObject(obj, f.Scheme())
	if err != nil {
		return fmt.Errorf("finding the kind of an object: %w", err)
	}
	return f.read(ctx, kind, func(ctx context.Context) error {
		return f.Client.Get(ctx, key, obj, options...)
	}, func() error {
		return f.Client.Get(ctx, key, obj, append(options[:len(options):len(options)], client.DisableReadYourWritesConsistency)...)
	})
}

// List reads a list from the cache.
func (f *follower) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	kind, err := apiutil.GVKForObject(list, f.Scheme())
	if err != nil {
		return fmt.Errorf("finding the kind of a list: %w", err)
	}
	kind.Kind = strings.TrimSuffix(kind.Kind, "List")
	return f.read(ctx, kind, func(ctx context.Context) error {
		return f.Client.List(ctx, list, options...)
	}, func() error {
		return f.Client.List(ctx, list, append(options[:len(options):len(options)], client.DisableReadYourWritesConsistency)...)
	})
}

// Delete deletes an object.
func (f *follower) Delete(ctx context.Context, obj client.Object, options ...client.DeleteOption) error {
	return f.Client.Delete(ctx, obj, append(options[:len(options):len(options)], client.DisableReadYourWritesConsistency)...)
}

// read waits for what was written, unless the cache of the kind is in doubt, or has come to be.
func (f *follower) read(ctx context.Context, kind schema.GroupVersionKind, waiting func(context.Context) error, asItIs func() error) error {
	if f.doubtful(kind) {
		return asItIs()
	}
	limited, cancel := context.WithTimeout(ctx, f.patience)
	defer cancel()
	err := waiting(limited)
	if err == nil {
		f.settle(kind)
		return nil
	}
	if limited.Err() == nil || ctx.Err() != nil {
		return err
	}
	ctrl.LoggerFrom(ctx).Info("the cache does not show what was written; it is read as it is for a while",
		"kind", kind.Kind, "for", f.doubt(kind).String(), "cause", err.Error())
	return asItIs()
}

func (f *follower) doubtful(kind schema.GroupVersionKind) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	known, found := f.doubts[kind]
	return found && f.now().Before(known.until)
}

func (f *follower) doubt(kind schema.GroupVersionKind) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	known := f.doubts[kind]
	if f.now().Before(known.until) {
		return known.span // others waited too
	}
	known.span = min(max(firstDoubt, 2*known.span), lastDoubt)
	known.until = f.now().Add(known.span)
	f.doubts[kind] = known
	return known.span
}

func (f *follower) settle(kind schema.GroupVersionKind) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.doubts, kind)
}
