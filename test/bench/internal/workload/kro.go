package workload

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Kro's objects: the definition and its instances, each of which becomes the children of one environment.
var (
	Definitions = schema.GroupVersionResource{Group: "kro.run", Version: "v1alpha1", Resource: "resourcegraphdefinitions"}
	Instances   = schema.GroupVersionResource{Group: "kro.run", Version: "v1alpha1", Resource: "benchmarks"}
)

// Definition is a ResourceGraphDefinition of the children of an environment, which is called like the
// instance. What stands in the namespace waits for it, as with us.
func Definition() (*unstructured.Unstructured, error) {
	const sentinel = "bench-sentinel"
	objects, err := Objects(sentinel)
	if err != nil {
		return nil, err
	}
	var resources []any
	for _, object := range objects {
		// There is no AppEnvironment here to own it.
		unstructured.RemoveNestedField(object.Object, "metadata", "annotations", "platform.appenv.dev/owner-uid")
		template := substitute(object.Object, sentinel, "${schema.metadata.name}").(map[string]any)
		if object.GetNamespace() == sentinel {
			_ = unstructured.SetNestedField(template, "${"+identifier("Namespace")+".metadata.name}", "metadata", "namespace")
		}
		resources = append(resources, map[string]any{"id": identifier(object.GetKind()), "template": template})
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": Definitions.GroupVersion().String(),
		"kind":       "ResourceGraphDefinition",
		"metadata":   map[string]any{"name": "benchmark"},
		"spec": map[string]any{
			"schema": map[string]any{
				"apiVersion": Instances.Version, "kind": "Benchmark", "scope": "Cluster",
				"spec": map[string]any{"unused": "string | default=none"},
			},
			"resources": resources,
		},
	}}, nil
}

// Instance is an instance of the definition.
func Instance(name string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": Instances.GroupVersion().String(), "kind": "Benchmark",
		"metadata": map[string]any{"name": name}, "spec": map[string]any{},
	}}
}

// identifier is what kro calls the child of a kind. Some kinds are words of its own.
func identifier(kind string) string { return "the" + kind }

// substitute is a copy of value in which strings have one word replaced.
func substitute(value any, old, replacement string) any {
	switch value := value.(type) {
	case string:
		return strings.ReplaceAll(value, old, replacement)
	case []any:
		items := slices.Clone(value)
		for i := range items {
			items[i] = substitute(items[i], old, replacement)
		}
		return items
	case map[string]any:
		fields := make(map[string]any, len(value))
		for key, field := range value {
			fields[key] = substitute(field, old, replacement)
		}
		return fields
	}
	return value
}
