package workload

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestTheDefinitionBecomesTheSameChildren(t *testing.T) {
	objects, err := Objects(Name(7))
	if err != nil {
		t.Fatal(err)
	}
	definition, err := Definition()
	if err != nil {
		t.Fatal(err)
	}
	resources := definition.Object["spec"].(map[string]any)["resources"].([]any)
	if len(resources) != len(objects) {
		t.Fatalf("kro makes %d children, not %d", len(resources), len(objects))
	}
	for i, object := range objects {
		annotations := object.GetAnnotations()
		delete(annotations, "platform.appenv.dev/owner-uid")
		object.SetAnnotations(annotations)
		want := encoded(t, object.Object)
		template := encoded(t, resources[i].(map[string]any)["template"])
		got := strings.NewReplacer("${schema.metadata.name}", Name(7), "${theNamespace.metadata.name}", Name(7)).Replace(template)
		if strings.ReplaceAll(got, `"annotations":{},`, "") != strings.ReplaceAll(want, `"annotations":{},`, "") {
			t.Errorf("kro makes\n%s\nand not\n%s", got, want)
		}
		if object.GetNamespace() == Name(7) && !strings.Contains(template, "${theNamespace.metadata.name}") {
			t.Errorf("kro does not wait for the namespace with %s", object.GetKind())
		}
	}
}

func encoded(t *testing.T, object any) string {
	t.Helper()
	data, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestEveryChildHasTheLabelByWhichItIsSeen(t *testing.T) {
	objects, err := Objects(Name(0))
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range objects {
		if object.GetLabels()[Label] != Value {
			t.Errorf("%s has no label %s=%s", object.GetKind(), Label, Value)
		}
	}
	if env, err := Environment(Name(3)); err != nil || env.GetName() != "bench-0003" {
		t.Errorf("the environment is called %q, %v", env.GetName(), err)
	}
}
