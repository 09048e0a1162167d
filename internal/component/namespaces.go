package component

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

var (
	namespaceKind = Kind{
		GroupVersionKind: schema.GroupVersionKind{Version: "v1", Kind: "Namespace"},
		Resource:         "namespaces", ClusterScoped: true, First: true,
	}
	resourceQuotaKind = Kind{
		GroupVersionKind: schema.GroupVersionKind{Version: "v1", Kind: "ResourceQuota"},
		Resource:         "resourcequotas",
	}
	limitRangeKind = Kind{
		GroupVersionKind: schema.GroupVersionKind{Version: "v1", Kind: "LimitRange"},
		Resource:         "limitranges",
	}
	networkPolicyKind = Kind{
		GroupVersionKind: schema.GroupVersionKind{Group: "networking.k8s.io", Version: "v1", Kind: "NetworkPolicy"},
		Resource:         "networkpolicies",
	}
	serviceAccountKind = Kind{
		GroupVersionKind: schema.GroupVersionKind{Version: "v1", Kind: "ServiceAccount"},
		Resource:         "serviceaccounts",
	}
	roleBindingKind = Kind{
		GroupVersionKind: schema.GroupVersionKind{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "RoleBinding"},
		Resource:         "rolebindings",
	}
)

// namespaces are the environment's namespaces, with what guards them and who may use them.
var namespaces = Component{
	Name:      "namespaces",
	Condition: v1alpha1.ConditionNamespacesReady,
	Kinds:     []Kind{namespaceKind, resourceQuotaKind, limitRangeKind, networkPolicyKind, serviceAccountKind, roleBindingKind},
	Desired:   desiredNamespaces,
	Health:    namespaceHealth,
}

// Keys that others read from the operator's objects.
const (
	LabelPodSecurity        = "pod-security.kubernetes.io/enforce"
	annotationGoogleAccount = "iam.gke.io/gcp-service-account"
	annotationAzureClient   = "azure.workload.identity/client-id"
)

func desiredNamespaces(in Input) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	for _, namespace := range in.Env.Spec.Namespaces {
		if _, withheld := in.Withheld[namespace.Name]; withheld {
			continue
		}
		for _, build := range []func(Input, v1alpha1.Namespace) ([]*unstructured.Unstructured, error){
			namespaceObject, guardRails, networkPolicy, serviceAccounts, roleBindings,
		} {
			built, err := build(in, namespace)
			if err != nil {
				return nil, err
			}
			objects = append(objects, built...)
		}
	}
	return objects, nil
}

// namespaceObject leaves the Pod Security level of an adopted Namespace as it is,
// unless the spec sets one: its Pods were there first.
func namespaceObject(in Input, namespace v1alpha1.Namespace) ([]*unstructured.Unstructured, error) {
	u, err := object(namespaceKind, "", namespace.Name, nil)
	if err != nil {
		return nil, err
	}
	labels := maps.Clone(namespace.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	kept, adopted := in.Adopted[namespace.Name]
	switch {
	case namespace.PodSecurity != nil || !adopted:
		labels[LabelPodSecurity] = string(orDefault(namespace.PodSecurity, v1alpha1.PodSecurityBaseline))
	case kept != "":
		labels[LabelPodSecurity] = kept
	}
	u.SetLabels(labels)
	u.SetAnnotations(namespace.Annotations)
	return []*unstructured.Unstructured{u}, nil
}

func guardRails(in Input, namespace v1alpha1.Namespace) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	if len(namespace.Quota) > 0 {
		quota, err := object(resourceQuotaKind, namespace.Name, in.Env.Name, map[string]any{
			"spec": map[string]any{"hard": namespace.Quota},
		})
		if err != nil {
			return nil, err
		}
		objects = append(objects, quota)
	}
	if len(namespace.Limits) > 0 {
		limits, err := object(limitRangeKind, namespace.Name, in.Env.Name, map[string]any{
			"spec": map[string]any{"limits": namespace.Limits},
		})
		if err != nil {
			return nil, err
		}
		objects = append(objects, limits)
	}
	return objects, nil
}

func serviceAccounts(_ Input, namespace v1alpha1.Namespace) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	for _, account := range namespace.ServiceAccounts {
		u, err := object(serviceAccountKind, namespace.Name, account.Name, nil)
		if err != nil {
			return nil, err
		}
		annotations := map[string]string{}
		if account.GCPServiceAccount != nil {
			annotations[annotationGoogleAccount] = *account.GCPServiceAccount
		}
		if account.AzureClientID != nil {
			annotations[annotationAzureClient] = *account.AzureClientID
		}
		if len(annotations) > 0 {
			u.SetAnnotations(annotations)
		}
		objects = append(objects, u)
	}
	return objects, nil
}

func namespaceHealth(_ Input, key Key, live *unstructured.Unstructured) Health {
	health, ok := existence(live)
	if live == nil || key.Kind != namespaceKind.Kind {
		return health
	}
	if ok && text(live.Object, "status", "phase") != string(corev1.NamespaceTerminating) {
		return health
	}
	return Health{State: Progressing, Reason: v1alpha1.ReasonTerminating, Message: shorten(whatHoldsNamespace(live))}
}

func whatHoldsNamespace(live *unstructured.Unstructured) string {
	if held := HeldBy(live); held != "" {
		return "is being deleted and waits: " + held
	}
	return "is being deleted; it is created again when it is gone"
}
