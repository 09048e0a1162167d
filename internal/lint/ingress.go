package lint

import (
	"slices"
	"strings"

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
	Explanation: `Whoever opens it by HTTPS gets a warning. Add the host to a certificate of the environment. A host whose Secret is
named in the Ingress's tls, and provided by something else than the environment, is left alone.`,
	check: func(set *Set, report reporter) {
		forEachHost(set, func(env *Environment, app int, ingress *unstructured.Unstructured, host string) {
			domains := map[string]bool{}
			for _, domain := range domainsOf(env) {
				if domain.namespace == namespaceOf(env, app, ingress) { // an Ingress sees those of its own namespace
					domains[domain.name] = true
				}
			}
			if !covered(host, domains) && !ownTLS(ingress, host) {
				report(env, appPath(app), "app %s: no certificate for %s, a host of Ingress %s; add it under spec.certificates",
					env.Env.Spec.Apps[app].Name, host, ingress.GetName())
			}
		})
	},
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
			for _, wanted := range strings.Split(ingress.GetAnnotations()[managedCertificates], ",") {
				wanted = strings.TrimSpace(wanted)
				if wanted != "" && !hasCertificate(set, env, name{namespaceOf(env, i, ingress), wanted}) {
					report(env, appPath(i), "app %s: Ingress %s names ManagedCertificate %s/%s, which the environment does not have; add it under spec.certificates",
						env.Env.Spec.Apps[i].Name, ingress.GetName(), namespaceOf(env, i, ingress), wanted)
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
			for _, each := range strings.Split(ingress.GetAnnotations()[managedCertificates], ",") {
				used[use{env, name{namespaceOf(env, i, ingress), strings.TrimSpace(each)}}] = true
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
