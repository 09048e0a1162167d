package integration

import (
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

// Whoever sets a field back again and again is named, and wins until somebody decides.
func TestAFieldThatAnotherManagerTakesBackAgainAndAgainIsNamedAndLeft(t *testing.T) {
	t.Parallel()
	plane.RunReady(t, fixture.Full("contended"))
	for range 5 {
		setPods(t, "contended", "7")
		fixture.Eventually(t, soon, func() error { return hasPods(t, "contended", "50") })
	}
	setPods(t, "contended", "7")
	plane.WaitFor(t, "contended", fixture.Has(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonContended),
		fixture.BlockedOn("ResourceQuota it-contended/contended", "spec.hard.pods", "kubectl-edit"))
	if err := hasPods(t, "contended", "7"); err != nil {
		t.Error(err)
	}
	// The fight ends as soon as the other lets go: what is in place needs no write.
	setPods(t, "contended", "50")
	plane.WaitReady(t, "contended")
}

func setPods(t *testing.T, name, pods string) {
	t.Helper()
	plane.Change(t, quotaGVK, inside(name, name), func(u *unstructured.Unstructured) {
		if err := unstructured.SetNestedField(u.Object, pods, "spec", "hard", "pods"); err != nil {
			t.Fatal(err)
		}
	})
}

func hasPods(t *testing.T, name, want string) error {
	t.Helper()
	pods, _, _ := unstructured.NestedString(plane.Get(t, quotaGVK, inside(name, name)).Object, "spec", "hard", "pods")
	if pods != want {
		return fmt.Errorf("the quota allows %s pods, want %s", pods, want)
	}
	return nil
}
