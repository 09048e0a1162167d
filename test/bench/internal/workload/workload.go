// Package workload is what the benchmarks ask for: an AppEnvironment, the children that it becomes, and the
// same children as kro is told to make them.
//
// The children are those of internal/component, so that all who are compared make the very same objects.
package workload

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/hack/local/cluster"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/config"
)

//go:embed environment.yaml
var environment string

// placeholder stands for the name of the environment in environment.yaml.
const placeholder = "NAME"

// Label is a label that every child gets from spec.labels, with this value.
const (
	Label = "cost-center"
	Value = "4711"
)

// Children are how many objects one environment becomes.
const Children = 9

// Name is the name of the i-th environment, and of its namespace.
func Name(i int) string { return fmt.Sprintf("bench-%04d", i) }

// Environment is an AppEnvironment of that name.
func Environment(name string) (*unstructured.Unstructured, error) {
	env := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(strings.ReplaceAll(environment, placeholder, name)), &env.Object); err != nil {
		return nil, fmt.Errorf("reading environment.yaml: %w", err)
	}
	return env, nil
}

// Objects are the children of the environment of that name, in the order in which they are applied.
func Objects(name string) ([]*unstructured.Unstructured, error) {
	env := &v1alpha1.AppEnvironment{}
	if err := yaml.UnmarshalStrict([]byte(strings.ReplaceAll(environment, placeholder, name)), env); err != nil {
		return nil, fmt.Errorf("reading environment.yaml: %w", err)
	}
	in := component.Input{Env: env, Settings: component.Settings{
		ArgoCDNamespace: cluster.ArgoCDNamespace, CloudflareProxiedProperty: config.Default().CloudflareProxiedProperty,
	}}
	for _, app := range env.Spec.Apps {
		in.Admitted = append(in.Admitted, app.Name)
	}
	var objects []*unstructured.Unstructured
	for _, c := range component.All {
		of, err := c.Intent(in)
		if err != nil {
			return nil, err
		}
		objects = append(objects, of...)
	}
	if len(objects) != Children {
		return nil, fmt.Errorf("environment.yaml becomes %d children, not %d", len(objects), Children)
	}
	return objects, nil
}

// A Resource is a kind of children.
type Resource struct {
	schema.GroupVersionResource
	Kind       string
	Namespaced bool
}

// Resources are the kinds of the children, each once, in the order in which they are applied.
func Resources() ([]Resource, error) {
	objects, err := Objects(Name(0))
	if err != nil {
		return nil, err
	}
	var all []Resource
	for _, object := range objects {
		resource, err := ResourceOf(object)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(all, resource) {
			all = append(all, resource)
		}
	}
	return all, nil
}

// ResourceOf is the kind of a child.
func ResourceOf(object *unstructured.Unstructured) (Resource, error) {
	gvk := object.GroupVersionKind()
	for _, c := range component.All {
		for _, kind := range c.Kinds {
			if kind.GroupVersionKind == gvk {
				return Resource{gvk.GroupVersion().WithResource(kind.Resource), kind.Kind, !kind.ClusterScoped}, nil
			}
		}
	}
	return Resource{}, fmt.Errorf("%s is none of the children's kinds", gvk)
}
