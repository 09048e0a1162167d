package integration

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/cli"
	"github.com/appenv/appenv-operator/test/fixture"
)

// What the plugin renders is what the operator applies: the same objects, and applied under the operator's field manager
// they change nothing, neither a value nor a field more or less.
func TestRenderedObjectsAreTheOnesThatAreApplied(t *testing.T) {
	t.Parallel()
	for _, env := range []*v1alpha1.AppEnvironment{fixture.Full("rendered"), fixture.Small("rendered-small")} {
		plane.RunReady(t, env)
		live := plane.Environment(t, env.Name)
		var recorded, rendered []string
		for _, child := range live.Status.Children {
			recorded = append(recorded, child.Kind+" "+child.Namespace+"/"+child.Name)
		}
		for _, object := range render(t, live) {
			rendered = append(rendered, object.GetKind()+" "+object.GetNamespace()+"/"+object.GetName())
			checkNothingToApply(t, object)
		}
		slices.Sort(recorded)
		slices.Sort(rendered)
		if diff := cmp.Diff(recorded, rendered); diff != "" {
			t.Errorf("%s (-recorded +rendered):\n%s", env.Name, diff)
		}
	}
}

// render is what the plugin prints for an environment as kubectl get gives it.
func render(t *testing.T, env *v1alpha1.AppEnvironment) []unstructured.Unstructured {
	t.Helper()
	env.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("AppEnvironment"))
	in, err := json.Marshal(env)
	if err != nil {
		t.Fatal(err)
	}
	var out, failures bytes.Buffer
	line := []string{"render", "-f", "-", "-o", "json", "--argocd-namespace", fixture.ArgoCDNamespace}
	if code := cli.Run(t.Context(), line, cli.Streams{In: bytes.NewReader(in), Out: &out, Err: &failures}); code != 0 {
		t.Fatalf("render ended with %d: %s", code, failures.String())
	}
	var list unstructured.UnstructuredList
	if err := json.Unmarshal(out.Bytes(), &list); err != nil {
		t.Fatal(err)
	}
	return list.Items
}

// checkNothingToApply applies an object in the operator's place. Only whether it was created is the cluster's to say.
func checkNothingToApply(t *testing.T, object unstructured.Unstructured) {
	t.Helper()
	before := plane.Get(t, object.GroupVersionKind(), client.ObjectKeyFromObject(&object))
	annotations := object.GetAnnotations()
	annotations[v1alpha1.AnnotationOrigin] = string(v1alpha1.OriginCreated)
	object.SetAnnotations(annotations)
	object.SetUID(before.GetUID())
	applied := client.ApplyConfigurationFromUnstructured(&object)
	if err := plane.Client.Apply(t.Context(), applied, client.FieldOwner("appenv-operator"), client.ForceOwnership, client.DryRunAll); err != nil {
		t.Fatalf("%s %s: %v", object.GetKind(), object.GetName(), err)
	}
	for _, each := range []*unstructured.Unstructured{before, &object} {
		each.SetManagedFields(nil)
		each.SetResourceVersion("")
		unstructured.RemoveNestedField(each.Object, "status")
	}
	if diff := cmp.Diff(before.Object, object.Object); diff != "" {
		t.Errorf("%s %s would be changed (-live +rendered):\n%s", object.GetKind(), object.GetName(), diff)
	}
}
