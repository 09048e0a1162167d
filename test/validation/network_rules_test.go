package validation

var certManager = put("spec.certificates", `[{name: web, certManager: {domains: [dev.hoge.example.com], issuerRef: {name: letsencrypt}, secretName: web-tls}}]`)

// certificateRules are about certificates.
var certificateRules = map[string]rule{
	"name of a certificate must be a DNS name such as web: lower-case letters, digits, '-' and '.'": dnsName("spec.certificates[0].name"),
	"certificates must set exactly one of google and certManager in each entry": {
		accepted: cases{"certManager": {certManager}},
		refused: cases{
			"neither": {put("spec.certificates", `[{name: web}]`)},
			"both":    {certManager, put("spec.certificates[0].google", `{domains: [dev.hoge.example.com]}`)},
		},
	},
	"domains of a google certificate must be lower-case domains such as dev.hoge.example.com, at most 63 characters each; wildcards need certManager": {
		accepted: cases{"several": {put("spec.certificates[0].google.domains", `[a.example.com, b-1.example.com]`)}},
		refused: each("spec.certificates[0].google.domains[0]", map[string]any{
			"a wildcard": "*.hoge.example.com", "upper case": "Dev.example.com", "one label": "localhost", "a dot at the end": "dev.example.com.", "an underscore": "a_b.example.com", "a URL": "https://dev.example.com", "an address": "203.0.113.10",
		}, nil),
	},
	"domains of a cert-manager certificate must be lower-case domains such as dev.hoge.example.com or *.hoge.example.com": {
		accepted: each("spec.certificates[0].certManager.domains[0]", map[string]any{"a wildcard": "*.hoge.example.com", "more than 63 characters": long(60) + ".example.com"}, []edit{certManager}),
		refused: each("spec.certificates[0].certManager.domains[0]", map[string]any{
			"a wildcard inside": "a.*.example.com", "upper case": "Dev.example.com", "one label": "localhost", "a label of 64 characters": long(64) + ".example.com", "a template": "{{.x}}.example.com",
		}, []edit{certManager}),
	},
	"name of an issuer must be a DNS name such as letsencrypt: lower-case letters, digits, '-' and '.'":       dnsName("spec.certificates[0].certManager.issuerRef.name", certManager),
	"group of an issuer must be a DNS name such as cert-manager.io: lower-case letters, digits, '-' and '.'":  dnsName("spec.certificates[0].certManager.issuerRef.group", certManager),
	"secretName of a certificate must be a DNS name such as web-tls: lower-case letters, digits, '-' and '.'": dnsName("spec.certificates[0].certManager.secretName", certManager),
	"kind of an issuer must be a kind such as Issuer or ClusterIssuer": {
		accepted: each("spec.certificates[0].certManager.issuerRef.kind", map[string]any{"Issuer": "Issuer", "another's": "AWSPCAClusterIssuer"}, []edit{certManager}),
		refused:  each("spec.certificates[0].certManager.issuerRef.kind", map[string]any{"lower case": "issuer", "a group in front": "cert-manager.io/Issuer"}, []edit{certManager}),
	},
	"two certificates must not write the same Secret of a namespace; give one of them another secretName": {
		accepted: cases{
			"a google certificate writes none": {certManager, put("spec.certificates[1]", `{name: web-tls, google: {domains: [b.example.com]}}`)},
			"two namespaces": {
				set("spec.namespaces[1].name", "hoge-jobs"), certManager,
				put("spec.certificates[1]", `{name: jobs, namespace: hoge-jobs, certManager: {domains: [b.example.com], issuerRef: {name: i}, secretName: web-tls}}`),
			},
		},
		refused: cases{
			"one secretName twice":        {certManager, put("spec.certificates[1]", `{name: b, certManager: {domains: [b.example.com], issuerRef: {name: i}, secretName: web-tls}}`)},
			"a name that is a secretName": {certManager, put("spec.certificates[1]", `{name: web-tls, namespace: hoge-namespace, certManager: {domains: [b.example.com], issuerRef: {name: i}}}`)},
		},
	},
	"a certificate and a secret must not write the same Secret of a namespace; give one of them another secretName": {
		accepted: cases{
			"different names":                  {certManager},
			"a google certificate writes none": {set("spec.certificates[0].name", "app1-env")},
		},
		refused: cases{
			"the secret's secretName": {certManager, set("spec.certificates[0].certManager.secretName", "app1-env")},
			"the certificate's name":  {certManager, drop("spec.certificates[0].certManager.secretName"), set(secret+".secretName", "web")},
		},
	},
}

const record = "spec.dns.records[0]"

// dnsRules are about DNS records.
var dnsRules = map[string]rule{
	"name of a record must be a full name such as dev.hoge.example.com, in lower case and without a trailing dot": {
		accepted: each(record+".name", map[string]any{"a wildcard": "*.hoge.example.com", "an underscore": "_x.hoge.example.com", "another alphabet": "xn--p1ai.xn--p1ai"}, nil),
		refused: each(record+".name", map[string]any{
			"a dot at the end": "dev.example.com.", "upper case": "Dev.example.com", "one label": "dev", "a wildcard inside": "a.*.example.com", "a label of 64 characters": long(64) + ".example.com", "a space": "dev .example.com", "a template": "{{.x}}.example.com",
		}, nil),
	},
	"targets of an A record must be IPv4 addresses such as 203.0.113.10": {
		accepted: cases{"two": {put(record+".targets", `[203.0.113.10, 203.0.113.11]`)}},
		refused: cases{
			"a name":           {put(record+".targets", `[lb.example.com]`)},
			"IPv6":             {put(record+".targets", `["2001:db8::10"]`)},
			"a range":          {put(record+".targets", `[203.0.113.0/24]`)},
			"a dot at the end": {put(record+".targets", `["203.0.113.10."]`)},
			"one of two":       {put(record+".targets", `[203.0.113.10, 203.0.113.256]`)},
		},
	},
	"targets of an AAAA record must be IPv6 addresses such as 2001:db8::10": {
		accepted: cases{"IPv6": {set(record+".type", "AAAA"), put(record+".targets", `["2001:db8::10"]`)}},
		refused: cases{
			"IPv4":   {set(record+".type", "AAAA")},
			"a name": {set(record+".type", "AAAA"), put(record+".targets", `[lb.example.com]`)},
		},
	},
	"targets of a CNAME record must be exactly one name such as lb.example.com, in lower case and without a trailing dot": {
		accepted: cases{"a name": {set(record+".type", "CNAME"), put(record+".targets", `[lb.example.com]`)}},
		refused: cases{
			"an address":       {set(record+".type", "CNAME")},
			"two names":        {set(record+".type", "CNAME"), put(record+".targets", `[a.example.com, b.example.com]`)},
			"a dot at the end": {set(record+".type", "CNAME"), put(record+".targets", `[lb.example.com.]`)},
			"a wildcard":       {set(record+".type", "CNAME"), put(record+".targets", `["*.example.com"]`)},
		},
	},
	"a CNAME record must not point to itself": {
		accepted: cases{"another name": {set(record+".type", "CNAME"), put(record+".targets", `[lb.example.com]`)}},
		refused:  cases{"its own name": {set(record+".type", "CNAME"), put(record+".targets", `[dev.hoge.example.com]`)}},
	},
	"a CNAME record must be the only record of its name; remove the others, or use A and AAAA": {
		accepted: cases{
			"A and AAAA of one name": {put("spec.dns.records[1]", `{name: dev.hoge.example.com, type: AAAA, targets: ["2001:db8::10"]}`)},
			"CNAME of another name":  {put("spec.dns.records[1]", `{name: www.hoge.example.com, type: CNAME, targets: [dev.hoge.example.com]}`)},
		},
		refused: cases{"CNAME beside A": {put("spec.dns.records[1]", `{name: dev.hoge.example.com, type: CNAME, targets: [lb.example.com]}`)}},
	},
	"targets of a proxied record must be public addresses, since Cloudflare cannot reach private ones; unset cloudflareProxied": {
		accepted: cases{
			"a public address":           {drop("spec.certificates"), set(record+".cloudflareProxied", true)},
			"a private one, not proxied": {put(record+".targets", `[10.0.0.1]`)},
			"a name":                     {drop("spec.certificates"), set(record+".cloudflareProxied", true), set(record+".type", "CNAME"), put(record+".targets", `[lb.example.com]`)},
		},
		refused: cases{
			"10.0.0.0/8":     {set(record+".cloudflareProxied", true), put(record+".targets", `[203.0.113.10, 10.0.0.1]`)},
			"172.16.0.0/12":  {set(record+".cloudflareProxied", true), put(record+".targets", `[172.31.0.1]`)},
			"192.168.0.0/16": {set(record+".cloudflareProxied", true), put(record+".targets", `[192.168.1.1]`)},
			"loopback":       {set(record+".cloudflareProxied", true), put(record+".targets", `[127.0.0.1]`)},
			"private IPv6":   {set(record+".cloudflareProxied", true), set(record+".type", "AAAA"), put(record+".targets", `["fd00::1"]`)},
		},
	},
	"a domain of a google certificate must not have a proxied record, since Google never issues it then; unset cloudflareProxied, or use certManager": {
		accepted: cases{
			"not proxied":                      {set(record+".cloudflareProxied", false)},
			"unset":                            {drop(record + ".cloudflareProxied")},
			"proxied, without a certificate":   {drop("spec.certificates"), set(record+".cloudflareProxied", true)},
			"proxied, with cert-manager":       {certManager, set(record+".cloudflareProxied", true)},
			"another name of the zone proxied": {put("spec.dns.records[1]", `{name: www.hoge.example.com, type: A, targets: [203.0.113.10], cloudflareProxied: true}`)},
		},
		refused: cases{
			"proxied": {set(record+".cloudflareProxied", true)},
			"the second domain of the second certificate": {
				put("spec.certificates[1]", `{name: b, google: {domains: [a.example.com, www.hoge.example.com]}}`),
				put("spec.dns.records[1]", `{name: www.hoge.example.com, type: A, targets: [203.0.113.10], cloudflareProxied: true}`),
			},
		},
	},
}
