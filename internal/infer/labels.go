package infer

import (
	"maps"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// readLabels reads spec.labels, which every object has, and so do the Applications and the Secrets that others make of
// them, and the labels that a Namespace has beside. Other labels of other objects stay as they are: nobody asks for them.
func (m *importer) readLabels() {
	var labels map[string]string
	also := func(more map[string]string) {
		if labels == nil {
			labels = maps.Clone(more)
			maps.DeleteFunc(labels, func(key, _ string) bool { return isReserved(key) })
		}
		maps.DeleteFunc(labels, func(key, value string) bool { return more[key] != value })
	}
	for _, app := range m.apps {
		also(orNone(app.object.GetLabels()))
	}
	for _, u := range m.taken {
		switch u.GetKind() {
		case "Namespace": // it may have a value of its own
			maps.DeleteFunc(labels, func(key, _ string) bool { _, set := u.GetLabels()[key]; return !set })
			continue
		case "ExternalSecret":
			made, _, _ := unstructured.NestedStringMap(u.Object, "spec", "target", "template", "metadata", "labels")
			also(orNone(made))
		}
		also(orNone(u.GetLabels()))
	}
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

func orNone(labels map[string]string) map[string]string {
	if labels == nil {
		return map[string]string{}
	}
	return labels
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
