package integration

import (
	"testing"

	"github.com/appenv/appenv-operator/test/fixture"
)

// Argo CD looks again after three minutes where it did not notice the AppProject that was written a moment
// before the ApplicationSet; nobody has to wait for that.
func TestAProjectThatArgoCDDidNotNoticeCostsNoMinutes(t *testing.T) {
	t.Parallel()
	const name = "unnoticed"
	plane.ArgoCD.Overlook(name, 2)
	plane.RunReady(t, fixture.Small(name))
	set := plane.Get(t, fixture.ApplicationSetGVK, argocd(name))
	for key := range set.GetAnnotations() {
		if key == "argocd.argoproj.io/application-set-refresh" {
			t.Error("the annotation that asks Argo CD to look again is left")
		}
	}
}
