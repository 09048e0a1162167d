package fuzz

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime"
)

// FuzzTextsAreRefusedOrArriveVerbatim: whatever stands in a string that users choose, the CRD refuses it, or a
// component does, or the objects are those of before with that text where the old one was. So no text becomes
// another field, a second entry, or a part of a template.
func FuzzTextsAreRefusedOrArriveVerbatim(f *testing.F) {
	crd := environments(f)
	fields := userFields(f, crd)
	for i := range fields {
		for form := range byte(4) {
			f.Add(uint16(i), form, adversarial[(i*7+int(form)*13)%len(adversarial)])
		}
	}
	f.Fuzz(func(t *testing.T, number uint16, form byte, text string) {
		field := fields[int(number)%len(fields)]
		value := inForm(form, field.original, strings.ToValidUTF8(text, "\ufffd"))
		if field.refuses(crd, value) {
			return
		}
		got, err := field.objectsWith(value)
		if err != nil {
			return // a component refuses it, in the words that the status shows
		}
		want, err := field.objectsWith(field.original)
		if err != nil {
			t.Fatal(err)
		}
		for _, pair := range field.renderings(value) {
			want = replaced(want, pair[0], pair[1])
		}
		if diff := cmp.Diff(sortedLists(want), sortedLists(got)); diff != "" {
			t.Errorf("%s %q (-with that text instead of %q +got):\n%s", field.path, value, field.original, diff)
		}
	})
}

// inForm is a text alone, or beside or within the value that was there before.
func inForm(form byte, original, text string) string {
	switch form % 4 {
	case 1:
		return original + text
	case 2:
		return text + original
	case 3:
		middle := int(form/4) % len(original)
		return original[:middle] + text + original[middle:]
	}
	return text
}

// refuses says whether the CRD does not take the value in the place of the old one. A value that is there already
// is none to try: two of them may well become one.
func (f userField) refuses(crd kind, value string) bool {
	if value == f.original || slices.Contains(f.others, value) {
		return true
	}
	return crd.accept(f.environmentWith(value)) != nil
}

// environmentWith also follows the references to the old value.
func (f userField) environmentWith(value string) map[string]any {
	env := runtime.DeepCopyJSON(f.base)
	if f.path == "metadata.name" {
		env["metadata"].(map[string]any)["name"] = value
		return env
	}
	env["spec"] = whole(env["spec"], f.original, value)
	return env
}

// whole is a tree in which every string that is the old one, keys included, is another.
func whole(tree any, old, value string) any {
	return mapped(tree, func(text string) string {
		if text == old {
			return value
		}
		return text
	})
}

func replaced(tree any, old, value string) any {
	return mapped(tree, func(text string) string { return strings.ReplaceAll(text, old, value) })
}

func mapped(tree any, change func(string) string) any {
	switch tree := tree.(type) {
	case string:
		return change(tree)
	case []any:
		items := make([]any, len(tree))
		for i, item := range tree {
			items[i] = mapped(item, change)
		}
		return items
	case map[string]any:
		entries := map[string]any{}
		for key, value := range tree {
			entries[change(key)] = mapped(value, change)
		}
		return entries
	}
	return tree
}

// objectsWith are the objects of the environment with the value. Left out is what follows from a text by design:
// the Azure cloud, which is told by the domain of the vault.
func (f userField) objectsWith(value string) (any, error) {
	in, err := inputOf(f.environmentWith(value))
	if err != nil {
		return nil, err
	}
	objects, err := built(in)
	if err != nil {
		return nil, err
	}
	var all []any
	for _, object := range objects {
		sent, err := asSent(object)
		if err != nil {
			return nil, err
		}
		if provider, ok := at(sent, "spec", "provider", "azurekv"); ok {
			delete(provider, "environmentType")
		}
		all = append(all, inParts(sent, ""))
	}
	return all, nil
}

func at(tree map[string]any, path ...string) (map[string]any, bool) {
	for _, name := range path {
		next, ok := tree[name].(map[string]any)
		if !ok {
			return nil, false
		}
		tree = next
	}
	return tree, true
}

// renderings are what the old value and the new one look like in the objects, where they are not themselves:
// placeholders are replaced, quantities and durations written as Kubernetes does.
func (f userField) renderings(value string) [][2]string {
	switch {
	case f.path == "spec.argocd.applicationName":
		return [][2]string{{expanded(f.original, "qappone"), expanded(value, "qappone")}, {expanded(f.original, "qapptwo"), expanded(value, "qapptwo")}}
	case f.path == "spec.source.path":
		return [][2]string{{f.original, expanded(value, "qappone")}}
	case f.path == "spec.apps[].path":
		return [][2]string{{f.original, expanded(value, "qapptwo")}}
	case f.path == "spec.secrets.refreshInterval":
		return [][2]string{{duration(f.original), duration(value)}}
	case f.quantity:
		return [][2]string{{f.original, amount(value)}}
	}
	return [][2]string{{f.original, value}}
}

func expanded(text, app string) string {
	return strings.NewReplacer("{app}", app, "{application}", "qapplication", "{environment}", "qenvironment").Replace(text)
}

func amount(text string) string {
	parsed, err := resource.ParseQuantity(text)
	if err != nil {
		return err.Error()
	}
	return parsed.String()
}

func duration(text string) string {
	parsed, err := time.ParseDuration(text)
	if err != nil {
		return err.Error()
	}
	return parsed.String()
}

// sortedLists is a tree whose lists are in an order of their own: a text may change the order.
func sortedLists(tree any) any {
	switch tree := tree.(type) {
	case []any:
		items := make([]any, len(tree))
		for i, item := range tree {
			items[i] = sortedLists(item)
		}
		slices.SortFunc(items, func(a, b any) int { return strings.Compare(encoded(a), encoded(b)) })
		return items
	case map[string]any:
		entries := map[string]any{}
		for key, value := range tree {
			entries[key] = sortedLists(value)
		}
		return entries
	}
	return tree
}

// separators are what cuts a string into parts for whoever reads it, by the field that it stands in or below.
var separators = map[string]string{"images": ",", "policies": ",", "template": "{{", "templatePatch": "{{"}

// inParts is a tree in which the strings that others cut into parts are lists: a text that has a separator makes
// one more part, however it looks in the whole.
func inParts(tree any, separator string) any {
	switch tree := tree.(type) {
	case string:
		if separator == "" {
			return tree
		}
		var parts []any
		for part := range strings.SplitSeq(tree, separator) {
			parts = append(parts, part)
		}
		return parts
	case []any:
		items := make([]any, len(tree))
		for i, item := range tree {
			items[i] = inParts(item, separator)
		}
		return items
	case map[string]any:
		entries := map[string]any{}
		for key, value := range tree {
			within := separator
			if own, ok := separators[key]; ok {
				within = own
			}
			entries[key] = inParts(value, within)
		}
		return entries
	}
	return tree
}

func encoded(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(data)
}
