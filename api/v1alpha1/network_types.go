package v1alpha1

// Certificate is a TLS certificate: exactly one of google, certManager is set.
//
// +kubebuilder:validation:XValidation:rule=`has(self.google) != has(self.certManager)`,message="certificates must set exactly one of google and certManager in each entry"
type Certificate struct {
	// name is the object's name; the application's Ingress refers to it.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`!format.dns1123Subdomain().validate(self).hasValue()`,message="name of a certificate must be a DNS name such as web: lower-case letters, digits, '-' and '.'"
	// +required
	Name string `json:"name"`
	// namespace is where it is; the first namespace when unset.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +optional
	Namespace *string `json:"namespace,omitempty"`
	// google is a certificate managed by Google (GKE ManagedCertificate).
	// +optional
	Google *GoogleCertificate `json:"google,omitempty"`
	// certManager is a certificate managed by cert-manager.
	// +optional
	CertManager *CertManagerCertificate `json:"certManager,omitempty"`
}

// GoogleCertificate is a GKE ManagedCertificate.
type GoogleCertificate struct {
	// domains are the certificate's domains, at most 63 characters each, without
	// wildcards. Immutable: Google would take the certificate down for up to an hour.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=50
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=63
	// +kubebuilder:validation:items:XValidation:rule=`self.matches(r'^(([a-z0-9]+|[a-z0-9][-a-z0-9]*[a-z0-9])\.)+[a-z][-a-z0-9]*[a-z0-9]$')`,message="domains of a google certificate must be lower-case domains such as dev.hoge.example.com, at most 63 characters each; wildcards need certManager"
	// +kubebuilder:validation:XValidation:rule=`self == oldSelf`,message="domains of a google certificate are immutable, since a change takes it down for up to an hour: add a certificate under a new name, and remove this one when the new one is Active"
	// +listType=set
	// +required
	Domains []string `json:"domains"`
}

// CertManagerCertificate is a cert-manager Certificate.
type CertManagerCertificate struct {
	// domains are the certificate's domains.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=50
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	// +kubebuilder:validation:items:XValidation:rule=`self.matches(r'^(\*\.)?([a-z0-9_]([-a-z0-9_]{0,61}[a-z0-9_])?\.)+[a-z]([-a-z0-9]{0,61}[a-z0-9])?$')`,message="domains of a cert-manager certificate must be lower-case domains such as dev.hoge.example.com or *.hoge.example.com"
	// +listType=set
	// +required
	Domains []string `json:"domains"`
	// issuerRef is the issuer.
	// +required
	IssuerRef IssuerRef `json:"issuerRef"`
	// secretName is the Secret that holds the certificate; name when unset.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`!format.dns1123Subdomain().validate(self).hasValue()`,message="secretName of a certificate must be a DNS name such as web-tls: lower-case letters, digits, '-' and '.'"
	// +optional
	SecretName *string `json:"secretName,omitempty"`
}

// IssuerRef names a cert-manager issuer.
type IssuerRef struct {
	// name is the name of the issuer.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`!format.dns1123Subdomain().validate(self).hasValue()`,message="name of an issuer must be a DNS name such as letsencrypt: lower-case letters, digits, '-' and '.'"
	// +required
	Name string `json:"name"`
	// kind is Issuer (in the certificate's namespace), ClusterIssuer, or the kind of an external issuer.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[A-Z][A-Za-z0-9]*$')`,message="kind of an issuer must be a kind such as Issuer or ClusterIssuer"
	// +kubebuilder:default=ClusterIssuer
	// +optional
	Kind string `json:"kind,omitempty"`
	// group is the issuer's API group.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`!format.dns1123Subdomain().validate(self).hasValue()`,message="group of an issuer must be a DNS name such as cert-manager.io: lower-case letters, digits, '-' and '.'"
	// +kubebuilder:default=cert-manager.io
	// +optional
	Group string `json:"group,omitempty"`
}

// DNS holds the environment's records.
type DNS struct {
	// records are written by external-dns.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:XValidation:rule=`self.all(r, r.type != 'CNAME' || self.exists_one(o, o.name == r.name))`,message="a CNAME record must be the only record of its name; remove the others, or use A and AAAA"
	// +listType=map
	// +listMapKey=name
	// +listMapKey=type
	// +required
	Records []DNSRecord `json:"records"`
}

// RecordType is the type of a DNS record.
type RecordType string

// The types of DNS records that external-dns manages by default.
const (
	RecordTypeA     RecordType = "A"
	RecordTypeAAAA  RecordType = "AAAA"
	RecordTypeCNAME RecordType = "CNAME"
)

// DNSRecord is a DNS record.
//
// +kubebuilder:validation:XValidation:rule=`self.type != 'A' || self.targets.all(t, isIP(t) && ip(t).family() == 4)`,message="targets of an A record must be IPv4 addresses such as 203.0.113.10"
// +kubebuilder:validation:XValidation:rule=`self.type != 'AAAA' || self.targets.all(t, isIP(t) && ip(t).family() == 6)`,message="targets of an AAAA record must be IPv6 addresses such as 2001:db8::10"
// +kubebuilder:validation:XValidation:rule=`self.type != 'CNAME' || (self.targets.size() == 1 && self.targets[0].matches(r'^([a-z0-9_]([-a-z0-9_]{0,61}[a-z0-9_])?\.)+[a-z]([-a-z0-9]{0,61}[a-z0-9])?$'))`,message="targets of a CNAME record must be exactly one name such as lb.example.com, in lower case and without a trailing dot"
// +kubebuilder:validation:XValidation:rule=`self.type != 'CNAME' || !(self.name in self.targets)`,message="a CNAME record must not point to itself"
// +kubebuilder:validation:XValidation:rule=`!has(self.cloudflareProxied) || !self.cloudflareProxied || self.targets.all(t, !isIP(t) || (ip(t).isGlobalUnicast() && !['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'].exists(c, cidr(c).containsIP(ip(t)))))`,message="targets of a proxied record must be public addresses, since Cloudflare cannot reach private ones; unset cloudflareProxied"
type DNSRecord struct {
	// name is the fully qualified name, without a trailing dot.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^(\*\.)?([a-z0-9_]([-a-z0-9_]{0,61}[a-z0-9_])?\.)+[a-z]([-a-z0-9]{0,61}[a-z0-9])?$')`,message="name of a record must be a full name such as dev.hoge.example.com, in lower case and without a trailing dot"
	// +required
	Name string `json:"name"`
	// type is A, AAAA or CNAME.
	// +kubebuilder:validation:Enum=A;AAAA;CNAME
	// +required
	Type RecordType `json:"type"`
	// targets are addresses, or the name that a CNAME points to.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=20
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	// +listType=set
	// +required
	Targets []string `json:"targets"`
	// ttl is the time to live in seconds; the provider's default when unset.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=604800
	// +optional
	TTL *int64 `json:"ttl,omitempty"`
	// cloudflareProxied turns Cloudflare's proxy on or off for the record. Unset
	// leaves it to external-dns.
	// +optional
	CloudflareProxied *bool `json:"cloudflareProxied,omitempty"`
}
