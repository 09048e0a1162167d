package infer

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// readLabels reads spec.labels, and the labels that a Namespace has beside. They are those of the Applications: an
// ApplicationSet that gives its Applications other labels than the environment has cannot be taken over. Objects that
// lack them get them. Labels that only other objects have stay as they are: nobody asks for them.
func (m *importer) readLabels() {
	labels := maps.Clone(m.apps[0].object.GetLabels())
	maps.DeleteFunc(labels, func(key, value string) bool {
		return isReserved(key) || slices.ContainsFunc(m.apps, func(app application) bool {
			other, set := app.object.GetLabels()[key]
			return !set || other != value
		})
	})
	if len(labels) > 0 {
		m.env.Spec.Labels = labels
	}
	for _, u := range m.taken {
		for i := range m.env.Spec.Namespaces {
			if namespace := &m.env.Spec.Namespaces[i]; u.GetKind() == "Namespace" && u.GetName() == namespace.Name {
				namespace.Labels = ownLabels(u, labels)
			}
		}
	}
}

// ownLabels are the labels of a Namespace that are not the environment's.
func ownLabels(u *unstructured.Unstructured, common map[string]string) map[string]v1alpha1.LabelValue {
	own := map[string]v1alpha1.LabelValue{}
	for key, value := range u.GetLabels() {
		shared, isShared := common[key]
		if !isReserved(key) && (!isShared || shared != value) {
			own[key] = value
		}
	}
	if len(own) == 0 {
		return nil
	}
	return own
}
