package observability

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"sigs.k8s.io/yaml"
)

// TestAlertsFireWhenTheyShould: Prometheus' own tool reads the rules and plays the series of testdata.
func TestAlertsFireWhenTheyShould(t *testing.T) {
	tool := promtool(t)
	folder := t.TempDir()
	text, err := yaml.Marshal(ruleGroups(t))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "rules.yaml"), text)
	test := []string{"test", "rules"}
	for _, path := range behaviourFiles(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(folder, filepath.Base(path)), text)
		test = append(test, filepath.Base(path))
	}
	for _, args := range [][]string{{"check", "rules", "--lint=all", "--lint-fatal", "rules.yaml"}, test} {
		t.Run(args[0]+" "+args[1], func(t *testing.T) {
			command := exec.CommandContext(t.Context(), tool, args...)
			command.Dir = folder
			output, err := command.CombinedOutput()
			t.Logf("promtool:\n%s", output)
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// promtool is the program that PROMTOOL names, or the one of go.mod, without the service discovery
// of every cloud.
func promtool(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("PROMTOOL"); path != "" {
		return path
	}
	path := filepath.Join(t.TempDir(), "promtool")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-tags", "remove_all_sd", "-o", path, "github.com/prometheus/prometheus/cmd/promtool")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as hack/observability.sh does, so that both share what is compiled
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building promtool: %v\n%s", err, output)
	}
	return path
}
