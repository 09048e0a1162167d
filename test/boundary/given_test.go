package boundary

import (
	"context"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

// givenWhilePaused is an environment that may take over what a team has made by hand, and does not yet.
func givenWhilePaused(t *testing.T, name string) {
	madeByHand(t, name)
	env := mine(fixture.TwoApps(name))
	paused(env)
	plane.Create(t, env)
	await(t, func() error { return isPaused(name) })
}

// takeBack withdraws every consent.
func takeBack(t *testing.T, name string) {
	for _, u := range fixture.ByHand(name) {
		plane.Change(t, u.GroupVersionKind(), client.ObjectKeyFromObject(u), func(u *unstructured.Unstructured) { u.SetAnnotations(nil) })
	}
}

// projectMadeAgain puts another team's AppProject in the place of the one that was given.
func projectMadeAgain(t *testing.T, name string) {
	project := fixture.ByHand(name)[1]
	plane.Delete(t, project)
	plane.CreateForeign(t, project)
}

// isTaken is an error until the operator has said that names are taken.
func isTaken(name string) error {
	env := &v1alpha1.AppEnvironment{}
	if err := plane.Client.Get(context.Background(), client.ObjectKey{Name: name}, env); err != nil {
		return err
	}
	return fixture.Has(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonNameTaken)(env)
}
