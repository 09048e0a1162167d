package component

import (
	"slices"
	"strings"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// The kinds of claims: what only one environment may have.
const (
	ClaimNamespace      = "namespace"
	ClaimProject        = "project"
	ClaimApplicationSet = "applicationset"
	ClaimApplication    = "application"
	ClaimDNS            = "dns"
)

// A Claim is a name that only one environment may have, as in "namespace/hoge".
type Claim string

// NewClaim makes a claim of a kind on a name.
func NewClaim(kind, name string) Claim {
	return Claim(kind + "/" + name)
}

// Kind is the kind of the claim, one of the Claim constants.
func (c Claim) Kind() string {
	kind, _, _ := strings.Cut(string(c), "/")
	return kind
}

// Name is the name that is claimed.
func (c Claim) Name() string {
	_, name, _ := strings.Cut(string(c), "/")
	return name
}

// Claims are the names that the environment's spec claims. Sorted, without
// doubles. DNS names are in lower case, whatever the record's type.
func Claims(env *v1alpha1.AppEnvironment) []Claim {
	claims := []Claim{
		NewClaim(ClaimProject, ProjectName(env)),
		NewClaim(ClaimApplicationSet, ApplicationSetName(env)),
	}
	for _, namespace := range env.Spec.Namespaces {
		claims = append(claims, NewClaim(ClaimNamespace, namespace.Name))
	}
	for _, app := range env.Spec.Apps {
		claims = append(claims, NewClaim(ClaimApplication, ApplicationName(env, app.Name)))
	}
	if env.Spec.DNS != nil {
		for _, record := range env.Spec.DNS.Records {
			claims = append(claims, NewClaim(ClaimDNS, strings.ToLower(record.Name)))
		}
	}
	slices.Sort(claims)
	return slices.Compact(claims)
}
