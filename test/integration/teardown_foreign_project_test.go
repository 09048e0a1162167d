package integration

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/appenv/appenv-operator/test/fixture"
)

// An AppProject that took the place of ours, and the Applications in it, are none of
// ours: the teardown waits for neither, and touches neither. Not parallel: it stops
// the operator, so that the exchange is not seen before the deletion.
func TestATeardownDoesNotWaitForAProjectThatTookThePlaceOfOurs(t *testing.T) {
	plane.RunReady(t, fixture.Small("usurped"))
	stopOperator(t)
	plane.Delete(t, plane.Get(t, fixture.AppProjectGVK, argocd("usurped")))
	project := fixture.Foreign(fixture.AppProjectGVK, argocd("usurped"), map[string]any{"description": "somebody else's"})
	plane.CreateForeign(t, project)
	stranger := fixture.Foreign(fixture.ApplicationGVK, argocd("usurped-stranger"), map[string]any{
		"project":     "usurped",
		"source":      map[string]any{"repoURL": fixture.Repository, "path": "elsewhere"},
		"destination": map[string]any{"server": "https://kubernetes.default.svc", "namespace": "elsewhere"},
	})
	plane.CreateForeign(t, stranger)
	t.Cleanup(func() {
		plane.Delete(t, stranger)
		plane.Delete(t, project)
	})
	before := settled(t, project) + settled(t, stranger)
	plane.Delete(t, plane.Environment(t, "usurped"))
	startOperator(t)
	plane.WaitGone(t, "usurped")
	if live := plane.Find(t, fixture.ApplicationGVK, application("usurped", "web")); live != nil {
		t.Error("its own Application is left behind")
	}
	if diff := cmp.Diff(before, bytesOf(t, project)+bytesOf(t, stranger)); diff != "" {
		t.Errorf("what is somebody else's was touched (-before +after):\n%s", diff)
	}
}
