// Package crd judges objects by a CustomResourceDefinition, offline: field names, schema, defaults, lists, and the
// rules of validation (CEL), with the API server's own libraries and in its order. What it answers is what the server
// would: the same errors, at the same fields, in the same words.
//
// It knows no cluster and no kind by name. What a webhook, a policy or another object has to say is beyond it.
package crd

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
)

// A Kind is a served version of a CustomResourceDefinition. It may be used by several goroutines at once.
type Kind struct {
	// GroupVersionKind is what objects of it carry.
	GroupVersionKind schema.GroupVersionKind
	// Namespaced says whether its objects are in namespaces.
	Namespaced bool

	// Schema is its structural schema. Not to be changed.
	Schema *structuralschema.Structural

	values validation.SchemaValidator
	rules  *cel.Validator
	status bool // the status is a subresource: who writes objects cannot write it
}

// Load reads the served kinds of one or more CustomResourceDefinitions, as YAML or JSON. Documents of other kinds,
// schemas that are not structural and rules that do not compile are errors.
func Load(data []byte) (map[schema.GroupVersionKind]*Kind, error) {
	kinds := map[schema.GroupVersionKind]*Kind{}
	for decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096); ; {
		var definition apiextensionsv1.CustomResourceDefinition
		if err := decoder.Decode(&definition); errors.Is(err, io.EOF) {
			return kinds, nil
		} else if err != nil {
			return nil, fmt.Errorf("reading a CustomResourceDefinition: %w", err)
		}
		if definition.Kind != "CustomResourceDefinition" {
			return nil, fmt.Errorf("%s is no CustomResourceDefinition", definition.Kind)
		}
		for _, version := range definition.Spec.Versions {
			if !version.Served {
				continue
			}
			kind, err := newKind(definition.Spec, version)
			if err != nil {
				return nil, fmt.Errorf("version %s of %s: %w", version.Name, definition.Name, err)
			}
			kinds[kind.GroupVersionKind] = kind
		}
	}
}

func newKind(spec apiextensionsv1.CustomResourceDefinitionSpec, version apiextensionsv1.CustomResourceDefinitionVersion) (*Kind, error) {
	if version.Schema == nil || version.Schema.OpenAPIV3Schema == nil {
		return nil, errors.New("it has no schema")
	}
	internal := &apiextensions.JSONSchemaProps{}
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(version.Schema.OpenAPIV3Schema, internal, nil); err != nil {
		return nil, err
	}
	structural, err := structuralschema.NewStructural(internal)
	if err != nil {
		return nil, err
	}
	values, _, err := validation.NewSchemaValidator(internal)
	if err != nil {
		return nil, err
	}
	return &Kind{
		GroupVersionKind: schema.GroupVersionKind{Group: spec.Group, Version: version.Name, Kind: spec.Names.Kind},
		Namespaced:       spec.Scope == apiextensionsv1.NamespaceScoped,
		Schema:           structural,
		values:           values,
		rules:            cel.NewValidator(structural, true, celconfig.PerCallLimit),
		status:           version.Subresources != nil && version.Subresources.Status != nil,
	}, nil
}
