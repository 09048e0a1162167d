package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/appenv/appenv-operator/test/bench/internal/measure"
	"github.com/appenv/appenv-operator/test/bench/internal/observe"
	"github.com/appenv/appenv-operator/test/bench/internal/workload"
)

const (
	// drifts is how many children are changed or deleted, one after the other.
	drifts = 500
	// repairLimit is how long a repair is waited for.
	repairLimit = 20 * time.Second
	// seed makes every run disturb the same children.
	seed = 1
)

// rarely deleted are kinds that are changed only: a namespace goes when Kubernetes has emptied it, and an
// ApplicationSet when the operator has kept its Applications out of harm's way.
var rarelyDeleted = []string{"Namespace", "ApplicationSet"}

func driftOfOperator(ctx context.Context, t *trial) error {
	l, err := t.live(ctx)
	if err != nil {
		return err
	}
	if err := t.drift(ctx, l.children); err != nil {
		return err
	}
	return l.sound()
}

func driftOfKro(ctx context.Context, t *trial) error {
	l, err := t.kroLife(ctx)
	if err != nil {
		return err
	}
	if _, err := settled(ctx, t.plane.KroMetrics()); err != nil {
		return err
	}
	return t.drift(ctx, l.children)
}

// drift changes or deletes children at random, one after the other, and measures from when that is seen until
// the repair is.
func (t *trial) drift(ctx context.Context, children *observe.Children) error {
	l := &life{trial: t, children: children}
	keys := slices.SortedFunc(func(yield func(observe.Key) bool) {
		for key := range children.States() {
			if !yield(key) {
				return
			}
		}
	}, func(a, b observe.Key) int { return strings.Compare(a.String(), b.String()) })
	random := rand.New(rand.NewPCG(seed, uint64(t.n))) //nolint:gosec // a number of environments
	var changed, deleted []time.Duration
	for range drifts {
		key := keys[random.IntN(len(keys))]
		if random.IntN(2) == 0 && !slices.Contains(rarelyDeleted, key.Resource.Kind) {
			took, err := l.repair(ctx, key, l.remove, func(e observe.Event) bool { return e.Gone })
			if err != nil {
				return fmt.Errorf("deleting %s: %w", key, err)
			}
			deleted = append(deleted, took)
			continue
		}
		took, err := l.repair(ctx, key, l.change, func(e observe.Event) bool { return e.Value != workload.Value })
		if err != nil {
			return fmt.Errorf("changing %s: %w", key, err)
		}
		changed = append(changed, took)
	}
	t.distribution("", slices.Concat(changed, deleted))
	t.distribution("changed: ", changed)
	t.distribution("deleted: ", deleted)
	return nil
}

// distribution records what most repairs took, what all but a few did, and the worst.
func (t *trial) distribution(of string, took []time.Duration) {
	slices.Sort(took)
	for name, share := range map[string]float64{"p50": 0.5, "p95": 0.95, "p99": 0.99, "worst": 1} {
		t.record(of+name+" (ms)", milliseconds(measure.Percentile(took, share)))
	}
	t.record(of+"repairs", float64(len(took)))
}

// repair disturbs a child and returns how long it stays so.
func (l *life) repair(ctx context.Context, key observe.Key, disturb func(context.Context, observe.Key) error, isDisturbed func(observe.Event) bool) (time.Duration, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, repairLimit, errors.New("not repaired"))
	defer cancel()
	events, stop := l.children.Events(key)
	defer stop()
	if err := disturb(ctx, key); err != nil {
		return 0, err
	}
	from, err := await(ctx, events, isDisturbed)
	if err != nil {
		return 0, err
	}
	until, err := await(ctx, events, func(e observe.Event) bool { return !e.Gone && e.Value == workload.Value })
	return until.At.Sub(from.At), err
}

// await waits for an event.
func await(ctx context.Context, events <-chan observe.Event, is func(observe.Event) bool) (observe.Event, error) {
	for {
		select {
		case <-ctx.Done():
			return observe.Event{}, context.Cause(ctx)
		case e := <-events:
			if is(e) {
				return e, nil
			}
		}
	}
}

func (l *life) remove(ctx context.Context, key observe.Key) error {
	return l.client(key).Delete(ctx, key.Name, metav1.DeleteOptions{})
}

// change takes the value of a label that the spec puts on every child.
func (l *life) change(ctx context.Context, key observe.Key) error {
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"labels": map[string]any{workload.Label: "changed"}}})
	if err != nil {
		return err
	}
	_, err = l.client(key).Patch(ctx, key.Name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: "intruder"})
	return err
}

func (l *life) client(key observe.Key) dynamic.ResourceInterface {
	of := l.plane.Dynamic.Resource(key.Resource.GroupVersionResource)
	if key.Namespace == "" {
		return of
	}
	return of.Namespace(key.Namespace)
}
