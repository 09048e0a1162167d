// Package check asserts what the demo promises, prints each figure against its limit, and leaves the
// samples as it found them. It asks the cluster, never the operator's code.
package check

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"time"

	"github.com/appenv/appenv-operator/hack/local/checkout"
	"github.com/appenv/appenv-operator/hack/local/cluster"
	"github.com/appenv/appenv-operator/hack/local/component"
	"github.com/appenv/appenv-operator/hack/local/process"
	"github.com/appenv/appenv-operator/hack/local/progress"
)

// The limits. Creation and repair count as design.md's ruling 17 says.
const (
	creationLimit = time.Second
	repairLimit   = time.Second
	memoryLimit   = 60_000_000 // bytes resident
	idlePeriod    = time.Minute
)

// checks are in an order that lets each begin where the one before it ended.
var checks = []struct {
	name string
	run  func(*check, context.Context) error
}{
	{"the samples show what they are meant to show", (*check).samples},
	{"the plugin prints what the README's terminal session says", (*check).session},
	{"hoge-qa took over what ran, and nothing was synced", (*check).adopted},
	{"the ApplicationSet of hoge-dev means what its origin meant", (*check).applicationSet},
	{"an ApplicationSet deleted by hand comes back", (*check).deletedByHand},
	{"a new environment, its gate open, has every child", (*check).creation},
	{"a child that was changed is repaired", (*check).changed},
	{"a child that was deleted is repaired", (*check).deleted},
	{"an environment is removed without a trace", (*check).removal},
	{"an idle operator is silent and small", (*check).idle},
	{"metrics are served", (*check).metrics},
	{"foreground deletion goes in order, ends, and can be undone", (*check).teardown},
}

// check is a run of all checks.
type check struct {
	dir     checkout.Dir
	site    component.Site
	cluster *cluster.Cluster
	table   process.Table
	out     *os.File
	missed  int
}

// Run runs every check, even after one was missed, and fails when any was.
func Run(ctx context.Context, dir checkout.Dir, out *os.File) error {
	c := &check{dir: dir, out: out, table: process.NewTable(dir.State())}
	if _, alive := c.table.Find(component.Operator); !alive {
		return errors.New("the operator does not run: `make demo` starts it")
	}
	ports, err := component.LoadPorts(dir.State("ports.json"))
	if err != nil {
		return err
	}
	c.site = component.Site{Dir: dir, Ports: ports}
	if c.cluster, err = cluster.Connect(dir); err != nil {
		return err
	}
	if err := c.untouched(ctx); err != nil {
		return err
	}
	began := time.Now()
	for i, step := range checks {
		stepBegan := time.Now()
		fmt.Fprintf(out, "[%2d of %d] %s\n", i+1, len(checks), step.name)
		if err := step.run(c, ctx); err != nil {
			c.expect(false, "%v", err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		fmt.Fprintf(out, "          %s\n", progress.Seconds(time.Since(stepBegan)))
	}
	if c.missed > 0 {
		return fmt.Errorf("%d missed, see MISS above; the operator's log is %s", c.missed, dir.Relative(dir.Log(component.Operator)))
	}
	fmt.Fprintf(out, "all met (%s)\n", progress.Seconds(time.Since(began)))
	return nil
}

// expect prints a finding and counts it when it is not as it should be.
func (c *check) expect(ok bool, format string, args ...any) {
	verdict := "ok   "
	if !ok {
		verdict = "MISS "
		c.missed++
	}
	fmt.Fprintf(c.out, "    %s %s\n", verdict, fmt.Sprintf(format, args...))
}

// within compares a duration with its limit.
func (c *check) within(what string, took, limit time.Duration) {
	c.expect(took < limit, "%s: %s (limit %s)", what, progress.Seconds(took), progress.Seconds(limit))
}

// equal compares a value with the one that is wanted.
func (c *check) equal(what string, got, want any) {
	if reflect.DeepEqual(got, want) {
		c.expect(true, "%s: %v", what, got)
		return
	}
	c.expect(false, "%s: %v (wanted %v)", what, got, want)
}

// until polls until the condition waits for nothing more.
func until(ctx context.Context, limit time.Duration, condition func(context.Context) (waitingFor string, err error)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		waitingFor, err := condition(ctx)
		if err != nil || waitingFor == "" {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("still waiting for %s after %s", waitingFor, progress.Seconds(limit))
		case <-time.After(100 * time.Millisecond):
		}
	}
}
