package chaos

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/test/fixture"
)

var (
	seed         = flag.Uint64("chaos.seed", 1, "what decides on the script and the faults")
	duration     = flag.Duration("chaos.duration", 3*time.Minute, "how long the storm lasts")
	results      = flag.String("chaos.results", "", "a file that the report is added to")
	environments = flag.Int("chaos.environments", 50, "how many environments there are")
)

const (
	// calm is the pace of a script in peace, and once the storm is over.
	calm = 100
	// patience is how long everything may take to come to its end once nothing breaks any more. A write that was
	// refused for good is tried again after a minute.
	patience = 4 * time.Minute
)

func TestChaos(t *testing.T) {
	if *environments > 100 {
		t.Fatal("there may be 100 environments")
	}
	play := scripts(*seed, *environments, *duration)
	want, level := inPeace(t, play)
	say("in peace: %d objects of %d environments", len(want), *environments)
	got, s := inStorm(t, play)
	t.Cleanup(func() {
		if !t.Failed() {
			_ = os.RemoveAll(s.plane.Logs)
		}
	})
	s.before = level
	report := newReport(s)
	report.compare(want, got)
	v := newInvariants()
	v.crashes = s.crashes
	for _, u := range bystanders() {
		v.bystanders[auditedAs(u)] = true
	}
	if err := eachEvent(s.plane.AuditLog(), v.see); err != nil {
		t.Fatal(err)
	}
	report.judge(v)
	fmt.Print(report.text())
	if err := report.keep(*results); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the end is another (-in peace +in the storm):\n%s", diff)
	}
	for _, violation := range v.violations {
		t.Error(violation)
	}
	for _, failure := range s.failures {
		t.Error(failure)
	}
	if t.Failed() {
		t.Logf("replay: make chaos SEED=%d DURATION=%s; the logs are in %s", *seed, *duration, s.plane.Logs)
	}
}

var began = time.Now()

func say(format string, values ...any) {
	fmt.Printf("%5.0fs  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, values...))
}

// startStage starts a plane with an operator behind a proxy.
func startStage(t *testing.T, pace int64) *storm {
	t.Helper()
	plane, err := fixture.StartPlane(fixture.Options{AuditPolicy: auditPolicy})
	t.Cleanup(func() {
		if err := plane.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &storm{stage: &stage{plane: plane}, counts: map[string]int{}}
	s.pace.Store(pace)
	if s.proxy, err = startProxy(plane.Operator.Connection(), *seed); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.proxy.server.Close() })
	if s.operators, err = newOperators(plane, s.proxy.address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.operators.stop(); err != nil {
			t.Error(err)
		}
	})
	if err := s.operators.keep(); err != nil {
		t.Fatal(err)
	}
	for _, u := range bystanders() {
		plane.Create(t, u)
	}
	plane.Create(t, fixture.Small(bystander)) // would like to have what is not its own
	return s
}

// everything plays all scripts at once.
func (s *storm) everything(ctx context.Context, play []script) error {
	var ends sync.WaitGroup
	failures := make([]error, len(play))
	for i, script := range play {
		ends.Go(func() { failures[i] = s.play(ctx, script) })
	}
	ends.Wait()
	return errors.Join(failures...)
}

func inPeace(t *testing.T, play []script) (end, footprint) {
	t.Helper()
	s := startStage(t, calm)
	ctx := t.Context()
	if err := s.everything(ctx, play); err != nil {
		t.Fatal(err)
	}
	reached, err := s.settle(ctx, play)
	if err != nil {
		t.Fatal(err)
	}
	rested, err := s.rested(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.operators.stop(), s.plane.Stop()); err != nil {
		t.Fatal(err)
	}
	_ = os.RemoveAll(s.plane.Logs)
	return reached, rested
}

func inStorm(t *testing.T, play []script) (end, *storm) {
	t.Helper()
	s := startStage(t, 1000)
	s.scripts = play
	all := t.Context()
	s.calm = time.Now().Add(*duration)
	raging, calmDown := context.WithCancel(all)
	defer calmDown()
	rage := make(chan error, 1)
	go func() { rage <- s.rage(raging, *seed) }()
	go s.tell(raging)
	played := make(chan error, 1)
	go func() { played <- s.everything(all, play) }()
	select {
	case <-time.After(*duration):
		calmDown()
	case err := <-rage:
		t.Fatalf("the storm ended early: %v", err)
	}
	if err := <-rage; err != nil {
		t.Error(err)
	}
	s.pace.Store(calm)
	say("the storm is over")
	if err := s.operators.keep(); err != nil {
		t.Fatal(err)
	}
	if err := <-played; err != nil {
		t.Fatal(err)
	}
	ended := time.Now()
	reached, err := s.settle(all, play)
	if err != nil {
		t.Error(err)
	}
	s.settled = time.Since(ended)
	say("everything is in place")
	if s.after, err = s.rested(all); err != nil {
		t.Fatal(err)
	}
	s.untouched(t)
	return reached, s
}

// tell says from time to time what has broken so far.
func (s *storm) tell(ctx context.Context) {
	for sleep(ctx, 20*time.Second) {
		s.mutex.Lock()
		counts := maps.Clone(s.counts)
		s.mutex.Unlock()
		var words []string
		for _, name := range slices.Sorted(maps.Keys(counts)) {
			words = append(words, fmt.Sprintf("%s %d", name, counts[name]))
		}
		say("%s", strings.Join(words, ", "))
	}
}

// settle waits until every environment that should be there is ready and every other gone, and returns the end.
func (s *storm) settle(ctx context.Context, play []script) (end, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for _, script := range play {
		last := script.scenes[len(script.scenes)-1].act
		err := try(ctx, func() error {
			if last == remove || last == hang {
				return s.isGone(ctx, environmentGVK, client.ObjectKey{Name: script.name})
			}
			return s.isReady(ctx, script.name)
		})
		if err != nil {
			reached, failure := s.end(context.WithoutCancel(ctx))
			return reached, errors.Join(fmt.Errorf("%s does not come to its end: %w", script.name, err), failure)
		}
	}
	sleep(ctx, 15*time.Second) // the report of what was created again may be put off for ten
	return s.end(ctx)
}

// rested is the footprint of the operator when it has had nothing to do for a while.
func (s *storm) rested(ctx context.Context) (footprint, error) {
	var f footprint
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	sleep(ctx, 12*time.Second)
	err := try(ctx, func() (err error) {
		f, err = s.operators.footprint(ctx)
		return err
	})
	return f, err
}

// bystander is an environment that never gets what it asks for: it belongs to somebody else, who does not consent.
const bystander = "bystander-a"

// bystanders are objects of nobody's environment, where the operator works.
func bystanders() []client.Object {
	var all []client.Object
	for _, name := range []string{bystander, "bystander-b"} {
		namespace := fixture.New(namespaceGVK)
		namespace.SetName("it-" + name)
		all = append(all, namespace)
		for _, made := range fixture.ByHand(name)[1:] {
			all = append(all, made)
		}
		quota := fixture.Foreign(corev1.SchemeGroupVersion.WithKind("ResourceQuota"), fixture.Inside(name, name), map[string]any{"hard": map[string]any{"pods": "5"}})
		all = append(all, quota)
	}
	return all
}

// auditedAs is an object as the audit log has it: a Namespace stands in itself there.
func auditedAs(u client.Object) string {
	resource, namespace := strings.ToLower(u.GetObjectKind().GroupVersionKind().Kind)+"s", u.GetNamespace()
	if resource == "namespaces" {
		namespace = u.GetName()
	}
	return resource + " " + namespace + "/" + u.GetName()
}

// untouched holds the bystanders to what they were: the generation tells of every change of what somebody wants.
func (s *storm) untouched(t *testing.T) {
	t.Helper()
	for _, u := range bystanders() {
		live := s.plane.Get(t, u.GetObjectKind().GroupVersionKind(), client.ObjectKeyFromObject(u))
		for _, entry := range live.GetManagedFields() {
			if strings.HasPrefix(entry.Manager, "appenv-operator") {
				t.Errorf("%s %s was written by %s", live.GetKind(), live.GetName(), entry.Manager)
			}
		}
	}
}
