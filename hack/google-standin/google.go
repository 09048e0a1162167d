package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

const (
	// loadBalancerAddress is of the range that is reserved for documentation.
	loadBalancerAddress = "203.0.113.10"
	// provisioningTime is how long a certificate stays Provisioning: an hour at Google.
	provisioningTime = time.Second
	// validity is Google's.
	validity = 90 * 24 * time.Hour

	certificatesAnnotation = "networking.gke.io/managed-certificates"
)

// addressPatch gives an Ingress the load balancer's address, unless it has one or another
// controller's class.
func addressPatch(ingress *unstructured.Unstructured) map[string]any {
	if hasAddress(ingress) || !ofGoogle(ingress) {
		return nil
	}
	address := []any{map[string]any{"ip": loadBalancerAddress}}
	return map[string]any{"status": map[string]any{"loadBalancer": map[string]any{"ingress": address}}}
}

// ofGoogle says whether Google's load balancer serves the Ingress.
func ofGoogle(ingress *unstructured.Unstructured) bool {
	class, _, _ := unstructured.NestedString(ingress.Object, "spec", "ingressClassName")
	return class == "" || class == "gce"
}

func hasAddress(ingress *unstructured.Unstructured) bool {
	addresses, _, _ := unstructured.NestedSlice(ingress.Object, "status", "loadBalancer", "ingress")
	return len(addresses) > 0
}

// attached says whether one of Google's Ingresses names the certificate and has an address: no
// certificate is provisioned before.
func attached(name string, ingresses []*unstructured.Unstructured) bool {
	return slices.ContainsFunc(ingresses, func(ingress *unstructured.Unstructured) bool {
		names := strings.Split(ingress.GetAnnotations()[certificatesAnnotation], ",")
		for i := range names {
			names[i] = strings.TrimSpace(names[i])
		}
		return ofGoogle(ingress) && hasAddress(ingress) && slices.Contains(names, name)
	})
}

// certificatePatch moves a certificate one step on: to Provisioning, and once it is attached to an
// Ingress to Active, a moment later. The duration says when to look again.
func certificatePatch(cert *unstructured.Unstructured, attached bool) (map[string]any, time.Duration) {
	status, _, _ := unstructured.NestedString(cert.Object, "status", "certificateStatus")
	domains, _, _ := unstructured.NestedStringSlice(cert.Object, "spec", "domains")
	switch {
	case status == "":
		return map[string]any{"status": newStatus(cert, "Provisioning", domains)}, 0
	case status != "Provisioning" || !attached:
		return nil, 0
	case time.Since(cert.GetCreationTimestamp().Time) < provisioningTime:
		return nil, provisioningTime
	}
	active := newStatus(cert, "Active", domains)
	active["expireTime"] = time.Now().Add(validity).UTC().Format(time.RFC3339)
	return map[string]any{"status": active}, 0
}

// newStatus is the status of a certificate and of each of its domains.
func newStatus(cert *unstructured.Unstructured, status string, domains []string) map[string]any {
	perDomain := make([]any, 0, len(domains))
	for _, domain := range domains {
		perDomain = append(perDomain, map[string]any{"domain": domain, "status": status})
	}
	return map[string]any{
		"certificateName":   "mcrt-" + string(cert.GetUID()),
		"certificateStatus": status,
		"domainStatus":      perDomain,
	}
}

// patch merges patch into the object as it was read and logs it. An object that is gone meanwhile is no
// error; one that has changed is a conflict, and looked at again: somebody else may have set its status.
func (s *standIn) patch(ctx context.Context, resource schema.GroupVersionResource, object *unstructured.Unstructured, patch map[string]any, subresource ...string) error {
	patch["metadata"] = map[string]any{"resourceVersion": object.GetResourceVersion()}
	data, err := json.Marshal(patch)
	if err != nil {
		return fmt.Errorf("encoding a patch: %w", err)
	}
	client := s.client.Resource(resource).Namespace(object.GetNamespace())
	_, err = client.Patch(ctx, object.GetName(), types.MergePatchType, data, metav1.PatchOptions{}, subresource...)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("patching %s %s: %w", resource.Resource, object.GetName(), err)
	}
	log.Printf("%s %s/%s: %s", resource.Resource, object.GetNamespace(), object.GetName(), data)
	return nil
}
