package upkeep

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// options are those of Renovate's own list of options that are used here: at the top, and in packageRules.
var (
	options = []string{
		"$schema", "commitMessageAction", "commitMessagePrefix", "commitMessageTopic", "description", "enabledManagers", "extends",
		"ignorePaths", "minimumReleaseAge", "packageRules", "postUpdateOptions", "prConcurrentLimit", "prHourlyLimit", "schedule",
		"semanticCommits", "timezone",
	}
	ruleOptions = []string{
		"commitMessagePrefix", "dependencyDashboardApproval", "description", "enabled", "groupName", "matchFileNames", "matchManagers",
		"matchPackageNames", "matchUpdateTypes",
	}
)

// A rule is a part of packageRules.
type rule struct {
	MatchFileNames    []string `json:"matchFileNames"`
	MatchPackageNames []string `json:"matchPackageNames"`
	MatchUpdateTypes  []string `json:"matchUpdateTypes"`
	GroupName         string   `json:"groupName"`
	Approval          bool     `json:"dependencyDashboardApproval"`
	Enabled           *bool    `json:"enabled"`
}

func renovate(t *testing.T) (text []byte, rules []rule) {
	t.Helper()
	text = []byte(read(t, filepath.Join(root, ".github/renovate.json")))
	var config struct {
		PackageRules []rule `json:"packageRules"`
	}
	if err := json.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	return text, config.PackageRules
}

func TestRenovateIsGivenOptionsThatItHas(t *testing.T) {
	text, _ := renovate(t)
	var top map[string]json.RawMessage
	if err := json.Unmarshal(text, &top); err != nil {
		t.Fatal(err)
	}
	var rules []map[string]json.RawMessage
	if err := json.Unmarshal(top["packageRules"], &rules); err != nil {
		t.Fatal(err)
	}
	for name := range top {
		if !slices.Contains(options, name) {
			t.Errorf("%s is not among the options", name)
		}
	}
	for _, rule := range rules {
		for name := range rule {
			if !slices.Contains(ruleOptions, name) {
				t.Errorf("%s is not among the options of a rule", name)
			}
		}
		if len(rule["description"]) == 0 {
			t.Errorf("a rule has no description: %s", rule)
		}
	}
}

// covers says whether one of the patterns, in which ** ends a folder, covers the name; none covers all.
func covers(patterns []string, name string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(pattern string) bool {
		folder, whole := strings.CutSuffix(pattern, "**")
		return pattern == name || whole && strings.HasPrefix(name, folder)
	})
}

// fate is what the rules make of a minor update of a module in a go.mod: of several that match, the last counts.
func fate(rules []rule, file, module string) (group string, approval, enabled bool) {
	enabled = true
	for _, r := range rules {
		if !covers(r.MatchFileNames, file) || !covers(r.MatchPackageNames, module) || len(r.MatchUpdateTypes) > 0 {
			continue
		}
		if len(r.MatchFileNames)+len(r.MatchPackageNames) == 0 {
			continue // of another manager
		}
		if r.GroupName != "" {
			group = r.GroupName
		}
		approval = approval || r.Approval
		if r.Enabled != nil {
			enabled = *r.Enabled
		}
	}
	return group, approval, enabled
}

func TestModulesMoveTogetherAndTestedReleasesOnlyWhenAsked(t *testing.T) {
	_, rules := renovate(t)
	for _, test := range []struct {
		file, module string
		group        string
		approval     bool
		enabled      bool
	}{
		{"go.mod", "k8s.io/api", "Kubernetes", false, true},
		{"go.mod", "k8s.io/klog/v2", "Kubernetes", false, true},
		{"go.mod", "sigs.k8s.io/controller-runtime", "Kubernetes", false, true},
		{"go.mod", "sigs.k8s.io/structured-merge-diff/v6", "Kubernetes", false, true},
		{"hack/local/go.mod", "k8s.io/client-go", "Kubernetes", false, true},
		{"hack/tools/controller-gen/go.mod", "sigs.k8s.io/controller-tools", "Kubernetes", false, true},
		{"hack/tools/golangci-lint/go.mod", "github.com/golangci/golangci-lint/v2", "tools", false, true},
		{"go.mod", "go.uber.org/zap", "", false, true},
		{"hack/components/kubernetes/go.mod", "k8s.io/kubernetes", "tested releases", true, true},
		{"hack/components/argocd/go.mod", "github.com/argoproj/argo-cd/v3", "tested releases", true, true},
		{"test/contract/argocd-v2/go.mod", "k8s.io/api", "tested releases", true, true},
		{"go.mod", "github.com/external-secrets/external-secrets/apis", "tested releases", true, true},
		{"test/e2e/go.mod", "github.com/appenv/appenv-operator/hack/local", "", false, false},
	} {
		group, approval, enabled := fate(rules, test.file, test.module)
		if group != test.group || approval != test.approval || enabled != test.enabled {
			t.Errorf("%s in %s: group %q, approval %t, enabled %t", test.module, test.file, group, approval, enabled)
		}
	}
}

func TestTheFoldersOfTheRulesAreThere(t *testing.T) {
	_, rules := renovate(t)
	for _, r := range rules {
		for _, pattern := range r.MatchFileNames {
			folder := filepath.Join(root, strings.TrimSuffix(pattern, "**"))
			if entries, err := os.ReadDir(folder); err != nil || len(entries) == 0 {
				t.Errorf("%s covers nothing", pattern)
			}
		}
	}
}
