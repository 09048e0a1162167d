// Package fuzz derives specs from the fuzzer's bytes, asks the operator's CRD whether it takes them, and holds
// what the components make of those that it takes to the CRDs of others. All of it is asked offline, of the
// API server's own libraries.
package fuzz

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apimachinery/pkg/util/yaml"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
)

const (
	crdFile   = "../../config/crd/bases/platform.appenv.dev_appenvironments.yaml"
	crdFolder = "../../bin/crds"
)

// releases are folders of bin/crds that go together, as in test/crds.
var releases = map[string][]string{
	"Argo CD 3, External Secrets 0":    {"argocd", "external-secrets", "external-dns", "gke", "cert-manager"},
	"Argo CD 2.14, External Secrets 1": {"argocd-v2", "external-secrets-v1", "external-dns", "gke", "cert-manager"},
}

// A kind is a version of a CRD, as the API server sees it.
type kind struct {
	structural *schema.Structural
	values     validation.SchemaValidator
	rules      *cel.Validator
}

// kindsOf are the served kinds of the CRDs in a file, by apiVersion and kind.
func kindsOf(file string) (map[string]kind, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	kinds := map[string]kind{}
	for decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096); ; {
		var crd apiextensionsv1.CustomResourceDefinition
		if err := decoder.Decode(&crd); errors.Is(err, io.EOF) {
			return kinds, nil
		} else if err != nil {
			return nil, fmt.Errorf("reading %s: %w", file, err)
		}
		for _, version := range crd.Spec.Versions {
			if !version.Served {
				continue
			}
			name := crd.Spec.Group + "/" + version.Name + " " + crd.Spec.Names.Kind
			if kinds[name], err = kindOf(version.Schema.OpenAPIV3Schema); err != nil {
				return nil, fmt.Errorf("%s in %s: %w", name, file, err)
			}
		}
	}
}

func kindOf(props *apiextensionsv1.JSONSchemaProps) (kind, error) {
	internal := &apiextensions.JSONSchemaProps{}
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(props, internal, nil); err != nil {
		return kind{}, err
	}
	structural, err := schema.NewStructural(internal)
	if err != nil {
		return kind{}, err
	}
	values, _, err := validation.NewSchemaValidator(internal)
	return kind{structural, values, cel.NewValidator(structural, true, celconfig.PerCallLimit)}, err
}

// accept says why the API server would not create an object, under strict field validation. It gives the object
// its defaults, as the server does.
func (k kind) accept(object map[string]any) error {
	var unknown []string
	unknown = append(unknown, pruning.PruneWithOptions(object, k.structural, true, schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})...)
	wrong, paths := objectmeta.CoerceWithOptions(nil, object, k.structural, true, objectmeta.CoerceOptions{ReturnUnknownFieldPaths: true})
	if unknown = append(unknown, paths...); len(unknown) > 0 {
		return fmt.Errorf("unknown fields: %s", strings.Join(unknown, ", "))
	}
	if wrong != nil {
		return wrong
	}
	defaulting.PruneNonNullableNullsWithoutDefaults(object, k.structural)
	defaulting.Default(object, k.structural)
	problems := objectmeta.Validate(context.Background(), nil, object, k.structural, true)
	problems = append(problems, validation.ValidateCustomResource(nil, object, k.values)...)
	problems = append(problems, listtype.ValidateListSetsAndMaps(nil, k.structural, object)...)
	if len(problems) == 0 { // the server, too, asks no rule about values of the wrong type
		var found field.ErrorList
		found, _ = k.rules.Validate(context.Background(), nil, k.structural, object, nil, celconfig.RuntimeCELCostBudget)
		problems = append(problems, found...)
	}
	return problems.ToAggregate()
}

// environments is the operator's own kind.
func environments(t testing.TB) kind {
	t.Helper()
	kinds, err := kindsOf(crdFile)
	if err != nil || len(kinds) != 1 {
		t.Fatalf("%s has %d kinds: %v", crdFile, len(kinds), err)
	}
	return kinds["platform.appenv.dev/v1alpha1 AppEnvironment"]
}

// served are the kinds that others serve, by release.
func served(t testing.TB) map[string]map[string]kind {
	t.Helper()
	all := map[string]map[string]kind{}
	for release, folders := range releases {
		all[release] = map[string]kind{}
		for _, folder := range folders {
			files, err := filepath.Glob(filepath.Join(crdFolder, folder, "*.yaml"))
			if err != nil || len(files) == 0 {
				t.Fatalf("no CRD in %s/%s (hack/components/build.sh crds copies them): %v", crdFolder, folder, err)
			}
			for _, file := range files {
				kinds, err := kindsOf(file)
				if err != nil {
					t.Fatal(err)
				}
				for name, each := range kinds {
					all[release][name] = each
				}
			}
		}
	}
	return all
}
