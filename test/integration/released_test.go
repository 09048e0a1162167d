package integration

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

// A pass may read a status that is older than a release: it still has the entry of what was released, and
// must take the missing labels for what they are.
func TestWhatWasReleasedIsNotLabelledAgain(t *testing.T) {
	t.Parallel()
	const name, theirs = "released", "it-released-theirs"
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: theirs, Annotations: map[string]string{v1alpha1.AnnotationAdoptBy: name},
	}}
	plane.Create(t, namespace)
	env := fixture.Small(name)
	env.Spec.Namespaces = append(env.Spec.Namespaces, v1alpha1.Namespace{Name: theirs})
	plane.RunReady(t, env)
	entry := *entryOf(t, name, child{namespaceGVK, cluster(theirs)})

	// The other namespace keeps the environment from ending.
	letGo := hold(t, child{namespaceGVK, cluster(fixture.NamespaceOf(name))}, "example.com/hold")
	plane.Delete(t, plane.Environment(t, name))
	unlabelled := func() error {
		live := plane.Get(t, namespaceGVK, cluster(theirs))
		if live.GetLabels()[v1alpha1.LabelEnvironment] != "" || live.GetAnnotations()[v1alpha1.AnnotationOwnerUID] != "" {
			return fmt.Errorf("Namespace %s bears %v, %v", theirs, live.GetLabels(), live.GetAnnotations())
		}
		return nil
	}
	forgotten := func(env *v1alpha1.AppEnvironment) error {
		for _, recorded := range env.Status.Children {
			if recorded.Name == theirs {
				return fmt.Errorf("Namespace %s is on record", theirs)
			}
		}
		return nil
	}
	fixture.Eventually(t, soon, unlabelled)
	plane.WaitFor(t, name, forgotten)
	released := plane.Get(t, namespaceGVK, cluster(theirs)).GetResourceVersion()

	plane.EditStatus(t, name, func(status *v1alpha1.AppEnvironmentStatus) { status.Children = append(status.Children, entry) })
	plane.WaitFor(t, name, forgotten)
	if now := plane.Get(t, namespaceGVK, cluster(theirs)).GetResourceVersion(); now != released {
		t.Errorf("the released Namespace was written once more: resourceVersion %s, then %s", released, now)
	}
	letGo()
	plane.WaitGone(t, name)
	if err := unlabelled(); err != nil {
		t.Error(err)
	}
}
