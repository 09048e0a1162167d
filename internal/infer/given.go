package infer

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/internal/component"
)

// What Argo CD writes on the objects that it deploys, by annotation or, as it was before, by label.
const (
	trackingAnnotation = "argocd.argoproj.io/tracking-id"
	trackingLabel      = "app.kubernetes.io/instance"
)

// leaveOthers leaves what somebody makes in the namespaces who goes on making it: Applications from Git, and owners.
func (m *importer) leaveOthers() {
	ours := map[string]bool{}
	for _, app := range m.apps {
		ours[app.object.GetName()] = true
	}
	for _, u := range m.given {
		kind, known := kindOf(u)
		if !known || kind.Kind == "Application" {
			continue
		}
		deployer, _, _ := strings.Cut(u.GetAnnotations()[trackingAnnotation], ":")
		if label := u.GetLabels()[trackingLabel]; deployer == "" && ours[label] {
			deployer = label
		}
		owner := metav1.GetControllerOf(u)
		switch {
		case kind.ClusterScoped || kind.Kind == "AppProject" || kind.Kind == "ApplicationSet" || deployer != "" && !ours[deployer]:
			if deployer != "" {
				m.remark(u, "", "is deployed by Application "+deployer+", too: take it out of its Git repository without deleting it, or both will write it")
			}
		case deployer != "":
			m.leave(u, "", "it is deployed by Application "+deployer)
		case owner != nil:
			m.leave(u, "", "it belongs to "+owner.Kind+" "+owner.Name)
		}
	}
}

// leaveNamed leaves the objects of a kind that the operator would not call as they are called.
func (m *importer) leaveNamed(kind, namespace, name, field string) {
	for _, u := range m.of(kind, namespace) {
		if u.GetName() != name {
			m.leave(u, "metadata.name", "the operator's would be called "+name+", and be made if "+field+" asked for it")
		}
	}
}

// text is a string in an object, empty when it is missing or something else.
func text(fields map[string]any, path ...string) string {
	value, _, _ := unstructured.NestedString(fields, path...)
	return value
}

// texts are the strings of a list. whole is false when something else is in it.
func texts(value any) (all []string, whole bool) {
	list, isList := value.([]any)
	whole = isList || value == nil
	for _, item := range list {
		text, isText := item.(string)
		whole = whole && isText
		all = append(all, text)
	}
	return all, whole
}

// fields is a map in an object; nil when it is missing or something else.
func fields(in map[string]any, path ...string) map[string]any {
	value, _, _ := unstructured.NestedFieldNoCopy(in, path...)
	found, _ := value.(map[string]any)
	return found
}

// items are the maps in a list of an object. whole is false when something else is in it.
func items(in map[string]any, path ...string) (all []map[string]any, whole bool) {
	value, _, _ := unstructured.NestedFieldNoCopy(in, path...)
	list, isList := value.([]any)
	whole = isList || value == nil
	for _, item := range list {
		found, isMap := item.(map[string]any)
		whole = whole && isMap
		all = append(all, found)
	}
	return all, whole
}

// unexpected is the first key that holds something and is none of the expected ones, empty when there is none.
func unexpected(in map[string]any, expected ...string) string {
	for _, key := range sortedKeys(in) {
		if !contains(expected, key) && !isEmpty(in[key]) {
			return key
		}
	}
	return ""
}

// isEmpty says whether a value says nothing.
func isEmpty(value any) bool {
	switch value := value.(type) {
	case map[string]any:
		return len(value) == 0
	case []any:
		return len(value) == 0
	}
	return value == nil || value == "" || value == false
}

// namespaced says whether an object is one that stands in a namespace of the environment.
func namespaced(u *unstructured.Unstructured, settings component.Settings) bool {
	kind, known := kindOf(u)
	return known && !kind.ClusterScoped && u.GetNamespace() != "" && u.GetNamespace() != settings.ArgoCDNamespace && !isArgoCD(u)
}
