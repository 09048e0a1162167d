package integration

import (
	"fmt"
	"testing"
	"time"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

// Not parallel, as every test with shards: see startShards.
func TestAHandOverWritesNothingAndTheNewShardRepairsFromThenOn(t *testing.T) {
	shards := startShards(t, "shard=a", "shard=b")
	const name = "handed-over"
	plane.RunReady(t, labelled(fixture.Full(name), "a"))
	waitForQuiet(t, shards...)
	before := versionsOf(t, name)
	for i, to := range []string{"b", "a"} { // there and back
		marks := []int{shards[0].Requests.Mark(), shards[1].Requests.Mark()}
		giver, taker := shards[i], shards[1-i]
		handOver(t, name, to)
		version := plane.Environment(t, name).ResourceVersion
		fixture.Consistently(t, 2*time.Second, func() error {
			if now := plane.Environment(t, name).ResourceVersion; now != version {
				return fmt.Errorf("the AppEnvironment was written: %s", fixture.Describe(plane.Environment(t, name)))
			}
			return nil
		})
		if diff := changed(before, versionsOf(t, name)); len(diff) > 0 {
			t.Errorf("handed over to %s, these changed: %v", to, diff)
		}
		checkIdle(t, "the shard that gave it away", giver, marks[i])
		checkIdle(t, "the shard that got it", taker, marks[1-i])

		fixture.Eventually(t, second, drift(t, quotaOf(name)))
		lost := child{fixture.DNSEndpointGVK, inside(name, name)}
		plane.Delete(t, plane.Get(t, lost.GroupVersionKind, lost.ObjectKey))
		fixture.Eventually(t, second, plane.Exists(lost.GroupVersionKind, lost.ObjectKey))
		plane.WaitReady(t, name)
		waitForQuiet(t, taker)
		checkIdle(t, "the shard that gave it away", giver, marks[i])
		if len(taker.Requests.Since(marks[1-i], work)) == 0 {
			t.Error("the shard that got it repaired nothing")
		}
		before = versionsOf(t, name)
	}
	plane.Edit(t, name, func(env *v1alpha1.AppEnvironment) { env.Spec.Apps = env.Spec.Apps[:1] })
	plane.WaitReady(t, name)
	plane.Delete(t, plane.Environment(t, name))
	plane.WaitGone(t, name)
	checkNothingLeft(t, name)
}

func TestATeardownThatIsHandedOverGoesOnWhereItWas(t *testing.T) {
	shards := startShards(t, "shard=a", "shard=b")
	const name = "handed-over-going"
	plane.RunReady(t, labelled(fixture.Full(name), "a"))
	letGo := hold(t, child{fixture.ExternalSecretGVK, inside(name, "env")}, "example.com/theirs")
	plane.Delete(t, plane.Environment(t, name))
	atSecrets := func(env *v1alpha1.AppEnvironment) error {
		if env.Status.Teardown == nil || env.Status.Teardown.Step != "secrets" {
			return fmt.Errorf("the teardown is at %v", env.Status.Teardown)
		}
		return nil
	}
	since := plane.WaitFor(t, name, atSecrets).Status.Teardown.Since
	waitForQuiet(t, shards[0])
	mark := shards[0].Requests.Mark()
	handOver(t, name, "b")
	fixture.Consistently(t, 2*time.Second, func() error { return atSecrets(plane.Environment(t, name)) })
	if now := plane.Environment(t, name).Status.Teardown.Since; !now.Equal(&since) {
		t.Errorf("the step began at %s, and now at %s", since, now)
	}
	letGo()
	plane.WaitGone(t, name)
	checkNothingLeft(t, name)
	checkIdle(t, "the shard that gave it away", shards[0], mark)
	if len(shards[1].Requests.Since(0, work)) == 0 {
		t.Error("the shard that got it removed nothing")
	}
}

func TestAPassThatRunsDuringAHandOverWritesNothingMore(t *testing.T) {
	shards := startShards(t, "shard=a", "shard=b")
	created := func(resource string) func(fixture.Request) bool {
		return func(r fixture.Request) bool { return r.Verb == "create" && r.Resource == resource }
	}
	for name, c := range map[string]struct {
		environment string
		at          func(fixture.Request) bool // where the old shard is when the label changes
		deleted     bool                       // with the label
	}{
		"before the finalizer": {environment: "passing-finalizer", at: func(r fixture.Request) bool {
			return r.Verb == "patch" && r.Name == "passing-finalizer"
		}},
		"before the entries": {environment: "passing-entries", at: func(r fixture.Request) bool {
			return r.Verb == "patch" && r.Name == "passing-entries" && r.Subresource == "status"
		}},
		"before the applications":                     {environment: "passing-set", at: created("applicationsets")},
		"before everything, and the environment goes": {environment: "passing-gone", at: created("namespaces"), deleted: true},
	} {
		t.Run(name, func(t *testing.T) {
			held, letGo := shards[0].Faults.Hold(c.at)
			defer letGo()
			plane.Run(t, labelled(fixture.Full(c.environment), "a"))
			select {
			case <-held:
			case <-time.After(soon):
				t.Fatal("the old shard never came that far")
			}
			mark := shards[0].Requests.Mark()
			handOver(t, c.environment, "b")
			if c.deleted {
				plane.Delete(t, plane.Environment(t, c.environment))
				plane.WaitGone(t, c.environment)
				letGo()
				fixture.Consistently(t, time.Second, func() error { checkNothingLeft(t, c.environment); return nil })
			} else {
				plane.WaitReady(t, c.environment)
				waitForQuiet(t, shards[1])
				before := versionsOf(t, c.environment)
				letGo()
				fixture.Consistently(t, time.Second, func() error { return nil })
				if diff := changed(before, versionsOf(t, c.environment)); len(diff) > 0 {
					t.Errorf("the pass of the old shard changed %v", diff)
				}
				checkEntries(t, c.environment)
			}
			checkIdle(t, "the shard that gave it away", shards[0], mark)
		})
	}
}
