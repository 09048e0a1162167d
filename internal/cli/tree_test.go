package cli

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/golden"
)

// situations is what internal/status knows an environment to be in.
const situations = "../status/testdata/situations.yaml"

// TestSituationsAreToldAsTheirGoldenFilesSay: every situation that the operator knows, as status draws it and explain
// explains it.
func TestSituationsAreToldAsTheirGoldenFilesSay(t *testing.T) {
	var trees, coloured, explained bytes.Buffer
	var fleet []v1alpha1.AppEnvironment
	for _, situation := range readSituations(t) {
		env := situation.Object
		head := "== " + situation.Situation + "\n"
		trees.WriteString(head)
		piped.draw(&trees, tree(&env))
		coloured.WriteString(head)
		terminal.draw(&coloured, tree(&env))
		explained.WriteString(head)
		explained.Write(explanation(&env))
		env.Name += "-" + strings.ReplaceAll(situation.Situation, " ", "-")
		fleet = append(fleet, env)
	}
	golden.Check(t, "testdata/output/situations-status.txt", trees.Bytes())
	golden.Check(t, "testdata/output/situations-status-terminal.txt", coloured.Bytes())
	golden.Check(t, "testdata/output/situations-explain.txt", explained.Bytes())
	now := time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC)
	golden.Check(t, "testdata/output/situations-fleet.txt", fleetTable(fleet, piped, now, false))
	golden.Check(t, "testdata/output/situations-fleet-terminal.txt", fleetTable(fleet, terminal, now, false))
	golden.Check(t, "testdata/output/situations-fleet-terminal-wide.txt", fleetTable(fleet[:3], terminal, now, true))
}

// A line break that somebody else has put into a status is no row.
func TestATableWithALineBreakInATextHasNoColours(t *testing.T) {
	env := blocked(v1alpha1.ReasonRejected, "a\nb")
	if got := string(fleetTable([]v1alpha1.AppEnvironment{*env}, terminal, time.Now(), false)); strings.Contains(got, "\x1b") || !strings.Contains(got, "1 environment: 1 failing") {
		t.Errorf("got\n%s", got)
	}
}

type situation struct {
	Situation string                  `json:"situation"`
	KStatus   string                  `json:"kstatus"`
	Object    v1alpha1.AppEnvironment `json:"object"`
}

func readSituations(t *testing.T) []situation {
	t.Helper()
	file, err := os.Open(situations)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var all []situation
	for decoder := yaml.NewYAMLOrJSONDecoder(file, 4096); ; {
		var each situation
		if err := decoder.Decode(&each); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		if each.Situation != "" {
			all = append(all, each)
		}
	}
}

// A mark is as bad as what kstatus says, for whoever looks at the one or the other.
func TestMarksAgreeWithKstatus(t *testing.T) {
	for _, each := range readSituations(t) {
		got := tree(&each.Object).mark
		want := map[string][]mark{"Current": {good, plain}, "InProgress": {waiting, failing, plain}, "Failed": {stuck}, "Terminating": {waiting, failing, stuck, plain}}[each.KStatus]
		found := false
		for _, m := range want {
			found = found || m == got
		}
		if !found {
			t.Errorf("%s: kstatus says %s, the tree's mark is %d", each.Situation, each.KStatus, got)
		}
	}
}
