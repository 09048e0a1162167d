package infer

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/foreign/argocd"
)

// normalised are the objects as an API server would have stored them: with the defaults that the operator sends, and
// quantities and durations in the notation that it sends. Later ones replace earlier ones of the same name.
func normalised(objects []unstructured.Unstructured, settings component.Settings) []*unstructured.Unstructured {
	var all []*unstructured.Unstructured
	place := map[component.Key]int{}
	for i := range objects {
		u := normal(&objects[i], settings)
		key := component.KeyOf(u)
		if at, twice := place[key]; twice {
			all[at] = u
			continue
		}
		place[key] = len(all)
		all = append(all, u)
	}
	return all
}

func normal(u *unstructured.Unstructured, settings component.Settings) *unstructured.Unstructured {
	u = u.DeepCopy()
	if isArgoCD(u) && u.GetNamespace() == "" {
		u.SetNamespace(settings.ArgoCDNamespace)
	}
	if _, known := kindOf(u); !known {
		return u
	}
	spec := fields(u.Object, "spec")
	switch u.GetKind() {
	case "ResourceQuota":
		quantities(fields(spec, "hard"))
	case "LimitRange":
		normalLimits(spec)
	case "NetworkPolicy":
		normalPolicy(spec)
	case "RoleBinding":
		normalBinding(u.Object)
	case "ExternalSecret":
		normalSecret(spec, u.GetName())
	case "SecretStore":
		normalStore(fields(spec, "provider"))
	case "Certificate":
		orElse(fields(spec, "issuerRef"), map[string]any{"kind": "Issuer", "group": u.GroupVersionKind().Group})
	case "AppProject":
		normalProject(spec)
	case "Application":
		normalApplication(spec)
	}
	return u
}

func isArgoCD(u *unstructured.Unstructured) bool { return u.GroupVersionKind().Group == argocd.Group }

// orElse sets what is not set. Nil maps stay nil.
func orElse(in, defaults map[string]any) {
	for key, value := range defaults {
		if _, set := in[key]; !set && in != nil {
			in[key] = value
		}
	}
}

// drop takes away fields that hold their defaults.
func drop(in, defaults map[string]any) {
	maps.DeleteFunc(in, func(key string, value any) bool {
		held, isDefault := defaults[key]
		return isDefault && reflect.DeepEqual(held, value)
	})
}

// quantities brings quantities into the notation of the API server. What is none stays as it is.
func quantities(of map[string]any) {
	for key, value := range of {
		data, err := json.Marshal(value)
		var quantity resource.Quantity
		if err == nil && quantity.UnmarshalJSON(data) == nil {
			if quantity.Format == resource.DecimalExponent {
				quantity.Format = resource.DecimalSI
			}
			of[key] = quantity.String()
		}
	}
}

func normalPolicy(spec map[string]any) {
	if spec == nil {
		return
	}
	types := []any{"Ingress"}
	if spec["egress"] != nil {
		types = append(types, "Egress")
	}
	orElse(spec, map[string]any{"policyTypes": types, "podSelector": map[string]any{}})
}

func normalBinding(binding map[string]any) {
	const group = "rbac.authorization.k8s.io"
	orElse(fields(binding, "roleRef"), map[string]any{"apiGroup": group})
	subjects, _ := items(binding, "subjects")
	for _, subject := range subjects {
		if kind := text(subject, "kind"); kind == "Group" || kind == "User" {
			orElse(subject, map[string]any{"apiGroup": group})
		}
	}
}

// remoteDefaults are what External Secrets fills in of a reference to a remote secret.
var remoteDefaults = map[string]any{"conversionStrategy": "Default", "decodingStrategy": "None", "metadataPolicy": "None", "nullBytePolicy": "Ignore"}

func normalSecret(spec map[string]any, name string) {
	if spec == nil {
		return
	}
	orElse(spec, map[string]any{"target": map[string]any{}, "refreshInterval": "1h0m0s", "secretStoreRef": map[string]any{}})
	drop(spec, map[string]any{"refreshPolicy": "Periodic"})
	var interval metav1.Duration
	if data, err := json.Marshal(spec["refreshInterval"]); err == nil && interval.UnmarshalJSON(data) == nil {
		spec["refreshInterval"] = interval.Duration.String()
	}
	orElse(fields(spec, "secretStoreRef"), map[string]any{"kind": "SecretStore"})
	orElse(fields(spec, "target"), map[string]any{"name": name, "creationPolicy": "Owner", "deletionPolicy": "Retain", "template": map[string]any{}})
	orElse(fields(spec, "target", "template"), map[string]any{"type": "Opaque", "engineVersion": "v2", "mergePolicy": "Replace"})
	data, _ := items(spec, "data")
	for _, entry := range data {
		drop(fields(entry, "remoteRef"), remoteDefaults)
	}
	from, _ := items(spec, "dataFrom")
	for _, entry := range from {
		drop(fields(entry, "extract"), remoteDefaults)
	}
}

func normalStore(provider map[string]any) {
	drop(fields(provider, "gcpsm"), map[string]any{"secretVersionSelectionPolicy": "LatestOrFail"})
	azure := fields(provider, "azurekv")
	orElse(azure, map[string]any{"authType": "ServicePrincipal", "environmentType": "PublicCloud"})
	drop(azure, map[string]any{"useAzureSDK": false})
}

func normalProject(spec map[string]any) {
	windows, _ := items(spec, "syncWindows")
	for _, window := range windows {
		maps.DeleteFunc(window, func(_ string, value any) bool { return isEmpty(value) })
	}
}

// normalApplication leaves an automation that is turned off away, and writes what it takes for granted.
func normalApplication(spec map[string]any) {
	policy := fields(spec, "syncPolicy")
	automated := fields(policy, "automated")
	if automated == nil {
		return
	}
	if automated["enabled"] == false {
		delete(policy, "automated")
		return
	}
	drop(automated, map[string]any{"enabled": true, "allowEmpty": false})
	orElse(automated, map[string]any{"prune": false, "selfHeal": false})
}

func sortedKeys(in map[string]any) []string { return slices.Sorted(maps.Keys(in)) }

func contains(all []string, one string) bool { return slices.Contains(all, one) }
