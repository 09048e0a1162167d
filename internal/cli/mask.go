package cli

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// secretValues are where values of secrets can stand in objects of environments, kind by kind: "*" is every element of a
// list or every key of a map.
var secretValues = map[string][][]string{
	"AppEnvironment": {{"spec", "secrets", "store", "fake", "data", "*", "value"}},
	// https://external-secrets.io/latest/provider/fake/
	"SecretStore": {{"spec", "provider", "fake", "data", "*", "value"}, {"spec", "provider", "fake", "data", "*", "valueMap", "*"}},
	// A template may hold what the manager of secrets does not.
	"ExternalSecret": {{"spec", "target", "template", "data", "*"}, {"spec", "target", "template", "templateFrom", "*", "literal"}},
}

// mask puts words in the place of values of secrets, which tell whether a value would change, and nothing else of it.
func mask(before, after *unstructured.Unstructured) {
	seen := map[string]string{}
	if before != nil {
		maskIn(before, func(path, value string) string {
			seen[path] = value
			return "(not shown)"
		})
	}
	if after != nil {
		maskIn(after, func(path, value string) string {
			if old, known := seen[path]; known && old != value {
				return "(not shown, another one)"
			}
			return "(not shown)"
		})
	}
}

func maskIn(object *unstructured.Unstructured, replace func(path, value string) string) {
	for _, path := range secretValues[object.GetKind()] {
		maskAt(object.Object, path, "", replace)
	}
}

// maskAt returns what stands in the place of the value.
func maskAt(value any, path []string, at string, replace func(path, value string) string) any {
	if len(path) == 0 {
		return replace(at, fmt.Sprint(value))
	}
	switch value := value.(type) {
	case map[string]any:
		for key, below := range value {
			if path[0] == "*" || path[0] == key {
				value[key] = maskAt(below, path[1:], at+"."+key, replace)
			}
		}
	case []any:
		for i, below := range value {
			if path[0] == "*" {
				value[i] = maskAt(below, path[1:], at+"["+nameIn(below, i)+"]", replace)
			}
		}
	}
	return value
}

// nameIn is what an element of a list is called, wherever it stands.
func nameIn(element any, i int) string {
	if fields, ok := element.(map[string]any); ok {
		if key, ok := fields["key"].(string); ok {
			return fmt.Sprint(key, "@", fields["version"])
		}
	}
	return fmt.Sprint(i)
}
