package cluster

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	sigsyaml "sigs.k8s.io/yaml"
)

//go:embed base.yaml
var base string

var definitions = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}

// InstallBase installs CRDs, which are files and folders in bin/crds, a fake node, and Argo CD's namespace
// with its settings.
func (c *Cluster) InstallBase(ctx context.Context, crds []string) error {
	var files []string
	for _, crd := range crds {
		files = append(files, c.Dir.Bin("crds/"+crd))
	}
	if err := c.Apply(ctx, "", files...); err != nil {
		return err
	}
	return c.Apply(ctx, base)
}

// Established says which CRD the API server does not serve yet; "" when it serves all.
func (c *Cluster) Established(ctx context.Context) (waitingFor string, err error) {
	list, err := c.Dynamic.Resource(definitions).List(ctx, metav1.ListOptions{})
	if err != nil {
		return "", fmt.Errorf("listing CRDs: %w", err)
	}
	for _, definition := range list.Items {
		conditions, _, _ := unstructured.NestedSlice(definition.Object, "status", "conditions")
		if !slices.ContainsFunc(conditions, isEstablished) {
			return "CRD " + definition.GetName(), nil
		}
	}
	return "", nil
}

func isEstablished(condition any) bool {
	fields, ok := condition.(map[string]any)
	return ok && fields["type"] == "Established" && fields["status"] == "True"
}

// InstallOperator installs what `kustomize build config/default` says except its Deployment: the
// operator runs as a process here.
func (c *Cluster) InstallOperator(ctx context.Context) error {
	manifests, err := c.Kustomize(ctx, "config/default")
	if err != nil {
		return err
	}
	objects, err := Decode(manifests)
	if err != nil {
		return err
	}
	var kept strings.Builder
	for _, object := range objects {
		if object.GetKind() == "Deployment" {
			continue
		}
		text, err := sigsyaml.Marshal(object.Object)
		if err != nil {
			return err
		}
		fmt.Fprintf(&kept, "---\n%s", text)
	}
	return c.Apply(ctx, kept.String())
}

// Kustomize builds a folder of the repository with bin/kustomize.
func (c *Cluster) Kustomize(ctx context.Context, folder string) (string, error) {
	cmd := exec.CommandContext(ctx, c.Dir.Bin("kustomize"), "build", c.Dir.Path(folder))
	var failure bytes.Buffer
	cmd.Stderr = &failure
	output, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("kustomize build %s: %w: %s", folder, err, strings.TrimSpace(failure.String()))
	}
	return string(output), nil
}

// Decode reads the objects of a YAML stream.
func Decode(manifests string) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	for decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(manifests), 4096); ; {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		switch {
		case errors.Is(err, io.EOF):
			return objects, nil
		case err != nil:
			return nil, fmt.Errorf("reading manifests: %w", err)
		case len(object.Object) > 0:
			objects = append(objects, object)
		}
	}
}
