package component

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

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
	ordered := make([]ranked, len(objects))
	for i, object := range objects {
		stamp(in.Env, object)
		key := KeyOf(object)
		rank := slices.IndexFunc(c.Kinds, func(k Kind) bool { return k.Group == key.Group && k.Kind == key.Kind })
		ordered[i] = ranked{rank, key, object}
	}
	slices.SortFunc(ordered, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.key.Namespace, b.key.Namespace), cmp.Compare(a.key.Name, b.key.Name))
	})
	for i := range ordered {
		objects[i] = ordered[i].object
	}
	return objects, nil
}

// A ranked object has its place among Kinds, and its key.
type ranked struct {
	rank   int
	key    Key
	object *unstructured.Unstructured
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

// WithoutMarks are an object's labels or annotations without the marks of ownership, and without what else the operator
// and its users say about objects to one another.
func WithoutMarks(all map[string]string) map[string]string {
	others := map[string]string{}
	for key, value := range all {
		if key != v1alpha1.LabelManagedBy && !strings.HasPrefix(key, v1alpha1.GroupVersion.Group+"/") {
			others[key] = value
		}
	}
	return others
}

// environmentLabels are the labels of what others make for the environment:
// generated Applications and Secrets. They carry no mark of ownership.
func environmentLabels(env *v1alpha1.AppEnvironment) map[string]string {
	labels := map[string]string{}
	maps.Copy(labels, env.Spec.Labels)
	labels[v1alpha1.LabelEnvironment] = env.Name
	return labels
}
