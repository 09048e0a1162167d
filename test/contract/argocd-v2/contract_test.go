// Package contract holds the golden files of internal/component to the types and
// the validation of Argo CD v2.14: what the operator writes must mean there what
// the golden files say.
package contract

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// goldenFolder holds what the operator's components want, case by case.
const goldenFolder = "../../../internal/component/testdata"

// A document is an object of a golden file.
type document struct {
	file string
	kind string
	json []byte
}

func TestAppProjectsAreValid(t *testing.T) {
	for _, doc := range documents(t, "AppProject") {
		t.Run(doc.file, func(t *testing.T) {
			var project v1alpha1.AppProject
			decodeStrictly(t, doc, &project)
			if err := project.ValidateProject(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestApplicationSetsAreUnderstood(t *testing.T) {
	for _, doc := range documents(t, "ApplicationSet") {
		t.Run(doc.file, func(t *testing.T) {
			var set v1alpha1.ApplicationSet
			decodeStrictly(t, doc, &set)
			if set.Spec.Generators[0].List == nil || len(set.Spec.Generators[0].List.Elements) == 0 {
				t.Error("the list generator has no elements")
			}
		})
	}
}

// decodeStrictly fails on fields that the type does not have, and on values that
// it would write back otherwise.
func decodeStrictly(t *testing.T, doc document, into any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(doc.json))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(into)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range lost(t, doc.json, again) {
		t.Errorf("%s does not survive the type", path)
	}
}

// documents are the objects of a kind in every golden file. There must be some.
func documents(t *testing.T, kind string) []document {
	t.Helper()
	var found []document
	err := filepath.WalkDir(goldenFolder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := entry.Name(); name != "want.yaml" && name != "teardown.yaml" {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, part := range bytes.Split(data, []byte("---\n")) {
			object, err := yaml.YAMLToJSON(part)
			if err != nil {
				return err
			}
			var head struct {
				Kind string `json:"kind"`
			}
			if err := json.Unmarshal(object, &head); err != nil {
				return err
			}
			if head.Kind == kind {
				name, _ := filepath.Rel(goldenFolder, path)
				found = append(found, document{file: name, kind: head.Kind, json: object})
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Fatalf("no golden file under %s has a %s", goldenFolder, kind)
	}
	return found
}

// lost are the paths of the values in before that after has not, or has otherwise.
// Argo CD leaves out zero values: those may be missing. A map or list may not, however
// little it holds: whether it is there has a meaning (automated, a whitelist).
func lost(t *testing.T, before, after []byte) []string {
	t.Helper()
	var from, to any
	for data, into := range map[*[]byte]*any{&before: &from, &after: &to} {
		if err := json.Unmarshal(*data, into); err != nil {
			t.Fatal(err)
		}
	}
	return missing("", from, to)
}

func missing(path string, from, to any) []string {
	switch from := from.(type) {
	case map[string]any:
		fields, isMap := to.(map[string]any)
		if !isMap {
			return []string{path}
		}
		var all []string
		for key, value := range from {
			all = append(all, missing(path+"."+key, value, fields[key])...)
		}
		return all
	case []any:
		items, isList := to.([]any)
		if !isList || len(items) != len(from) {
			return []string{path}
		}
		var all []string
		for i, value := range from {
			all = append(all, missing(path+"[]", value, items[i])...)
		}
		return all
	default:
		zero := from == false || from == "" || from == float64(0)
		if cmp.Equal(from, to) || zero && to == nil {
			return nil
		}
		return []string{path}
	}
}
