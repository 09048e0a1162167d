package golden

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

const (
	// situations holds what environments say of themselves, written by internal/status.
	situations = "../../../internal/status/testdata/situations.yaml"
	// argoCDFolder holds what is installed for Argo CD.
	argoCDFolder = "../../../config/argocd"
	// verdicts is what Argo CD must make of each situation.
	verdicts = "../golden/health.yaml"
	// healthPrefix begins the keys of Argo CD's ConfigMap that hold scripts.
	healthPrefix = "resource.customizations.health."
)

// HealthScripts are the Lua scripts that config/argocd puts into Argo CD's ConfigMap, by the group and kind
// that Argo CD reads from the key: "platform.appenv.dev/AppEnvironment".
func HealthScripts(t testing.TB) map[string]string {
	t.Helper()
	var kustomization struct {
		ConfigMapGenerator []struct {
			Name  string   `json:"name"`
			Files []string `json:"files"`
		} `json:"configMapGenerator"`
	}
	data, err := os.ReadFile(filepath.Join(argoCDFolder, "kustomization.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, &kustomization); err != nil {
		t.Fatal(err)
	}
	scripts := map[string]string{}
	for _, generator := range kustomization.ConfigMapGenerator {
		for _, file := range generator.Files {
			key, name, _ := strings.Cut(file, "=")
			script, err := os.ReadFile(filepath.Join(argoCDFolder, name))
			if err != nil {
				t.Fatal(err)
			}
			if kind, isHealth := strings.CutPrefix(key, healthPrefix); generator.Name == "argocd-cm" && isHealth {
				group, kind, _ := strings.Cut(kind, "_")
				scripts[group+"/"+kind] = string(script)
			}
		}
	}
	if len(scripts) == 0 {
		t.Fatal("config/argocd puts no health script into argocd-cm")
	}
	return scripts
}

// Healths holds what Argo CD makes of every situation to what it must make of it. judge is Argo CD's own
// code, which returns a status and a message.
func Healths(t *testing.T, judge func(object map[string]any) (status, message string, err error)) {
	t.Helper()
	objects, err := read(situations)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	data, err := os.ReadFile(verdicts)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(data, &want); err != nil {
		t.Fatal(err)
	}
	got, seen := map[string]string{}, map[string]bool{}
	for _, text := range objects {
		var document struct {
			Situation string         `json:"situation"`
			Kstatus   string         `json:"kstatus"`
			Object    map[string]any `json:"object"`
		}
		if err := json.Unmarshal(text, &document); err != nil {
			t.Fatal(err)
		}
		status, message, err := judge(document.Object)
		if err != nil {
			t.Fatalf("%s: %v", document.Situation, err)
		}
		got[document.Situation] = status + ": " + message
		seen[status] = true
		if !slices.Contains(agreeing[document.Kstatus], status) {
			t.Errorf("%s: %s, and kstatus says %s", document.Situation, status, document.Kstatus)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what Argo CD makes of the situations (-%s +Argo CD):\n%s", verdicts, diff)
	}
	if kinds := slices.Sorted(maps.Keys(seen)); !slices.Equal(kinds, []string{"Degraded", "Healthy", "Progressing", "Suspended"}) {
		t.Errorf("the situations show %v, want all four", kinds)
	}
}

// agreeing are the words of Argo CD that do not contradict a word of kstatus, which knows neither Degraded
// nor Suspended.
var agreeing = map[string][]string{
	"Current":     {"Healthy", "Suspended"},
	"InProgress":  {"Progressing", "Degraded", "Suspended"},
	"Failed":      {"Degraded"},
	"Terminating": {"Progressing"},
}
