package component

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/foreign/gke"
)

func certificateHealth(in Input, key Key, live *unstructured.Unstructured) Health {
	row := &v1alpha1.CertificateStatus{Name: key.Name, Namespace: key.Namespace}
	health, ok := existence(live)
	if live != nil {
		judge := certManagerVerdict
		if key.Kind == managedCertificateKind.Kind {
			judge = googleVerdict
		}
		if judged := judge(in, key, live, row); ok {
			health = judged
		}
	}
	row.Ready = health.State == OK
	row.Message = health.Message
	health.Certificate = row
	return health
}

// What Google says of a certificate and of its domains.
const (
	googleActive            = "Active"
	googleFailedPermanently = "ProvisioningFailedPermanently"
	googleRenewalFailed     = "RenewalFailed"
	googleCaaForbidden      = "FailedCaaForbidden"
)

// domainHints say what to do about a domain that Google does not get through with.
var domainHints = map[string]string{
	"FailedNotVisible":  "point its A record at the Ingress and remove other A and AAAA records and proxies",
	"FailedCaaChecking": "its CAA records cannot be read, check that its name servers answer",
	"FailedRateLimited": "the authority's rate limit is reached, wait",
	googleCaaForbidden:  "its CAA records forbid it, allow pki.goog and letsencrypt.org",
}

func googleVerdict(in Input, key Key, live *unstructured.Unstructured, row *v1alpha1.CertificateStatus) Health {
	row.Status = text(live.Object, "status", "certificateStatus")
	row.Domains = domainsOf(live)
	row.Expires = gke.Expiry(text(live.Object, "status", "expireTime"))
	worst := worstDomain(row.Domains)
	switch {
	case domainsChanged(in, key, live):
		domains, _, _ := unstructured.NestedStringSlice(live.Object, "spec", "domains")
		return Health{State: Stalled, Reason: v1alpha1.ReasonImmutableChanged, Message: withCause(
			"keeps its domains ", strings.Join(domains, ", "), ", they cannot change; "+replaceCertificate)}
	case row.Status == googleActive:
		return Health{}
	case row.Status == googleFailedPermanently, worst.Status == googleCaaForbidden:
		return Health{State: Stalled, Reason: v1alpha1.ReasonCertificateFailed, Message: shorten(
			"failed for good" + hint(worst) + "; then remove the certificate, wait until it is gone and add it again")}
	case row.Status == googleRenewalFailed:
		return Health{State: Failing, Reason: v1alpha1.ReasonRenewalFailed, Message: shorten(
			"still serves and could not be renewed" + hint(worst) + "; then " + replaceCertificate)}
	case proxiedWildcard(in, live) != "":
		return Health{State: Stalled, Reason: v1alpha1.ReasonInvalid, Message: shorten(proxiedWildcard(in, live))}
	case worst.Name != "":
		return Health{State: Progressing, Reason: v1alpha1.ReasonProgressing, Message: shorten(
			"Google is provisioning it" + hint(worst) + "; it goes on by itself")}
	}
	return Health{
		State: Progressing, Reason: v1alpha1.ReasonProgressing,
		Message: "Google is provisioning it; it takes up to an hour once an Ingress uses it and the DNS records point there",
	}
}

// proxiedWildcard names a domain that Google never issues for, because Cloudflare's proxy
// answers for it by a wildcard record. The schema cannot afford to look for it.
func proxiedWildcard(in Input, live *unstructured.Unstructured) string {
	if in.Env.Spec.DNS == nil {
		return ""
	}
	proxied, own := map[string]bool{}, map[string]bool{}
	for _, record := range in.Env.Spec.DNS.Records {
		own[record.Name] = true
		proxied[record.Name] = proxied[record.Name] || orDefault(record.CloudflareProxied, false)
	}
	domains, _, _ := unstructured.NestedStringSlice(live.Object, "spec", "domains")
	for _, domain := range domains {
		_, parent, below := strings.Cut(domain, ".")
		for below && !own[domain] {
			if proxied["*."+parent] {
				return fmt.Sprintf("domain %s is covered by the proxied record *.%s, so Google never issues it; give it a record of its own that is not proxied", domain, parent)
			}
			_, parent, below = strings.Cut(parent, ".")
		}
	}
	return ""
}

// replaceCertificate is how a certificate is changed without a time without one.
const replaceCertificate = "add a certificate with a new name, remove this one when the new one is Active"

// hint is about the domain that holds the certificate up.
func hint(worst v1alpha1.DomainStatus) string {
	if worst.Name == "" {
		return "; find and remove the cause"
	}
	return fmt.Sprintf("; domain %s is %s: %s", worst.Name, worst.Status, domainHints[worst.Status])
}

func domainsOf(live *unstructured.Unstructured) []v1alpha1.DomainStatus {
	items, _, _ := unstructured.NestedSlice(live.Object, "status", "domainStatus")
	var domains []v1alpha1.DomainStatus
	for _, item := range items {
		fields, _ := item.(map[string]any)
		if name := text(fields, "domain"); name != "" {
			domains = append(domains, v1alpha1.DomainStatus{Name: name, Status: text(fields, "status")})
		}
	}
	slices.SortFunc(domains, func(a, b v1alpha1.DomainStatus) int { return strings.Compare(a.Name, b.Name) })
	return domains
}

// worstDomain is the first domain that failed, one that failed for good before
// the others. Empty when none did.
func worstDomain(domains []v1alpha1.DomainStatus) v1alpha1.DomainStatus {
	var worst v1alpha1.DomainStatus
	for _, domain := range domains {
		if _, failed := domainHints[domain.Status]; !failed {
			continue
		}
		if worst.Name == "" || domain.Status == googleCaaForbidden && worst.Status != googleCaaForbidden {
			worst = domain
		}
	}
	return worst
}

func domainsChanged(in Input, key Key, live *unstructured.Unstructured) bool {
	have, found, _ := unstructured.NestedStringSlice(live.Object, "spec", "domains")
	if !found {
		return false
	}
	for _, certificate := range in.Env.Spec.Certificates {
		if certificate.Google != nil && certificate.Name == key.Name && NamespaceOf(in.Env, certificate.Namespace) == key.Namespace {
			return !slices.Equal(sorted(slices.Clone(certificate.Google.Domains)), sorted(have))
		}
	}
	return false
}

// certManagerVerdict: Issuing beside Ready is a renewal, and no trouble.
func certManagerVerdict(_ Input, _ Key, live *unstructured.Unstructured, row *v1alpha1.CertificateStatus) Health {
	ready, issuing := conditionOf(live, "Ready"), conditionOf(live, "Issuing")
	row.Expires = text(live.Object, "status", "notAfter")
	row.Status = ready.reason
	current := ready.observedGeneration == 0 || ready.observedGeneration == live.GetGeneration()
	switch {
	case ready.status == string(corev1.ConditionTrue) && current:
		row.Status = "Ready"
		return Health{}
	case ready.status == string(corev1.ConditionTrue):
		return Health{State: Progressing, Reason: v1alpha1.ReasonProgressing, Message: "cert-manager has not yet seen its latest change"}
	case ready.status == "":
		return Health{State: Progressing, Reason: v1alpha1.ReasonProgressing, Message: "cert-manager has not looked at it yet; check that it runs"}
	case issuing.status == string(corev1.ConditionFalse) && issuing.message != "":
		return Health{State: Progressing, Reason: v1alpha1.ReasonProgressing, Message: withCause("cert-manager could not issue it and tries again: ", issuing.message, "")}
	}
	return Health{State: Progressing, Reason: v1alpha1.ReasonProgressing, Message: withCause("cert-manager is issuing it: ", ready.message, "")}
}
