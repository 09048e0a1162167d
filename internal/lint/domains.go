package lint

import (
	"strings"

	"github.com/appenv/appenv-operator/internal/component"
)

var certificateWithoutRecordRule = Rule{
	ID: "certificate-without-record", Severity: Warning,
	Summary: "A certificate has a domain for which no environment has a DNS record.",
	Explanation: `Google issues a certificate only while all of its domains lead to the load balancer, and a domain that does not
leaves the whole certificate in Provisioning. Add the record under spec.dns.records; where records are kept elsewhere, suppress
the rule with that reason.`,
	check: func(set *Set, report reporter) {
		records := namesOf(set, recordNames)
		for _, env := range set.Valid() {
			for _, domain := range domainsOf(env) {
				if !resolved(domain.name, records) {
					report(env, domain.path, "no DNS record for %s, a domain of certificate %s; add it under spec.dns.records", domain.name, domain.certificate)
				}
			}
		}
	},
}

var recordWithoutCertificateRule = Rule{
	ID: "record-without-certificate", Severity: Info,
	Summary: "An environment with certificates has a DNS record that none of them covers.",
	Explanation: `Whoever opens the name by HTTPS gets another name's certificate. Add the domain to a certificate (for Google, a new
certificate: the domains of one cannot change). For names that serve no HTTPS, suppress the rule with that reason.`,
	check: func(set *Set, report reporter) {
		domains := namesOf(set, domainsOf)
		for _, env := range set.Valid() {
			if len(env.Env.Spec.Certificates) == 0 {
				continue
			}
			for _, record := range recordNames(env) {
				if !covered(record.name, domains) {
					report(env, record.path, "no certificate for %s", record.name)
				}
			}
		}
	},
}

// A domain is a name that a field of an environment has.
type domain struct{ name, path, certificate, namespace string }

func namesOf(set *Set, of func(*Environment) []domain) map[string]bool {
	names := map[string]bool{}
	for _, env := range set.Valid() {
		for _, domain := range of(env) {
			names[domain.name] = true
		}
	}
	return names
}

func recordNames(env *Environment) []domain {
	var names []domain
	if env.Env.Spec.DNS != nil {
		for i, record := range env.Env.Spec.DNS.Records {
			names = append(names, domain{name: strings.ToLower(record.Name), path: index("spec.dns.records", i) + ".name"})
		}
	}
	return names
}

func domainsOf(env *Environment) []domain {
	var domains []domain
	for i, certificate := range env.Env.Spec.Certificates {
		var names []string
		issuer := ".google"
		switch {
		case certificate.Google != nil:
			names = certificate.Google.Domains
		case certificate.CertManager != nil:
			names, issuer = certificate.CertManager.Domains, ".certManager"
		}
		for j, name := range names {
			path := index(index("spec.certificates", i)+issuer+".domains", j)
			domains = append(domains, domain{name, path, certificate.Name, component.NamespaceOf(env.Env, certificate.Namespace)})
		}
	}
	return domains
}

// resolved says whether DNS answers for the name: a wildcard is for every name below it, at any depth (RFC 4592).
func resolved(name string, records map[string]bool) bool {
	for below := name; below != ""; {
		_, below, _ = strings.Cut(below, ".")
		if records["*."+below] {
			return true
		}
	}
	return covered(name, records)
}

// covered says whether names have the name, or a wildcard for it. A wildcard is also covered by any name below it.
func covered(name string, names map[string]bool) bool {
	_, parent, _ := strings.Cut(name, ".")
	if names[name] || names["*."+parent] {
		return true
	}
	below, isWildcard := strings.CutPrefix(name, "*.")
	if !isWildcard {
		return false
	}
	for other := range names {
		if _, parent, _ := strings.Cut(other, "."); parent == below {
			return true
		}
	}
	return false
}
