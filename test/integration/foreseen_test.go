package integration

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/controller"
	"github.com/appenv/appenv-operator/test/fixture"
)

// foresee says what the operator would do, as the plugin asks.
func foresee(t *testing.T, env *v1alpha1.AppEnvironment) *controller.Foresight {
	t.Helper()
	config := plane.Operator.Config
	foreseer, err := controller.NewForeseer(plane.Admin(), component.Settings{
		ArgoCDNamespace: config.ArgoCDNamespace, CloudflareProxiedProperty: config.CloudflareProxiedProperty,
	})
	if err != nil {
		t.Fatal(err)
	}
	foresight, err := foreseer.Foresee(t.Context(), env, false)
	if err != nil {
		t.Fatal(err)
	}
	return foresight
}

// What is foreseen of a change is what the operator then does: these objects and no others, as they were foreseen to be.
func TestTheOperatorDoesWhatIsForeseen(t *testing.T) {
	t.Parallel()
	const name = "foreseen"
	checkForeseenCreation(t, fixture.Full(name))
	for _, step := range []struct {
		name   string
		change func(*v1alpha1.AppEnvironment)
	}{
		{"changed", fixture.Change},
		{"labelled", func(env *v1alpha1.AppEnvironment) { env.Spec.Labels = map[string]string{"team": "a"} }},
		{"without labels", func(env *v1alpha1.AppEnvironment) { env.Spec.Labels = nil }},
		{"shrunk", fixture.Shrink},
	} {
		before := childrenAlive(t, name)
		next := plane.Environment(t, name)
		if foresight := foresee(t, next); len(foresight.Changes)+len(foresight.Held)+len(foresight.Pending) > 0 {
			t.Errorf("before %s: %d changes are foreseen of what is as it should be", step.name, len(foresight.Changes))
		}
		step.change(next)
		foreseen := foresee(t, next)
		plane.Edit(t, name, step.change)
		plane.WaitReady(t, name)
		checkCameTrue(t, step.name, foreseen, before, childrenAlive(t, name))
	}
}

func checkForeseenCreation(t *testing.T, env *v1alpha1.AppEnvironment) {
	t.Helper()
	foreseen := foresee(t, env)
	var created, recorded []string
	for _, change := range foreseen.Changes {
		if change.Action != v1alpha1.ActionCreate {
			t.Errorf("%s %s is foreseen of an environment that does not exist", change.Action, change.Key)
		}
		created = append(created, change.Key.String())
	}
	plane.RunReady(t, env)
	for key := range childrenAlive(t, env.Name) {
		recorded = append(recorded, key.String())
	}
	// Secrets are yet to be there: the ApplicationSet waits for them.
	waits := component.Key{Kind: "ApplicationSet", Namespace: fixture.ArgoCDNamespace, Name: env.Name}
	created = append(created, waits.String())
	slices.Sort(created)
	slices.Sort(recorded)
	if diff := cmp.Diff(recorded, created); diff != "" {
		t.Errorf("(-recorded +foreseen):\n%s", diff)
	}
	if len(foreseen.Held) == 0 || !strings.Contains(foreseen.Held[0].Why.Message, "waits for ExternalSecret") {
		t.Errorf("what waits for secrets is foreseen as %+v", foreseen.Held)
	}
}

// childrenAlive are the children on record, as they are.
func childrenAlive(t *testing.T, name string) map[component.Key]*unstructured.Unstructured {
	t.Helper()
	children := map[component.Key]*unstructured.Unstructured{}
	for _, entry := range plane.Environment(t, name).Status.Children {
		ref := &unstructured.Unstructured{}
		ref.SetAPIVersion(entry.APIVersion)
		ref.SetKind(entry.Kind)
		live := plane.Get(t, ref.GroupVersionKind(), client.ObjectKey{Namespace: entry.Namespace, Name: entry.Name})
		children[component.KeyOf(live)] = live
	}
	return children
}

// checkCameTrue compares what was foreseen with what has become of the children.
func checkCameTrue(t *testing.T, step string, foreseen *controller.Foresight, before, after map[component.Key]*unstructured.Unstructured) {
	t.Helper()
	changes := map[component.Key]controller.Change{}
	for _, change := range foreseen.Changes {
		changes[change.Key] = change
	}
	for key, live := range before {
		change, told := changes[key]
		now := after[key]
		switch {
		case key.Kind == "ApplicationSet" && len(foreseen.Held) > 0: // they have joined its list since
		case now == nil && change.Action != v1alpha1.ActionDelete:
			t.Errorf("%s: %s is gone, and %q was foreseen", step, key, change.Action)
		case now != nil && !told && !equality.Semantic.DeepEqual(asWritten(live), asWritten(now)):
			t.Errorf("%s: %s was changed, and that was not foreseen:\n%s", step, key, cmp.Diff(asWritten(live), asWritten(now)))
		case now != nil && told && change.Action == v1alpha1.ActionUpdate:
			if diff := cmp.Diff(asWritten(change.After), asWritten(now)); diff != "" {
				t.Errorf("%s: %s (-foreseen +live):\n%s", step, key, diff)
			}
		case now != nil && told:
			t.Errorf("%s: %s is there, and %q was foreseen", step, key, change.Action)
		}
	}
	for key := range after {
		if before[key] == nil && changes[key].Action != v1alpha1.ActionCreate {
			t.Errorf("%s: %s was created, and %q was foreseen", step, key, changes[key].Action)
		}
	}
}

// asWritten is an object without what the server keeps of it.
func asWritten(object *unstructured.Unstructured) map[string]any {
	object = object.DeepCopy()
	metadata := map[string]any{"labels": object.GetLabels(), "annotations": object.GetAnnotations()}
	delete(object.Object, "status")
	object.Object["metadata"] = metadata
	return object.Object
}
