package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
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
	golden.Check(t, "testdata/output/situations-fleet.txt", fleetTable(fleet, piped, time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC), false))
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

// explanations are what blockedOn says on real components; test/e2e holds the operator to them.
const explanations = "../../test/e2e/testdata/explanations"

func TestTheNextActionForWhatRealComponentsSay(t *testing.T) {
	google := v1alpha1.Store{GCPSecretManager: &v1alpha1.GCPSecretManager{ProjectID: "my-project", ServiceAccount: "reader"}}
	azure := v1alpha1.Store{AzureKeyVault: &v1alpha1.AzureKeyVault{VaultURL: "https://hoge.vault.azure.net/", ServiceAccount: "reader"}}
	files, err := filepath.Glob(explanations + "/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no explanations in %s: %v", explanations, err)
	}
	var out bytes.Buffer
	say := func(blockedOn string, store v1alpha1.Store) {
		env := &v1alpha1.AppEnvironment{}
		env.Name = "hoge-dev"
		env.Spec.Secrets = &v1alpha1.Secrets{Store: store}
		env.Status.BlockedOn = strings.TrimSpace(blockedOn)
		fmt.Fprintf(&out, "%s\n    %s\n", env.Status.BlockedOn, strings.Join(nextAction(env), "\n    "))
	}
	for _, file := range files {
		say(read(t, file), v1alpha1.Store{})
	}
	say(`ExternalSecret hoge/env: key "hoge-dev-app1" not found; create it in Secret Manager project my-project`, google)
	say(`ExternalSecret hoge/env: key "hoge-dev-app1" not found; create it in Key Vault`, azure)
	say(`AppEnvironment hoge-dev: kubectl patch appenv hoge-dev --type=merge -p '{"spec":{"mode":"Enforce"}}' lets its deletion go on, which waits because spec.mode is Paused`, google)
	say(`Application argocd/x: its sync is still running and comes before its deletion; to end it: argocd app terminate-op x`, google)
	golden.Check(t, "testdata/output/next-actions.txt", out.Bytes())
}
