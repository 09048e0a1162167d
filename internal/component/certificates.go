package component

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

var (
	managedCertificateKind = Kind{
		GroupVersionKind: schema.GroupVersionKind{Group: "networking.gke.io", Version: "v1", Kind: "ManagedCertificate"},
		Resource:         "managedcertificates", Provider: "GKE managed certificates",
	}
	certificateKind = Kind{
		GroupVersionKind: schema.GroupVersionKind{Group: "cert-manager.io", Version: "v1", Kind: "Certificate"},
		Resource:         "certificates", Provider: "cert-manager",
	}
)

// certificates are the TLS certificates, of Google or of cert-manager.
var certificates = Component{
	Name:      "certificates",
	Condition: v1alpha1.ConditionCertificatesReady,
	Kinds:     []Kind{managedCertificateKind, certificateKind},
	Desired:   desiredCertificates,
	Health:    certificateHealth,
}

func desiredCertificates(in Input) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	for _, certificate := range in.Env.Spec.Certificates {
		namespace := NamespaceOf(in.Env, certificate.Namespace)
		if _, withheld := in.Withheld[namespace]; withheld {
			continue
		}
		for _, build := range []func(Input, v1alpha1.Certificate) (*unstructured.Unstructured, error){
			managedCertificate, certManagerCertificate,
		} {
			u, err := build(in, certificate)
			if err != nil {
				return nil, err
			}
			if u != nil {
				objects = append(objects, u)
			}
		}
	}
	return objects, nil
}

// managedCertificate repeats the domains of a live one, whatever the spec says:
// GKE would take the certificate down, for the better part of an hour.
func managedCertificate(in Input, certificate v1alpha1.Certificate) (*unstructured.Unstructured, error) {
	if certificate.Google == nil {
		return nil, nil
	}
	namespace := NamespaceOf(in.Env, certificate.Namespace)
	key := Key{Group: managedCertificateKind.Group, Kind: managedCertificateKind.Kind, Namespace: namespace, Name: certificate.Name}
	domains := sorted(slices.Clone(certificate.Google.Domains))
	if live := in.LiveDomains[key]; len(live) > 0 {
		domains = live
	}
	return object(managedCertificateKind, namespace, certificate.Name, map[string]any{
		"spec": map[string]any{"domains": domains},
	})
}

// certManagerCertificate sends kind and group of the issuer: releases of
// cert-manager differ in whether they fill them in.
func certManagerCertificate(in Input, certificate v1alpha1.Certificate) (*unstructured.Unstructured, error) {
	spec := certificate.CertManager
	if spec == nil {
		return nil, nil
	}
	return object(certificateKind, NamespaceOf(in.Env, certificate.Namespace), certificate.Name, map[string]any{
		"spec": map[string]any{
			"secretName": orDefault(spec.SecretName, certificate.Name),
			"dnsNames":   sorted(slices.Clone(spec.Domains)),
			"issuerRef": map[string]any{
				"name":  spec.IssuerRef.Name,
				"kind":  cmp.Or(spec.IssuerRef.Kind, "ClusterIssuer"),
				"group": cmp.Or(spec.IssuerRef.Group, certificateKind.Group),
			},
		},
	})
}
