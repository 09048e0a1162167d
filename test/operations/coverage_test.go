package operations

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

// given are fields that no operation changes: what cannot be changed must be set by a base, and the mode is a manner.
var given = map[string]string{
	"spec.application": "immutable", "spec.environment": "immutable",
	"spec.argocd.project": "immutable", "spec.argocd.applicationSet": "immutable", "spec.argocd.applicationName": "immutable",
	"spec.mode": "a manner",
}

func TestEveryFieldOfTheSpecIsOperatedOn(t *testing.T) {
	data, err := os.ReadFile("../../config/crd/bases/platform.appenv.dev_appenvironments.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var crd apiextensionsv1.CustomResourceDefinition
	if err := yaml.Unmarshal(data, &crd); err != nil {
		t.Fatal(err)
	}
	schema := crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]
	changed, set := map[string]bool{}, map[string]bool{}
	for _, b := range bases {
		before := valuesOf(t, &schema, b("name"))
		for path := range before {
			set[path] = true
		}
		for _, one := range operations {
			env := b("name")
			one.do(env)
			after := valuesOf(t, &schema, env)
			count := 0
			for _, path := range append(slices.Collect(maps.Keys(before)), slices.Collect(maps.Keys(after))...) {
				if !slices.Equal(before[path], after[path]) {
					changed[path] = true
					count++
				}
			}
			if count == 0 && one.name != "apps in another order" { // values here are without order
				t.Errorf("%q changes nothing", one.name)
			}
		}
	}
	for _, path := range leaves("spec", &schema) {
		why, isGiven := given[path]
		switch {
		case isGiven && changed[path]:
			t.Errorf("an operation changes %s, which is %s", path, why)
		case isGiven && why == "immutable" && !set[path]:
			t.Errorf("no base has %s", path)
		case !isGiven && !changed[path]:
			t.Errorf("no operation changes %s", path)
		}
	}
}

// leaves are the places of a schema without anything below them; entries of lists are [], those of maps {}.
func leaves(path string, node *apiextensionsv1.JSONSchemaProps) []string {
	var all []string
	for name, property := range node.Properties {
		all = append(all, leaves(path+"."+name, &property)...)
	}
	switch {
	case node.Items != nil:
		return leaves(path+"[]", node.Items.Schema)
	case node.AdditionalProperties != nil:
		return []string{path + "{}"}
	case len(node.Properties) == 0:
		return []string{path}
	}
	slices.Sort(all)
	return all
}

// valuesOf are the values of a spec at each of the leaves, sorted.
func valuesOf(t *testing.T, schema *apiextensionsv1.JSONSchemaProps, env *environment) map[string][]string {
	t.Helper()
	data, err := json.Marshal(env.Spec)
	if err != nil {
		t.Fatal(err)
	}
	var spec any
	if err := json.Unmarshal(data, &spec); err != nil {
		t.Fatal(err)
	}
	values := map[string][]string{}
	collect("spec", schema, spec, values)
	for _, all := range values {
		slices.Sort(all)
	}
	return values
}

func collect(path string, node *apiextensionsv1.JSONSchemaProps, value any, values map[string][]string) {
	switch value := value.(type) {
	case map[string]any:
		values[path] = append(values[path], "there") // though it may be empty
		for key, below := range value {
			if property, ok := node.Properties[key]; ok {
				collect(path+"."+key, &property, below, values)
			} else {
				values[path+"{}"] = append(values[path+"{}"], fmt.Sprint(key, "=", below))
			}
		}
	case []any:
		for _, item := range value {
			collect(path+"[]", node.Items.Schema, item, values)
		}
	default:
		values[path] = append(values[path], fmt.Sprint(value))
	}
}
