package integration

import (
	"testing"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

// Of two environments of which each asks for what the other one has just dropped,
// neither loses anything, and each says what to do.
func TestTwoEnvironmentsThatSwapANamespaceKeepWhatTheyHave(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"swap-a", "swap-b"} {
		env := fixture.Small(name)
		env.Spec.Namespaces = append(env.Spec.Namespaces, v1alpha1.Namespace{Name: "it-" + name + "-more"})
		plane.RunReady(t, env)
	}
	before := map[child]string{}
	for _, name := range []string{"it-swap-a-more", "it-swap-b-more"} {
		before[child{namespaceGVK, cluster(name)}] = string(plane.Get(t, namespaceGVK, cluster(name)).GetUID())
	}
	for name, other := range map[string]string{"swap-a": "swap-b", "swap-b": "swap-a"} {
		plane.Edit(t, name, func(env *v1alpha1.AppEnvironment) { env.Spec.Namespaces[1].Name = "it-" + other + "-more" })
	}
	for name, other := range map[string]string{"swap-a": "swap-b", "swap-b": "swap-a"} {
		plane.WaitFor(t, name, taken, fixture.BlockedOn("Namespace it-"+other+"-more", other, "no longer asks for it"))
	}
	for object, uid := range before {
		if live := plane.Find(t, object.GroupVersionKind, object.ObjectKey); live == nil || string(live.GetUID()) != uid || live.GetDeletionTimestamp() != nil {
			t.Errorf("%s was lost", object)
		}
	}

	// Out of the deadlock as the message says: one takes its wish back.
	plane.Edit(t, "swap-a", func(env *v1alpha1.AppEnvironment) { env.Spec.Namespaces = env.Spec.Namespaces[:1] })
	plane.WaitReady(t, "swap-a")
	plane.WaitReady(t, "swap-b")
}
