package e2e

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/hack/local/progress"
	"github.com/appenv/appenv-operator/hack/local/repository"
)

// all are the scenarios, in the order of the table.
var all = slices.Concat(lifecycle, secrets, dns, byHand, takeOver, explanations, metrics, platform, deletions, upgrade, uninstall)

// A scenario is one thing that users live through.
type scenario struct {
	name  string // of its environment, namespace and repository, too: a DNS label
	alone bool   // it stops a component that others need
	last  bool   // nothing can run after it
	run   func(*stage)
}

const (
	// patience is how long a scenario waits for one thing.
	patience = 2 * time.Minute
	// interval is how often it looks.
	interval = 150 * time.Millisecond
)

// stage is where one scenario plays.
type stage struct {
	*testing.T
	*world
	ctx        context.Context
	name       string
	repository repository.Repository
	recorded   []v1alpha1.Child // what the environment had on record before its deletion
	notes      strings.Builder  // shown with the result
}

// result is what came of a scenario.
type result struct {
	name   string
	failed bool
	took   time.Duration
}

// results are those of the scenarios that ran, in the order in which they ended.
type results struct {
	mu  sync.Mutex
	all []result
}

func TestScenarios(t *testing.T) {
	t.Run("together", func(t *testing.T) {
		for _, s := range all {
			if !s.alone && !s.last {
				t.Run(s.name, func(t *testing.T) { t.Parallel(); s.play(t) })
			}
		}
	})
	t.Run("alone", func(t *testing.T) {
		for _, s := range all {
			if s.alone {
				t.Run(s.name, s.play)
			}
		}
	})
	t.Run("last", func(t *testing.T) {
		for _, s := range all {
			if s.last {
				t.Run(s.name, s.play)
			}
		}
	})
}

// play runs a scenario, keeps what explains its failure, removes its environment and makes sure that
// nothing of it is left.
func (s scenario) play(t *testing.T) {
	ctx, cancel := context.WithCancel(here.ctx)
	defer cancel()
	st := &stage{T: t, world: here, ctx: ctx, name: s.name, repository: repository.At(here.stack.Site.Dir, s.name)}
	began := time.Now()
	defer func() {
		if cause := recover(); cause != nil { // what the suite started must be stopped even then
			t.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
		if t.Failed() {
			st.keepLogs()
		}
		here.finished(result{s.name, t.Failed(), time.Since(began)}, st.notes.String())
	}()
	if _, _, err := st.repository.Publish(ctx, os.DirFS("testdata/repo"), branch); err != nil {
		t.Fatal(err)
	}
	s.run(st)
	if !t.Failed() {
		st.removed()
	}
}

// note adds a line to what is shown with the result.
func (s *stage) note(format string, args ...any) {
	fmt.Fprintf(&s.notes, "    "+format+"\n", args...)
}

// must fails the scenario on an error.
func (s *stage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// until waits until check waits for nothing more.
func (s *stage) until(check func() (waitingFor string)) {
	s.Helper()
	deadline := time.Now().Add(patience)
	for {
		waitingFor := check()
		if waitingFor == "" {
			return
		}
		if time.Now().After(deadline) {
			s.Fatalf("still waiting after %s for %s", patience, waitingFor)
		}
		select {
		case <-s.ctx.Done():
			s.Fatal(s.ctx.Err())
		case <-time.After(interval):
		}
	}
}

// never watches for a while that something does not happen.
func (s *stage) never(during time.Duration, check func() (happened string)) {
	s.Helper()
	for deadline := time.Now().Add(during); time.Now().Before(deadline); time.Sleep(interval) {
		if happened := check(); happened != "" {
			s.Fatal(happened)
		}
	}
}

// finished shows the result of a scenario.
func (w *world) finished(r result, notes string) {
	w.results.mu.Lock()
	defer w.results.mu.Unlock()
	w.results.all = append(w.results.all, r)
	fmt.Printf("[%2d of %d] %s: %s (%s)\n%s", len(w.results.all), len(all), r.name, r.verdict(), progress.Seconds(r.took), notes)
}

func (r result) verdict() string {
	if r.failed {
		return "FAILED"
	}
	return "passed"
}

// report prints the table of the scenarios that ran, in the order of the list. It is 1 when none did.
func (w *world) report(took time.Duration) (code int) {
	byName := map[string]result{}
	for _, r := range w.results.all {
		byName[r.name] = r
	}
	fmt.Printf("\n%s\n  %-48s %-7s %8s\n", w.versions(), "SCENARIO", "RESULT", "TIME")
	for _, s := range all {
		if r, ran := byName[s.name]; ran {
			fmt.Printf("  %-48s %-7s %8s\n", r.name, r.verdict(), progress.Seconds(r.took))
		}
	}
	fmt.Printf("  %d of %d scenarios in %s, start of all components included\n\n", len(byName), len(all), progress.Seconds(took))
	if len(byName) == 0 {
		fmt.Println("no scenario has such a name")
		return 1
	}
	return 0
}
