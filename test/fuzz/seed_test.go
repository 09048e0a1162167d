package fuzz

import (
	"encoding/json"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

const (
	goldenFolder = "../../internal/component/testdata"
	sampleFolder = "../../config/samples"
)

// seeds are the AppEnvironments of the samples and of the golden inputs, as far as the CRD takes them.
func seeds(t testing.TB, crd kind) []map[string]any {
	t.Helper()
	example := readJSON(t, filepath.Join(goldenFolder, "example.yaml"))
	var all []map[string]any
	add := func(document []byte) {
		env := map[string]any{}
		if err := utiljson.Unmarshal(document, &env); err != nil {
			t.Fatal(err)
		}
		if env["kind"] == "AppEnvironment" && crd.accept(env) == nil {
			all = append(all, env)
		}
	}
	err := filepath.WalkDir(goldenFolder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != "input.yaml" {
			return err
		}
		var input struct {
			Env json.RawMessage `json:"env"`
		}
		if err := json.Unmarshal(readJSON(t, path), &input); err != nil {
			return err
		}
		env, err := jsonpatch.MergePatch(example, input.Env)
		if err == nil {
			add(env)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	samples, err := filepath.Glob(filepath.Join(sampleFolder, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, sample := range samples {
		add(readJSON(t, sample))
	}
	if len(all) < 20 {
		t.Fatalf("found only %d AppEnvironments", len(all))
	}
	return all
}

func readJSON(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data, err = yaml.YAMLToJSON(data)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return data
}

// tapes are choices to begin with: every seed as it is, and each with changes.
func tapes(seeds int) [][]byte {
	random := rand.NewChaCha8([32]byte{})
	var all [][]byte
	for i := range seeds {
		all = append(all, []byte{byte(i)})
		for changes := 1; changes <= 3; changes++ {
			choices := make([]byte, 1+changes*8)
			_, _ = random.Read(choices) // it never fails
			choices[0] = byte(i)
			all = append(all, choices)
		}
	}
	return all
}

// TestEnoughOfWhatIsGeneratedIsAccepted keeps the fuzz targets from checking nothing.
func TestEnoughOfWhatIsGeneratedIsAccepted(t *testing.T) {
	crd := environments(t)
	known := seeds(t, crd)
	g := newGenerator(crd.Schema, known)
	accepted, refused, total := 0, map[string]int{}, 0
	for i, choices := range tapes(len(known)) {
		total++
		err := crd.accept(g.environment(choices, adversarial[i%len(adversarial)]))
		if err == nil {
			accepted++
			continue
		}
		words, _, _ := strings.Cut(err.Error(), "Invalid value")
		refused[words]++
	}
	t.Logf("%d of %d are accepted; places refused: %d", accepted, total, len(refused))
	if accepted*3 < total || len(refused) < 10 {
		t.Errorf("%d of %d are accepted, and the others refused in %d places: %v", accepted, total, len(refused), refused)
	}
}
