package component

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// Intent is Desired with the marks of the environment on every object: its labels,
// the operator's, and the owner's UID. An object's own labels win over the
// environment's, and the operator's win over both. The order is that of Kinds,
// then namespace, then name.
func (c Component) Intent(in Input) ([]*unstructured.Unstructured, error) {
	objects, err := c.Desired(in)
	if err != nil {
		return nil, fmt.Errorf("building %s: %w", c.Name, err)
	}
	rank := map[Key]int{}
	for i, kind := range c.Kinds {
		rank[Key{Group: kind.Group, Kind: kind.Kind}] = i
	}
	for _, object := range objects {
		stamp(in.Env, object)
	}
	slices.SortFunc(objects, func(a, b *unstructured.Unstructured) int {
		x, y := KeyOf(a), KeyOf(b)
		return cmp.Or(
			cmp.Compare(rank[Key{Group: x.Group, Kind: x.Kind}], rank[Key{Group: y.Group, Kind: y.Kind}]),
			cmp.Compare(x.Namespace, y.Namespace),
			cmp.Compare(x.Name, y.Name),
		)
	})
	return objects, nil
}

func stamp(env *v1alpha1.AppEnvironment, object *unstructured.Unstructured) {
	labels := map[string]string{}
	maps.Copy(labels, env.Spec.Labels)
	maps.Copy(labels, object.GetLabels())
	labels[v1alpha1.LabelManagedBy] = v1alpha1.ManagedByValue
	labels[v1alpha1.LabelEnvironment] = env.Name
	object.SetLabels(labels)

	annotations := object.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[v1alpha1.AnnotationOwnerUID] = string(env.UID)
	object.SetAnnotations(annotations)
}

// environmentLabels are the labels of what others make for the environment:
// generated Applications and Secrets. They carry no mark of ownership.
func environmentLabels(env *v1alpha1.AppEnvironment) map[string]string {
	labels := map[string]string{}
	maps.Copy(labels, env.Spec.Labels)
	labels[v1alpha1.LabelEnvironment] = env.Name
	return labels
}
