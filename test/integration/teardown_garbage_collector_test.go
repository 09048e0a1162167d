package integration

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/test/fixture"
)

// The garbage collector may take its finalizer off an ApplicationSet without having
// seen an Application that was taken back a moment before.
func TestATeardownDoesNotNeedTheGarbageCollectorToDeleteApplications(t *testing.T) {
	t.Parallel()
	own := startPlane(t, fixture.Options{})
	own.RunReady(t, fixture.Small("uncollected"))
	resume := own.HoldControllers(t)
	own.Delete(t, own.Environment(t, "uncollected"))
	fixture.Eventually(t, soon, func() error {
		if own.Find(t, fixture.ApplicationGVK, application("uncollected", "web")) != nil {
			return fmt.Errorf("the Application is still there")
		}
		return nil
	})
	resume()
	own.WaitGone(t, "uncollected")
}

// Without its ApplicationSet an Application is the garbage collector's, which may be
// late or not there at all.
func TestATeardownDeletesApplicationsWhoseApplicationSetIsGone(t *testing.T) {
	t.Parallel()
	own := startPlane(t, fixture.Options{})
	own.RunReady(t, fixture.Small("orphaned"))
	if err := own.Operator.Stop(); err != nil {
		t.Fatal(err)
	}
	resume := own.HoldControllers(t)
	own.Change(t, fixture.ApplicationSetGVK, argocd("orphaned"), func(u *unstructured.Unstructured) { u.SetFinalizers(nil) })
	own.Delete(t, own.Get(t, fixture.ApplicationSetGVK, argocd("orphaned")))
	fixture.Eventually(t, soon, own.Gone(fixture.ApplicationSetGVK, argocd("orphaned")))
	own.Delete(t, own.Environment(t, "orphaned"))
	if live := own.Get(t, fixture.ApplicationGVK, application("orphaned", "web")); live.GetDeletionTimestamp() != nil {
		t.Fatal("the Application is being deleted already")
	}
	if err := own.Operator.Start(); err != nil {
		t.Fatal(err)
	}
	fixture.Eventually(t, soon, own.Gone(fixture.ApplicationGVK, application("orphaned", "web")))
	resume()
	own.WaitGone(t, "orphaned")
}
