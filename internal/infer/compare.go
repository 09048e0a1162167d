package infer

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
)

// A difference is a field that would not stay as it is.
type difference struct {
	field    string
	from, to any // nil where there is nothing
}

// text says what would become of the field.
func (d difference) text() string {
	switch {
	case isSecret(d.field) && d.to == nil:
		return "would be taken away (values are not shown)"
	case isSecret(d.field):
		return "would be changed (values are not shown)"
	case d.from == nil:
		return "would be set to " + compact(d.to)
	case d.to == nil:
		return "would be taken away: " + compact(d.from)
	}
	return "would be changed from " + compact(d.from) + " to " + compact(d.to)
}

// isSecret says whether values of secrets may stand below a field, or in it: people put them into values of charts and
// environments of plugins.
func isSecret(field string) bool {
	for _, part := range []string{"source.helm", "source.plugin", "source.directory", "sources"} {
		if strings.Contains(field, part) {
			return true
		}
	}
	return strings.HasPrefix(field, "spec.provider.fake") || strings.HasPrefix(field, "spec.target.template") ||
		strings.Contains(field, "source.kustomize") && !strings.Contains(field, "source.kustomize.images")
}

// compare finds the fields that have one value and would get another. Fields that stand in have alone stay: nobody asks
// for them. The order of lists means nothing to anybody, but for what ExternalSecrets extract; what stands in an element
// is written as a whole.
func compare(have, want any, field string) []difference {
	wanted, isMap := want.(map[string]any)
	held, both := have.(map[string]any)
	if isMap && (both || have == nil && len(wanted) > 0) {
		var found []difference
		for _, key := range sortedKeys(wanted) {
			found = append(found, compare(held[key], wanted[key], join(field, key))...)
		}
		return found
	}
	if reflect.DeepEqual(have, want) || isList(have) && isList(want) && sameElements(have.([]any), want.([]any), field != "spec.dataFrom") {
		return nil
	}
	return []difference{{field, have, want}}
}

func join(field, key string) string { return strings.TrimPrefix(field+"."+key, ".") }

func isList(value any) bool {
	_, is := value.([]any)
	return is
}

func sameElements(a, b []any, anyOrder bool) bool {
	return slices.Equal(elements(a, anyOrder), elements(b, anyOrder))
}

// elements are the elements of a list in a form that can be compared, sorted where their order means nothing.
func elements(list []any, anyOrder bool) []string {
	all := make([]string, len(list))
	for i, element := range list {
		all[i] = jsonOf(sortedLists(element))
	}
	if anyOrder {
		slices.Sort(all)
	}
	return all
}

// sortedLists is a value whose lists are sorted, all the way down.
func sortedLists(value any) any {
	switch value := value.(type) {
	case map[string]any:
		sorted := map[string]any{}
		for key := range value {
			sorted[key] = sortedLists(value[key])
		}
		return sorted
	case []any:
		return elements(value, true)
	}
	return value
}

// jsonOf is a plain value as JSON.
func jsonOf(value any) string {
	data, err := json.Marshal(value)
	if err != nil { // it came as JSON
		panic(err)
	}
	return string(data)
}

// maxText is how much of a value is shown.
const maxText = 200

// compact is a value on one line, shortened.
func compact(value any) string {
	text, isText := value.(string)
	if !isText {
		text = jsonOf(value)
	}
	if strings.ContainsAny(text, "\n\r") || text == "" {
		text = jsonOf(text)
	}
	if runes := []rune(text); len(runes) > maxText {
		text = string(runes[:maxText]) + "..."
	}
	return text
}
