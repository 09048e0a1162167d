package integration

import (
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

// Not parallel: the repair is timed.
func TestAnApplicationSetDeletedByHandComesBackWithoutAnApplicationLost(t *testing.T) {
	plane.RunReady(t, fixture.Full("set-deleted"))
	before := map[string]types.UID{}
	for _, app := range []string{"web", "worker"} {
		before[app] = plane.Get(t, fixture.ApplicationGVK, application("set-deleted", app)).GetUID()
		before[app+" workload"] = plane.Get(t, configMapGVK, inside("set-deleted", application("set-deleted", app).Name)).GetUID()
	}
	old := plane.Get(t, fixture.ApplicationSetGVK, argocd("set-deleted"))
	plane.Delete(t, old)

	fixture.Eventually(t, second, func() error {
		live := plane.Find(t, fixture.ApplicationSetGVK, argocd("set-deleted"))
		if live == nil || live.GetUID() == old.GetUID() {
			return fmt.Errorf("the ApplicationSet is not back")
		}
		return nil
	})
	live := plane.Get(t, fixture.ApplicationSetGVK, argocd("set-deleted"))
	for _, app := range []string{"web", "worker"} {
		fixture.Eventually(t, soon, func() error {
			taken := plane.Find(t, fixture.ApplicationGVK, application("set-deleted", app))
			if taken == nil || !metav1.IsControlledBy(taken, live) {
				return fmt.Errorf("%s is not taken back by the new ApplicationSet", app)
			}
			return nil
		})
		if now := plane.Get(t, fixture.ApplicationGVK, application("set-deleted", app)); now.GetUID() != before[app] || now.GetDeletionTimestamp() != nil {
			t.Errorf("Application %s was lost", app)
		}
		if now := plane.Get(t, configMapGVK, inside("set-deleted", application("set-deleted", app).Name)); now.GetUID() != before[app+" workload"] {
			t.Errorf("the workload of %s was lost", app)
		}
	}
	plane.WaitReady(t, "set-deleted")
}

// While the operator is away its finalizer holds the ApplicationSet, and with it the
// Applications. Not parallel: it stops the operator.
func TestAnApplicationSetDeletedWhileTheOperatorIsAwayWaitsForIt(t *testing.T) {
	plane.RunReady(t, fixture.Small("set-away"))
	web := plane.Get(t, fixture.ApplicationGVK, application("set-away", "web"))
	old := plane.Get(t, fixture.ApplicationSetGVK, argocd("set-away"))
	stopOperator(t)
	plane.Delete(t, old)
	held := plane.Get(t, fixture.ApplicationSetGVK, argocd("set-away"))
	if held.GetUID() != old.GetUID() || len(held.GetFinalizers()) != 1 || held.GetFinalizers()[0] != v1alpha1.ApplicationSetFinalizer {
		t.Errorf("nothing holds the ApplicationSet: %v", held.GetFinalizers())
	}
	startOperator(t)
	fixture.Eventually(t, soon, func() error {
		live := plane.Find(t, fixture.ApplicationSetGVK, argocd("set-away"))
		if live == nil || live.GetUID() == old.GetUID() {
			return fmt.Errorf("the ApplicationSet is not back")
		}
		return nil
	})
	plane.WaitReady(t, "set-away")
	if now := plane.Get(t, fixture.ApplicationGVK, application("set-away", "web")); now.GetUID() != web.GetUID() {
		t.Error("the Application was lost")
	}
}
