package fuzz

import (
	"fmt"
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation"
)

// checkBuiltin holds an object of Kubernetes' own kinds to its type, in which every field must be known, and to the part of the server's validation that depends on what users write.
func checkBuiltin(object *unstructured.Unstructured) error {
	var typed any
	switch object.GetKind() {
	case "Namespace":
		typed = &corev1.Namespace{}
	case "ResourceQuota":
		typed = &corev1.ResourceQuota{}
	case "LimitRange":
		typed = &corev1.LimitRange{}
	case "ServiceAccount":
		typed = &corev1.ServiceAccount{}
	case "NetworkPolicy":
		typed = &networkingv1.NetworkPolicy{}
	case "RoleBinding":
		typed = &rbacv1.RoleBinding{}
	default:
		return fmt.Errorf("nobody serves %s %s", object.GetAPIVersion(), object.GetKind())
	}
	if err := strictly(object.Object, typed); err != nil {
		return err
	}
	switch typed := typed.(type) {
	case *corev1.ResourceQuota:
		return checkQuantities(typed.Spec.Hard)
	case *corev1.LimitRange:
		for _, limit := range typed.Spec.Limits {
			for _, list := range []corev1.ResourceList{limit.Max, limit.Min, limit.Default, limit.DefaultRequest, limit.MaxLimitRequestRatio} {
				if err := checkQuantities(list); err != nil {
					return err
				}
			}
		}
	case *networkingv1.NetworkPolicy:
		return checkIngress(typed.Spec)
	case *rbacv1.RoleBinding:
		for _, subject := range typed.Subjects {
			if subject.Name == "" || subject.Kind != rbacv1.GroupKind {
				return fmt.Errorf("subject %v", subject)
			}
		}
	}
	return nil
}

func checkQuantities(list corev1.ResourceList) error {
	for name, quantity := range list {
		if problems := validation.IsQualifiedName(string(name)); len(problems) > 0 || quantity.Sign() < 0 {
			return fmt.Errorf("%s: %s %v", name, quantity.String(), problems)
		}
	}
	return nil
}

// checkIngress also refuses the policy that would let in everybody.
func checkIngress(spec networkingv1.NetworkPolicySpec) error {
	for _, rule := range spec.Ingress {
		if len(rule.From) == 0 {
			return fmt.Errorf("a rule without sources lets in everybody")
		}
		for _, peer := range rule.From {
			switch {
			case peer.IPBlock != nil:
				prefix, err := netip.ParsePrefix(peer.IPBlock.CIDR)
				if err != nil || prefix != prefix.Masked() || prefix.Addr().Is4In6() {
					return fmt.Errorf("range %q: %w", peer.IPBlock.CIDR, err)
				}
			case peer.NamespaceSelector != nil:
				for key, value := range peer.NamespaceSelector.MatchLabels {
					if problems := validation.IsValidLabelValue(value); len(problems) > 0 || key != corev1.LabelMetadataName {
						return fmt.Errorf("selector %s=%s: %v", key, value, problems)
					}
				}
			case peer.PodSelector == nil:
				return fmt.Errorf("a source is nothing")
			}
		}
	}
	return nil
}
