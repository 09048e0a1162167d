package manifests

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
)

// schemaLocation is where kubeconform finds the schema of a kind, below a folder.
const schemaLocation = "{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"

// writeSchemas writes a JSON schema for every kind that an API server serves, from the OpenAPI documents that
// it publishes. It publishes those of CRDs one after another, some time after they are established, so this
// asks until those of crds are there.
func writeSchemas(t *testing.T, api discovery.DiscoveryInterface, folder string, crds []*apiextensionsv1.CustomResourceDefinition) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		writePublished(t, api, folder)
		missing := missingSchemas(folder, crds)
		if len(missing) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the API server did not publish within a minute: %s", strings.Join(missing, ", "))
		}
	}
}

// missingSchemas are the served versions of CRDs of which the folder holds no schema.
func missingSchemas(folder string, crds []*apiextensionsv1.CustomResourceDefinition) (missing []string) {
	for _, crd := range crds {
		for _, version := range crd.Spec.Versions {
			kind := schema.GroupVersionKind{Group: crd.Spec.Group, Version: version.Name, Kind: crd.Spec.Names.Kind}
			if _, err := os.Stat(schemaFile(folder, kind)); version.Served && err != nil {
				missing = append(missing, kind.String())
			}
		}
	}
	return missing
}

// schemaFile is where the schema of a kind is written, see schemaLocation.
func schemaFile(folder string, kind schema.GroupVersionKind) string {
	place := cmp.Or(kind.Group, kind.Version) // so kubeconform calls the group without a name
	return filepath.Join(folder, place, fmt.Sprintf("%s_%s.json", strings.ToLower(kind.Kind), kind.Version))
}

func writePublished(t *testing.T, api discovery.DiscoveryInterface, folder string) {
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
				writeSchema(t, schemaFile(folder, kind), name, document)
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
