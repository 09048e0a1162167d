package observe

import (
	"context"
	"fmt"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"

	"github.com/appenv/appenv-operator/hack/local/cluster"
)

// Environments follows the AppEnvironments: which exist, and which are Ready.
type Environments struct {
	mu      sync.Mutex
	ready   map[string]bool // of those that exist
	lines   map[string]string
	at      time.Time // of the last change
	failure error
	wake    chan struct{}
}

// FollowEnvironments starts the watch, which ends with ctx.
func FollowEnvironments(ctx context.Context, client dynamic.Interface) (*Environments, error) {
	of := client.Resource(cluster.AppEnvironments)
	before, err := of.List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("listing AppEnvironments: %w", err)
	}
	w, err := Watch(ctx, "AppEnvironments", before.GetResourceVersion(), of.Watch, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	e := &Environments{ready: map[string]bool{}, lines: map[string]string{}, wake: make(chan struct{})}
	go e.run(ctx, w)
	return e, nil
}

func (e *Environments) run(ctx context.Context, w watch.Interface) {
	defer w.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case event, open := <-w.ResultChan():
			env, ok := event.Object.(*unstructured.Unstructured)
			e.mu.Lock()
			switch {
			case !open || !ok:
				e.failure = fmt.Errorf("the watch of AppEnvironments ended: %s", describe(event.Object))
			case event.Type == watch.Deleted:
				delete(e.ready, env.GetName())
				delete(e.lines, env.GetName())
			default:
				e.ready[env.GetName()] = isReady(env)
				e.lines[env.GetName()], _, _ = unstructured.NestedString(env.Object, "status", "blockedOn")
			}
			e.at = time.Now()
			close(e.wake)
			e.wake = make(chan struct{})
			failed := e.failure != nil
			e.mu.Unlock()
			if failed {
				return
			}
		}
	}
}

func isReady(env *unstructured.Unstructured) bool {
	conditions, _, _ := unstructured.NestedSlice(env.Object, "status", "conditions")
	for _, condition := range conditions {
		fields, _ := condition.(map[string]any)
		if fields["type"] == "Ready" {
			return fields["status"] == "True"
		}
	}
	return false
}

// AwaitReady waits until n environments are Ready, and says when the last one became so.
func (e *Environments) AwaitReady(ctx context.Context, n int) (time.Time, error) {
	return e.await(ctx, func() (int, bool) {
		ready := 0
		for _, is := range e.ready {
			if is {
				ready++
			}
		}
		return ready, ready == n
	})
}

// AwaitGone waits until no environment is left, and says when the last one went.
func (e *Environments) AwaitGone(ctx context.Context) (time.Time, error) {
	return e.await(ctx, func() (int, bool) { return len(e.ready), len(e.ready) == 0 })
}

func (e *Environments) await(ctx context.Context, done func() (int, bool)) (time.Time, error) {
	for {
		e.mu.Lock()
		have, over := done()
		at, failure, wake := e.at, e.failure, e.wake
		var example string
		for name, line := range e.lines {
			if line != "" {
				example = name + " waits: " + line
			}
		}
		e.mu.Unlock()
		switch {
		case failure != nil:
			return at, failure
		case over:
			return at, nil
		}
		select {
		case <-ctx.Done():
			return at, fmt.Errorf("waiting for environments, %d so far: %w; %s", have, context.Cause(ctx), example)
		case <-wake:
		}
	}
}
