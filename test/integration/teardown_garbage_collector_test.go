package integration

import (
	"fmt"
	"testing"

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
