package lint

import (
	"slices"
	"strings"
	"unicode"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/overlay"
)

// managedCertificates is GKE's annotation of an Ingress: the names of its ManagedCertificates, separated by commas.
const managedCertificates = "networking.gke.io/managed-certificates"

var hostWithoutRecordRule = Rule{
	ID: "host-without-record", Severity: Warning, NeedsRepository: true,
	Summary: "An Ingress of an app has a host for which no environment has a DNS record.",
	Explanation: `Nobody reaches the host. Add it under spec.dns.records; where external-dns reads the Ingress itself, or records are kept
elsewhere, suppress the rule with that reason.`,
	check: func(set *Set, report reporter) {
		records := namesOf(set, recordNames)
		forEachHost(set, func(env *Environment, app int, ingress *unstructured.Unstructured, host string) {
			if !resolved(host, records) {
				report(env, appPath(app), "app %s: no DNS record for %s, a host of Ingress %s; add it under spec.dns.records",
					env.Env.Spec.Apps[app].Name, host, ingress.GetName())
			}
		})
	},
}

var hostWithoutCertificateRule = Rule{
	ID: "host-without-certificate", Severity: Warning, NeedsRepository: true,
	Summary: "An Ingress of an app has a host that no certificate covers.",
	Explanation: `Whoever opens it by HTTPS gets a warning. Add the host to a certificate of the environment, and name that in the Ingress:
where it has the annotation networking.gke.io/managed-certificates, only the certificates in it count, those of the manifests
included. A host of an entry of the Ingress's tls is left alone, and so are Ingresses with a pre-shared certificate. Routes of
the Gateway API are not looked at.`,
	check: func(set *Set, report reporter) {
		forEachHost(set, func(env *Environment, app int, ingress *unstructured.Unstructured, host string) {
			if covered(host, certified(set, env, app, ingress)) || ownTLS(ingress, host) {
				return
			}
			if chosen := namedCertificates(ingress); len(chosen) > 0 {
				report(env, appPath(app), "app %s: no certificate that Ingress %s names (%s) covers its host %s; add it to one of them, or name another",
					env.Env.Spec.Apps[app].Name, ingress.GetName(), join(chosen), host)
				return
			}
			report(env, appPath(app), "app %s: no certificate for %s, a host of Ingress %s; add it under spec.certificates",
				env.Env.Spec.Apps[app].Name, host, ingress.GetName())
		})
	},
}

// certified are the domains of the certificates that an Ingress may have: those that it names where it names any, else all in
// its namespace.
func certified(set *Set, env *Environment, app int, ingress *unstructured.Unstructured) map[string]bool {
	namespace := namespaceOf(env, app, ingress)
	chosen := namedCertificates(ingress)
	counts := func(certificate string) bool { return len(chosen) == 0 || slices.Contains(chosen, certificate) }
	domains := map[string]bool{}
	for _, domain := range domainsOf(env) {
		if domain.namespace == namespace && counts(domain.certificate) {
			domains[domain.name] = true
		}
	}
	anyBeside(set, env, namespace, func(object *unstructured.Unstructured) bool {
		if object.GetKind() == "ManagedCertificate" && counts(object.GetName()) {
			names, _, _ := unstructured.NestedStringSlice(object.Object, "spec", "domains")
			for _, name := range names {
				domains[strings.ToLower(name)] = true
			}
		}
		return false
	})
	return domains
}

// namedCertificates are the ManagedCertificates that an Ingress names.
func namedCertificates(ingress *unstructured.Unstructured) []string {
	return strings.FieldsFunc(ingress.GetAnnotations()[managedCertificates], func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
}

// forEachHost goes through the hosts of the Ingresses.
func forEachHost(set *Set, visit func(env *Environment, app int, ingress *unstructured.Unstructured, host string)) {
	forEachIngress(set, func(env *Environment, i int, ingress *unstructured.Unstructured) {
		rules, _, _ := unstructured.NestedSlice(ingress.Object, "spec", "rules")
		var hosts []string
		for _, rule := range rules {
			fields, _ := rule.(map[string]any)
			if host, _, _ := unstructured.NestedString(fields, "host"); host != "" {
				hosts = append(hosts, strings.ToLower(host))
			}
		}
		slices.Sort(hosts)
		for _, host := range slices.Compact(hosts) {
			visit(env, i, ingress, host)
		}
	})
}

func forEachIngress(set *Set, visit func(env *Environment, app int, ingress *unstructured.Unstructured)) {
	forEachApp(set, func(env *Environment, i int, o *overlay.Overlay) {
		for _, object := range o.Objects {
			if object.GetKind() == "Ingress" && object.GroupVersionKind().Group == "networking.k8s.io" {
				visit(env, i, object)
			}
		}
	})
}

// preSharedCert is GKE's annotation of an Ingress: names of certificates of Google Cloud itself.
const preSharedCert = "ingress.gcp.kubernetes.io/pre-shared-cert"

// ownTLS says whether the Ingress has a certificate of its own for the host. Entries without hosts are for all.
func ownTLS(ingress *unstructured.Unstructured, host string) bool {
	if ingress.GetAnnotations()[preSharedCert] != "" {
		return true
	}
	entries, _, _ := unstructured.NestedSlice(ingress.Object, "spec", "tls")
	return slices.ContainsFunc(entries, func(entry any) bool {
		fields, _ := entry.(map[string]any)
		hosts, _, _ := unstructured.NestedStringSlice(fields, "hosts")
		names := map[string]bool{}
		for _, name := range hosts {
			names[strings.ToLower(name)] = true
		}
		secret, _, _ := unstructured.NestedString(fields, "secretName")
		return secret != "" && (len(hosts) == 0 || covered(host, names))
	})
}

var certificateUnknownRule = Rule{
	ID: "certificate-unknown", Severity: Error, NeedsRepository: true,
	Summary: "An Ingress names a certificate that the environment does not have.",
	Explanation: `The annotation networking.gke.io/managed-certificates names ManagedCertificates of the Ingress's own namespace. GKE
serves nothing by HTTPS until it finds them. Correct the name, or add the certificate under spec.certificates.`,
	check: func(set *Set, report reporter) {
		forEachIngress(set, func(env *Environment, i int, ingress *unstructured.Unstructured) {
			namespace := namespaceOf(env, i, ingress)
			for _, wanted := range namedCertificates(ingress) {
				if !hasCertificate(set, env, name{namespace, wanted}) && allReadIn(set, env, namespace) {
					report(env, appPath(i), "app %s: Ingress %s names ManagedCertificate %s/%s, which the environment does not have; add it under spec.certificates",
						env.Env.Spec.Apps[i].Name, ingress.GetName(), namespace, wanted)
				}
			}
		})
	},
}

func hasCertificate(set *Set, env *Environment, wanted name) bool {
	for _, certificate := range env.Env.Spec.Certificates {
		if certificate.Google != nil && certificate.Name == wanted.name && component.NamespaceOf(env.Env, certificate.Namespace) == wanted.namespace {
			return true
		}
	}
	return inManifests(set, env, "ManagedCertificate", wanted)
}

var certificateUnusedRule = Rule{
	ID: "certificate-unused", Severity: Warning, NeedsRepository: true,
	Summary: "No Ingress of the apps names a Google certificate of the environment.",
	Explanation: `Google issues a ManagedCertificate only once the load balancer uses it: until then it is Provisioning, and the environment
not ready. Name it in the annotation networking.gke.io/managed-certificates of an Ingress in its namespace. It is reported only
where all apps' folders could be read.`,
	check: func(set *Set, report reporter) {
		used := map[use]bool{}
		forEachIngress(set, func(env *Environment, i int, ingress *unstructured.Unstructured) {
			for _, each := range namedCertificates(ingress) {
				used[use{env, name{namespaceOf(env, i, ingress), each}}] = true
			}
		})
		for _, env := range set.Valid() {
			for i, certificate := range env.Env.Spec.Certificates {
				each := name{component.NamespaceOf(env.Env, certificate.Namespace), certificate.Name}
				if certificate.Google != nil && !used[use{env, each}] && allRead(set, env) {
					report(env, index("spec.certificates", i)+".name", "no Ingress names ManagedCertificate %s/%s, so Google does not issue it", each.namespace, each.name)
				}
			}
		}
	},
}
