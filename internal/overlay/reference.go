package overlay

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Names says whether an object names another one of the kind, Secret or ServiceAccount, as what it reads, makes or runs as.
// The name is taken for that where the fields above it say so, such as secretName, imagePullSecrets or a subject of kind
// ServiceAccount. In kinds that are not Kubernetes' own it is anywhere but in labels, selectors and names of other things,
// for nobody knows what their fields mean. In annotations it may follow its namespace.
func Names(object *unstructured.Unstructured, kind, name string) bool {
	s := search{kind, strings.ToLower(kind), name}
	for key, value := range object.GetAnnotations() {
		if s.says(key) && (value == name || strings.HasSuffix(value, "/"+name)) {
			return true
		}
	}
	for key, value := range object.Object {
		if key != "metadata" && key != "status" && s.in(value, s.says(key), !isKubernetes(object.GroupVersionKind().Group)) {
			return true
		}
	}
	return false
}

// MayMake says whether an object may be one of which a controller makes a Secret of that name, as operators of databases
// and queues do: it is called so, or begins so, and is of a kind that is not known to make none.
func MayMake(object *unstructured.Unstructured, secret string) bool {
	group := object.GroupVersionKind().Group
	if isKubernetes(group) || slices.Contains(makesNoSecrets, group) {
		return false
	}
	return secret == object.GetName() || strings.HasPrefix(secret, object.GetName()+"-")
}

// makesNoSecrets are the groups of kinds that teams often have beside their apps, and of which no Secret is made, or none but
// the one that they name.
var makesNoSecrets = []string{
	"acme.cert-manager.io", "bitnami.com", "cert-manager.io", "external-secrets.io", "generators.external-secrets.io",
	"argoproj.io", "autoscaling.gke.io", "cloud.google.com", "keda.sh", "monitoring.coreos.com", "monitoring.googleapis.com",
	"net.gke.io", "networking.gke.io", "networking.istio.io", "security.istio.io", "traefik.io",
}

// isKubernetes says whether a group is one of Kubernetes' own, or of its community: these name what they refer to.
func isKubernetes(group string) bool {
	return !strings.Contains(group, ".") || strings.HasSuffix(group, ".k8s.io")
}

// A search is for an object by its name.
type search struct{ kind, lower, name string }

// plain takes away how a key is written.
var plain = strings.NewReplacer("-", "", "_", "", ".", "")

// says tells whether a key is one below which objects of the kind are named.
func (s search) says(key string) bool {
	return strings.Contains(plain.Replace(strings.ToLower(key)), s.lower) || s.kind == "Secret" && key == "certificateRefs"
}

// otherwise are keys below which other things are named, unless a key further below says so.
var otherwise = []string{
	"selector", "labelSelector", "podSelector", "namespaceSelector", "matchExpressions", "namespace",
	"serviceName", "service", "scaleTargetRef", "configMapName", "configMapRef", "host", "hosts",
}

// in looks into a value. named says that the fields above tell of the kind, guess that any name will do.
func (s search) in(value any, named, guess bool) bool {
	switch value := value.(type) {
	case string:
		return (named || guess) && value == s.name
	case []any:
		return slices.ContainsFunc(value, func(entry any) bool { return s.in(entry, named, guess) })
	case map[string]any:
		resources, _ := value["resources"].([]any) // of a rule of RBAC
		named = named || value["kind"] == s.kind || slices.Contains(resources, any(s.lower+"s"))
		for key, below := range value {
			switch other := slices.Contains(otherwise, key); {
			case key == "labels" || key == "matchLabels":
			case s.in(below, named && !other || s.says(key), guess && !other):
				return true
			}
		}
	}
	return false
}
