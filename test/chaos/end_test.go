package chaos

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/appenv/appenv-operator/test/fixture"
)

// kinds are those of what environments consist of, and of what others make from that.
var kinds = []schema.GroupVersionKind{
	environmentGVK, namespaceGVK,
	corev1.SchemeGroupVersion.WithKind("ResourceQuota"), corev1.SchemeGroupVersion.WithKind("LimitRange"),
	corev1.SchemeGroupVersion.WithKind("ServiceAccount"), corev1.SchemeGroupVersion.WithKind("Secret"),
	networkingv1.SchemeGroupVersion.WithKind("NetworkPolicy"), rbacv1.SchemeGroupVersion.WithKind("RoleBinding"),
	fixture.AppProjectGVK, fixture.ApplicationSetGVK, fixture.ApplicationGVK,
	fixture.SecretStoreGVK, fixture.ExternalSecretGVK, fixture.ManagedCertificateGVK, fixture.CertificateGVK, fixture.DNSEndpointGVK,
}

// An end is everything that there is of the environments, by kind and name, but for what differs from run to run.
type end map[string]any

func (s *stage) end(ctx context.Context) (end, error) {
	all := end{}
	for _, gvk := range kinds {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(gvk)
		if err := s.plane.Client.List(ctx, list); err != nil {
			return nil, fmt.Errorf("listing %s: %w", gvk.Kind, err)
		}
		for i := range list.Items {
			u := &list.Items[i]
			if !strings.Contains(u.GetName()+u.GetNamespace(), "chaos") || u.GetKind() == "ServiceAccount" && u.GetName() == "default" {
				continue
			}
			if u.GetKind() == environmentGVK.Kind {
				u.Object["status"] = said(u)
			} else {
				delete(u.Object, "status")
			}
			all[u.GetKind()+" "+u.GetNamespace()+"/"+u.GetName()] = level(u.Object)
		}
	}
	return all, nil
}

// said is what an environment says about itself that must not depend on how it got there.
func said(u *unstructured.Unstructured) map[string]any {
	children, _, _ := unstructured.NestedSlice(u.Object, "status", "children")
	for _, child := range children {
		delete(child.(map[string]any), "uid")
	}
	conditions, _, _ := unstructured.NestedSlice(u.Object, "status", "conditions")
	var states []any
	for _, c := range conditions {
		c := c.(map[string]any)
		states = append(states, fmt.Sprint(c["type"], " ", c["status"], " ", c["reason"]))
	}
	apps, _, _ := unstructured.NestedSlice(u.Object, "status", "admittedApps")
	return map[string]any{"children": children, "conditions": states, "admittedApps": apps}
}

var fleeting = []string{"resourceVersion", "generation", "managedFields", "creationTimestamp", "uid", "platform.appenv.dev/owner-uid"}

// level is a value without what differs from run to run.
func level(value any) any {
	switch value := value.(type) {
	case []any:
		all := make([]any, len(value))
		for i := range value {
			all[i] = level(value[i])
		}
		return all
	case map[string]any:
		fields := map[string]any{}
		for key, field := range value {
			if !slices.Contains(fleeting, key) {
				fields[key] = level(field)
			}
		}
		return fields
	}
	return value
}
