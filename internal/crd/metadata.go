package crd

import (
	"maps"
	"slices"

	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// unquoted is what is wrong with most values that are no strings: in YAML, true and 1 are none.
const unquoted = "must be a string: put the value into quotes"

// mistyped are the fields of metadata that are of another type than theirs. The server cannot read such metadata, and says so
// of the whole, in the words of its JSON library.
func mistyped(metadata any) field.ErrorList {
	fields, _ := metadata.(map[string]any)
	var found field.ErrorList
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		err := read(name, fields[name])
		if err == nil {
			continue
		}
		path, value := field.NewPath("metadata", name), fields[name]
		entries, isMap := value.(map[string]any)
		_, isList := value.([]any)
		switch wantsMap := read(name, map[string]any{}) == nil; {
		case wantsMap && isMap:
			for _, key := range slices.Sorted(maps.Keys(entries)) {
				if read(name, map[string]any{key: entries[key]}) != nil {
					found = append(found, field.Invalid(path.Key(key), entries[key], unquoted))
				}
			}
		case wantsMap:
			found = append(found, field.Invalid(path, value, "must be a map of strings"))
		case read(name, "") == nil && (isMap || isList):
			found = append(found, field.Invalid(path, value, "must be a string"))
		case read(name, "") == nil:
			found = append(found, field.Invalid(path, value, unquoted))
		default:
			found = append(found, field.Invalid(path, value, err.Error()))
		}
	}
	return found
}

// read is why a field of metadata cannot be read.
func read(name string, value any) error {
	_, _, err := objectmeta.GetObjectMeta(map[string]any{"metadata": map[string]any{name: value}}, false)
	return err
}
