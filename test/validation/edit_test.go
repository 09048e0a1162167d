package validation

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
)

// An edit is a small change to the example.
type edit struct {
	path   string
	value  any
	remove bool
}

// set replaces one value; missing maps and list entries on the way are made.
func set(path string, value any) edit { return edit{path: path, value: value} }

// put is set with the value written in YAML.
func put(path, text string) edit { return edit{path: path, value: parse(text)} }

// drop removes one value.
func drop(path string) edit { return edit{path: path, remove: true} }

// parse reads YAML as the API server would: whole numbers are int64.
func parse(text string) any {
	var value any
	if err := utilyaml.Unmarshal([]byte(text), &value); err != nil {
		panic(fmt.Sprintf("a case holds broken YAML: %v\n%s", err, text))
	}
	return value
}

// example is the full example, with the edits made.
func example(t *testing.T, edits ...edit) *unstructured.Unstructured {
	t.Helper()
	data, err := os.ReadFile("testdata/example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	object := &unstructured.Unstructured{Object: parse(string(data)).(map[string]any)}
	for _, e := range edits {
		apply(object, e)
	}
	return object
}

func apply(object *unstructured.Unstructured, e edit) {
	object.Object = change(object.Object, steps(e.path), e).(map[string]any)
}

var stepPattern = regexp.MustCompile(`[^.\[\]]+`)

// steps splits spec.apps[0].name into spec, apps, 0, name.
func steps(path string) []string { return stepPattern.FindAllString(path, -1) }

// change returns node with the edit made below it.
func change(node any, path []string, e edit) any {
	if len(path) == 0 {
		return runtime.DeepCopyJSONValue(e.value)
	}
	if index, err := strconv.Atoi(path[0]); err == nil {
		list, _ := node.([]any)
		for len(list) <= index {
			list = append(list, map[string]any{})
		}
		if e.remove && len(path) == 1 {
			return append(list[:index:index], list[index+1:]...)
		}
		list[index] = change(list[index], path[1:], e)
		return list
	}
	fields, ok := node.(map[string]any)
	if !ok {
		fields = map[string]any{}
	}
	if e.remove && len(path) == 1 {
		delete(fields, path[0])
		return fields
	}
	fields[path[0]] = change(fields[path[0]], path[1:], e)
	return fields
}

// long is a string of n characters.
func long(n int) string { return strings.Repeat("a", n) }

// times writes n entries of a YAML list; %[1]d in text is the entry's number.
func times(n int, text string) []any {
	list := make([]any, n)
	for i := range list {
		list[i] = parse(fmt.Sprintf(text, i))
	}
	return list
}
