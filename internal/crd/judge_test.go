package crd

import (
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
)

const definition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec:
  group: example.com
  scope: Cluster
  names: {kind: Thing, plural: things}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec: {type: object, properties: {size: {type: integer}}}
          status:
            type: object
            default: {seen: -1}
            required: [seen]
            properties: {seen: {type: integer, maximum: 9}, phase: {type: string}}
`

func load(t *testing.T, definition string) *Kind {
	t.Helper()
	kinds, err := Load([]byte(definition))
	if err != nil {
		t.Fatal(err)
	}
	return kinds[schema.GroupVersionKind{Group: "example.com", Version: "v1", Kind: "Thing"}]
}

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	fields := map[string]any{}
	if err := yaml.Unmarshal([]byte("apiVersion: example.com/v1\nkind: Thing\n"+text), &fields); err != nil {
		t.Fatal(err)
	}
	return fields
}

// said is what the verdict says, a line each.
func said(verdict Verdict) []string {
	var lines []string
	for _, path := range verdict.Unknown {
		lines = append(lines, "unknown "+path)
	}
	for _, problem := range verdict.Errors {
		lines = append(lines, problem.Error())
	}
	return lines
}

func TestAStatusThatIsASubresourceIsDropped(t *testing.T) {
	kind := load(t, definition)
	const broken = "metadata: {name: one}\nstatus: {seen: 10, phase: Ready, other: 1}\n"
	created := object(t, broken)
	if diff := gocmp.Diff([]string{"unknown status.other"}, said(kind.Create(t.Context(), created))); diff != "" {
		t.Errorf("created (-want +got):\n%s", diff)
	}
	if diff := gocmp.Diff(map[string]any{"seen": int64(-1)}, created["status"]); diff != "" {
		t.Errorf("the status of what was created (-want +got):\n%s", diff)
	}
	for name, test := range map[string]struct {
		old  string
		want map[string]any
	}{
		"the old one stays":                        {"status: {seen: 3}\n", map[string]any{"seen": int64(3)}},
		"where there is none, the default is read": {"", map[string]any{"seen": int64(-1)}},
	} {
		updated := object(t, broken)
		if diff := gocmp.Diff([]string{"unknown status.other"}, said(kind.Update(t.Context(), updated, object(t, "metadata: {name: one}\n"+test.old)))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if diff := gocmp.Diff(test.want, updated["status"]); diff != "" {
			t.Errorf("%s: its status (-want +got):\n%s", name, diff)
		}
	}
	plain := load(t, strings.Replace(definition, "subresources: {status: {}}", "", 1))
	if got := said(plain.Create(t.Context(), object(t, broken))); len(got) != 2 || !strings.HasPrefix(got[1], "status.seen: Invalid value: 10") {
		t.Errorf("without the subresource the status is a field as others are: got %q", got)
	}
}

func TestMetadataOfAnotherTypeIsToldByField(t *testing.T) {
	kind := load(t, definition)
	for name, test := range map[string]struct {
		metadata string
		want     []string
	}{
		"values of maps": {"{name: one, annotations: {a.b/c: true, d: text, e: null, f: 1}, labels: {g: [h]}}", []string{
			"metadata.annotations[a.b/c]: Invalid value: true: " + unquoted,
			"metadata.annotations[f]: Invalid value: 1: " + unquoted,
			`metadata.labels[g]: Invalid value: ["h"]: ` + unquoted,
		}},
		"a name":                      {"{name: 12}", []string{"metadata.name: Invalid value: 12: " + unquoted}},
		"a name that is a map":        {"{name: {}}", []string{"metadata.name: Invalid value: {}: must be a string"}},
		"labels that are a list":      {"{name: one, labels: [a]}", []string{`metadata.labels: Invalid value: ["a"]: must be a map of strings`}},
		"what is neither":             {"{name: one, generation: text}", []string{`metadata.generation: Invalid value: "text": json: cannot unmarshal string into Go struct field ObjectMeta.generation of type int64`}},
		"metadata that is no map":     {"[a]", []string{`metadata: Invalid value: ["a"]: json: cannot unmarshal array into Go value of type v1.ObjectMeta`}},
		"texts in quotes are allowed": {`{name: "12", labels: {a: "1"}}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := gocmp.Diff(test.want, said(kind.Create(t.Context(), object(t, "metadata: "+test.metadata)))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
