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
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
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
		if i := slices.IndexFunc(l.done, isWrong); i >= 0 {
			l.awaitCause(t, strings.ReplaceAll(l.done[i].says, "RUN", l.name))
			l.othersAreDone(t, slices.Delete(slices.Clone(l.done), i, i+1))
			untouched(t)
			counted.add(&counted.wrong, 1)
		} else {
			l.compareWithNew(t)
			counted.add(&counted.right, 1)
		}
		now.uids = uidsOf(t, l.name)
		l.keeps(t, now)
		l.seen = now
		counted.saw(l.done)
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
func (l *lane) awaitCause(t *testing.T, cause string) {
	t.Helper()
	named := func() error {
		env, err := current(l.name)
		if err != nil {
			return err
		}
		if env.Status.ObservedGeneration != env.Generation {
			return errors.New("the spec is not looked at")
		}
		ready := meta.FindStatusCondition(env.Status.Conditions, v1alpha1.ConditionReady)
		if ready == nil || ready.Status != metav1.ConditionFalse || !strings.Contains(env.Status.BlockedOn, cause) {
			return fmt.Errorf("%q is not named: %s", cause, fixture.Describe(env))
		}
		return nil
	}
	var since time.Time // when it is named, until it is not
	fixture.EventuallyEvery(t, pause, patience, func() error {
		err := named()
		switch {
		case err != nil:
			since = time.Time{}
		case since.IsZero():
			since = time.Now()
		}
		if err == nil && time.Since(since) < stay {
			err = errors.New("it was named just now")
		}
		return err
	})
	if env, err := current(l.name); err == nil {
		t.Logf("blocked on %q", env.Status.BlockedOn)
	}
}

// compareWithNew waits until the environment is where a new one with the same spec is.
func (l *lane) compareWithNew(t *testing.T) {
	t.Helper()
	name := l.newcomer(t, l.done)
	same := func() error {
		if err := errors.Join(plane.InPlace(l.name), plane.InPlace(name)); err != nil {
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

// newcomer creates an environment with some operations done.
func (l *lane) newcomer(t *testing.T, done []operation) string {
	t.Helper()
	env := desired(l.base, fmt.Sprintf("new-%04d", fresh.Add(1)), done)
	plane.Run(t, env)
	t.Cleanup(func() { // or its deletion would have to be confirmed
		env.Spec.Protection = v1alpha1.ProtectionNone
		write(t, env, v1alpha1.ModeEnforce)
	})
	syncByHand(env)
	return env.Name
}

// othersAreDone waits until what the wrong operation does not ask for otherwise is as in a new environment without it.
// Left out is what is deployed: new apps may have to wait.
func (l *lane) othersAreDone(t *testing.T, right []operation) {
	t.Helper()
	name := l.newcomer(t, right)
	without, with := intents(desired(l.base, l.name, right)), intents(desired(l.base, l.name, l.done))
	alike := 0
	same := func() error {
		alike = 0
		if err := plane.InPlace(name); err != nil {
			return err
		}
		want, failure := plane.EndOf(name, nil)
		got, err := plane.EndOf(l.name, nil)
		if err := errors.Join(failure, err); err != nil {
			return err
		}
		ownedBy(want)
		ownedBy(got)
		for key, object := range without {
			if key.Kind == fixture.ApplicationSetGVK.Kind || !cmp.Equal(object, with[key]) {
				continue
			}
			title := strings.ReplaceAll(key.Kind+" "+key.Namespace+"/"+key.Name, l.name, "RUN")
			if diff := cmp.Diff(want[title], got[title]); diff != "" {
				return fmt.Errorf("%s is another (-new +changed):\n%s", title, diff)
			}
			alike++
		}
		return nil
	}
	fixture.EventuallyEvery(t, pause, patience, same)
	counted.add(&counted.alike, alike)
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

// keeps holds an environment to what it had before: what was asked for then and is now has been neither taken away
// nor made again.
func (l *lane) keeps(t *testing.T, now state) {
	t.Helper()
	for key, uid := range l.seen.uids {
		if !l.seen.asked[key] || !now.asked[key] {
			continue
		}
		counted.add(&counted.kept, 1)
		if now.uids[key] != uid {
			t.Errorf("%s was made again or taken away: its UID was %s and is %q", key, uid, now.uids[key])
		}
	}
}

// askedFor are the children that an environment asks for, and its Applications.
func askedFor(env *environment) map[component.Key]bool {
	asked := map[component.Key]bool{}
	for key := range intents(env) {
		asked[key] = true
	}
	for _, application := range component.ApplicationNames(env) {
		gvk := fixture.ApplicationGVK
		asked[component.Key{Group: gvk.Group, Kind: gvk.Kind, Namespace: fixture.ArgoCDNamespace, Name: application}] = true
	}
	return asked
}

// intents are the children that an environment asks for.
func intents(env *environment) map[component.Key]*unstructured.Unstructured {
	config := fixture.TestConfig()
	in := component.Input{Env: env, Settings: component.Settings{
		ArgoCDNamespace: config.ArgoCDNamespace, CloudflareProxiedProperty: config.CloudflareProxiedProperty,
	}}
	for _, app := range env.Spec.Apps {
		in.Admitted = append(in.Admitted, app.Name)
	}
	all := map[component.Key]*unstructured.Unstructured{}
	for _, c := range component.All {
		objects, err := c.Intent(in)
		if err != nil {
			panic(err) // every spec here is one that components can build
		}
		for _, object := range objects {
			all[component.KeyOf(object)] = object
		}
	}
	return all
}

func uidsOf(t *testing.T, name string) map[component.Key]types.UID {
	t.Helper()
	objects, err := plane.Belongings(name)
	if err != nil {
		t.Fatal(err)
	}
	uids := map[component.Key]types.UID{}
	for i := range objects {
		if objects[i].GetDeletionTimestamp() == nil {
			uids[component.KeyOf(&objects[i])] = objects[i].GetUID()
		}
	}
	return uids
}

// counts are what the test tells in the end.
type counts struct {
	mutex                              sync.Mutex
	right, wrong, refused, kept, alike int
	// done are the operations that were.
	done map[string]bool
}

func (c *counts) saw(done []operation) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, one := range done {
		c.done[one.name] = true
	}
}

var counted = counts{done: map[string]bool{}}

func (c *counts) add(what *int, times int) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	*what += times
}

// String is a line.
func (c *counts) String() string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return fmt.Sprintf("%d operations; %d right ends, each that of a new environment; %d wrong ends, each with its cause; "+
		"%d specs refused by the API server; %d times an object had to stay the same, %d times to be as without what is wrong",
		len(operations), c.right, c.wrong, c.refused, c.kept, c.alike)
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
	for _, one := range operations {
		if !c.done[one.name] && !t.Failed() {
			t.Errorf("%q was never done", one.name)
		}
	}
	if c.right == 0 || c.wrong == 0 || c.kept == 0 || c.alike == 0 {
		t.Error("something was never checked")
	}
}
