package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/appenv/appenv-operator/hack/local/cluster"
	"github.com/appenv/appenv-operator/hack/local/component"
	"github.com/appenv/appenv-operator/test/bench/internal/measure"
	"github.com/appenv/appenv-operator/test/bench/internal/observe"
	"github.com/appenv/appenv-operator/test/bench/internal/plane"
	"github.com/appenv/appenv-operator/test/bench/internal/workload"
)

// burstOfFloor measures a plain client that applies the children of each environment, one after the other, and
// creates the AppEnvironment: nothing is decided, recorded or reported.
func burstOfFloor(ctx context.Context, t *trial) error {
	children, err := observe.Follow(ctx, t.plane.Metadata)
	if err != nil {
		return err
	}
	return t.burst(ctx, children, func(ctx context.Context, name string) error {
		if err := t.submit(ctx, name); err != nil {
			return err
		}
		objects, err := workload.Objects(name)
		if err != nil {
			return err
		}
		for _, object := range objects {
			if err := t.apply(ctx, object); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *trial) apply(ctx context.Context, object *unstructured.Unstructured) error {
	resource, err := workload.ResourceOf(object)
	if err != nil {
		return err
	}
	options := metav1.ApplyOptions{FieldManager: "floor", Force: true}
	of := t.plane.Dynamic.Resource(resource.GroupVersionResource)
	if resource.Namespaced {
		_, err = of.Namespace(object.GetNamespace()).Apply(ctx, object.GetName(), object, options)
	} else {
		_, err = of.Apply(ctx, object.GetName(), object, options)
	}
	if err != nil {
		return fmt.Errorf("applying %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	return nil
}

func burstOfOperator(ctx context.Context, t *trial) error {
	if err := t.plane.StartOperator(ctx, workers); err != nil {
		return err
	}
	children, err := observe.Follow(ctx, t.plane.Metadata)
	if err != nil {
		return err
	}
	if err := t.started(ctx, t.plane.OperatorMetrics()); err != nil {
		return err
	}
	profiled := t.profile(ctx)
	if err := errors.Join(t.burst(ctx, children, t.submit), <-profiled); err != nil {
		return err
	}
	return t.asked(ctx, component.Operator, t.plane.OperatorMetrics(), operatorWrites...)
}

// operatorWrites are the methods by which the operator writes. PUT only renews its lease, as the audit log shows
// when there is one.
var operatorWrites = []string{"POST", "PATCH", "DELETE"}

// profile takes CPU profiles of the seconds that PROFILE says, if it says any, and then sends how that went.
func (t *trial) profile(ctx context.Context) <-chan error {
	done := make(chan error, 1)
	seconds, err := strconv.Atoi(cmp.Or(os.Getenv("PROFILE"), "0"))
	if err != nil || seconds == 0 {
		done <- err
		return done
	}
	go func() { done <- t.plane.Profile(ctx, t.plane.Site.Dir.Path(profiles), seconds) }()
	return done
}

func burstOfKro(ctx context.Context, t *trial) error {
	if _, err := t.kroLife(ctx); err != nil {
		return err
	}
	return t.asked(ctx, plane.Kro, t.plane.KroMetrics(), "POST", "PUT", "PATCH", "DELETE")
}

// kroLife starts kro and has it make all children, which is measured.
func (t *trial) kroLife(ctx context.Context) (*life, error) {
	if t.life != nil {
		return t.life, nil
	}
	if err := t.plane.StartKro(ctx, workers); err != nil {
		return nil, err
	}
	l := &life{trial: t}
	var err error
	if l.children, err = observe.Follow(ctx, t.plane.Metadata); err != nil {
		return nil, err
	}
	if err := t.started(ctx, t.plane.KroMetrics()); err != nil {
		return nil, err
	}
	if err := t.burst(ctx, l.children, t.instantiate); err != nil {
		return nil, err
	}
	t.life = l
	return l, nil
}

// burst submits n environments and measures from the first request until every child exists.
func (t *trial) burst(ctx context.Context, children *observe.Children, submit func(context.Context, string) error) error {
	before, err := t.processors()
	if err != nil {
		return err
	}
	machine, err := measure.MachineTime()
	if err != nil {
		return err
	}
	began := time.Now()
	if err := t.each(ctx, submit); err != nil {
		return err
	}
	submitted := time.Since(began)
	last, err := children.Await(ctx, t.n*workload.Children)
	if err != nil {
		return err
	}
	t.record("submitted (s)", seconds(submitted))
	t.record("all children (s)", seconds(last.Sub(began)))
	t.record("children per second", float64(t.n*workload.Children)/last.Sub(began).Seconds())
	now, err := measure.MachineTime()
	if err != nil {
		return err
	}
	t.record("idle processors (%)", now.IdleSince(machine))
	after, err := t.processors()
	for process, cpu := range after {
		t.record("CPU of "+process+" per environment (ms)", milliseconds(cpu-before[process])/float64(t.n))
	}
	return err
}

// processors are the processor times that the control plane and this program have used.
func (t *trial) processors() (map[string]time.Duration, error) {
	used := map[string]time.Duration{}
	for _, name := range []string{"etcd", "kube-apiserver"} {
		pid, err := t.plane.PID(name)
		if err != nil {
			return nil, err
		}
		usage, err := measure.UsageOf(pid)
		if err != nil {
			return nil, err
		}
		used[name] = usage.CPU
	}
	usage, err := measure.UsageOf(os.Getpid())
	used["the benchmark"] = usage.CPU
	return used, err
}

// each calls do for the name of every environment, from as many workers as everybody has.
func (t *trial) each(ctx context.Context, do func(context.Context, string) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	numbers := make(chan int)
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			for i := range numbers {
				if err := do(ctx, workload.Name(i)); err != nil {
					cancel(err)
				}
			}
		})
	}
	for i := range t.n {
		select {
		case numbers <- i:
		case <-ctx.Done():
		}
	}
	close(numbers)
	running.Wait()
	return context.Cause(ctx)
}

// submit creates an AppEnvironment.
func (t *trial) submit(ctx context.Context, name string) error {
	env, err := workload.Environment(name)
	if err != nil {
		return err
	}
	return t.create(ctx, cluster.AppEnvironments, env)
}

// instantiate creates kro's counterpart.
func (t *trial) instantiate(ctx context.Context, name string) error {
	return t.create(ctx, workload.Instances, workload.Instance(name))
}

func (t *trial) create(ctx context.Context, resource schema.GroupVersionResource, object *unstructured.Unstructured) error {
	if _, err := t.plane.Dynamic.Resource(resource).Create(ctx, object, metav1.CreateOptions{FieldManager: "bench"}); err != nil {
		return fmt.Errorf("creating %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	return nil
}

// settleFor is how long a subject must ask for nothing to count as done.
const settleFor = 2 * time.Second

// asked waits until the subject has nothing more to do, and records what it asked of the API server since it was
// started, by its own count, and what it used. Writes are requests of those methods.
func (t *trial) asked(ctx context.Context, process, url string, writing ...string) error {
	metrics, err := settled(ctx, url)
	if err != nil {
		return err
	}
	writes := 0.0
	for _, method := range metrics.Values(requestsTotal, "method") {
		perEnvironment := (metrics.Sum(requestsTotal, "method", method) - t.earlier[method]) / float64(t.n)
		t.record(method+" per environment", perEnvironment)
		if slices.Contains(writing, method) {
			writes += perEnvironment
		}
	}
	t.record("writes beyond one per child", writes-workload.Children)
	t.record("passes per environment", metrics.Count("controller_runtime_reconcile_time_seconds")/float64(t.n))
	return t.used(ctx, process, metrics)
}

// requestsTotal counts the requests of a program by method.
const requestsTotal = "rest_client_requests_total"

// started takes down what a subject has asked for until it was ready to work.
func (t *trial) started(ctx context.Context, url string) error {
	metrics, err := measure.Scrape(ctx, url)
	if err != nil {
		return err
	}
	t.earlier = map[string]float64{}
	for _, method := range metrics.Values(requestsTotal, "method") {
		t.earlier[method] = metrics.Sum(requestsTotal, "method", method)
	}
	return nil
}

// settled waits until the counts of requests and passes stand still, and returns the metrics.
func settled(ctx context.Context, url string) (measure.Metrics, error) {
	var before float64
	for since := time.Now(); ; {
		metrics, err := measure.Scrape(ctx, url)
		if err != nil {
			return nil, err
		}
		now := metrics.Sum(requestsTotal, "method", "POST") + metrics.Sum(requestsTotal, "method", "PATCH") +
			metrics.Count("controller_runtime_reconcile_time_seconds")
		if now != before {
			before, since = now, time.Now()
		}
		if time.Since(since) > settleFor {
			return metrics, nil
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(settleFor / 8): // a program works to answer, too
		}
	}
}

// used records the processor time and the memory of a process since its start.
func (t *trial) used(ctx context.Context, process string, metrics measure.Metrics) error {
	pid, err := t.plane.PID(process)
	if err != nil {
		return err
	}
	usage, err := measure.UsageOf(pid)
	if err != nil {
		return err
	}
	t.record("CPU per environment (ms)", milliseconds(usage.CPU)/float64(t.n))
	t.record("resident (MB)", usage.Resident)
	if metrics != nil {
		t.record("Go heap (MB)", metrics.Heap())
	}
	return ctx.Err()
}
