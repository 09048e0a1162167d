package arch

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

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

// allows reports whether one of the roles grants the verb on every object of the resource.
func allows(all []role, group, resource, verb string) bool {
	return slices.ContainsFunc(all, func(r role) bool {
		return slices.ContainsFunc(r.Rules, func(rule rbacv1.PolicyRule) bool {
			return len(rule.ResourceNames) == 0 && slices.Contains(rule.APIGroups, group) &&
				slices.Contains(rule.Resources, resource) && slices.Contains(rule.Verbs, verb)
		})
	})
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

func TestOperatorMayDoWhatItsComponentsNeed(t *testing.T) {
	var cluster, inArgoCD []role
	for _, r := range roles(t, "role.yaml") {
		switch r.Metadata.Namespace {
		case "":
			cluster = append(cluster, r)
		case config.Default().ArgoCDNamespace:
			inArgoCD = append(inArgoCD, r)
		}
	}
	check := func(kind component.Kind, verbs ...string) {
		from := cluster
		if kind.Group == argoCD {
			from = inArgoCD
		}
		for _, verb := range verbs {
			if !allows(from, kind.Group, kind.Resource, verb) {
				t.Errorf("the operator may not %s %s.%s: add it to internal/controller/rbac.go and run make generate", verb, kind.Resource, kind.Group)
			}
		}
	}
	for _, c := range component.All {
		for _, kind := range c.Kinds {
			check(kind, "get", "list", "watch", "create", "patch", "delete")
		}
		for _, kind := range c.Observes {
			check(kind, "get", "list", "watch", "patch", "delete")
		}
	}
	if len(component.All) == 0 {
		t.Error("no component to check")
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
