// Package observe sees objects come, change and go, and when. Everybody who is measured is seen through the
// same watches, of metadata alone.
package observe

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/metadata"

	"github.com/appenv/appenv-operator/test/bench/internal/workload"
)

// A Key is an object.
type Key struct {
	Resource workload.Resource
	types.NamespacedName
}

// String is the object in a few words.
func (k Key) String() string { return k.Resource.Kind + " " + k.NamespacedName.String() }

// A State is what is known of an object that exists.
type State struct {
	UID   types.UID
	Value string // of workload.Label
}

// An Event is what an object became, and when that was seen; Gone objects have no State.
type Event struct {
	Key
	State
	Gone bool
	At   time.Time
}

// Children follows the children of all environments.
type Children struct {
	mu      sync.Mutex
	states  map[Key]State
	values  map[string]int // how many children have a value
	last    time.Time      // when the last one came
	latest  time.Time      // of all events
	failure error
	wake    chan struct{} // closed at the next event, then replaced
	follow  map[Key]chan Event
}

// Follow starts the watches, which end with ctx.
func Follow(ctx context.Context, client metadata.Interface) (*Children, error) {
	resources, err := workload.Resources()
	if err != nil {
		return nil, err
	}
	c := &Children{states: map[Key]State{}, values: map[string]int{}, wake: make(chan struct{}), follow: map[Key]chan Event{}}
	for _, resource := range resources {
		// Nobody made these in another way: everything with the label is a child.
		of, options := client.Resource(resource.GroupVersionResource), metav1.ListOptions{LabelSelector: workload.Label}
		before, err := of.List(ctx, options)
		if err != nil {
			return nil, fmt.Errorf("listing %s: %w", resource, err)
		}
		if len(before.Items) > 0 {
			return nil, fmt.Errorf("there are %s already", resource)
		}
		w, err := Watch(ctx, resource.String(), before.ResourceVersion, of.Watch, options)
		if err != nil {
			return nil, err
		}
		go c.run(ctx, resource, w)
	}
	return c, nil
}

func (c *Children) run(ctx context.Context, resource workload.Resource, w watch.Interface) {
	defer w.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case e, open := <-w.ResultChan():
			at := time.Now()
			object, ok := e.Object.(*metav1.PartialObjectMetadata)
			if !open || !ok {
				c.fail(fmt.Errorf("the watch of %s ended: %v", resource, describe(e.Object)))
				return
			}
			c.see(Event{
				Key:   Key{resource, types.NamespacedName{Namespace: object.Namespace, Name: object.Name}},
				State: State{object.UID, object.Labels[workload.Label]},
				Gone:  e.Type == watch.Deleted, At: at,
			})
		}
	}
}

func describe(object runtime.Object) string {
	if status, ok := object.(*metav1.Status); ok {
		return status.Message
	}
	return fmt.Sprintf("%T", object)
}

func (c *Children) see(e Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before, known := c.states[e.Key]
	if known {
		c.values[before.Value]--
	}
	if !known && !e.Gone {
		c.last = e.At
	}
	if e.Gone {
		delete(c.states, e.Key)
	} else {
		c.states[e.Key] = e.State
		c.values[e.Value]++
	}
	c.latest = e.At
	if to, followed := c.follow[e.Key]; followed {
		to <- e
	}
	c.notify()
}

func (c *Children) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failure = errors.Join(c.failure, err)
	c.notify()
}

func (c *Children) notify() {
	close(c.wake)
	c.wake = make(chan struct{})
}

// Await waits until there are n children, and says when the last of them came.
func (c *Children) Await(ctx context.Context, n int) (time.Time, error) {
	return c.await(ctx, n, func() (int, time.Time) { return len(c.states), c.last })
}

// AwaitValue waits until n children have the value, and says when the last of them got it.
func (c *Children) AwaitValue(ctx context.Context, n int, value string) (time.Time, error) {
	return c.await(ctx, n, func() (int, time.Time) { return c.values[value], c.latest })
}

func (c *Children) await(ctx context.Context, n int, count func() (int, time.Time)) (time.Time, error) {
	for {
		c.mu.Lock()
		have, last := count()
		failure, wake := c.failure, c.wake
		c.mu.Unlock()
		switch {
		case failure != nil:
			return last, failure
		case have == n:
			return last, nil
		}
		select {
		case <-ctx.Done():
			return last, fmt.Errorf("waiting for %d children, of which %d are as they should be: %w", n, have, context.Cause(ctx))
		case <-wake:
		}
	}
}

// States are the children that exist.
func (c *Children) States() map[Key]State {
	c.mu.Lock()
	defer c.mu.Unlock()
	states := make(map[Key]State, len(c.states))
	for key, state := range c.states {
		states[key] = state
	}
	return states
}

// Events delivers what becomes of one child from now on, until stop is called.
func (c *Children) Events(key Key) (events <-chan Event, stop func()) {
	to := make(chan Event, 64)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.follow[key] = to
	return to, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.follow, key)
	}
}
