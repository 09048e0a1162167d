package infer

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// readCertificates reads spec.certificates.
func (m *importer) readCertificates() {
	known := map[string]bool{}
	for _, kind := range []string{"ManagedCertificate", "Certificate"} {
		for _, u := range m.of(kind, "") {
			certificate := v1alpha1.Certificate{Name: u.GetName(), Namespace: unless(u.GetNamespace(), m.namespaces[0])}
			field, why := readCertificate(u, &certificate)
			if known[certificate.Name] {
				field, why = "metadata.name", "another certificate of the environment has the name"
			}
			if why == "" && len(m.env.Spec.Certificates) == maxCertificates {
				why = tooMany(maxCertificates, "certificates")
			}
			if why != "" {
				m.leave(u, field, why)
				continue
			}
			known[certificate.Name] = true
			m.take(u, fmt.Sprintf("spec.certificates[%d]", len(m.env.Spec.Certificates)))
			m.env.Spec.Certificates = append(m.env.Spec.Certificates, certificate)
		}
	}
}

// readCertificate fills in what a certificate is, or says which field has no place, and why.
func readCertificate(u *unstructured.Unstructured, certificate *v1alpha1.Certificate) (field, why string) {
	spec := fields(u.Object, "spec")
	if u.GetKind() == "ManagedCertificate" {
		domains, whole := texts(spec["domains"])
		if other := unexpected(spec, "domains"); other != "" || !whole {
			return "spec." + other, "an environment's certificate has domains, and nothing else"
		}
		certificate.Google = &v1alpha1.GoogleCertificate{Domains: domains}
		return "", ""
	}
	domains, whole := texts(spec["dnsNames"])
	issuer := fields(spec, "issuerRef")
	if other := unexpected(spec, "dnsNames", "issuerRef", "secretName"); other != "" {
		return "spec." + other, "an environment's certificate has dnsNames, issuerRef and secretName, and nothing else"
	}
	if !whole || len(domains) == 0 || unexpected(issuer, "name", "kind", "group") != "" {
		return "spec", "an environment's certificate has dnsNames, issuerRef and secretName"
	}
	certificate.CertManager = &v1alpha1.CertManagerCertificate{
		Domains: domains, SecretName: unless(text(spec, "secretName"), certificate.Name),
		IssuerRef: v1alpha1.IssuerRef{Name: text(issuer, "name"), Kind: text(issuer, "kind"), Group: text(issuer, "group")},
	}
	if certificate.CertManager.IssuerRef.Kind == "ClusterIssuer" {
		certificate.CertManager.IssuerRef.Kind = "" // the defaults
	}
	if certificate.CertManager.IssuerRef.Group == u.GroupVersionKind().Group {
		certificate.CertManager.IssuerRef.Group = ""
	}
	return "", ""
}
