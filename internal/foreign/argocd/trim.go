package argocd

import (
	"cmp"
	"strings"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// keptMetadata are the fields of metadata that stay in a trimmed Application.
var keptMetadata = []string{
	"name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp",
	"deletionTimestamp", "labels", "annotations", "finalizers", "ownerReferences",
}

// TrimApplication drops everything from an Application that the operator does not
// read: thousands of them may stand in a cache. Of the annotations only the
// operator's own stay. An Application that cannot be read is left as it is.
func TrimApplication(live *unstructured.Unstructured) {
	app, err := DecodeApplication(live)
	if err != nil {
		live.SetManagedFields(nil)
		return
	}
	trimmed, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&app)
	if err != nil {
		return
	}
	metadata := map[string]any{}
	for _, field := range keptMetadata {
		if value, found, _ := unstructured.NestedFieldNoCopy(live.Object, "metadata", field); found {
			metadata[field] = value
		}
	}
	trimmed["metadata"] = metadata
	trimmed["apiVersion"], trimmed["kind"] = live.GetAPIVersion(), live.GetKind()
	live.Object = trimmed
	live.SetAnnotations(ownAnnotations(live.GetAnnotations()))
}

func ownAnnotations(all map[string]string) map[string]string {
	own := map[string]string{}
	for key, value := range all {
		if strings.HasPrefix(key, "platform.appenv.dev/") {
			own[key] = value
		}
	}
	if len(own) == 0 {
		return nil
	}
	return own
}

func compareResources(a, b Resource) int {
	return cmp.Or(
		cmp.Compare(a.Group, b.Group), cmp.Compare(a.Kind, b.Kind),
		cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Status, b.Status),
		compareBool(a.RequiresPruning, b.RequiresPruning),
	)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// shorten cuts a message on a rune boundary.
func shorten(message string) string {
	if len(message) <= maxMessage {
		return message
	}
	cut := maxMessage
	for cut > 0 && !utf8.RuneStart(message[cut]) {
		cut--
	}
	return message[:cut]
}
