package component

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"
)

// The verbs that the operator needs for its own kinds, and for those it observes.
var (
	ownVerbs      = []string{"get", "list", "watch", "create", "patch", "delete"}
	observedVerbs = []string{"get", "list", "watch"}
)

func TestTheRoleCoversEveryKind(t *testing.T) {
	rules := generatedRules(t)
	for _, c := range All {
		for _, kind := range c.Kinds {
			expectVerbs(t, rules, kind, ownVerbs)
		}
		for _, kind := range c.Observes {
			expectVerbs(t, rules, kind, observedVerbs)
		}
	}
}

func expectVerbs(t *testing.T, rules []rbacv1.PolicyRule, kind Kind, verbs []string) {
	t.Helper()
	var granted []string
	for _, rule := range rules {
		if len(rule.ResourceNames) == 0 && slices.Contains(rule.APIGroups, kind.Group) && slices.Contains(rule.Resources, kind.Resource) {
			granted = append(granted, rule.Verbs...)
		}
	}
	for _, verb := range verbs {
		if !slices.Contains(granted, verb) {
			t.Errorf("config/rbac/role.yaml does not grant %s on %s of group %q", verb, kind.Resource, kind.Group)
		}
	}
}

func TestTheRoleHasNoWildcardAndNoSecrets(t *testing.T) {
	for _, rule := range generatedRules(t) {
		for _, words := range [][]string{rule.APIGroups, rule.Resources, rule.Verbs} {
			if slices.Contains(words, "*") || slices.Contains(words, "secrets") {
				t.Errorf("rule %v", rule)
			}
		}
	}
}

// generatedRules are the rules of every role in the generated file.
func generatedRules(t *testing.T) []rbacv1.PolicyRule {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "config", "rbac", "role.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var rules []rbacv1.PolicyRule
	for _, document := range bytes.Split(data, []byte("\n---\n")) {
		var role rbacv1.ClusterRole
		if err := yaml.Unmarshal(document, &role); err != nil {
			t.Fatal(err)
		}
		rules = append(rules, role.Rules...)
	}
	if len(rules) == 0 {
		t.Fatal("config/rbac/role.yaml has no rules")
	}
	return rules
}
