package lint

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	crdbundle "github.com/appenv/appenv-operator/config/crd"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/crd"
	"github.com/appenv/appenv-operator/internal/manifest"
	"github.com/appenv/appenv-operator/internal/overlay"
	"github.com/appenv/appenv-operator/test/golden"
)

// TestEveryRuleFindsWhatItsGoldenFileSays: testdata/<rule> holds environments that are wrong and such that are right, and
// findings.txt what all rules together have to say.
func TestEveryRuleFindsWhatItsGoldenFileSays(t *testing.T) {
	kind := environments(t)
	for _, rule := range Rules {
		t.Run(rule.ID, func(t *testing.T) {
			t.Chdir(filepath.Join("testdata", rule.ID))
			findings := check(t, kind)
			found := 0
			var got strings.Builder
			for _, f := range findings {
				if f.Rule == rule.ID {
					found++
					if f.Severity != rule.Severity {
						t.Errorf("the severity is %s", f.Severity)
					}
				}
				fmt.Fprintf(&got, "%s %s %s: %s\n", f.Position, f.Severity, f.Rule, strings.Join(strings.Fields(f.Message), " "))
				if f.Suppressed != "" {
					fmt.Fprintf(&got, "    suppressed: %s\n", f.Suppressed)
				}
			}
			if found == 0 {
				t.Error("the rule finds nothing in its own case")
			}
			golden.Check(t, "findings.txt", []byte(got.String()))
		})
	}
}

// check looks at the case in the current folder.
func check(t *testing.T, kind *crd.Kind) []Finding {
	t.Helper()
	objects, failure := manifest.Reader{}.Read("environments.yaml")
	old := map[string]map[string]any{}
	if _, err := os.Stat("old.yaml"); err == nil {
		stored, err := manifest.Reader{}.Read("old.yaml")
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range stored {
			kind.Stored(object.Object)
			old[object.GetName()] = object.Object
		}
	}
	settings := component.Settings{ArgoCDNamespace: "argocd", CloudflareProxiedProperty: "p"}
	if data, err := os.ReadFile("settings.yaml"); err == nil {
		if err := yaml.UnmarshalStrict(data, &settings); err != nil {
			t.Fatal(err)
		}
	}
	set := NewSet(t.Context(), kind, objects, old, settings)
	unreadable, err := manifest.Failures(failure)
	if err != nil {
		t.Fatal(err)
	}
	set.Unreadable = append(set.Unreadable, unreadable...)
	if _, err := os.Stat("repo"); err == nil {
		set.Overlays = map[*Environment]map[string]*overlay.Overlay{}
		for _, env := range set.Valid() {
			set.Overlays[env] = map[string]*overlay.Overlay{}
			for _, app := range env.Env.Spec.Apps {
				if url, path := component.SourceOf(env.Env, app); url == env.Env.Spec.Source.RepoURL {
					set.Overlays[env][app.Name] = overlay.Read("repo", path)
				}
			}
		}
	}
	return set.Check()
}

func environments(t testing.TB) *crd.Kind {
	t.Helper()
	kinds, err := crd.Load(crdbundle.AppEnvironments)
	if err != nil {
		t.Fatal(err)
	}
	return kinds[v1alpha1.GroupVersion.WithKind("AppEnvironment")]
}

func TestEveryCaseBelongsToARule(t *testing.T) {
	entries, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if _, known := Find(entry.Name()); !known {
			t.Errorf("testdata/%s is of no rule", entry.Name())
		}
	}
}

func TestRulesExplainThemselves(t *testing.T) {
	seen := map[string]bool{}
	for _, rule := range Rules {
		switch {
		case !regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`).MatchString(rule.ID):
			t.Errorf("%s: an ID is words of lower-case letters, with dashes between: it stands in annotations", rule.ID)
		case seen[rule.ID]:
			t.Errorf("%s stands twice", rule.ID)
		case !strings.HasSuffix(rule.Summary, ".") || !strings.HasSuffix(rule.Explanation, "."):
			t.Errorf("%s: summary and explanation are sentences", rule.ID)
		case len(rule.Explanation) < len(rule.Summary):
			t.Errorf("%s: the explanation says less than the summary", rule.ID)
		}
		seen[rule.ID] = true
	}
}
