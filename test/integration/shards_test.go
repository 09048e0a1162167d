package integration

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

// shardLabel says which shard keeps an environment. Nobody's is kept by the plane's own operator
// unless startShards has restarted it as the shard of those without the label.
const shardLabel = "shard"

// startShards starts an operator for each selector, which all run at once, beside the plane's own.
// Tests that use it are not parallel: they restart the plane's operator.
func startShards(t *testing.T, selectors ...string) []*fixture.Operator {
	t.Helper()
	if err := plane.WaitDeparted(); err != nil {
		t.Fatal(err)
	}
	restartWith(t, "!"+shardLabel)
	t.Cleanup(func() { restartWith(t, "") })
	shards := make([]*fixture.Operator, len(selectors))
	for i, selector := range selectors {
		shards[i] = shardOf(selector)
		// Longer than any test: what is done at once is done because of an event.
		shards[i].Config.RecheckInterval = time.Hour
		run(t, shards[i])
	}
	return shards
}

// shardOf is an operator that takes part in the election of its shard. It is not started.
func shardOf(selector string) *fixture.Operator {
	operator := plane.Operator.Another()
	operator.Config.WatchSelector = selector
	operator.Config.LeaderElect, operator.Config.LeaderElectionNamespace = true, fixture.OperatorNamespace
	return operator
}

// run starts an operator for the time of the test.
func run(t *testing.T, operator *fixture.Operator) {
	t.Helper()
	if err := operator.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := operator.Stop(); err != nil {
			t.Error(err)
		}
	})
}

func restartWith(t *testing.T, selector string) {
	t.Helper()
	stopOperator(t)
	plane.Operator.Config.WatchSelector = selector
	startOperator(t)
}

func labelled(env *v1alpha1.AppEnvironment, shard string) *v1alpha1.AppEnvironment {
	env.Labels = map[string]string{shardLabel: shard}
	return env
}

// handOver gives an environment to another shard, as kubectl label does: the spec stays as it is.
func handOver(t *testing.T, name, shard string) {
	t.Helper()
	patch := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"labels":{"`+shardLabel+`":"`+shard+`"}}}`))
	if err := plane.Client.Patch(t.Context(), plane.Environment(t, name), patch); err != nil {
		t.Fatalf("handing %s over to %s: %v", name, shard, err)
	}
}

// work is every write but those of the election and what it tells of itself in the operator's namespace.
func work(r fixture.Request) bool { return r.Writes() && r.Namespace != fixture.OperatorNamespace }

func checkIdle(t *testing.T, who string, operator *fixture.Operator, since int) {
	t.Helper()
	for _, request := range operator.Requests.Since(since, work) {
		t.Errorf("%s sent %s", who, request)
	}
}

// waitForQuiet waits until none of the operators has written anything for two seconds.
func waitForQuiet(t *testing.T, operators ...*fixture.Operator) {
	t.Helper()
	fixture.Eventually(t, soon, func() error {
		var errs []error
		for _, operator := range operators {
			errs = append(errs, quietSince(operator.Requests.Last(work), 2*time.Second))
		}
		return errors.Join(errs...)
	})
}

// drift changes a field that the operator owns. What it returns is an error until that is repaired.
func drift(t *testing.T, object child) (repaired func() error) {
	t.Helper()
	edit := edits[object.Kind]
	field := func(u *unstructured.Unstructured) any {
		value, _, _ := unstructured.NestedFieldCopy(u.Object, edit.path...)
		return value
	}
	want := field(plane.Get(t, object.GroupVersionKind, object.ObjectKey))
	plane.Change(t, object.GroupVersionKind, object.ObjectKey, func(u *unstructured.Unstructured) {
		if err := unstructured.SetNestedField(u.Object, edit.value, edit.path...); err != nil {
			t.Fatal(err)
		}
	})
	return func() error {
		if got := field(plane.Get(t, object.GroupVersionKind, object.ObjectKey)); !cmp.Equal(got, want) {
			return fmt.Errorf("%s has %v in place of %v", object, got, want)
		}
		return nil
	}
}

func quotaOf(environment string) child { return child{quotaGVK, inside(environment, environment)} }

// Not parallel, as every test with shards: see startShards.
func TestEachShardWorksForItsOwnEnvironmentsAlone(t *testing.T) {
	shards := startShards(t, "shard=a", "shard=b")
	for i, shard := range []string{"a", "b"} {
		own, other := shards[i], shards[1-i]
		name := "shard-of-" + shard
		mark := other.Requests.Mark()
		plane.RunReady(t, labelled(fixture.Full(name), shard))
		fixture.Eventually(t, soon, drift(t, quotaOf(name)))
		waitForQuiet(t, own)
		checkIdle(t, "the operator of another shard", other, mark)
	}
	main, marks := plane.Operator.Requests.Mark(), []int{shards[0].Requests.Mark(), shards[1].Requests.Mark()}
	for _, shard := range []string{"a", "b"} {
		plane.Delete(t, plane.Environment(t, "shard-of-"+shard))
	}
	for _, shard := range []string{"a", "b"} {
		plane.WaitGone(t, "shard-of-"+shard)
		checkNothingLeft(t, "shard-of-"+shard)
	}
	checkIdle(t, "the operator of the rest", plane.Operator, main)
	for i, other := range []string{"shard-of-b", "shard-of-a"} {
		for _, request := range shards[i].Requests.Since(marks[i], work) {
			if request.Name == other || request.Namespace == fixture.NamespaceOf(other) {
				t.Errorf("the operator of another shard sent %s", request)
			}
		}
	}
}

func TestAnEnvironmentThatNoShardMatchesIsKeptByNobody(t *testing.T) {
	startShards(t)
	const name = "shard-none"
	plane.RunReady(t, fixture.Full(name))
	if !hasMetrics(t, name) {
		t.Error("no metrics speak of the environment while it is kept")
	}
	waitForQuiet(t, plane.Operator)
	mark, version := plane.Operator.Requests.Mark(), versionsOf(t, name)
	handOver(t, name, "nobody")
	fixture.Eventually(t, soon, func() error {
		if hasMetrics(t, name) {
			return errors.New("metrics speak of an environment that left the shard")
		}
		return nil
	})
	if diff := changed(version, versionsOf(t, name)); len(diff) > 0 {
		t.Errorf("leaving the shard changed %v", diff)
	}
	repaired := drift(t, quotaOf(name))
	plane.Edit(t, name, func(env *v1alpha1.AppEnvironment) { env.Spec.Labels = map[string]string{"owner": "team-other"} })
	plane.Create(t, labelled(fixture.Small("shard-none-new"), "nobody"))
	going := labelled(fixture.Small("shard-none-going"), "nobody")
	going.Finalizers = []string{v1alpha1.Finalizer} // as another shard left it
	plane.Create(t, going)
	plane.Delete(t, going)
	fixture.Consistently(t, 2*time.Second, func() error {
		plane.Environment(t, going.Name) // its deletion waits
		if fresh := plane.Environment(t, "shard-none-new"); len(fresh.Finalizers) > 0 || len(fresh.Status.Conditions) > 0 {
			return fmt.Errorf("an environment of no shard was touched: %s", fixture.Describe(fresh))
		}
		if repaired() == nil {
			return errors.New("somebody repaired a child of an environment of no shard")
		}
		return nil
	})
	checkIdle(t, "the operator", plane.Operator, mark)

	// Back in the shard, it is looked at again, although nothing of its spec has changed since.
	plane.Edit(t, name, func(env *v1alpha1.AppEnvironment) { env.Labels = nil })
	fixture.Eventually(t, soon, repaired)
	plane.WaitReady(t, name)
	plane.Delete(t, plane.Environment(t, "shard-none-new"))
	plane.Edit(t, going.Name, func(env *v1alpha1.AppEnvironment) { env.Labels = nil })
	plane.WaitGone(t, going.Name)
}

// hasMetrics says whether this process exposes series about an environment.
func hasMetrics(t *testing.T, environment string) bool {
	t.Helper()
	families, err := metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, series := range family.GetMetric() {
			for _, label := range series.GetLabel() {
				if label.GetName() == "name" && label.GetValue() == environment {
					return true
				}
			}
		}
	}
	return false
}

// changed are the children whose UID or resourceVersion differs.
func changed(before, after map[string]string) []string {
	var names []string
	for name := range before {
		if before[name] != after[name] {
			names = append(names, fmt.Sprintf("%s: %s to %s", name, before[name], after[name]))
		}
	}
	return names
}

func TestANameIsClaimedAcrossShardsAndGoesToTheOtherAtOnceWhenItIsFree(t *testing.T) {
	startShards(t, "shard=a", "shard=b")
	for name, share := range map[string]func(holder, contender *v1alpha1.AppEnvironment){
		"namespace": func(holder, contender *v1alpha1.AppEnvironment) {
			contender.Spec.Namespaces[0].Name = holder.Spec.Namespaces[0].Name
		},
		"record": func(holder, contender *v1alpha1.AppEnvironment) {
			holder.Spec.DNS = fixture.Full("shard-record").Spec.DNS
			contender.Spec.DNS = fixture.Full("shard-record").Spec.DNS
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			holder, contender := fixture.Small("shard-holder-"+name), fixture.Small("shard-other-"+name)
			share(holder, contender)
			plane.RunReady(t, labelled(holder, "a"))
			plane.Run(t, labelled(contender, "b"))
			plane.WaitFor(t, contender.Name, taken, fixture.BlockedOn(holder.Name))
			plane.WaitReady(t, holder.Name)
			plane.Delete(t, plane.Environment(t, holder.Name))
			plane.WaitGone(t, holder.Name)
			plane.WaitReady(t, contender.Name)
		})
	}
}

// Selectors must not overlap. Those that do cost twice the requests.
func TestTwoShardsThatOverlapDoTheSameAndComeToRest(t *testing.T) {
	shards := startShards(t, "shard=a", "shard in (a,b)")
	const name = "shard-overlap"
	plane.RunReady(t, labelled(fixture.Full(name), "a"))
	waitForQuiet(t, shards...)
	plane.WaitReady(t, name)
	checkEntries(t, name)
	before, version := versionsOf(t, name), plane.Environment(t, name).ResourceVersion
	fixture.Consistently(t, 2*time.Second, func() error {
		if now := plane.Environment(t, name).ResourceVersion; now != version {
			return fmt.Errorf("the AppEnvironment changed from %s to %s", version, now)
		}
		return nil
	})
	if diff := changed(before, versionsOf(t, name)); len(diff) > 0 {
		t.Errorf("with nothing to do they changed %v", diff)
	}
	for _, object := range childrenOf(name) {
		if object.Kind == "ResourceQuota" || object.Kind == "DNSEndpoint" || object.Kind == "RoleBinding" {
			plane.Delete(t, plane.Get(t, object.GroupVersionKind, object.ObjectKey))
			fixture.Eventually(t, soon, plane.Exists(object.GroupVersionKind, object.ObjectKey))
		}
	}
	plane.WaitReady(t, name)
	checkEntries(t, name)
	plane.Delete(t, plane.Environment(t, name))
	plane.WaitGone(t, name)
	checkNothingLeft(t, name)
}
