// Package golden reads the golden files of internal/component, and holds what is in them
// to types of others.
package golden

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// folder holds what the operator's components want, case by case.
const folder = "../../../internal/component/testdata"

// An Object is an object of a golden file.
type Object struct {
	// File is the golden file, below the folder of all of them.
	File string
	// JSON is the object.
	JSON []byte
}

// Objects are the objects of a kind in every golden file. There must be some.
func Objects(t testing.TB, kind string) []Object {
	t.Helper()
	var found []Object
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != "want.yaml" && entry.Name() != "teardown.yaml" {
			return err
		}
		objects, err := read(path)
		if err != nil {
			return err
		}
		for _, object := range objects {
			var head struct {
				Kind string `json:"kind"`
			}
			if err := json.Unmarshal(object, &head); err != nil {
				return err
			}
			if head.Kind == kind {
				name, _ := filepath.Rel(folder, path)
				found = append(found, Object{File: name, JSON: object})
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Fatalf("no golden file under %s has a %s", folder, kind)
	}
	return found
}

// Applications are the Applications that an ApplicationSet must become, by the golden
// file beside its own.
func Applications(t testing.TB, set Object) []any {
	t.Helper()
	objects, err := read(filepath.Join(folder, filepath.Dir(set.File), "applications.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var all []any
	for _, object := range objects {
		all = append(all, decoded(t, object))
	}
	return all
}

// Differ are the paths at which two values say different things. What is missing and what is
// zero say the same, but for maps and lists.
func Differ(want, got any) []string {
	return append(missing("", want, got), missing("", got, want)...)
}

func read(path string) ([][]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var objects [][]byte
	for _, part := range bytes.Split(data, []byte("---\n")) {
		object, err := yaml.YAMLToJSON(part)
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(object, []byte("null")) {
			objects = append(objects, object)
		}
	}
	return objects, nil
}

// Strictly decodes an object. It fails on fields that the type does not have, and on
// values that it would write back otherwise.
func Strictly(t testing.TB, object Object, into any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(object.JSON))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(into)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range missing("", decoded(t, object.JSON), decoded(t, again)) {
		t.Errorf("%s does not survive the type", path)
	}
}

func decoded(t testing.TB, data []byte) any {
	t.Helper()
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// missing are the paths of the values in from that to has not, or has otherwise. Zero
// values are often left out: those may be missing. A map or list may not, however little
// it holds: whether it is there has a meaning (automated, a whitelist).
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
