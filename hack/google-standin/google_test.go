package main

import (
	"reflect"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func ingress(class, certificates string, address bool) *unstructured.Unstructured {
	object := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{}}}
	if class != "" {
		_ = unstructured.SetNestedField(object.Object, class, "spec", "ingressClassName")
	}
	if certificates != "" {
		object.SetAnnotations(map[string]string{certificatesAnnotation: certificates})
	}
	if address {
		_ = unstructured.SetNestedSlice(object.Object, []any{map[string]any{"ip": "192.0.2.1"}}, "status", "loadBalancer", "ingress")
	}
	return object
}

func certificate(status string, age time.Duration) *unstructured.Unstructured {
	object := &unstructured.Unstructured{Object: map[string]any{
		"spec": map[string]any{"domains": []any{"a.example.com", "b.example.com"}},
	}}
	object.SetCreationTimestamp(metav1.NewTime(time.Now().Add(-age)))
	if status != "" {
		_ = unstructured.SetNestedField(object.Object, status, "status", "certificateStatus")
	}
	return object
}

func TestAnIngressGetsAnAddressOnce(t *testing.T) {
	for name, test := range map[string]struct {
		ingress *unstructured.Unstructured
		want    bool
	}{
		"without an address":            {ingress("", "", false), true},
		"of class gce":                  {ingress("gce", "", false), true},
		"of another controller's class": {ingress("nginx", "", false), false},
		"with an address":               {ingress("", "", true), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := addressPatch(test.ingress) != nil; got != test.want {
				t.Errorf("address given: %v, want %v", got, test.want)
			}
		})
	}
}

func TestACertificateIsAttachedByAnIngressWithAnAddress(t *testing.T) {
	for name, test := range map[string]struct {
		ingress *unstructured.Unstructured
		want    bool
	}{
		"named with others":     {ingress("", "other, web", true), true},
		"named, no address yet": {ingress("", "web", false), false},
		"another one named":     {ingress("", "web2", true), false},
		"no annotation":         {ingress("", "", true), false},
		"of another controller": {ingress("nginx", "web", true), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := attached("web", []*unstructured.Unstructured{test.ingress}); got != test.want {
				t.Errorf("attached: %v, want %v", got, test.want)
			}
		})
	}
}

func TestACertificateMovesOneStepAtATime(t *testing.T) {
	for name, test := range map[string]struct {
		certificate *unstructured.Unstructured
		attached    bool
		want        any
		again       bool
	}{
		"new":                             {certificate("", 0), true, "Provisioning", false},
		"not attached":                    {certificate("Provisioning", time.Hour), false, nil, false},
		"attached, too young":             {certificate("Provisioning", 0), true, nil, true},
		"attached, old enough":            {certificate("Provisioning", time.Hour), true, "Active", false},
		"active stays as it is":           {certificate("Active", time.Hour), true, nil, false},
		"failed stays as a person set it": {certificate("ProvisioningFailedPermanently", time.Hour), true, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			patch, again := certificatePatch(test.certificate, test.attached)
			var got any
			if patch != nil {
				got, _, _ = unstructured.NestedFieldNoCopy(patch, "status", "certificateStatus")
				domains, _, _ := unstructured.NestedSlice(patch, "status", "domainStatus")
				want := []any{
					map[string]any{"domain": "a.example.com", "status": test.want},
					map[string]any{"domain": "b.example.com", "status": test.want},
				}
				if !reflect.DeepEqual(domains, want) {
					t.Errorf("domainStatus: %v, want %v", domains, want)
				}
			}
			if got != test.want {
				t.Errorf("certificateStatus: %v, want %v", got, test.want)
			}
			if (again > 0) != test.again {
				t.Errorf("looks again after %s, want %v", again, test.again)
			}
		})
	}
}
