package component

import (
	"slices"

	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	corev1 "k8s.io/api/core/v1"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// roles are the roles of spec.access, from the least to the most.
var roles = []v1alpha1.Role{v1alpha1.RoleView, v1alpha1.RoleEdit, v1alpha1.RoleAdmin}

// groupsOf are the groups that have a role, sorted.
func groupsOf(env *v1alpha1.AppEnvironment, role v1alpha1.Role) []string {
	var groups []string
	for _, access := range env.Spec.Access {
		if access.Role == role {
			groups = append(groups, access.Group)
		}
	}
	slices.Sort(groups)
	return slices.Compact(groups)
}

// roleBindings has one RoleBinding per role, because a roleRef cannot change.
func roleBindings(in Input, namespace v1alpha1.Namespace) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	for _, role := range roles {
		groups := groupsOf(in.Env, role)
		if len(groups) == 0 {
			continue
		}
		subjects := make([]rbacv1.Subject, len(groups))
		for i, group := range groups {
			subjects[i] = rbacv1.Subject{Kind: rbacv1.GroupKind, APIGroup: rbacv1.GroupName, Name: group}
		}
		u, err := object(roleBindingKind, namespace.Name, in.Env.Name+"-"+string(role), map[string]any{
			"roleRef":  rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: string(role)},
			"subjects": subjects,
		})
		if err != nil {
			return nil, err
		}
		objects = append(objects, u)
	}
	return objects, nil
}

// networkPolicy lets in the same namespace and ingressFrom, nothing else. The list
// of sources is never empty: an empty one would let in everyone.
func networkPolicy(in Input, namespace v1alpha1.Namespace) ([]*unstructured.Unstructured, error) {
	if orDefault(namespace.NetworkPolicy, v1alpha1.NetworkPolicyOpen) != v1alpha1.NetworkPolicyIsolated {
		return nil, nil
	}
	from := []networkingv1.NetworkPolicyPeer{{PodSelector: &metav1.LabelSelector{}}}
	named, ranges := ingressSources(namespace.IngressFrom)
	for _, name := range named {
		from = append(from, networkingv1.NetworkPolicyPeer{NamespaceSelector: &metav1.LabelSelector{
			MatchLabels: map[string]string{corev1.LabelMetadataName: name},
		}})
	}
	for _, cidr := range ranges {
		from = append(from, networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: cidr}})
	}
	u, err := object(networkPolicyKind, namespace.Name, in.Env.Name, map[string]any{
		"spec": networkingv1.NetworkPolicySpec{
			Ingress:     []networkingv1.NetworkPolicyIngressRule{{From: from}},
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
		},
	})
	if err != nil {
		return nil, err
	}
	return []*unstructured.Unstructured{u}, nil
}

// ingressSources are the namespaces and the address ranges of the peers, sorted.
func ingressSources(peers []v1alpha1.IngressPeer) (named, ranges []string) {
	for _, peer := range peers {
		if peer.Namespace != nil {
			named = append(named, *peer.Namespace)
		}
		if peer.CIDR != nil {
			ranges = append(ranges, *peer.CIDR)
		}
	}
	slices.Sort(named)
	slices.Sort(ranges)
	return slices.Compact(named), slices.Compact(ranges)
}
