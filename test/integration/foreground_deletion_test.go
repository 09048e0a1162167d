package integration

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/test/fixture"
)

// Argo CD deletes in the foreground by default. With owner references, all children
// would go at once.
func TestForegroundDeletionKeepsTheOrder(t *testing.T) {
	t.Parallel()
	plane.RunReady(t, fixture.Full("foreground"))
	ends := watchEnds(t, "foreground")
	plane.Delete(t, plane.Environment(t, "foreground"), client.PropagationPolicy(metav1.DeletePropagationForeground))
	plane.WaitGone(t, "foreground")
	checkNothingLeft(t, "foreground")
	ends.check(t)
}
