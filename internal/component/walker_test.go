package component

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

func TestEveryComponentAndKindHasAGoldenCase(t *testing.T) {
	for _, c := range All {
		dirs := caseDirs(t, c)
		if len(dirs) == 0 {
			t.Errorf("component %s has no case under testdata/%s", c.Name, c.Name)
		}
		wanted, judgedKinds := map[string]bool{}, map[string]bool{}
		for _, dir := range dirs {
			for _, object := range goldenObjects(t, filepath.Join(dir, "want.yaml")) {
				wanted[object.GetKind()] = true
			}
			for _, live := range readLive(t, dir) {
				judgedKinds[(&unstructured.Unstructured{Object: live.Base}).GetKind()] = true
			}
		}
		for _, kind := range c.Kinds {
			if !wanted[kind.Kind] {
				t.Errorf("no want.yaml under testdata/%s has a %s", c.Name, kind.Kind)
			}
		}
		for _, kind := range slices.Concat(c.Kinds, c.Observes) {
			if !judgedKinds[kind.Kind] {
				t.Errorf("no live.yaml under testdata/%s has a %s", c.Name, kind.Kind)
			}
		}
	}
}

func TestEveryCaseBelongsToAComponent(t *testing.T) {
	entries, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		known := slices.ContainsFunc(All, func(c Component) bool { return c.Name == entry.Name() })
		if entry.IsDir() && !known {
			t.Errorf("testdata/%s is no component's", entry.Name())
		}
	}
}

func TestTeardownOrderNamesEveryComponentOnce(t *testing.T) {
	var names []string
	for _, c := range All {
		names = append(names, c.Name)
	}
	order := slices.Clone(TeardownOrder)
	slices.Sort(names)
	slices.Sort(order)
	if !slices.Equal(names, order) {
		t.Errorf("TeardownOrder has %v, the components are %v", order, names)
	}
}

func TestComponentsComeAfterThoseTheyNeed(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range All {
		for _, before := range c.After {
			if !seen[before] {
				t.Errorf("%s must stand behind %s in All", c.Name, before)
			}
		}
		seen[c.Name] = true
	}
}

// goldenObjects reads the documents of a want.yaml; one that holds an error has none.
func goldenObjects(t *testing.T, path string) []*unstructured.Unstructured {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var objects []*unstructured.Unstructured
	for _, document := range bytes.Split(data, []byte("---\n")) {
		fields := map[string]any{}
		if err := yaml.Unmarshal(document, &fields); err != nil {
			t.Fatal(err)
		}
		if fields["kind"] != nil {
			objects = append(objects, &unstructured.Unstructured{Object: fields})
		}
	}
	return objects
}
