package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/appenv/appenv-operator/hack/local/audit"
	"github.com/appenv/appenv-operator/hack/local/cluster"
	"github.com/appenv/appenv-operator/hack/local/component"
	"github.com/appenv/appenv-operator/test/bench/internal/measure"
	"github.com/appenv/appenv-operator/test/bench/internal/observe"
	"github.com/appenv/appenv-operator/test/bench/internal/standin"
	"github.com/appenv/appenv-operator/test/bench/internal/workload"
)

// A life is a plane on which all environments are Ready.
type life struct {
	*trial
	children     *observe.Children
	environments *observe.Environments
	broken       <-chan error // from the stand-ins
	began, ready time.Time
}

// live starts the operator and the stand-ins, and waits until n environments are Ready. The parts of a cell share it.
func (t *trial) live(ctx context.Context) (*life, error) {
	if t.life != nil {
		return t.life, nil
	}
	l := &life{trial: t}
	if err := t.plane.StartOperator(ctx, workers); err != nil {
		return nil, err
	}
	var err error
	if l.broken, err = standin.Everybody(ctx, t.plane.Dynamic); err != nil {
		return nil, err
	}
	if l.children, err = observe.Follow(ctx, t.plane.Metadata); err != nil {
		return nil, err
	}
	if l.environments, err = observe.FollowEnvironments(ctx, t.plane.Dynamic); err != nil {
		return nil, err
	}
	if err := t.started(ctx, t.plane.OperatorMetrics()); err != nil {
		return nil, err
	}
	l.began = time.Now()
	if err := t.each(ctx, t.submit); err != nil {
		return nil, err
	}
	if l.ready, err = l.environments.AwaitReady(ctx, t.n); err != nil {
		return nil, err
	}
	if _, err = settled(ctx, t.plane.OperatorMetrics()); err != nil {
		return nil, err
	}
	t.life = l
	return l, nil
}

// sound fails when a stand-in failed.
func (l *life) sound() error {
	select {
	case err := <-l.broken:
		return err
	default:
		return nil
	}
}

// readiness measures from the first request until every environment is Ready, and what that took of each.
func readiness(ctx context.Context, t *trial) error {
	l, err := t.live(ctx)
	if err != nil {
		return err
	}
	t.record("all Ready (s)", seconds(l.ready.Sub(l.began)))
	if err := t.asked(ctx, component.Operator, t.plane.OperatorMetrics(), operatorWrites...); err != nil {
		return err
	}
	requests, err := measure.Requests(t.plane.Site.Dir.AuditLog(), cluster.OperatorUser, l.began)
	if err != nil {
		return err
	}
	t.record("requests per environment", float64(len(requests))/float64(t.n))
	for _, request := range requests {
		t.values[verb(request)+" per environment"] += 1 / float64(t.n)
	}
	return l.sound()
}

// verb is what a request asks for, as in "update appenvironments/status".
func verb(request audit.Entry) string {
	resource := request.Object.Resource
	if request.Object.Subresource != "" {
		resource += "/" + request.Object.Subresource
	}
	return request.Verb + " " + resource
}

// idlePeriod is how long the operator is left alone, and restPeriod how long before that: it looks at its own
// writes once more when it has time.
const (
	idlePeriod = time.Minute
	restPeriod = 15 * time.Second
)

// idleness measures what the operator does while nothing happens.
func idleness(ctx context.Context, t *trial) error {
	if _, err := t.live(ctx); err != nil {
		return err
	}
	pid, err := t.plane.PID(component.Operator)
	if err != nil {
		return err
	}
	if err := pause(ctx, restPeriod); err != nil {
		return err
	}
	before, err := measure.UsageOf(pid)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := pause(ctx, idlePeriod); err != nil {
		return err
	}
	after, err := measure.UsageOf(pid)
	if err != nil {
		return err
	}
	requests, err := measure.Requests(t.plane.Site.Dir.AuditLog(), cluster.OperatorUser, began)
	if err != nil {
		return err
	}
	all, err := audit.Since(t.plane.Site.Dir.AuditLog(), cluster.OperatorUser, began)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return fmt.Errorf("the audit log has no request of %s, not even for its lease", cluster.OperatorUser)
	}
	metrics, err := measure.Scrape(ctx, t.plane.OperatorMetrics())
	if err != nil {
		return err
	}
	t.record("requests in 60 s", float64(len(requests)))
	t.record("CPU in 60 s (s)", seconds(after.CPU-before.CPU))
	t.record("share of a core (%)", 100*(after.CPU-before.CPU).Seconds()/idlePeriod.Seconds())
	t.record("resident (MB)", after.Resident)
	t.record("Go heap (MB)", metrics.Heap())
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// restart ends the operator, takes a child away, starts it again, and measures from then until the child is
// back, and what else it writes.
func restart(ctx context.Context, t *trial) error {
	l, err := t.live(ctx)
	if err != nil {
		return err
	}
	if err := t.plane.StopOperator(); err != nil {
		return err
	}
	key, err := l.someChild("ServiceAccount")
	if err != nil {
		return err
	}
	events, stop := l.children.Events(key)
	defer stop()
	if err := l.remove(ctx, key); err != nil {
		return err
	}
	began := time.Now()
	if err := t.plane.StartOperator(ctx, workers); err != nil {
		return err
	}
	back, err := await(ctx, events, func(e observe.Event) bool { return !e.Gone })
	if err != nil {
		return err
	}
	t.record("drift repaired after start (s)", seconds(back.At.Sub(began)))
	if _, err := settled(ctx, t.plane.OperatorMetrics()); err != nil {
		return err
	}
	t.record("settled after start (s)", seconds(time.Since(began)-settleFor))
	requests, err := measure.Requests(t.plane.Site.Dir.AuditLog(), cluster.OperatorUser, began)
	if err != nil {
		return err
	}
	// The environment of the child is written to as well: its entry has another UID now. That the operator leads
	// is an Event in its own namespace.
	others := slices.DeleteFunc(slices.Clone(requests), func(e audit.Entry) bool {
		return !e.Writes() || e.Object.Name == key.Namespace || e.Object.Namespace == key.Namespace || e.Object.Namespace == cluster.OperatorNamespace
	})
	if !slices.ContainsFunc(requests, func(e audit.Entry) bool { return verb(e) == "create serviceaccounts" && e.Object.Name == key.Name }) {
		return fmt.Errorf("the audit log does not have the repair of %s", key)
	}
	t.record("writes to other environments", float64(len(others)))
	for _, other := range others {
		fmt.Printf("            a write to another environment: %s %s/%s\n", verb(other), other.Object.Namespace, other.Object.Name)
	}
	t.record("requests per environment", float64(len(requests))/float64(t.n))
	return t.used(ctx, component.Operator, nil)
}

// teardown deletes every environment, and measures until the last one is gone.
func teardown(ctx context.Context, t *trial) error {
	l, err := t.live(ctx)
	if err != nil {
		return err
	}
	return l.spent(func(request audit.Entry) string { return request.Verb }, func(began time.Time) error {
		err := t.each(ctx, func(ctx context.Context, name string) error {
			return t.plane.Dynamic.Resource(cluster.AppEnvironments).Delete(ctx, name, metav1.DeleteOptions{})
		})
		if err != nil {
			return fmt.Errorf("deleting environments: %w", err)
		}
		gone, err := l.environments.AwaitGone(ctx)
		if err != nil {
			return err
		}
		t.record("all gone (s)", seconds(gone.Sub(began)))
		_, err = l.children.Await(ctx, 0)
		return err
	})
}

// someChild is a child of that kind, of the environment in the middle.
func (l *life) someChild(kind string) (observe.Key, error) {
	for key := range l.children.States() {
		if key.Resource.Kind == kind && key.Namespace == workload.Name(l.n/2) {
			return key, nil
		}
	}
	return observe.Key{}, fmt.Errorf("there is no %s of %s", kind, workload.Name(l.n/2))
}
