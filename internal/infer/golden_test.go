package infer

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/appenv/appenv-operator/internal/manifest"
	"github.com/appenv/appenv-operator/test/golden"
)

// objectsIn are the objects of a file.
func objectsIn(t *testing.T, path string) []unstructured.Unstructured {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	read, err := manifest.Parse(path, data)
	if err != nil {
		t.Fatal(err)
	}
	var objects []unstructured.Unstructured
	for _, object := range read {
		objects = append(objects, *object.Unstructured)
	}
	return objects
}

// TestWhatIsMadeByHandBecomesWhatTheGoldenFilesSay: the environment, what it does not say, and what taking over would
// change.
func TestWhatIsMadeByHandBecomesWhatTheGoldenFilesSay(t *testing.T) {
	for name, path := range map[string]string{
		"by_hand": "../../test/e2e/testdata/by_hand.yaml", "rich": "testdata/rich.yaml", "changed": "testdata/changed.yaml",
	} {
		t.Run(name, func(t *testing.T) {
			objects := objectsIn(t, path)
			before := golden.JSON(t, objects)
			result, err := Environment(objects, Options{Settings: testSettings})
			if err != nil {
				t.Fatal(err)
			}
			if verdict := judge(t, result.Env); !verdict.OK() {
				t.Errorf("the API server would refuse it: %v %v", verdict.Unknown, verdict.Errors)
			}
			changes, err := Check(stored(t, plain(t, result.Env)), objects, testSettings)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(before, golden.JSON(t, objects)) {
				t.Error("the objects were changed")
			}
			var out bytes.Buffer
			for _, part := range []struct {
				title   string
				remarks []Remark
			}{{"remarks", result.Remarks}, {"changes", changes.Changes}, {"notes", changes.Notes}} {
				fmt.Fprintf(&out, "# %s:\n", part.title)
				for _, remark := range part.remarks {
					fmt.Fprintf(&out, "# %s\n", remark)
				}
			}
			document, err := yaml.Marshal(plain(t, result.Env))
			if err != nil {
				t.Fatal(err)
			}
			out.Write(document)
			golden.Check(t, filepath.Join("testdata", name+".want.yaml"), out.Bytes())
			if bytes.Contains(out.Bytes(), []byte("hunter2")) {
				t.Error("a value of a secret is shown")
			}
		})
	}
}
