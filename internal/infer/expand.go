package infer

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/template"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/appenv/appenv-operator/internal/component"
)

// expand does what Argo CD does with an ApplicationSet of one list. Of other generators, and of functions that are not
// the operator's own, only the cluster knows the Applications: the error says so.
func expand(set *unstructured.Unstructured) ([]application, error) {
	elements, err := elementsOf(set)
	if err != nil {
		return nil, onlyLive(set, err)
	}
	render := substituted
	if goTemplate, _, _ := unstructured.NestedBool(set.Object, "spec", "goTemplate"); goTemplate {
		options, _ := texts(fields(set.Object, "spec")["goTemplateOptions"])
		render = func(text string, element map[string]any) (string, error) { return executed(text, element, options) }
	}
	var all []application
	for _, element := range elements {
		object, err := generate(set, element, render)
		if err != nil {
			return nil, onlyLive(set, err)
		}
		app, err := decoded(object)
		if err != nil {
			return nil, err
		}
		app.element = element
		all = append(all, app)
	}
	return all, nil
}

func onlyLive(set *unstructured.Unstructured, err error) error {
	return fmt.Errorf("%s: %w; only the cluster knows its Applications: import it from there with kubectl appenv import applicationset %s",
		component.KeyOf(set), err, set.GetName())
}

// elementsOf are the elements of the one plain list that generates the Applications.
func elementsOf(set *unstructured.Unstructured) ([]map[string]any, error) {
	generators, whole := items(set.Object, "spec", "generators")
	if len(generators) != 1 || !whole {
		return nil, fmt.Errorf("it has %d generators, and not one list", len(generators))
	}
	if other := unexpected(generators[0], "list"); other != "" {
		return nil, fmt.Errorf("its generator has %s, and is no plain list", other)
	}
	list := fields(generators[0], "list")
	if other := unexpected(list, "elements", "template"); other != "" {
		return nil, fmt.Errorf("its list has %s, and is no plain list", other)
	}
	if own := fields(list, "template"); unexpected(fields(own, "metadata")) != "" || unexpected(fields(own, "spec"), "destination", "project") != "" {
		return nil, fmt.Errorf("its list has a template of its own")
	}
	elements, whole := items(list, "elements")
	if !whole {
		return nil, fmt.Errorf("its list has elements that are no maps")
	}
	return elements, nil
}

// generate is the Application of an element.
func generate(set *unstructured.Unstructured, element map[string]any, render func(string, map[string]any) (string, error)) (*unstructured.Unstructured, error) {
	filled, err := fill(runtime.DeepCopyJSON(fields(set.Object, "spec", "template")), element, render)
	if err != nil {
		return nil, err
	}
	object, _ := filled.(map[string]any)
	if patch := text(set.Object, "spec", "templatePatch"); patch != "" {
		if object, err = patched(object, patch, element, render); err != nil {
			return nil, fmt.Errorf("templatePatch: %w", err)
		}
	}
	u := &unstructured.Unstructured{Object: object}
	u.SetAPIVersion(set.GetAPIVersion())
	u.SetKind("Application")
	u.SetNamespace(set.GetNamespace())
	return normal(u, component.Settings{}), nil
}

func patched(object map[string]any, patch string, element map[string]any, render func(string, map[string]any) (string, error)) (map[string]any, error) {
	text, err := render(patch, element)
	if err != nil {
		return nil, err
	}
	change, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		return nil, err
	}
	document, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	if document, err = jsonpatch.MergePatch(document, change); err != nil {
		return nil, err
	}
	result := map[string]any{}
	err = utiljson.Unmarshal(document, &result)
	return result, err
}

// fill renders every text in a value.
func fill(value any, element map[string]any, render func(string, map[string]any) (string, error)) (any, error) {
	var err error
	switch value := value.(type) {
	case string:
		return render(value, element)
	case []any:
		for i := range value {
			if value[i], err = fill(value[i], element, render); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for key := range value {
			if value[key], err = fill(value[key], element, render); err != nil {
				return nil, fmt.Errorf("%s: %w", key, err)
			}
		}
	}
	return value, nil
}

// templateFunctions are those of Argo CD's functions that the operator's own template uses.
var templateFunctions = template.FuncMap{
	"splitList": func(separator, text string) []string { return strings.Split(text, separator) },
	"toJson": func(value any) (string, error) {
		data, err := json.Marshal(value)
		return string(data), err
	},
}

// executed renders a text as a template of Go.
func executed(text string, element map[string]any, options []string) (string, error) {
	for _, option := range options { // text/template would panic
		if !contains([]string{"missingkey=default", "missingkey=invalid", "missingkey=zero", "missingkey=error"}, option) {
			return "", fmt.Errorf("the option %q of its templates is unknown", option)
		}
	}
	parsed, err := template.New("template").Funcs(templateFunctions).Option(options...).Parse(text)
	if err != nil {
		return "", err
	}
	for _, each := range parsed.Templates() {
		if err := harmless(each.Root); err != nil {
			return "", err
		}
	}
	var out strings.Builder
	err = parsed.Execute(&out, element)
	return out.String(), err
}

// substituted renders a text as Argo CD's older templates: {{ key }} is replaced where the element has the key.
func substituted(text string, element map[string]any) (string, error) {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{{")
		out.WriteString(before)
		inner, after, closed := strings.Cut(rest, "}}")
		if !found || !closed {
			if found {
				out.WriteString("{{" + rest)
			}
			return out.String(), nil
		}
		value, known, _ := unstructured.NestedFieldNoCopy(element, strings.Split(strings.TrimSpace(inner), ".")...)
		switch value.(type) {
		case map[string]any, []any:
			return "", fmt.Errorf("{{%s}} is no text", inner)
		}
		if known {
			fmt.Fprint(&out, value)
		} else {
			out.WriteString("{{" + inner + "}}")
		}
		text = after
	}
}
