// Package observability holds the alerts and the dashboard of config/prometheus to what the operator
// exposes (testdata/metrics.txt), to the sections of README.md, and, with promtool, to when alerts fire.
package observability

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// The files that are held to something, from this folder.
const (
	rulesFile   = "../../config/prometheus/rules.yaml"
	monitorFile = "../../config/prometheus/monitor.yaml"
	serviceFile = "../../config/manager/metrics_service.yaml"
	readmeFile  = "../../README.md"
)

// namePrefix is what config/default puts before the names of its objects.
const namePrefix = "appenv-"

// An alert is a rule of the PrometheusRule.
type alert struct {
	Alert       string            `json:"alert"`
	Expr        string            `json:"expr"`
	For         string            `json:"for"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

// A group is alerts that are evaluated together.
type group struct {
	Name  string  `json:"name"`
	Rules []alert `json:"rules"`
}

// groups are the content of the PrometheusRule, as a rule file of Prometheus has it.
type groups struct {
	Groups []group `json:"groups"`
}

func ruleGroups(t *testing.T) groups {
	t.Helper()
	var object struct {
		APIVersion string         `json:"apiVersion"`
		Kind       string         `json:"kind"`
		Metadata   map[string]any `json:"metadata"`
		Spec       groups         `json:"spec"`
	}
	read(t, rulesFile, &object)
	if object.Kind != "PrometheusRule" || len(object.Spec.Groups) == 0 {
		t.Fatalf("%s holds a %s with %d groups", rulesFile, object.Kind, len(object.Spec.Groups))
	}
	return object.Spec
}

func alerts(t *testing.T) []alert {
	t.Helper()
	var all []alert
	for _, group := range ruleGroups(t).Groups {
		all = append(all, group.Rules...)
	}
	return all
}

// read decodes a file; a field that the value does not know is an error.
func read(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(text, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func TestAlertsSayWhatIsWrongAndWhatToLookAt(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range alerts(t) {
		t.Run(a.Alert, func(t *testing.T) {
			if !strings.HasPrefix(a.Alert, "AppEnv") || seen[a.Alert] {
				t.Error("its name must begin with AppEnv and stand once")
			}
			seen[a.Alert] = true
			if a.For == "" {
				t.Error("it has no `for`")
			}
			if severity := a.Labels["severity"]; severity != "warning" && severity != "critical" {
				t.Errorf("severity is %q", severity)
			}
			for _, name := range []string{"summary", "description", "runbook_url"} {
				if a.Annotations[name] == "" {
					t.Errorf("it has no %s", name)
				}
			}
			if !strings.Contains(a.Annotations["description"], "kubectl ") {
				t.Error("its description has no command to go on with")
			}
		})
	}
}

func TestAlertsAskForWhatTheOperatorExposes(t *testing.T) {
	known := exposed(t)
	for _, a := range alerts(t) {
		t.Run(a.Alert, func(t *testing.T) {
			set, problems := known.ask(a.Expr)
			for _, problem := range problems {
				t.Error(problem)
			}
			for name, text := range a.Annotations {
				for _, label := range labelsIn(text) {
					if !set.has(label) {
						t.Errorf("%s: the alert has no label %q, only %s", name, label, set)
					}
				}
			}
			if set["name"] && !strings.Contains(a.Annotations["summary"], "$labels.name") {
				t.Error("its summary does not name the environment")
			}
		})
	}
}

// labelUse is a label in the text of an alert, or in a legend of Grafana.
var labelUse = regexp.MustCompile(`\$labels\.(\w+)|\{\{ ?(\w+) ?\}\}`)

func labelsIn(text string) []string {
	var found []string
	for _, match := range labelUse.FindAllStringSubmatch(text, -1) {
		found = append(found, match[1]+match[2])
	}
	return found
}

func TestRunbooksAreSectionsOfTheReadme(t *testing.T) {
	text, err := os.ReadFile(readmeFile)
	if err != nil {
		t.Fatal(err)
	}
	anchors := anchorsOf(string(text))
	for _, a := range alerts(t) {
		anchor, found := strings.CutPrefix(a.Annotations["runbook_url"], "https://github.com/appenv/appenv-operator#")
		if !found || !slices.Contains(anchors, anchor) {
			t.Errorf("%s: README.md has no section for %q", a.Alert, a.Annotations["runbook_url"])
		}
	}
}

var heading = regexp.MustCompile(`^#+ (.*)$`)

// anchorsOf are the anchors that GitHub gives to the headings of a text.
func anchorsOf(text string) []string {
	var anchors []string
	code := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			code = !code
		}
		match := heading.FindStringSubmatch(line)
		if code || match == nil {
			continue
		}
		anchors = append(anchors, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
				return unicode.ToLower(r)
			}
			return -1
		}, match[1]))
	}
	return anchors
}

// A behaviour is a file of promtool's unit tests.
type behaviour struct {
	Tests []struct {
		Name   string `json:"name"`
		Alerts []struct {
			Name   string `json:"alertname"`
			Expect []struct {
				Annotations map[string]string `json:"exp_annotations"`
			} `json:"exp_alerts"`
		} `json:"alert_rule_test"`
	} `json:"tests"`
}

func TestEveryAlertIsSeenToFireAndNotToFire(t *testing.T) {
	fires, silent := map[string]bool{}, map[string]bool{}
	for _, path := range behaviourFiles(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var file behaviour
		if err := yaml.Unmarshal(text, &file); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for _, test := range file.Tests {
			if test.Name == "" || len(test.Alerts) == 0 {
				t.Errorf("%s: test %q has no name, or expects nothing", path, test.Name)
			}
			for _, expected := range test.Alerts {
				fires[expected.Name] = fires[expected.Name] || len(expected.Expect) > 0
				silent[expected.Name] = silent[expected.Name] || len(expected.Expect) == 0
			}
		}
	}
	want := map[string]bool{}
	for _, a := range alerts(t) {
		want[a.Alert] = true
	}
	if diff := cmp.Diff(want, fires); diff != "" {
		t.Errorf("alerts that a test expects to fire (-there are +expected):\n%s", diff)
	}
	if diff := cmp.Diff(want, silent); diff != "" {
		t.Errorf("alerts that a test expects not to fire (-there are +expected):\n%s", diff)
	}
}

func behaviourFiles(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("found no files of unit tests, %v", err)
	}
	return paths
}
