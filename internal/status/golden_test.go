package status

import (
	"bytes"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

var update = flag.Bool("update", false, "write the golden file")

// A document of testdata/situations.yaml is an environment in a situation, as other tools see it. Argo CD's
// own code judges each by config/argocd/health.lua, in test/contract.
type document struct {
	Situation string   `json:"situation"`
	Kstatus   string   `json:"kstatus"`
	Object    judgable `json:"object"`
}

// judgable is what tools judge an environment by.
type judgable struct {
	metav1.TypeMeta `json:",inline"`
	Metadata        struct {
		Name       string       `json:"name"`
		Generation int64        `json:"generation"`
		Deletion   *metav1.Time `json:"deletionTimestamp,omitempty"`
	} `json:"metadata"`
	Status *v1alpha1.AppEnvironmentStatus `json:"status,omitempty"`
}

func documentOf(t *testing.T, situation string, env *v1alpha1.AppEnvironment, s v1alpha1.AppEnvironmentStatus) document {
	t.Helper()
	d := document{Situation: situation, Kstatus: string(kstatusOf(t, env, s))}
	d.Object.APIVersion, d.Object.Kind = v1alpha1.GroupVersion.String(), "AppEnvironment"
	d.Object.Metadata.Name, d.Object.Metadata.Generation, d.Object.Metadata.Deletion = env.Name, env.Generation, env.DeletionTimestamp
	d.Object.Status = &v1alpha1.AppEnvironmentStatus{
		ObservedGeneration: s.ObservedGeneration, Conditions: s.Conditions, BlockedOn: s.BlockedOn,
	}
	return d
}

func TestSituationsAreThoseOfTheGoldenFile(t *testing.T) {
	documents := map[string]document{}
	add := func(name string, env *v1alpha1.AppEnvironment, s v1alpha1.AppEnvironmentStatus) {
		if _, twice := documents[name]; twice {
			t.Fatalf("two situations are called %q", name)
		}
		documents[name] = documentOf(t, name, env, s)
	}
	for name, c := range situations {
		r := wellReport()
		c.change(&r)
		add(name, r.Env, Compute(r))
	}
	for name, c := range modes {
		r, s := c.after(t)
		add(name, r.Env, s)
	}
	r := wellReport()
	add("just created: the status is the CRD's default", r.Env, r.Env.Status)
	well := Compute(r)
	r.Env.Generation++
	add("ready, and changed since: the operator has not looked at the change yet", r.Env, well)

	var got bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(documents)) {
		text, err := yaml.Marshal(documents[name])
		if err != nil {
			t.Fatal(err)
		}
		got.WriteString("---\n" + string(text))
	}
	file := filepath.Join("testdata", "situations.yaml")
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("-golden +now; go test ./internal/status -update writes it:\n%s", diff)
	}
}
