package validation

import (
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// rootSchema is the schema of a whole AppEnvironment.
func rootSchema(t *testing.T) *apiextensionsv1.JSONSchemaProps {
	t.Helper()
	if len(crd.Spec.Versions) != 1 {
		t.Fatalf("the CRD has %d versions; this test knows one", len(crd.Spec.Versions))
	}
	return crd.Spec.Versions[0].Schema.OpenAPIV3Schema
}

// specSchema is the root without status: what a user writes.
func specSchema(t *testing.T) *apiextensionsv1.JSONSchemaProps {
	t.Helper()
	root := rootSchema(t).DeepCopy()
	for name := range root.Properties {
		if name != "spec" {
			delete(root.Properties, name)
		}
	}
	return root
}

// walk visits a node and all below it. A path is written as edits take it: entries
// of lists are [0], values of maps are .key.
func walk(node *apiextensionsv1.JSONSchemaProps, path string, visit func(path string, node *apiextensionsv1.JSONSchemaProps)) {
	visit(path, node)
	for name, child := range node.Properties {
		below := name
		if path != "" {
			below = path + "." + name
		}
		walk(&child, below, visit)
	}
	if node.Items != nil && node.Items.Schema != nil {
		walk(node.Items.Schema, path+"[0]", visit)
	}
	if node.AdditionalProperties != nil && node.AdditionalProperties.Schema != nil {
		walk(node.AdditionalProperties.Schema, path+".key", visit)
	}
}
