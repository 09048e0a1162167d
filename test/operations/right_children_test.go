package operations

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

// onSecrets are operations on secrets. The store holds everything that they ask for.
var onSecrets = []operation{
	{name: "a secret", do: func(env *environment) {
		stored(env, v1alpha1.FakeSecret{Key: env.Name + "-more", Value: `{"TOKEN":"x"}`})
		asked(env, fixture.SecretItem(env.Name, "more"))
	}},
	{name: "a secret of single keys", do: func(env *environment) {
		stored(env, v1alpha1.FakeSecret{Key: env.Name + "-db", Value: `{"url":"x"}`, Version: new("3")})
		asked(env, v1alpha1.SecretItem{Name: "db", SecretName: new("database"), Data: []v1alpha1.SecretKey{
			{Key: "DATABASE_URL", RemoteKey: env.Name + "-db", Property: new("url"), Version: new("3")},
		}})
	}},
	{name: "a secret of a version", do: func(env *environment) {
		stored(env, v1alpha1.FakeSecret{Key: env.Name + "-pinned", Value: `{"A":"x"}`, Version: new("latest")})
		asked(env, v1alpha1.SecretItem{Name: "pinned", Type: new("example.com/kind"), Extract: []v1alpha1.RemoteSecret{
			{Key: env.Name + "-pinned", Version: new("latest")},
		}})
	}},
	{name: "another name of a Secret", do: func(env *environment) { env.Spec.Secrets.Items[0].SecretName = new("renamed") }},
	{name: "a secret in a namespace of its own", do: func(env *environment) {
		vault := fixture.NamespaceOf(env.Name) + "-vault"
		env.Spec.Namespaces = append(env.Spec.Namespaces, v1alpha1.Namespace{Name: vault})
		item := fixture.SecretItem(env.Name, "env")
		item.Name, item.Namespace = "env-there", &vault
		asked(env, item)
	}},
	{name: "other intervals", do: func(env *environment) {
		env.Spec.Secrets.RefreshInterval = &metav1.Duration{Duration: 90 * time.Minute}
	}},
	{name: "no secrets", do: func(env *environment) { env.Spec.Secrets = nil }},
}

func stored(env *environment, secret v1alpha1.FakeSecret) {
	env.Spec.Secrets.Store.Fake.Data = append(env.Spec.Secrets.Store.Fake.Data, secret)
}

func asked(env *environment, item v1alpha1.SecretItem) {
	env.Spec.Secrets.Items = append(env.Spec.Secrets.Items, item)
}

// onNetwork are operations on certificates and records.
var onNetwork = []operation{
	{name: "a certificate of Google", do: func(env *environment) {
		certified(env, v1alpha1.Certificate{Name: "shop", Google: &v1alpha1.GoogleCertificate{Domains: []string{env.Name + ".shop.example.com"}}})
	}},
	{name: "a certificate of cert-manager", do: func(env *environment) {
		certified(env, v1alpha1.Certificate{Name: "api", CertManager: &v1alpha1.CertManagerCertificate{
			Domains:   []string{"*." + env.Name + ".example.com"},
			IssuerRef: v1alpha1.IssuerRef{Name: "corporate", Kind: "Issuer", Group: "issuers.example.com"}, SecretName: new("api-tls"),
		}})
	}},
	{name: "other domains of a certificate", do: func(env *environment) {
		certificate(env, "internal").CertManager.Domains = []string{env.Name + ".internal.example.com", env.Name + ".more.example.com"}
	}},
	{name: "another issuer", do: func(env *environment) { certificate(env, "internal").CertManager.IssuerRef.Name = "staging" }},
	{name: "a certificate less", do: func(env *environment) {
		env.Spec.Certificates = slices.DeleteFunc(env.Spec.Certificates, func(c v1alpha1.Certificate) bool { return c.Name == "internal" })
	}},
	{name: "a certificate in a namespace of its own", do: func(env *environment) {
		edge := fixture.NamespaceOf(env.Name) + "-edge"
		env.Spec.Namespaces = append(env.Spec.Namespaces, v1alpha1.Namespace{Name: edge})
		certified(env, v1alpha1.Certificate{Name: "edge", Namespace: &edge, Google: &v1alpha1.GoogleCertificate{Domains: []string{env.Name + ".edge.example.com"}}})
	}},
	{name: "an alias", do: func(env *environment) {
		env.Spec.DNS.Records = append(env.Spec.DNS.Records, v1alpha1.DNSRecord{
			Name: env.Name + ".alias.example.com", Type: v1alpha1.RecordTypeCNAME, Targets: []string{"lb.example.com"},
		})
	}},
	{name: "a proxied record", do: func(env *environment) {
		env.Spec.DNS.Records = append(env.Spec.DNS.Records, v1alpha1.DNSRecord{
			Name: env.Name + ".cdn.example.com", Type: v1alpha1.RecordTypeAAAA, Targets: []string{"2606:4700::1111"}, CloudflareProxied: new(true),
		})
	}},
	{name: "other targets", do: func(env *environment) { env.Spec.DNS.Records[0].Targets = []string{"203.0.113.11", "203.0.113.12"} }},
	{name: "another TTL", do: func(env *environment) { env.Spec.DNS.Records[0].TTL = new(int64(60)) }},
	{name: "no records", do: func(env *environment) { env.Spec.DNS = nil }},
}

func certified(env *environment, certificate v1alpha1.Certificate) {
	env.Spec.Certificates = append(env.Spec.Certificates, certificate)
}

// certificate is one that the bases have.
func certificate(env *environment, name string) *v1alpha1.Certificate {
	for i := range env.Spec.Certificates {
		if env.Spec.Certificates[i].Name == name {
			return &env.Spec.Certificates[i]
		}
	}
	return &v1alpha1.Certificate{CertManager: &v1alpha1.CertManagerCertificate{}}
}
