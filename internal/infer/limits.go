package infer

import (
	"reflect"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// limitFields are the fields of an item of a LimitRange that hold quantities.
var limitFields = []string{"max", "min", "default", "defaultRequest", "maxLimitRequestRatio"}

// A limitDefault is what the API server fills in of a Container: each resource of a field that another one lacks.
type limitDefault struct{ into, from string }

// limitDefaults are in the order in which they are filled in.
var limitDefaults = []limitDefault{{"default", "max"}, {"defaultRequest", "default"}, {"defaultRequest", "min"}}

// normalLimits fills in what the API server does.
func normalLimits(spec map[string]any) {
	limits, _ := items(spec, "limits")
	for _, item := range limits {
		for _, key := range limitFields {
			quantities(fields(item, key))
		}
		for _, each := range limitDefaults {
			if from := fields(item, each.from); text(item, "type") == "Container" && len(from) > 0 {
				orElse(item, map[string]any{each.into: map[string]any{}})
				orElse(fields(item, each.into), from)
			}
		}
	}
}

// written are the items of a LimitRange without what the API server would fill in again.
func written(spec map[string]any) []map[string]any {
	limits, _ := items(runtime.DeepCopyJSON(spec), "limits")
	for _, item := range limits {
		if text(item, "type") != "Container" {
			continue
		}
		request, limit := fields(item, "defaultRequest"), fields(item, "default")
		for resource, value := range request {
			other, limited := limit[resource]
			if !limited {
				other = fields(item, "min")[resource]
			}
			if reflect.DeepEqual(value, other) {
				delete(request, resource)
			}
		}
		drop(limit, fields(item, "max"))
		for _, key := range []string{"default", "defaultRequest"} {
			if isEmpty(item[key]) {
				delete(item, key)
			}
		}
	}
	return limits
}

func (m *importer) readLimits(namespace *v1alpha1.Namespace, path string) {
	var limits []v1alpha1.LimitRangeItem
	u := m.guards("LimitRange", namespace.Name, path+".limits", func(spec map[string]any) string {
		all, _ := items(spec, "limits")
		for _, item := range all {
			if other := unexpected(item, append([]string{"type"}, limitFields...)...); other != "" {
				return "an environment's limits have no " + other
			}
		}
		return convert(written(spec), &limits)
	})
	if u != nil {
		namespace.Limits = limits
		m.take(u, path+".limits")
	}
}
