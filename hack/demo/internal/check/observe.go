package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
)

// target is an object, or with an empty name all of a kind in a namespace.
type target struct {
	resource  schema.GroupVersionResource
	namespace string
	name      string
}

func (t target) String() string {
	if t.namespace == "" {
		return fmt.Sprintf("%s %s", t.resource.Resource, t.name)
	}
	return fmt.Sprintf("%s %s/%s", t.resource.Resource, t.namespace, t.name)
}

// event is a change and when it was seen.
type event struct {
	at     time.Time
	kind   watch.EventType
	object *unstructured.Unstructured
}

// observer sees every change of a target from a moment on.
type observer struct {
	target target
	before []unstructured.Unstructured // what was there at that moment
	events chan event
	stop   func()
}

// client reaches a target's kind and namespace.
func (c *check) client(t target) dynamic.ResourceInterface {
	if t.namespace == "" {
		return c.cluster.Dynamic.Resource(t.resource)
	}
	return c.cluster.Dynamic.Resource(t.resource).Namespace(t.namespace)
}

// deleteByHand deletes a target. A person may not delete what would take workloads along: then that is
// shown, and it is deleted in spite of the policy.
func (c *check) deleteByHand(ctx context.Context, t target, options metav1.DeleteOptions) error {
	err := c.client(t).Delete(ctx, t.name, options)
	if !apierrors.IsForbidden(err) {
		c.expect(!slices.Contains(held, t.resource), "a person may delete %s", t)
		return err
	}
	c.expect(slices.Contains(held, t.resource), "a person may not delete %s: %v", t, err)
	exempt := c.cluster.Exempt.Resource(t.resource)
	if t.namespace == "" {
		return exempt.Delete(ctx, t.name, options)
	}
	return exempt.Namespace(t.namespace).Delete(ctx, t.name, options)
}

// observe begins to observe a target. The times are those of this client: what it measures includes
// the API server's own delay.
func (c *check) observe(ctx context.Context, t target) (*observer, error) {
	options := metav1.ListOptions{}
	if t.name != "" {
		options.FieldSelector = fields.OneTermEqualSelector("metadata.name", t.name).String()
	}
	list, err := c.client(t).List(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", t, err)
	}
	options.ResourceVersion = list.GetResourceVersion()
	changes, err := c.client(t).Watch(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("watching %s: %w", t, err)
	}
	o := &observer{target: t, before: list.Items, events: make(chan event, 1000), stop: changes.Stop}
	go func() {
		defer close(o.events)
		for change := range changes.ResultChan() {
			if object, ok := change.Object.(*unstructured.Unstructured); ok {
				o.events <- event{at: time.Now(), kind: change.Type, object: object}
			}
		}
	}()
	return o, nil
}

// only is the one object that was there when the observation began.
func (o *observer) only() (*unstructured.Unstructured, error) {
	if len(o.before) != 1 {
		return nil, fmt.Errorf("%s: found %d, wanted 1", o.target, len(o.before))
	}
	return &o.before[0], nil
}

// await returns the first event that is wanted.
func (o *observer) await(ctx context.Context, limit time.Duration, what string, wanted func(event) bool) (event, error) {
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	for {
		select {
		case <-ctx.Done():
			return event{}, ctx.Err()
		case <-deadline.C:
			return event{}, fmt.Errorf("%s: not %s within %s", o.target, what, limit)
		case e, open := <-o.events:
			if !open {
				return event{}, errors.New(o.target.String() + ": the watch ended")
			}
			if wanted(e) {
				return e, nil
			}
		}
	}
}

func isAdded(e event) bool   { return e.kind == watch.Added }
func isDeleted(e event) bool { return e.kind == watch.Deleted }
