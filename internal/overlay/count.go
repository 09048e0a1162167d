package overlay

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Counted is what a ResourceQuota counts of an object beside its Pods: the object itself, as "services" or
// "count/deployments.apps", and the volumes that it asks for. A StatefulSet asks for those of all its replicas.
func (o *Overlay) Counted(object *unstructured.Unstructured) corev1.ResourceList {
	gvk := object.GroupVersionKind()
	plural, _ := meta.UnsafeGuessKindToResource(gvk)
	one := *resource.NewQuantity(1, resource.DecimalSI)
	counted := corev1.ResourceList{corev1.ResourceName("count/" + strings.TrimSuffix(plural.GroupResource().String(), ".")): one}
	switch {
	case gvk.Group == "" && gvk.Kind == "Pod":
		return nil // with those that others make
	case gvk.Group == "" && gvk.Kind == "Service":
		kind, _, _ := unstructured.NestedString(object.Object, "spec", "type")
		counted[corev1.ResourceServices] = one
		if kind == string(corev1.ServiceTypeLoadBalancer) {
			counted[corev1.ResourceServicesLoadBalancers] = one
		}
		allocated, set, _ := unstructured.NestedBool(object.Object, "spec", "allocateLoadBalancerNodePorts")
		if kind == string(corev1.ServiceTypeNodePort) || kind == string(corev1.ServiceTypeLoadBalancer) && (allocated || !set) {
			ports, _, _ := unstructured.NestedSlice(object.Object, "spec", "ports")
			counted[corev1.ResourceServicesNodePorts] = *resource.NewQuantity(int64(len(ports)), resource.DecimalSI)
		}
	case gvk.Group == "" && (gvk.Kind == "ConfigMap" || gvk.Kind == "Secret" || gvk.Kind == "ReplicationController"):
		counted[corev1.ResourceName(plural.Resource)] = one
	case gvk.Group == "" && gvk.Kind == "PersistentVolumeClaim":
		delete(counted, "count/persistentvolumeclaims")
		volume(counted, object.Object, 1)
	case gvk.Group == "apps" && gvk.Kind == "StatefulSet":
		templates, _, _ := unstructured.NestedSlice(object.Object, "spec", "volumeClaimTemplates")
		for _, template := range templates {
			fields, _ := template.(map[string]any)
			volume(counted, fields, o.replicas(object))
		}
	}
	return counted
}

// volume counts a claim, as often as there are replicas.
func volume(counted corev1.ResourceList, claim map[string]any, replicas int64) {
	claims := *resource.NewQuantity(replicas, resource.DecimalSI)
	all := corev1.ResourceList{corev1.ResourcePersistentVolumeClaims: claims, "count/persistentvolumeclaims": claims}
	asked, _, _ := unstructured.NestedString(claim, "spec", "resources", "requests", "storage")
	if storage, err := resource.ParseQuantity(asked); err == nil {
		storage.Mul(replicas)
		all[corev1.ResourceRequestsStorage] = storage
	}
	if class, _, _ := unstructured.NestedString(claim, "spec", "storageClassName"); class != "" {
		for _, name := range []corev1.ResourceName{corev1.ResourcePersistentVolumeClaims, corev1.ResourceRequestsStorage} {
			if quantity, ok := all[name]; ok {
				all[corev1.ResourceName(class+".storageclass.storage.k8s.io/")+name] = quantity
			}
		}
	}
	AddTo(counted, all)
}
