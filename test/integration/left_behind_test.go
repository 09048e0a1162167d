package integration

import (
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	foreignargocd "github.com/appenv/appenv-operator/internal/foreign/argocd"
	"github.com/appenv/appenv-operator/test/fixture"
)

// A copy carries the label of the environment, and is none of its Applications.
func TestACopyOfAnApplicationIsReportedAndHoldsNothingUpAndIsNeverDeleted(t *testing.T) {
	t.Parallel()
	plane.RunReady(t, fixture.Full("copied"))
	copied := plane.Get(t, fixture.ApplicationGVK, application("copied", "web"))
	copied.Object = map[string]any{
		"apiVersion": copied.GetAPIVersion(), "kind": copied.GetKind(), "spec": copied.Object["spec"],
		"metadata": map[string]any{"namespace": copied.GetNamespace(), "name": "copied-by-hand"},
	}
	copied.SetLabels(map[string]string{v1alpha1.LabelEnvironment: "copied"})
	plane.CreateForeign(t, copied)
	t.Cleanup(func() { plane.Delete(t, copied) })
	plane.WaitFor(t, "copied",
		fixture.Has(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonLeftBehind),
		fixture.BlockedOn("Application argocd/copied-by-hand", "kubectl -n argocd delete application copied-by-hand"))

	plane.Edit(t, "copied", func(env *v1alpha1.AppEnvironment) { env.Spec.Namespaces[0].Quota = nil })
	fixture.Eventually(t, soon, plane.Gone(quotaGVK, inside("copied", "copied")))

	plane.Delete(t, plane.Environment(t, "copied"))
	plane.WaitFor(t, "copied", fixture.BlockedOn("Application argocd/copied-by-hand", "move it to another project, or delete it"))
	if live := plane.Get(t, fixture.ApplicationGVK, argocd("copied-by-hand")); live.GetDeletionTimestamp() != nil {
		t.Error("the copy is being deleted")
	}
	if plane.Find(t, fixture.AppProjectGVK, argocd("copied")) == nil {
		t.Error("the project went before an Application that uses it")
	}
	plane.Delete(t, copied)
	plane.WaitGone(t, "copied")
}

// Not parallel: it stops the operator, so that the app leaves the spec while nobody
// looks after the ApplicationSet.
func TestAnAppThatLeavesWhileItsApplicationSetIsLostIsRemovedAndTheOthersStay(t *testing.T) {
	plane.RunReady(t, fixture.Full("lost"))
	before := running(t, "lost")
	stopOperator(t)
	plane.Delete(t, plane.Get(t, fixture.ApplicationSetGVK, argocd("lost")))
	plane.Edit(t, "lost", func(env *v1alpha1.AppEnvironment) { env.Spec.Apps = env.Spec.Apps[:1] })
	startOperator(t)
	fixture.Eventually(t, soon, plane.Gone(fixture.ApplicationGVK, application("lost", "worker")))
	plane.WaitReady(t, "lost")
	web := child{fixture.ApplicationGVK, application("lost", "web")}
	checkUnchanged(t, map[child]types.UID{web: before[web]})
}

func TestWhatCannotBePrunedYetSaysSo(t *testing.T) {
	t.Parallel()
	plane.RunReady(t, fixture.Full("postponed"))
	stranger := fixture.Foreign(namespaceGVK, cluster("it-postponed-taken"), nil)
	plane.CreateForeign(t, stranger)
	plane.Edit(t, "postponed", func(env *v1alpha1.AppEnvironment) {
		env.Spec.Namespaces = append(env.Spec.Namespaces, v1alpha1.Namespace{Name: stranger.GetName()})
		env.Spec.DNS = nil
		env.Spec.Access = env.Spec.Access[:1]
	})
	plane.WaitFor(t, "postponed", taken,
		fixture.Has(v1alpha1.ConditionDNSReady, metav1.ConditionFalse, v1alpha1.ReasonPruning))
	for _, entry := range plane.Environment(t, "postponed").Status.Children {
		stale := entry.Kind == "DNSEndpoint" || entry.Name == "postponed-view"
		if stale != (entry.State == v1alpha1.ChildDeleting) {
			t.Errorf("%s %s is %s", entry.Kind, entry.Name, entry.State)
		}
	}
	plane.Delete(t, stranger)
	plane.WaitReady(t, "postponed")
	fixture.Eventually(t, soon, plane.Gone(fixture.DNSEndpointGVK, inside("postponed", "postponed")))
	fixture.Eventually(t, soon, plane.Gone(roleBindingGVK, inside("postponed", "postponed-view")))
}

// A hand that edits the list does not move an app for good.
func TestANamespaceWrittenIntoTheListByHandIsTakenBack(t *testing.T) {
	t.Parallel()
	plane.RunReady(t, fixture.Small("moved"))
	plane.Change(t, fixture.ApplicationSetGVK, argocd("moved"), func(u *unstructured.Unstructured) {
		generators, _, _ := unstructured.NestedSlice(u.Object, "spec", "generators")
		elements, _, _ := unstructured.NestedSlice(generators[0].(map[string]any), "list", "elements")
		elements[0].(map[string]any)["namespace"] = "elsewhere"
		if err := unstructured.SetNestedSlice(generators[0].(map[string]any), elements, "list", "elements"); err != nil {
			t.Fatal(err)
		}
		u.Object["spec"].(map[string]any)["generators"] = generators
	})
	fixture.Eventually(t, soon, func() error {
		return listedIn(plane.Get(t, fixture.ApplicationSetGVK, argocd("moved")), fixture.NamespaceOf("moved"))
	})
	plane.WaitReady(t, "moved")
}

func listedIn(set *unstructured.Unstructured, namespace string) error {
	for _, element := range foreignargocd.Elements(set) {
		if element[foreignargocd.ElementNamespace] != namespace {
			return fmt.Errorf("the list has namespace %q", element[foreignargocd.ElementNamespace])
		}
	}
	return nil
}
