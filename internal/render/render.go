// Package render says what the operator makes of an environment in a cluster where nothing stands in its way: no name
// is taken, every secret is there, every app has passed the gate. It asks the components that the operator asks, and
// adds nothing of its own but the order.
//
// It is pure, as component is.
package render

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
)

// A Child is an object that the operator applies.
type Child struct {
	// Component is the name of the component that wants it.
	Component string
	// Object is what is applied, without what only a cluster knows: the UID of the environment (unless it has one)
	// and whether the object was created or adopted.
	Object *unstructured.Unstructured
}

// Input is what the components are asked with.
func Input(env *v1alpha1.AppEnvironment, settings component.Settings) component.Input {
	in := component.Input{Env: env, Settings: settings, Withheld: map[string]component.Health{}, Adopted: map[string]string{}}
	for _, violation := range component.Violations(in) {
		if violation.Key.Kind == "Namespace" {
			in.Withheld[violation.Key.Name] = component.Health{
				State: component.Stalled, Reason: violation.Reason, Message: violation.Message,
			}
		}
	}
	for _, app := range env.Spec.Apps {
		if _, withheld := in.Withheld[component.NamespaceOf(env, app.Namespace)]; !withheld {
			in.Admitted = append(in.Admitted, app.Name)
		}
	}
	slices.Sort(in.Admitted)
	return in
}

// Children are the objects of an environment, in the order in which they are applied: the components one after
// another, in each what others wait for first. An error is the spec's fault.
func Children(in component.Input) ([]Child, error) {
	var children []Child
	for _, c := range component.All {
		objects, err := c.Intent(in)
		if err != nil {
			return nil, err
		}
		slices.SortStableFunc(objects, func(a, b *unstructured.Unstructured) int { return later(c, a) - later(c, b) })
		for _, object := range objects {
			forgetCluster(object)
			children = append(children, Child{c.Name, object})
		}
	}
	return children, nil
}

// later is 0 for objects of the kinds that come first, else 1.
func later(c component.Component, object *unstructured.Unstructured) int {
	key := component.KeyOf(object)
	if slices.ContainsFunc(c.Kinds, func(kind component.Kind) bool { return kind.First && kind.Kind == key.Kind && kind.Group == key.Group }) {
		return 0
	}
	return 1
}

// forgetCluster takes away the owner's UID where there is none yet.
func forgetCluster(object *unstructured.Unstructured) {
	annotations := object.GetAnnotations()
	if annotations[v1alpha1.AnnotationOwnerUID] != "" {
		return
	}
	annotations = maps.Clone(annotations)
	delete(annotations, v1alpha1.AnnotationOwnerUID)
	object.SetAnnotations(annotations)
	if len(annotations) == 0 {
		unstructured.RemoveNestedField(object.Object, "metadata", "annotations")
	}
}
