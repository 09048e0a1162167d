package integration

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

func protected(name string) *v1alpha1.AppEnvironment {
	env := fixture.Full(name)
	env.Spec.Protection = v1alpha1.ProtectionConfirm
	return env
}

// unpoliced is protected where the admission policy for that is not installed: the
// operator keeps the promise by itself.
func unpoliced(name string) *v1alpha1.AppEnvironment {
	env := protected(name)
	env.Labels = map[string]string{fixture.LabelUnpoliced: "true"}
	return env
}

func TestAProtectedEnvironmentIsDeletedOnceItsDeletionIsConfirmed(t *testing.T) {
	t.Parallel()
	plane.RunReady(t, unpoliced("protected"))
	before := running(t, "protected")
	// A confirmation of an earlier generation is none.
	confirm(t, "protected", fmt.Sprintf("%s@%d", plane.Environment(t, "protected").UID, plane.Environment(t, "protected").Generation))
	plane.Edit(t, "protected", func(env *v1alpha1.AppEnvironment) { env.Spec.Labels["owner"] = "team-other" })
	plane.WaitReady(t, "protected")
	plane.Delete(t, plane.Environment(t, "protected"))
	plane.WaitFor(t, "protected", fixture.Has(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonConfirmationRequired),
		fixture.BlockedOn("kubectl annotate --overwrite appenv protected platform.appenv.dev/confirm="))
	fixture.Consistently(t, time.Second, func() error {
		checkUnchanged(t, before)
		return nil
	})
	pending := plane.Environment(t, "protected").Status.PendingRemovals
	if len(pending) != 1 {
		t.Fatalf("pending removals: %v", pending)
	}
	confirm(t, "protected", pending[0])
	plane.WaitGone(t, "protected")
	checkNothingLeft(t, "protected")
}

func TestADeletionConfirmedBeforehandGoesAhead(t *testing.T) {
	t.Parallel()
	plane.RunReady(t, protected("confirmed"))
	env := plane.Environment(t, "confirmed")
	confirm(t, "confirmed", fmt.Sprintf("%s@%d", env.UID, env.Generation))
	plane.Delete(t, env)
	plane.WaitGone(t, "confirmed")
}

func TestWhatLeavesAProtectedEnvironmentWaitsUntilThatVeryPartIsConfirmed(t *testing.T) {
	t.Parallel()
	env := unpoliced("guarded")
	env.Spec.Namespaces = append(env.Spec.Namespaces, v1alpha1.Namespace{Name: "it-guarded-more"})
	plane.RunReady(t, env)
	before := running(t, "guarded")
	before[child{namespaceGVK, cluster("it-guarded-more")}] = plane.Get(t, namespaceGVK, cluster("it-guarded-more")).GetUID()
	plane.Edit(t, "guarded", func(env *v1alpha1.AppEnvironment) {
		env.Spec.Apps = env.Spec.Apps[:1]
		env.Spec.Namespaces = env.Spec.Namespaces[:1]
		env.Spec.Certificates = env.Spec.Certificates[:1]
		env.Spec.Secrets = nil
	})
	generation := plane.Environment(t, "guarded").Generation
	want := []string{"apps/worker", "certificates/internal", "namespaces/it-guarded-more", "secrets/env"}
	for i := range want {
		want[i] = fmt.Sprintf("%s@%d", want[i], generation)
	}
	plane.WaitFor(t, "guarded", fixture.Ready, pends(want...))
	checkUnchanged(t, before)
	for _, entry := range plane.Environment(t, "guarded").Status.Children {
		waits := entry.Name == "internal" || entry.Name == "it-guarded-more" || entry.Namespace == "it-guarded-more" || entry.Kind == "ExternalSecret" || entry.Kind == "SecretStore"
		if waits != (entry.State == v1alpha1.ChildPendingRemoval) {
			t.Errorf("%s %s is %s", entry.Kind, entry.Name, entry.State)
		}
	}
	// An ApplicationSet deleted by hand comes back with what waits.
	old := plane.Get(t, fixture.ApplicationSetGVK, argocd("guarded"))
	plane.Delete(t, old)
	fixture.Eventually(t, soon, func() error { return ownedAgain(t, "guarded", old.GetUID()) })
	fixture.Eventually(t, soon, listed(t, "guarded", "web", "worker"))

	confirm(t, "guarded", want[0]+","+want[1])
	fixture.Eventually(t, soon, plane.Gone(fixture.ApplicationGVK, application("guarded", "worker")))
	fixture.Eventually(t, soon, plane.Gone(fixture.CertificateGVK, inside("guarded", "internal")))
	plane.WaitFor(t, "guarded", fixture.Ready, pends(want[2], want[3]))
	if plane.Find(t, namespaceGVK, cluster("it-guarded-more")) == nil || plane.Find(t, fixture.ExternalSecretGVK, inside("guarded", "env")) == nil {
		t.Error("what was not confirmed is gone")
	}
	confirm(t, "guarded", want[2]+", "+want[3])
	fixture.Eventually(t, soon, plane.Gone(namespaceGVK, cluster("it-guarded-more")))
	plane.WaitFor(t, "guarded", fixture.Ready, pends())

	// The protection itself ends only when that is confirmed.
	plane.Edit(t, "guarded", func(env *v1alpha1.AppEnvironment) { env.Spec.Protection = v1alpha1.ProtectionNone })
	now := plane.Environment(t, "guarded")
	end := fmt.Sprintf("protection@%d", now.Generation)
	plane.WaitFor(t, "guarded", pends(end))
	if still := plane.Environment(t, "guarded").Status.Protection; still != v1alpha1.ProtectionConfirm {
		t.Errorf("the protection in force is %q", still)
	}
	confirm(t, "guarded", fmt.Sprintf("%s@%d", now.UID, now.Generation)) // confirms a deletion, and nothing else
	plane.WaitFor(t, "guarded", pends(end))
	confirm(t, "guarded", end)
	plane.WaitFor(t, "guarded", pends(), func(env *v1alpha1.AppEnvironment) error {
		if env.Status.Protection != v1alpha1.ProtectionNone {
			return errors.New("it is protected still")
		}
		return nil
	})
}

// ownedAgain is an error until another ApplicationSet than the old one has the app.
func ownedAgain(t *testing.T, name string, old types.UID) error {
	set := plane.Find(t, fixture.ApplicationSetGVK, argocd(name))
	worker := plane.Get(t, fixture.ApplicationGVK, application(name, "worker"))
	if set == nil || set.GetUID() == old || !metav1.IsControlledBy(worker, set) {
		return errors.New("the app that waits is not taken back")
	}
	return nil
}

// confirm writes the annotation that confirms removals.
func confirm(t *testing.T, name, words string) {
	t.Helper()
	patch := fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, v1alpha1.AnnotationConfirm, words)
	if err := plane.Client.Patch(t.Context(), plane.Environment(t, name), client.RawPatch(types.MergePatchType, []byte(patch))); err != nil {
		t.Fatal(err)
	}
}

// pends is a check for WaitFor: exactly these confirmations are waited for.
func pends(want ...string) func(*v1alpha1.AppEnvironment) error {
	return func(env *v1alpha1.AppEnvironment) error {
		if !slices.Equal(env.Status.PendingRemovals, want) {
			return fmt.Errorf("pending removals %v, want %v", env.Status.PendingRemovals, want)
		}
		return nil
	}
}
