package integration

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

// What a project no longer permits, Argo CD does not delete any more: it would be
// left behind in silence.
func TestAProjectKeepsWhatALiveApplicationUses(t *testing.T) {
	t.Parallel()
	const repository, second = "https://git.example.com/other", "it-shrink-two"
	env := fixture.Small("shrink")
	env.Spec.Namespaces = append(env.Spec.Namespaces, v1alpha1.Namespace{Name: second})
	env.Spec.Apps = append(env.Spec.Apps, v1alpha1.App{Name: "other", RepoURL: ptr.To(repository), Namespace: ptr.To(second)})
	plane.RunReady(t, env)
	other := application("shrink", "other")
	fixture.Eventually(t, soon, plane.Exists(configMapGVK, objectKey(second, other.Name)))

	plane.ArgoCD.Judge(other.Name, fixture.Verdict{Phase: "Running"}) // a sync that hangs holds its deletion
	plane.Edit(t, "shrink", func(env *v1alpha1.AppEnvironment) {
		env.Spec.Apps = env.Spec.Apps[:1]
		env.Spec.Namespaces = env.Spec.Namespaces[:1]
	})
	fixture.Eventually(t, soon, func() error {
		if app := plane.Find(t, fixture.ApplicationGVK, other); app == nil || app.GetDeletionTimestamp() == nil {
			return fmt.Errorf("the Application is not being deleted")
		}
		return nil
	})
	wide := permits(t, "shrink", []string{fixture.Repository, repository}, []string{"it-shrink", second})
	fixture.Consistently(t, 2*time.Second, wide)
	if live := plane.Get(t, namespaceGVK, cluster(second)); live.GetDeletionTimestamp() != nil {
		t.Error("the namespace goes before the Application in it")
	}

	plane.ArgoCD.Judge(other.Name, fixture.Verdict{})
	fixture.Eventually(t, soon, permits(t, "shrink", []string{fixture.Repository}, []string{"it-shrink"}))
	fixture.Eventually(t, soon, plane.Gone(configMapGVK, objectKey(second, other.Name)))
	fixture.Eventually(t, soon, plane.Gone(namespaceGVK, cluster(second)))
	plane.WaitReady(t, "shrink")
}

// permits is an error unless the project permits exactly these repositories and namespaces.
func permits(t *testing.T, project string, repositories, namespaces []string) func() error {
	return func() error {
		live := plane.Get(t, fixture.AppProjectGVK, argocd(project))
		got, _, _ := unstructured.NestedStringSlice(live.Object, "spec", "sourceRepos")
		if diff := cmp.Diff(repositories, got); diff != "" {
			return fmt.Errorf("sourceRepos (-want +got):\n%s", diff)
		}
		var destinations []string
		list, _, _ := unstructured.NestedSlice(live.Object, "spec", "destinations")
		for _, destination := range list {
			namespace, _, _ := unstructured.NestedString(destination.(map[string]any), "namespace")
			destinations = append(destinations, namespace)
		}
		if diff := cmp.Diff(namespaces, destinations); diff != "" {
			return fmt.Errorf("destinations (-want +got):\n%s", diff)
		}
		return nil
	}
}
