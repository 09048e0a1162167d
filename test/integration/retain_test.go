package integration

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

func TestRetainedChildrenStayAsTheyAreAndAreTakenBackByTheSameName(t *testing.T) {
	t.Parallel()
	retained := func() *v1alpha1.AppEnvironment {
		env := fixture.Full("retained")
		env.Spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain
		return env
	}
	plane.RunReady(t, retained())
	before, specs := running(t, "retained"), specsOf(t, "retained")
	plane.Delete(t, plane.Environment(t, "retained"))
	plane.WaitGone(t, "retained")
	checkUnchanged(t, before)
	if diff := cmp.Diff(specs, specsOf(t, "retained")); diff != "" {
		t.Errorf("a release changed what it released (-before +after):\n%s", diff)
	}
	for _, child := range childrenOf("retained") {
		checkReleased(t, plane.Get(t, child.GroupVersionKind, child.ObjectKey), "retained")
	}

	plane.RunReady(t, retained())
	checkUnchanged(t, before)
	for _, entry := range plane.Environment(t, "retained").Status.Children {
		if entry.Origin != v1alpha1.OriginAdopted {
			t.Errorf("%s %s is recorded as %q", entry.Kind, entry.Name, entry.Origin)
		}
	}
	// From now on it deletes, all but the namespace.
	plane.Edit(t, "retained", func(env *v1alpha1.AppEnvironment) { env.Spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete })
	plane.Delete(t, plane.Environment(t, "retained"))
	plane.WaitGone(t, "retained")
	if plane.Find(t, fixture.ApplicationGVK, application("retained", "web")) != nil {
		t.Error("the Application is left behind")
	}
	plane.Delete(t, plane.Get(t, namespaceGVK, cluster(fixture.NamespaceOf("retained"))))
}

func TestARetainedEnvironmentReleasesWhatItPrunes(t *testing.T) {
	t.Parallel()
	env := fixture.Full("pruned-retained")
	env.Spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain
	plane.RunReady(t, env)
	plane.Edit(t, env.Name, func(env *v1alpha1.AppEnvironment) {
		env.Spec.Namespaces[0].Quota = nil
		env.Spec.DNS = nil
		env.Spec.Secrets = nil
	})
	plane.WaitReady(t, env.Name)
	for _, child := range childrenOf(env.Name) {
		gone := slices.Contains([]string{"ResourceQuota", "DNSEndpoint", "SecretStore", "ExternalSecret"}, child.Kind)
		if live := plane.Get(t, child.GroupVersionKind, child.ObjectKey); gone {
			checkReleased(t, live, env.Name)
		} else if live.GetLabels()[v1alpha1.LabelEnvironment] != env.Name {
			t.Errorf("%s is no longer the environment's", child)
		}
	}
	for _, entry := range plane.Environment(t, env.Name).Status.Children {
		if entry.Kind == "ResourceQuota" || entry.Kind == "DNSEndpoint" {
			t.Errorf("%s %s is on record still", entry.Kind, entry.Name)
		}
	}
	t.Cleanup(func() {
		plane.WaitGone(t, env.Name)
		plane.Delete(t, plane.Get(t, fixture.ApplicationSetGVK, argocd(env.Name)))
		plane.Delete(t, plane.Get(t, fixture.AppProjectGVK, argocd(env.Name)))
		plane.Delete(t, plane.Get(t, namespaceGVK, cluster(fixture.NamespaceOf(env.Name))))
	})
	plane.Delete(t, plane.Environment(t, env.Name))
}

// checkReleased checks that an object bears no mark of the operator, and the consent by
// which an environment takes it back.
func checkReleased(t *testing.T, live *unstructured.Unstructured, name string) {
	t.Helper()
	if live.GetDeletionTimestamp() != nil {
		t.Errorf("%s %s is being deleted", live.GetKind(), live.GetName())
	}
	for _, mark := range []string{v1alpha1.LabelManagedBy, v1alpha1.LabelEnvironment} {
		if value, found := live.GetLabels()[mark]; found {
			t.Errorf("%s %s still has the label %s=%s", live.GetKind(), live.GetName(), mark, value)
		}
	}
	want := map[string]string{v1alpha1.AnnotationAdoptBy: name}
	got := map[string]string{}
	for _, key := range []string{v1alpha1.AnnotationAdoptBy, v1alpha1.AnnotationOwnerUID, v1alpha1.AnnotationOrigin} {
		if value, found := live.GetAnnotations()[key]; found {
			got[key] = value
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("annotations of %s %s (-want +got):\n%s", live.GetKind(), live.GetName(), diff)
	}
	if slices.Contains(live.GetFinalizers(), v1alpha1.ApplicationSetFinalizer) {
		t.Errorf("%s %s waits for the operator still", live.GetKind(), live.GetName())
	}
	if slices.ContainsFunc(live.GetManagedFields(), func(entry metav1.ManagedFieldsEntry) bool {
		return entry.Manager == "appenv-operator" && entry.Subresource == ""
	}) {
		t.Errorf("fields of %s %s are the operator's still", live.GetKind(), live.GetName())
	}
}

// specsOf is what the children of an environment ask for.
func specsOf(t *testing.T, name string) map[string]any {
	t.Helper()
	specs := map[string]any{}
	for _, child := range childrenOf(name) {
		live := plane.Get(t, child.GroupVersionKind, child.ObjectKey)
		labels := live.GetLabels()
		delete(labels, v1alpha1.LabelManagedBy)
		delete(labels, v1alpha1.LabelEnvironment)
		specs[child.String()] = []any{live.Object["spec"], live.Object["subjects"], labels}
	}
	return specs
}
