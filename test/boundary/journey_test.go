package boundary

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

// A journey takes an environment from one state to another.
type journey struct {
	name string
	// prepare makes the state from which the journey begins. The operator runs.
	prepare func(t *testing.T, name string)
	// act is what somebody does then, at once.
	act func(t *testing.T, name string)
	// arrived is an error until the journey is over.
	arrived func(name string) error
	// keeps says that everything that was there before is there at the end, and the same.
	keeps bool
}

var journeys = []journey{
	{"create", func(*testing.T, string) {}, func(t *testing.T, name string) { plane.Create(t, full(name)) }, isReady, false},
	{"change", ready(full), edit(fixture.Change), isReady, false},
	{"adopt", madeByHand, func(t *testing.T, name string) { plane.Create(t, mine(fixture.TwoApps(name))) }, isReady, true},
	{"adopt all", allMadeByHand, func(t *testing.T, name string) { plane.Create(t, full(name)) }, isReady, true},
	{"prune", ready(full), edit(fixture.Shrink), isReady, false},
	{"release some", ready(retained), edit(fixture.Shrink), isReady, false},
	{"release all", ready(retained), remove, isGone, false},
	{"repair", ready(full), damage, isReady, false},
	{"teardown", ready(full), remove, isGone, false},
}

// runLabel gives an environment to the operator of its run.
const runLabel = "run"

// mine labels an environment for its own operator.
func mine(env *v1alpha1.AppEnvironment) *v1alpha1.AppEnvironment {
	env.Labels = map[string]string{runLabel: env.Name}
	return env
}

func full(name string) *v1alpha1.AppEnvironment { return mine(fixture.Full(name)) }

func retained(name string) *v1alpha1.AppEnvironment {
	env := full(name)
	env.Spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain
	return env
}

func ready(desired func(string) *v1alpha1.AppEnvironment) func(*testing.T, string) {
	return func(t *testing.T, name string) {
		plane.Create(t, desired(name))
		fixture.Eventually(t, patience, func() error { return isReady(name) })
	}
}

func edit(change func(*v1alpha1.AppEnvironment)) func(*testing.T, string) {
	return func(t *testing.T, name string) { plane.Edit(t, name, change) }
}

func remove(t *testing.T, name string) { plane.Delete(t, plane.Environment(t, name)) }

// damage takes away and changes children of every kind that comes back by itself.
func damage(t *testing.T, name string) {
	for _, gone := range []client.Object{
		fixture.At(serviceAccountGVK, fixture.Inside(name, "app1")), fixture.At(quotaGVK, fixture.Inside(name, name)),
		fixture.At(fixture.ManagedCertificateGVK, fixture.Inside(name, "web")), fixture.At(fixture.DNSEndpointGVK, fixture.Inside(name, name)),
	} {
		plane.Delete(t, gone)
	}
	plane.Change(t, fixture.AppProjectGVK, fixture.InArgoCD(name), func(u *unstructured.Unstructured) {
		u.Object["spec"].(map[string]any)["sourceRepos"] = []any{"*"}
	})
	plane.Change(t, networkPolicyGVK, fixture.Inside(name, name), func(u *unstructured.Unstructured) { u.SetLabels(nil) })
}

// madeByHand is what a team runs before there is an AppEnvironment, with its consent to everything.
func madeByHand(t *testing.T, name string) {
	plane.MakeByHand(t, name, nil)
	for _, gvk := range []client.Object{
		fixture.At(namespaceGVK, client.ObjectKey{Name: fixture.NamespaceOf(name)}),
		fixture.At(fixture.AppProjectGVK, fixture.InArgoCD(name)), fixture.At(fixture.ApplicationSetGVK, fixture.InArgoCD(name)),
	} {
		plane.Consent(t, gvk.GetObjectKind().GroupVersionKind(), client.ObjectKeyFromObject(gvk), name)
	}
}

// allMadeByHand is a full environment of a team's own, with its consent to everything.
func allMadeByHand(t *testing.T, name string) { plane.MakeAllByHand(t, full(name)) }
