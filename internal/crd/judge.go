package crd

import (
	"context"
	"slices"

	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"

	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	metadata "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/common"
)

// A Verdict is what the API server has to say of an object.
type Verdict struct {
	// Unknown are the paths of fields that the kind does not have. Strict field validation, which kubectl and Argo CD
	// ask for, refuses them; otherwise they are dropped. Sorted.
	Unknown []string
	// Errors are what makes the object invalid, at the fields that do.
	Errors field.ErrorList
}

// OK says that the object is accepted under strict field validation.
func (v Verdict) OK() bool { return len(v.Unknown) == 0 && len(v.Errors) == 0 }

// Create judges an object that is to be created. The object gets its defaults and loses its unknown fields, as in the
// server, and its status where that is a subresource.
func (k *Kind) Create(ctx context.Context, object map[string]any) Verdict {
	verdict, ok := k.prepare(object)
	if !ok {
		return verdict
	}
	k.keepStatus(object, nil)
	u := k.unplaced(object)
	found := metadata.ValidateObjectMetaAccessor(u, k.Namespaced, metadata.NameIsDNSSubdomain, field.NewPath("metadata"))
	found = append(found, validation.ValidateCustomResource(nil, object, k.values)...)
	found = append(found, objectmeta.Validate(ctx, nil, object, k.Schema, false)...)
	found = append(found, listtype.ValidateListSetsAndMaps(nil, k.Schema, object)...)
	verdict.Errors = k.validated(ctx, found, object, nil)
	defaulting.Default(object, k.Schema) // as it is read again
	return verdict
}

// Update judges an object that is to take the place of old, which is as the server has it. What is wrong already and
// stays as it was is forgiven, as it is there. A status that is a subresource stays the old one.
func (k *Kind) Update(ctx context.Context, object, old map[string]any) Verdict {
	verdict, ok := k.prepare(object)
	if !ok {
		return verdict
	}
	k.keepStatus(object, old)
	correlated := common.NewCorrelatedObject(object, old, &model.Structural{Structural: k.Schema})
	u := k.unplaced(object)
	found := metadata.ValidateObjectMetaAccessor(u, k.Namespaced, metadata.NameIsDNSSubdomain, field.NewPath("metadata"))
	found = append(found, validation.ValidateCustomResourceUpdate(nil, object, old, k.values, validation.WithRatcheting(correlated))...)
	found = append(found, objectmeta.Validate(ctx, nil, object, k.Schema, false)...)
	if len(listtype.ValidateListSetsAndMaps(nil, k.Schema, old)) == 0 {
		found = append(found, listtype.ValidateListSetsAndMaps(nil, k.Schema, object)...)
	}
	verdict.Errors = k.validated(ctx, found, object, old, cel.WithRatcheting(correlated))
	defaulting.Default(object, k.Schema)
	return verdict
}

// Stored makes of an object what the server would have stored of it: known fields only, with defaults.
func (k *Kind) Stored(object map[string]any) { k.prepare(object) }

// keepStatus gives the object the status that it has already, and none to a new one, where it is a subresource: the server
// does so before it validates.
func (k *Kind) keepStatus(object, old map[string]any) {
	if !k.status {
		return
	}
	delete(object, "status")
	if status, there := old["status"]; there {
		object["status"] = runtime.DeepCopyJSONValue(status)
	}
}

// unplaced is the object without the namespace that a kind without namespaces cannot have: the server takes it away before
// it looks.
func (k *Kind) unplaced(object map[string]any) *unstructured.Unstructured {
	u := &unstructured.Unstructured{Object: object}
	if !k.Namespaced {
		u.SetNamespace("")
	}
	return u
}

// prepare drops unknown fields and sets defaults. ok is false when the object's metadata cannot even be read; then
// the server says nothing else either.
func (k *Kind) prepare(object map[string]any) (verdict Verdict, ok bool) {
	track := structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}
	verdict.Unknown = pruning.PruneWithOptions(object, k.Schema, true, track)
	wrong, unknown := objectmeta.CoerceWithOptions(nil, object, k.Schema, true, objectmeta.CoerceOptions{ReturnUnknownFieldPaths: true})
	verdict.Unknown = append(verdict.Unknown, unknown...)
	slices.Sort(verdict.Unknown)
	if wrong != nil {
		if verdict.Errors = mistyped(object["metadata"]); len(verdict.Errors) == 0 {
			verdict.Errors = field.ErrorList{wrong}
		}
		return verdict, false
	}
	defaulting.PruneNonNullableNullsWithoutDefaults(object, k.Schema)
	defaulting.Default(object, k.Schema)
	return verdict, true
}

// validated adds what the rules find. Where the schema is broken in a way that rules could stumble over, the server
// asks none.
func (k *Kind) validated(ctx context.Context, found field.ErrorList, object, old map[string]any, options ...cel.Option) field.ErrorList {
	if k.rules == nil {
		return found
	}
	if slices.ContainsFunc(found, blocking) {
		return append(found, field.Invalid(nil, nil, unchecked))
	}
	var before any // a nil map is no object
	if old != nil {
		before = old
	}
	broken, _ := k.rules.Validate(ctx, nil, k.Schema, object, before, celconfig.RuntimeCELCostBudget, options...)
	return append(found, broken...)
}

// unchecked is what the server adds when it has asked no rules.
const unchecked = "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation"

func blocking(err *field.Error) bool {
	switch err.Type {
	case field.ErrorTypeNotSupported, field.ErrorTypeRequired, field.ErrorTypeTooLong, field.ErrorTypeTooMany, field.ErrorTypeTypeInvalid:
		return true
	}
	return false
}
