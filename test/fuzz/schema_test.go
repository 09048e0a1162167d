// Package fuzz derives specs from the fuzzer's bytes, asks the operator's CRD whether it takes them, and holds
// what the components make of those that it takes to the CRDs of others. All of it is asked offline, of the
// API server's own libraries.
package fuzz

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	judge "github.com/appenv/appenv-operator/internal/crd"
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
type kind struct{ *judge.Kind }

// kindsOf are the served kinds of the CRDs in a file, by apiVersion and kind.
func kindsOf(file string) (map[string]kind, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	kinds, err := kindsIn(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return kinds, nil
}

func kindsIn(data []byte) (map[string]kind, error) {
	loaded, err := judge.Load(data)
	kinds := map[string]kind{}
	for gvk, each := range loaded {
		kinds[gvk.GroupVersion().String()+" "+gvk.Kind] = kind{each}
	}
	return kinds, err
}

// accept says why the API server would not create an object, under strict field validation. It gives the object
// its defaults, as the server does.
func (k kind) accept(object map[string]any) error {
	verdict := k.Create(context.Background(), object)
	if len(verdict.Unknown) > 0 {
		return fmt.Errorf("unknown fields: %s", strings.Join(verdict.Unknown, ", "))
	}
	return verdict.Errors.ToAggregate()
}

// environments is the operator's own kind. The operator also writes the status, which here is judged as any other field: as a
// subresource it would be dropped.
func environments(t testing.TB) kind {
	t.Helper()
	data, err := os.ReadFile(crdFile)
	if err != nil {
		t.Fatal(err)
	}
	var definition apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(data, &definition); err != nil {
		t.Fatal(err)
	}
	for i := range definition.Spec.Versions {
		definition.Spec.Versions[i].Subresources = nil
	}
	if data, err = yaml.Marshal(definition); err != nil {
		t.Fatal(err)
	}
	kinds, err := kindsIn(data)
	if err != nil || len(kinds) != 1 {
		t.Fatalf("%s has %d kinds: %v", crdFile, len(kinds), err)
	}
	return kinds["platform.appenv.dev/v1alpha1 AppEnvironment"]
}

func TestStatusesAreJudged(t *testing.T) {
	crd := environments(t)
	if err := crd.accept(mergedJSON(t, []byte(smallest), []byte(`{}`))); err != nil {
		t.Fatal(err)
	}
	if err := crd.accept(mergedJSON(t, []byte(smallest), []byte(`{"status":{"conditions":[{"type":"Ready"}]}}`))); err == nil {
		t.Error("a condition without status and reason is accepted")
	}
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
