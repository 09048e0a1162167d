package integration

import (
	"testing"
	"time"

	"github.com/appenv/appenv-operator/test/fixture"
)

// quietFor is how long nothing may be asked. It is far longer than the operator's
// recheck of a taken name, which these environments have no reason for.
const quietFor = 5 * time.Second

// Not parallel: it counts the operator's requests.
func TestNothingIsAskedOfTheAPIServerWhenNothingChanges(t *testing.T) {
	plane.RunReady(t, fixture.Full("idle-one"))
	plane.RunReady(t, fixture.Small("idle-two"))

	waitForSilence(t)
	mark := plane.Operator.Requests.Mark()
	fixture.Consistently(t, quietFor, func() error { return nil })
	for _, request := range plane.Operator.Requests.Since(mark, isNoWatch) {
		t.Errorf("with nothing to do the operator sent %s", request)
	}
}

// Not parallel: it restarts the operator and counts its requests.
func TestARestartWritesNothing(t *testing.T) {
	plane.RunReady(t, fixture.Full("restart"))
	waitForSilence(t)
	before := versionsOf(t, "restart")
	version := plane.Environment(t, "restart").ResourceVersion
	mark := plane.Operator.Requests.Mark()
	if err := plane.Operator.Restart(); err != nil {
		t.Fatal(err)
	}
	if err := plane.WaitWorking(); err != nil { // its own environment is not counted below
		t.Fatal(err)
	}
	waitForSilence(t)
	for _, request := range plane.Operator.Requests.Since(mark, fixture.Request.Writes) {
		if request.Name != "warm-up" && request.Resource != "events" {
			t.Errorf("after a restart the operator sent %s", request)
		}
	}
	after := versionsOf(t, "restart")
	for child := range before {
		if before[child] != after[child] {
			t.Errorf("%s changed from %s to %s", child, before[child], after[child])
		}
	}
	if now := plane.Environment(t, "restart").ResourceVersion; now != version {
		t.Errorf("the AppEnvironment changed from %s to %s", version, now)
	}
}

// The true cause of a missing secret stands in Events only. They are read when the
// secret fails, then after 1, 5 and 30 seconds more, and then no more.
func TestTheCauseOfAMissingSecretIsLookedUpAFewTimesOnly(t *testing.T) {
	t.Parallel()
	env := fixture.Small("cause")
	env.Spec.Secrets = fixture.FakeSecrets("cause", "missing")
	env.Spec.Secrets.Store.Fake.Data[0].Key = "other"
	mark := plane.Operator.Requests.Mark()
	plane.Run(t, env)
	plane.WaitFor(t, "cause", fixture.BlockedOn(`key "cause-missing" not found`))
	lookups := func(r fixture.Request) bool {
		return r.Resource == "events" && r.Namespace == "it-cause" && r.Verb == "list"
	}
	fixture.Consistently(t, 40*time.Second, func() error { return nil })
	after := plane.Operator.Requests.Mark()
	if count := len(plane.Operator.Requests.Since(mark, lookups)); count == 0 || count > 4 {
		t.Errorf("Events were read %d times", count)
	}
	fixture.Consistently(t, quietFor, func() error { return nil })
	if late := plane.Operator.Requests.Since(after, lookups); len(late) > 0 {
		t.Errorf("Events are still read: %v", late)
	}
}

func isNoWatch(r fixture.Request) bool { return r.Verb != "watch" }

// waitForSilence waits until the operator has asked nothing for two seconds: Events
// trail behind what they tell of. Before that, the environments of other tests go.
func waitForSilence(t *testing.T) {
	t.Helper()
	if err := plane.WaitDeparted(); err != nil {
		t.Fatal(err)
	}
	fixture.Eventually(t, soon, func() error {
		return quietSince(plane.Operator.Requests.Last(isNoWatch), 2*time.Second)
	})
}

// versionsOf are the UIDs and resourceVersions of the children of an environment.
func versionsOf(t *testing.T, name string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, child := range childrenOf(name) {
		live := plane.Get(t, child.GroupVersionKind, child.ObjectKey)
		out[child.Kind+" "+child.Name] = string(live.GetUID()) + " " + live.GetResourceVersion()
	}
	return out
}
