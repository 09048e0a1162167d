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
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
)

const (
	// patience is how long a read waits for the cache to show what the operator wrote.
	patience = 5 * time.Second
	// firstDoubt is how long a read does not wait again after it has waited in vain; it doubles each time.
	firstDoubt, lastDoubt = 30 * time.Second, 10 * time.Minute
)

// A follower reads from the cache what the operator wrote, as far as the cache ever shows it. The client underneath
// waits until it does (controller-runtime v0.25, pkg/client/consistency.go), and that may be for ever: of an object
// that came and went while its watch was interrupted, or whose API was taken away and installed again, no event comes.
// Every look at every environment would wait for it.
//
// So a read that has waited for a while takes what the cache has: see memory.outdates for what is then read past it.
// Deletions are not waited for: whoever deletes looks past the cache whether the object is gone.
type follower struct {
	client.Client
	patience time.Duration
	now      func() time.Time

	mu     sync.Mutex
	doubts map[target]doubt
}

// A target is what is read: an object, or without a key all objects of a kind.
type target struct {
	kind schema.GroupVersionKind
	key  client.ObjectKey
}

// A doubt is whether the cache will ever show what was written.
type doubt struct {
	until time.Time
	span  time.Duration
}

func newFollower(c client.Client) *follower {
	return &follower{Client: c, patience: patience, now: time.Now, doubts: map[target]doubt{}}
}

// Get reads an object from the cache.
func (f *follower) Get(ctx context.Context, key client.ObjectKey, obj client.Object, options ...client.GetOption) error {
	kind, err := apiutil.GVKForObject(obj, f.Scheme())
	if err != nil {
		return fmt.Errorf("finding the kind of an object: %w", err)
	}
	return f.read(ctx, target{kind, key}, func(ctx context.Context) error {
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
	if slices.Contains(options, client.ListOption(client.DisableReadYourWritesConsistency)) {
		return f.Client.List(ctx, list, options...)
	}
	kind.Kind = strings.TrimSuffix(kind.Kind, "List")
	return f.read(ctx, target{kind: kind}, func(ctx context.Context) error {
		return f.Client.List(ctx, list, options...)
	}, func() error {
		return f.Client.List(ctx, list, append(options[:len(options):len(options)], client.DisableReadYourWritesConsistency)...)
	})
}

// Delete deletes an object.
func (f *follower) Delete(ctx context.Context, obj client.Object, options ...client.DeleteOption) error {
	return f.Client.Delete(ctx, obj, append(options[:len(options):len(options)], client.DisableReadYourWritesConsistency)...)
}

// read waits for what was written, unless that has been in vain not long ago.
func (f *follower) read(ctx context.Context, what target, waiting func(context.Context) error, asItIs func() error) error {
	if f.doubtful(what) {
		return asItIs()
	}
	limited, cancel := context.WithTimeout(ctx, f.patience)
	defer cancel()
	err := waiting(limited)
	switch {
	case err == nil || apierrors.IsNotFound(err):
		f.settle(what)
		return err
	case limited.Err() == nil || ctx.Err() != nil:
		return err
	}
	ctrl.LoggerFrom(ctx).Info("the cache does not show what was written; it is read as it is for a while",
		"kind", what.kind.Kind, "for", f.doubt(what).String(), "cause", err.Error())
	return asItIs()
}

func (f *follower) doubtful(what target) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	known, found := f.doubts[what]
	return found && f.now().Before(known.until)
}

// doubt is how long the cache is not waited for from now on.
func (f *follower) doubt(what target) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	known := f.doubts[what]
	if f.now().Before(known.until) {
		return known.span // others waited too
	}
	maps.DeleteFunc(f.doubts, func(_ target, old doubt) bool { return f.now().Sub(old.until) > lastDoubt }) // nobody reads it any more
	known.span = min(max(firstDoubt, 2*known.span), lastDoubt)
	known.until = f.now().Add(known.span)
	f.doubts[what] = known
	return known.span
}

func (f *follower) settle(what target) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.doubts, what)
}
