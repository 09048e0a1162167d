package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/appenv/appenv-operator/hack/local/audit"
	"github.com/appenv/appenv-operator/hack/local/cluster"
	"github.com/appenv/appenv-operator/hack/local/component"
	"github.com/appenv/appenv-operator/test/bench/internal/measure"
	"github.com/appenv/appenv-operator/test/bench/internal/workload"
)

// changes has every environment changed at once, in a way that changes each of its children, and measures until
// the last child is as its spec says.
func changes(ctx context.Context, t *trial) error {
	l, err := t.live(ctx)
	if err != nil {
		return err
	}
	const value = "4712"
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"labels": map[string]any{workload.Label: value}}})
	if err != nil {
		return err
	}
	return l.spent(verb, func(began time.Time) error {
		err := t.each(ctx, func(ctx context.Context, name string) error {
			_, err := t.plane.Dynamic.Resource(cluster.AppEnvironments).Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: "bench"})
			return err
		})
		if err != nil {
			return fmt.Errorf("changing environments: %w", err)
		}
		last, err := l.children.AwaitValue(ctx, t.n*workload.Children, value)
		if err != nil {
			return err
		}
		t.record("all changed (s)", seconds(last.Sub(began)))
		t.record("environments changed per second", float64(t.n)/last.Sub(began).Seconds())
		_, err = settled(ctx, t.plane.OperatorMetrics()) // the reports come last
		return err
	})
}

// spent has something done to every environment, and records what the operator asked and worked for it: the
// requests by what the given function calls them.
func (l *life) spent(called func(audit.Entry) string, do func(began time.Time) error) error {
	pid, err := l.plane.PID(component.Operator)
	if err != nil {
		return err
	}
	before, err := measure.UsageOf(pid)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := do(began); err != nil {
		return err
	}
	after, err := measure.UsageOf(pid)
	if err != nil {
		return err
	}
	requests, err := measure.Requests(l.plane.Site.Dir.AuditLog(), cluster.OperatorUser, began)
	if err != nil {
		return err
	}
	l.record("CPU per environment (ms)", milliseconds(after.CPU-before.CPU)/float64(l.n))
	l.record("requests per environment", float64(len(requests))/float64(l.n))
	for _, request := range requests {
		l.values[called(request)+" per environment"] += 1 / float64(l.n)
	}
	return l.sound()
}
