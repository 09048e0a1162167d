package operations

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/test/fixture"
)

// A state is what a spec asks for and the objects that there were for it.
type state struct {
	asked map[component.Key]bool
	uids  map[component.Key]types.UID
}

// fresh numbers the new environments that others are compared with.
var fresh atomic.Int64

// step edits, and holds what comes of it to what must.
func (l *lane) step(t *testing.T, title string, edit func(t *testing.T)) {
	began := time.Now()
	t.Run(title, func(t *testing.T) {
		edit(t)
		now := state{asked: askedFor(desired(l.base, l.name, l.done))}
		syncByHand(desired(l.base, l.name, l.done))
		if causes := says(l.done); len(causes) > 0 {
			l.awaitCause(t, causes)
			counted.add(&counted.wrong)
		} else {
			l.compareWithNew(t)
			counted.add(&counted.right)
		}
		now.uids = uidsOf(t, l.name)
		l.keeps(t, now)
		l.seen = now
		t.Logf("with %q: as it must be after %s", names(l.done), time.Since(began).Round(100*time.Millisecond))
	})
}

// syncByHand does what a person does where nothing syncs by itself.
func syncByHand(env *environment) {
	if env.Spec.Sync.Automated != nil {
		return
	}
	for _, application := range component.ApplicationNames(env) {
		plane.ArgoCD.Sync(application)
	}
}

// awaitCause waits until the environment names what is wrong with it, and goes on doing so.
func (l *lane) awaitCause(t *testing.T, causes []string) {
	t.Helper()
	named := func() error {
		env, err := current(l.name)
		if err != nil {
			return err
		}
		if env.Status.ObservedGeneration != env.Generation {
			return errors.New("the spec is not looked at")
		}
		for _, cause := range causes {
			if strings.Contains(env.Status.BlockedOn, strings.ReplaceAll(cause, "RUN", l.name)) {
				return nil
			}
		}
		return fmt.Errorf("none of %q is named: %s", causes, fixture.Describe(env))
	}
	fixture.EventuallyEvery(t, pause, patience, named)
	fixture.Consistently(t, stay, named)
}

// compareWithNew waits until the environment is where a new one with the same spec is.
func (l *lane) compareWithNew(t *testing.T) {
	t.Helper()
	name := fmt.Sprintf("new-%04d", fresh.Add(1))
	newcomer := desired(l.base, name, l.done)
	plane.Run(t, newcomer)
	t.Cleanup(func() { // or its deletion would have to be confirmed
		newcomer.Spec.Protection = v1alpha1.ProtectionNone
		write(t, newcomer, v1alpha1.ModeEnforce)
	})
	syncByHand(newcomer)
	same := func() error {
		if err := errors.Join(isReady(l.name), isReady(name)); err != nil {
			return err
		}
		want, failure := plane.EndOf(name, nil)
		got, err := plane.EndOf(l.name, nil)
		if err := errors.Join(failure, err); err != nil {
			return err
		}
		if diff := cmp.Diff(ownedBy(want), ownedBy(got)); diff != "" {
			return fmt.Errorf("the end is another (-new +changed):\n%s", diff)
		}
		return nil
	}
	fixture.EventuallyEvery(t, pause, patience, same)
	time.Sleep(stay)
	if err := same(); err != nil {
		t.Fatalf("it did not stay so: %v", err)
	}
}

// ownedBy is an end in which objects have names of managers alone. What was changed is applied, what is new was
// created, and the API server keeps that apart.
func ownedBy(reached fixture.End) fixture.End {
	for _, object := range reached {
		fields := object.(map[string]any)
		var all []string
		for _, entry := range fields["managers"].([]string) {
			name, _, _ := strings.Cut(entry, " ")
			all = append(all, name)
		}
		slices.Sort(all)
		fields["managers"] = slices.Compact(all)
	}
	return reached
}

// isReady is an error until everything that the environment asks for now is in place and works.
func isReady(name string) error {
	env, err := current(name)
	if err != nil {
		return err
	}
	if env.Status.ObservedGeneration != env.Generation || meta.FindStatusCondition(env.Status.Conditions, v1alpha1.ConditionReconciling) != nil {
		return fmt.Errorf("%s is not looked at, or is being worked on: %s", name, fixture.Describe(env))
	}
	if err := fixture.Ready(env); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, fixture.Describe(env))
	}
	return nil
}

// keeps holds an environment to what it had before: what was asked for then and is now has been neither taken away
// nor made again.
func (l *lane) keeps(t *testing.T, now state) {
	t.Helper()
	for key, uid := range l.seen.uids {
		if !l.seen.asked[key] || !now.asked[key] {
			continue
		}
		counted.add(&counted.kept)
		if now.uids[key] != uid {
			t.Errorf("%s was made again or taken away: its UID was %s and is %q", key, uid, now.uids[key])
		}
	}
}

// askedFor are the children that an environment asks for, and its Applications.
func askedFor(env *environment) map[component.Key]bool {
	config := fixture.TestConfig()
	in := component.Input{Env: env, Settings: component.Settings{
		ArgoCDNamespace: config.ArgoCDNamespace, CloudflareProxiedProperty: config.CloudflareProxiedProperty,
	}}
	asked := map[component.Key]bool{}
	for _, app := range env.Spec.Apps {
		in.Admitted = append(in.Admitted, app.Name)
		gvk := fixture.ApplicationGVK
		asked[component.Key{Group: gvk.Group, Kind: gvk.Kind, Namespace: fixture.ArgoCDNamespace, Name: component.ApplicationName(env, app.Name)}] = true
	}
	for _, c := range component.All {
		objects, err := c.Intent(in)
		if err != nil {
			panic(err) // every spec here is one that components can build
		}
		for _, object := range objects {
			asked[component.KeyOf(object)] = true
		}
	}
	return asked
}

func uidsOf(t *testing.T, name string) map[component.Key]types.UID {
	t.Helper()
	objects, err := plane.Belongings(name)
	if err != nil {
		t.Fatal(err)
	}
	uids := map[component.Key]types.UID{}
	for i := range objects {
		uids[component.KeyOf(&objects[i])] = objects[i].GetUID()
	}
	return uids
}

// counts are what the test tells in the end.
type counts struct {
	mutex                       sync.Mutex
	right, wrong, refused, kept int
}

var counted counts

func (c *counts) add(what *int) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	*what++
}

// String is a line.
func (c *counts) String() string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return fmt.Sprintf("%d operations; %d right ends, each that of a new environment; %d wrong ends, each with its cause; "+
		"%d specs refused by the API server; %d times an object had to stay the same", len(operations), c.right, c.wrong, c.refused, c.kept)
}

// tell says from time to time how far it is, until the context ends.
func (c *counts) tell(ctx context.Context) {
	began := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(15 * time.Second):
			fmt.Printf("%5.0fs  %s\n", time.Since(began).Seconds(), c)
		}
	}
}

func (c *counts) conclude(t *testing.T) {
	fmt.Println(c)
	if c.right == 0 || c.wrong == 0 || c.kept == 0 {
		t.Error("something was never checked")
	}
}
