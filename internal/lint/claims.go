package lint

import (
	"fmt"
	"strings"

	"github.com/appenv/appenv-operator/internal/component"
)

var duplicateEnvironmentRule = Rule{
	ID: "duplicate-environment", Severity: Error,
	Summary:     "Two AppEnvironments have one name.",
	Explanation: `AppEnvironments are cluster-scoped: the second one that is applied overwrites the first. Rename one of them.`,
	check: func(set *Set, report reporter) {
		first := map[string]*Environment{}
		for _, env := range set.Environments {
			if other, seen := first[env.GetName()]; seen && env.GetName() != "" {
				report(env, "metadata.name", "AppEnvironment %s stands at %s, too", env.GetName(), other.Source)
			} else {
				first[env.GetName()] = env
			}
		}
	},
}

var claimedTwiceRule = Rule{
	ID: "claimed-twice", Severity: Error,
	Summary: "Two environments claim one namespace, project, ApplicationSet, Application or DNS name.",
	Explanation: `In one cluster only one environment gets it, the older one; the other reports NameTaken and goes without. Give one of
them another name (spec.argocd.applicationName for Applications). Environments of different clusters may share all of these
but DNS names: lint one cluster's folder at a time.`,
	check: checkClaims,
}

// claimWords are the kinds of claims as sentences have them.
var claimWords = map[string]string{
	component.ClaimNamespace:      "namespace",
	component.ClaimProject:        "AppProject",
	component.ClaimApplicationSet: "ApplicationSet",
	component.ClaimApplication:    "Application",
	component.ClaimDNS:            "DNS name",
}

func checkClaims(set *Set, report reporter) {
	holders := map[component.Claim]*Environment{}
	for _, env := range set.Valid() {
		for _, claim := range component.Claims(env.Env) {
			holder, held := holders[claim]
			if !held {
				holders[claim] = env
				continue
			}
			if holder.GetName() == env.GetName() {
				continue // duplicate-environment says it
			}
			path := claimPath(env, claim)
			report(env, path, "%s %s is claimed by AppEnvironment %s, too (%s)",
				claimWords[claim.Kind()], claim.Name(), holder.GetName(), holder.At(claimPath(holder, claim)))
		}
	}
}

// claimPath is the field that makes the claim.
func claimPath(env *Environment, claim component.Claim) string {
	spec := env.Env.Spec
	switch claim.Kind() {
	case component.ClaimNamespace:
		for i, namespace := range spec.Namespaces {
			if namespace.Name == claim.Name() {
				return index("spec.namespaces", i) + ".name"
			}
		}
	case component.ClaimProject:
		if spec.ArgoCD != nil && spec.ArgoCD.Project != nil {
			return "spec.argocd.project"
		}
	case component.ClaimApplicationSet:
		if spec.ArgoCD != nil && spec.ArgoCD.ApplicationSet != nil {
			return "spec.argocd.applicationSet"
		}
	case component.ClaimApplication:
		for i, app := range spec.Apps {
			if component.ApplicationName(env.Env, app.Name) == claim.Name() {
				return index("spec.apps", i) + ".name"
			}
		}
	case component.ClaimDNS:
		for i, record := range spec.DNS.Records {
			if strings.EqualFold(record.Name, claim.Name()) {
				return index("spec.dns.records", i) + ".name"
			}
		}
	}
	return "metadata.name"
}

// index is the path of an entry of a list.
func index(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i) }
