package manifests

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
)

// schemaLocation is where kubeconform finds the schema of a kind, below a folder.
const schemaLocation = "{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"

// writeSchemas writes a JSON schema for every kind that an API server serves, the CRDs' included, from the
// OpenAPI documents that it publishes.
func writeSchemas(t *testing.T, api discovery.DiscoveryInterface, folder string) {
	t.Helper()
	paths, err := api.OpenAPIV3().Paths()
	if err != nil {
		t.Fatal(err)
	}
	for path, group := range paths {
		text, err := group.Schema("application/json")
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		var document struct {
			Components struct {
				Schemas map[string]any `json:"schemas"`
			} `json:"components"`
		}
		if err := json.Unmarshal(text, &document); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for _, each := range document.Components.Schemas {
			refuseUnknown(each)
		}
		for name, each := range document.Components.Schemas {
			for _, kind := range kindsOf(each) {
				if path != "api/"+kind.Version && path != "apis/"+kind.GroupVersion().String() {
					continue // the schema of deletion options, say, is of every group
				}
				place := cmp.Or(kind.Group, kind.Version) // so kubeconform calls the group without a name
				writeSchema(t, filepath.Join(folder, place, fmt.Sprintf("%s_%s.json", strings.ToLower(kind.Kind), kind.Version)), name, document)
			}
		}
	}
}

func writeSchema(t *testing.T, file, name string, document any) {
	t.Helper()
	content, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	whole := map[string]any{}
	if err := json.Unmarshal(content, &whole); err != nil {
		t.Fatal(err)
	}
	whole["$ref"] = "#/components/schemas/" + name
	if content, err = json.Marshal(whole); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// kindsOf are the kinds that a schema is of.
func kindsOf(of any) []schema.GroupVersionKind {
	var named struct {
		Kinds []schema.GroupVersionKind `json:"x-kubernetes-group-version-kind"`
	}
	content, err := json.Marshal(of)
	if err != nil || json.Unmarshal(content, &named) != nil {
		return nil
	}
	return named.Kinds
}

// refuseUnknown makes every object with fields of its own refuse others, as the API server does under strict
// field validation, unless it keeps what it does not know.
func refuseUnknown(node any) {
	switch value := node.(type) {
	case []any:
		for _, each := range value {
			refuseUnknown(each)
		}
	case map[string]any:
		properties, isObject := value["properties"].(map[string]any)
		_, open := value["additionalProperties"]
		_, keeps := value["x-kubernetes-preserve-unknown-fields"]
		if isObject {
			for _, each := range properties {
				refuseUnknown(each)
			}
			if !open && !keeps {
				value["additionalProperties"] = false
			}
		}
		for key, each := range value {
			if key != "properties" {
				refuseUnknown(each)
			}
		}
	}
}
