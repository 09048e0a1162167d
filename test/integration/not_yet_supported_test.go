package integration

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

var unsupported = fixture.Has(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonNotYetSupported)

func TestAFieldOfALaterVersionStopsTheOperatorAndNothingThatRuns(t *testing.T) {
	cases := map[string]struct {
		environment, field string
		set                func(*v1alpha1.AppEnvironmentSpec)
	}{
		"mode Observe":          {"observe", "mode", func(s *v1alpha1.AppEnvironmentSpec) { s.Mode = v1alpha1.ModeObserve }},
		"mode Paused":           {"paused", "mode", func(s *v1alpha1.AppEnvironmentSpec) { s.Mode = v1alpha1.ModePaused }},
		"deletionPolicy Retain": {"retain", "deletionPolicy", func(s *v1alpha1.AppEnvironmentSpec) { s.DeletionPolicy = v1alpha1.DeletionPolicyRetain }},
		"protection Confirm":    {"confirm", "protection", func(s *v1alpha1.AppEnvironmentSpec) { s.Protection = v1alpha1.ProtectionConfirm }},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plane.RunReady(t, fixture.Full(c.environment))
			before := versionsOf(t, c.environment)
			plane.Edit(t, c.environment, func(env *v1alpha1.AppEnvironment) {
				c.set(&env.Spec)
				env.Spec.Namespaces[0].Quota = nil // would be pruned
				env.Spec.DNS.Records[0].Targets = []string{"203.0.113.99"}
			})
			plane.WaitFor(t, c.environment, unsupported, fixture.BlockedOn(c.field),
				fixture.Has(v1alpha1.ConditionApplicationsReady, metav1.ConditionTrue, v1alpha1.ReasonReady))

			// Deleted, it waits, and nothing goes.
			plane.Delete(t, plane.Environment(t, c.environment))
			plane.WaitFor(t, c.environment, unsupported, fixture.BlockedOn(c.field))
			fixture.Consistently(t, time.Second, func() error { return unsupported(plane.Environment(t, c.environment)) })
			if diff := cmp.Diff(before, versionsOf(t, c.environment)); diff != "" {
				t.Errorf("resourceVersions of the children (-before +after):\n%s", diff)
			}

			// Reset, the deletion goes on.
			plane.Edit(t, c.environment, func(env *v1alpha1.AppEnvironment) {
				env.Spec.Mode, env.Spec.DeletionPolicy, env.Spec.Protection = v1alpha1.ModeEnforce, v1alpha1.DeletionPolicyDelete, v1alpha1.ProtectionNone
			})
			plane.WaitGone(t, c.environment)
		})
	}
}

func TestAnEnvironmentThatOwnsNothingCanBeDeletedWhateverItsSpecSays(t *testing.T) {
	t.Parallel()
	env := fixture.Full("nothing-owned")
	env.Spec.Mode, env.Spec.Protection = v1alpha1.ModePaused, v1alpha1.ProtectionConfirm
	plane.Run(t, env)
	plane.WaitFor(t, "nothing-owned", unsupported)
	for _, child := range childrenOf("nothing-owned") {
		if live := plane.Find(t, child.GroupVersionKind, child.ObjectKey); live != nil {
			t.Errorf("%s %s was created", child.Kind, child.ObjectKey)
		}
	}
	plane.Delete(t, plane.Environment(t, "nothing-owned"))
	plane.WaitGone(t, "nothing-owned")
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
