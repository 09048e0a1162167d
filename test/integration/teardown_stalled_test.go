package integration

import (
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

func TestATeardownStepPastItsDeadlineStallsWithInstructionsAndGoesOnByItself(t *testing.T) {
	t.Parallel()
	plane.RunReady(t, fixture.Full("stuck"))
	const finalizer = "example.com/somebody-elses"
	secret := plane.Change(t, fixture.ExternalSecretGVK, inside("stuck", "env"), func(u *unstructured.Unstructured) {
		u.SetFinalizers([]string{finalizer})
	})
	plane.Delete(t, plane.Environment(t, "stuck"))

	fixture.Eventually(t, soon, func() error {
		env := plane.Environment(t, "stuck")
		if env.Status.Teardown == nil || env.Status.Teardown.Step != "secrets" {
			return fmt.Errorf("the teardown is at %v, want secrets", env.Status.Teardown)
		}
		if err := fixture.Has(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonTeardownStalled)(env); err != nil {
			return err
		}
		return fixture.BlockedOn("ExternalSecret it-stuck/env", finalizer)(env)
	})
	if live := plane.Get(t, fixture.ExternalSecretGVK, inside("stuck", "env")); live.GetUID() != secret.GetUID() || len(live.GetFinalizers()) != 1 {
		t.Error("a finalizer of somebody else was stripped")
	}
	if live := plane.Get(t, namespaceGVK, cluster(fixture.NamespaceOf("stuck"))); live.GetDeletionTimestamp() != nil {
		t.Error("the namespace goes before its secrets are gone")
	}
	plane.Change(t, fixture.ExternalSecretGVK, inside("stuck", "env"), func(u *unstructured.Unstructured) { u.SetFinalizers(nil) })
	plane.WaitGone(t, "stuck")
}

func TestAProjectThatIsMissingDuringTeardownIsRebuiltSoThatItsApplicationsCanGo(t *testing.T) {
	t.Parallel()
	plane.RunReady(t, fixture.Full("rebuilt"))
	web := application("rebuilt", "web")
	plane.ArgoCD.Judge(web.Name, fixture.Verdict{Phase: "Running"}) // an operation holds the Application
	plane.Delete(t, plane.Environment(t, "rebuilt"))
	fixture.Eventually(t, soon, func() error {
		if app := plane.Find(t, fixture.ApplicationGVK, web); app == nil || app.GetDeletionTimestamp() == nil {
			return fmt.Errorf("the Application is not being deleted")
		}
		return nil
	})
	old := plane.Get(t, fixture.AppProjectGVK, argocd("rebuilt"))
	plane.Delete(t, old)

	fixture.Eventually(t, soon, func() error {
		project := plane.Find(t, fixture.AppProjectGVK, argocd("rebuilt"))
		if project == nil || project.GetUID() == old.GetUID() {
			return fmt.Errorf("the project is not rebuilt")
		}
		if roles, found, _ := unstructured.NestedSlice(project.Object, "spec", "roles"); found && len(roles) > 0 {
			return fmt.Errorf("the rebuilt project has roles %v", roles)
		}
		return nil
	})
	plane.ArgoCD.Judge(web.Name, fixture.Verdict{})
	plane.WaitGone(t, "rebuilt")
	checkNothingLeft(t, "rebuilt")
}

func TestANamespaceThatTheOperatorDidNotCreateIsNeverDeleted(t *testing.T) {
	t.Parallel()
	plane.RunReady(t, fixture.Small("adopted"))
	namespace := cluster(fixture.NamespaceOf("adopted"))
	plane.EditStatus(t, "adopted", func(status *v1alpha1.AppEnvironmentStatus) {
		for i := range status.Children {
			if status.Children[i].Kind == "Namespace" {
				status.Children[i].Origin = v1alpha1.OriginAdopted
			}
		}
	})
	// What stands on the namespace does not say otherwise, whoever writes it there.
	fixture.Eventually(t, soon, hasOrigin(t, namespace, v1alpha1.OriginAdopted))
	plane.Change(t, namespaceGVK, namespace, func(u *unstructured.Unstructured) {
		annotations := u.GetAnnotations()
		annotations[v1alpha1.AnnotationOrigin] = string(v1alpha1.OriginCreated)
		u.SetAnnotations(annotations)
	})
	fixture.Eventually(t, soon, hasOrigin(t, namespace, v1alpha1.OriginAdopted))
	plane.Delete(t, plane.Environment(t, "adopted"))
	plane.WaitGone(t, "adopted")
	if live := plane.Get(t, namespaceGVK, namespace); live.GetDeletionTimestamp() != nil {
		t.Error("an adopted namespace is being deleted")
	}
}

func hasOrigin(t *testing.T, namespace client.ObjectKey, want v1alpha1.Origin) func() error {
	return func() error {
		if origin := plane.Get(t, namespaceGVK, namespace).GetAnnotations()[v1alpha1.AnnotationOrigin]; origin != string(want) {
			return fmt.Errorf("the origin of the namespace is %q", origin)
		}
		return nil
	}
}
