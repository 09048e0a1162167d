package fuzz

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

// A userField is a string that users choose: a value, or the key of a map.
type userField struct {
	// path is its place in the schema; keys of maps are called {}.
	path string
	// original is its value in testdata/distinct.yaml.
	original string
	// quantity fields hold amounts, which Kubernetes writes in its own way.
	quantity bool
	// base is the environment, and others are its other strings.
	base   map[string]any
	others []string
}

// userFields are the strings of testdata/distinct.yaml that are no enumeration's.
func userFields(t testing.TB, crd kind) []userField {
	t.Helper()
	var all []userField
	for _, base := range distinct(t) {
		fields := []userField{{path: "metadata.name", original: "qname"}}
		spec := crd.Schema.Properties["spec"]
		walkStrings("spec", &spec, base["spec"], func(path, text string, node *schema.Structural) {
			fields = append(fields, userField{path: path, original: text, quantity: node != nil && node.XIntOrString})
		})
		var texts []string
		for _, field := range fields {
			texts = append(texts, field.original)
		}
		for _, field := range fields {
			known := slices.ContainsFunc(all, func(f userField) bool { return f.path == field.path && f.original == field.original })
			if !known {
				field.base, field.others = base, texts
				all = append(all, field)
			}
		}
	}
	return all
}

// distinct are the environments of testdata/distinct.yaml.
func distinct(t testing.TB) []map[string]any {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "distinct.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var first []byte
	var all []map[string]any
	for _, document := range bytes.Split(data, []byte("\n---\n")) {
		patch, err := yaml.YAMLToJSON(document)
		if err != nil {
			t.Fatal(err)
		}
		whole := patch
		if first == nil {
			first = patch
		} else if whole, err = jsonpatch.MergePatch(first, patch); err != nil {
			t.Fatal(err)
		}
		env := map[string]any{}
		if err := utiljson.Unmarshal(whole, &env); err != nil {
			t.Fatal(err)
		}
		all = append(all, env)
	}
	return all
}

// walkStrings visits the strings of a tree that its schema leaves to the user. Keys have no schema of their own.
func walkStrings(path string, node *schema.Structural, tree any, visit func(path, text string, node *schema.Structural)) {
	switch tree := tree.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(tree)) {
			if property, ok := node.Properties[key]; ok {
				walkStrings(path+"."+key, &property, tree[key], visit)
				continue
			}
			visit(path+".{}", key, nil)
			walkStrings(path+".value", node.AdditionalProperties.Structural, tree[key], visit)
		}
	case []any:
		for _, item := range tree {
			walkStrings(path+"[]", node.Items, item, visit)
		}
	case string:
		if node.ValueValidation == nil || len(node.ValueValidation.Enum) == 0 {
			visit(path, tree, node)
		}
	}
}

// walkSchema visits the places of a schema at which strings stand, as walkStrings calls them.
func walkSchema(path string, node *schema.Structural, visit func(path string)) {
	for name, property := range node.Properties {
		walkSchema(path+"."+name, &property, visit)
	}
	if node.AdditionalProperties != nil && node.AdditionalProperties.Structural != nil {
		visit(path + ".{}")
		walkSchema(path+".value", node.AdditionalProperties.Structural, visit)
	}
	if node.Items != nil {
		walkSchema(path+"[]", node.Items, visit)
	}
	if (node.Type == "string" || node.XIntOrString) && (node.ValueValidation == nil || len(node.ValueValidation.Enum) == 0) {
		visit(path)
	}
}

func TestEveryStringOfTheSpecIsTried(t *testing.T) {
	crd := environments(t)
	tried := map[string]bool{}
	for _, field := range userFields(t, crd) {
		tried[field.path] = true
	}
	spec := crd.Schema.Properties["spec"]
	walkSchema("spec", &spec, func(path string) {
		if !tried[path] {
			t.Errorf("%s is not in testdata/distinct.yaml", path)
		}
	})
}

// TestEveryStringCanBeFoundAgain keeps FuzzTextsAreRefusedOrArriveVerbatim from comparing nothing.
func TestEveryStringCanBeFoundAgain(t *testing.T) {
	crd := environments(t)
	accepted := 0
	fields := userFields(t, crd)
	for _, field := range fields {
		if err := crd.accept(field.environmentWith(field.original)); err != nil {
			t.Fatalf("the environment of %s is refused: %v", field.path, err)
		}
		objects, err := field.objectsWith(field.original)
		if err != nil {
			t.Fatal(err)
		}
		for _, pair := range field.renderings("other") {
			if !strings.Contains(encoded(objects), pair[0]) {
				t.Errorf("%s: no object has %q", field.path, pair[0])
			}
		}
		for _, other := range field.others {
			if other != field.original && strings.Contains(other, field.original) {
				t.Errorf("%s: %q is part of %q", field.path, field.original, other)
			}
		}
		if !field.refuses(crd, inForm(1, field.original, "1")) {
			accepted++
		}
	}
	if accepted*2 < len(fields) {
		t.Errorf("only %d of %d strings may have another end", accepted, len(fields))
	}
}
