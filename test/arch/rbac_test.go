package arch

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/config"
)

const argoCD = "argoproj.io"

// role is a ClusterRole or Role; the latter has a namespace.
type role struct {
	Kind     string `json:"kind"`
	Metadata struct {
		Name      string `json:"name"`
		Namespace string `json:"namespace"`
	} `json:"metadata"`
	AggregationRule *rbacv1.AggregationRule `json:"aggregationRule"`
	Rules           []rbacv1.PolicyRule     `json:"rules"`
}

// roles are the roles of a file in config/rbac.
func roles(t *testing.T, file string) []role {
	t.Helper()
	in, err := os.Open(filepath.Join(root, "config/rbac", file))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var found []role
	for decoder := yaml.NewYAMLOrJSONDecoder(in, 4096); ; {
		var r role
		if err := decoder.Decode(&r); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if len(r.Rules) > 0 {
			found = append(found, r)
		}
	}
	if len(found) == 0 {
		t.Fatalf("no role in %s", file)
	}
	return found
}

// excesses are what no role of the operator may hold.
func excesses(r role) []string {
	var found []string
	if r.AggregationRule != nil {
		found = append(found, "is aggregated from others")
	}
	for _, rule := range r.Rules {
		for _, words := range [][]string{rule.APIGroups, rule.Resources, rule.Verbs, rule.ResourceNames, rule.NonResourceURLs} {
			if slices.Contains(words, "*") || slices.Contains(words, "*/*") {
				found = append(found, "has a wildcard")
			}
		}
		if slices.Contains(rule.Resources, "secrets") {
			found = append(found, "reaches Secrets")
		}
		if slices.ContainsFunc(rule.Verbs, func(verb string) bool {
			return verb == "escalate" || verb == "impersonate" || verb == "deletecollection"
		}) {
			found = append(found, "may escalate, impersonate or delete whole collections")
		}
		if slices.Contains(rule.Verbs, "bind") && !onlyTeamRoles(rule) {
			found = append(found, "may bind more than the ClusterRoles view, edit and admin")
		}
		if slices.Contains(rule.APIGroups, argoCD) && r.Metadata.Namespace == "" {
			found = append(found, "reaches Argo CD outside its namespace")
		}
	}
	return found
}

func onlyTeamRoles(rule rbacv1.PolicyRule) bool {
	names := slices.Clone(rule.ResourceNames)
	slices.Sort(names)
	return slices.Equal(names, []string{"admin", "edit", "view"}) && slices.Equal(rule.Resources, []string{"clusterroles"}) &&
		slices.Equal(rule.Verbs, []string{"bind"})
}

func TestOperatorMayDoNoMoreThanItMust(t *testing.T) {
	for _, r := range roles(t, "role.yaml") {
		for _, what := range excesses(r) {
			t.Errorf("%s %s %s", r.Kind, r.Metadata.Name, what)
		}
	}
}

func TestExcessesAreSeen(t *testing.T) {
	for name, rule := range map[string]rbacv1.PolicyRule{
		"a wildcard verb":             {APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"*"}},
		"a wildcard group":            {APIGroups: []string{"*"}, Resources: []string{"pods"}, Verbs: []string{"get"}},
		"secrets":                     {APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"get"}},
		"escalation":                  {APIGroups: []string{"rbac.authorization.k8s.io"}, Resources: []string{"roles"}, Verbs: []string{"escalate"}},
		"binding every role":          {APIGroups: []string{"rbac.authorization.k8s.io"}, Resources: []string{"clusterroles"}, Verbs: []string{"bind"}},
		"binding cluster-admin":       {Resources: []string{"clusterroles"}, ResourceNames: []string{"admin", "cluster-admin", "edit", "view"}, Verbs: []string{"bind"}},
		"Argo CD in every namespace":  {APIGroups: []string{argoCD}, Resources: []string{"applications"}, Verbs: []string{"get"}},
		"deletion of all in one call": {APIGroups: []string{""}, Resources: []string{"namespaces"}, Verbs: []string{"deletecollection"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := excesses(role{Rules: []rbacv1.PolicyRule{rule}}); len(got) != 1 {
				t.Errorf("found %v, want one excess", got)
			}
		})
	}
}

// needs are what the operator may do, and nothing else: its components' kinds, and a
// few things that are none of theirs. Each line is namespace, group, resource and verb.
func needs() []string {
	var all []string
	add := func(namespace, group, resource string, verbs ...string) {
		for _, verb := range verbs {
			all = append(all, strings.Join([]string{namespace, group, resource, verb}, " "))
		}
	}
	add("", "platform.appenv.dev", "appenvironments", "get", "list", "watch", "patch")
	add("", "platform.appenv.dev", "appenvironments/status", "patch")
	add("", "apiextensions.k8s.io", "customresourcedefinitions", "list", "watch")
	add("", "admissionregistration.k8s.io", "validatingadmissionpolicies", "get")
	add("", "admissionregistration.k8s.io", "validatingadmissionpolicybindings", "get")
	add("", "authentication.k8s.io", "tokenreviews", "create")
	add("", "authorization.k8s.io", "subjectaccessreviews", "create")
	add("", "events.k8s.io", "events", "create", "patch")
	add("", "", "events", "list")
	add("", "rbac.authorization.k8s.io", "clusterroles", "bind")
	add("appenv-system", "coordination.k8s.io", "leases", "get", "create", "update")
	add("appenv-system", "", "events", "create", "patch")
	for _, c := range component.All {
		for _, kind := range c.Kinds {
			add(namespaceOf(kind), kind.Group, kind.Resource, "get", "list", "watch", "create", "patch", "delete")
		}
		for _, kind := range c.Observes {
			add(namespaceOf(kind), kind.Group, kind.Resource, "get", "list", "watch", "patch", "delete")
		}
	}
	slices.Sort(all)
	return all
}

func namespaceOf(kind component.Kind) string {
	if kind.Group == argoCD {
		return config.Default().ArgoCDNamespace
	}
	return ""
}

func TestOperatorMayDoWhatItNeedsAndNothingElse(t *testing.T) {
	var granted []string
	for _, r := range roles(t, "role.yaml") {
		for _, rule := range r.Rules {
			for _, group := range rule.APIGroups {
				for _, resource := range rule.Resources {
					for _, verb := range rule.Verbs {
						granted = append(granted, strings.Join([]string{r.Metadata.Namespace, group, resource, verb}, " "))
					}
				}
			}
		}
	}
	slices.Sort(granted)
	if diff := cmp.Diff(needs(), granted); diff != "" {
		t.Errorf("(-needed +granted by config/rbac/role.yaml, from internal/controller/rbac.go):\n%s", diff)
	}
}

func TestRolesForPeopleAreTheirOwn(t *testing.T) {
	for _, file := range []string{"appenvironment_viewer_role.yaml", "appenvironment_editor_role.yaml", "appenvironment_admin_role.yaml"} {
		text, err := os.ReadFile(filepath.Join(root, "config/rbac", file))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range roles(t, file) {
			for _, rule := range r.Rules {
				if !slices.Equal(rule.APIGroups, []string{"platform.appenv.dev"}) {
					t.Errorf("%s reaches %v", file, rule.APIGroups)
				}
				if slices.Contains(rule.Resources, "appenvironments/status") && !slices.Equal(rule.Verbs, []string{"get"}) && file != "appenvironment_viewer_role.yaml" {
					t.Errorf("%s lets people %v the status", file, rule.Verbs)
				}
			}
		}
		if bytes.Contains(text, []byte("aggregate-to-")) {
			t.Errorf("%s is aggregated into a default role", file)
		}
	}
}
