package component

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

func TestTheSameInputGivesTheSameObjects(t *testing.T) {
	forEachCase(t, func(t *testing.T, c Component, dir string, in Input) {
		first := intentText(t, c, in)
		for range 10 {
			if again := intentText(t, c, in); again != first {
				t.Fatalf("two calls differ (-first +again):\n%s", gocmp.Diff(first, again))
			}
		}
	})
}

func TestTheOrderOfKeyedListsMeansNothing(t *testing.T) {
	forEachCase(t, func(t *testing.T, c Component, dir string, in Input) {
		forward := intentText(t, c, in)
		in.Env = in.Env.DeepCopy()
		spec := &in.Env.Spec
		slices.Reverse(spec.Apps)
		slices.Reverse(spec.Access)
		slices.Reverse(spec.Certificates)
		slices.Reverse(spec.ClusterResources)
		slices.Reverse(spec.Namespaces[1:]) // the first is the default
		for i := range spec.Namespaces {
			slices.Reverse(spec.Namespaces[i].IngressFrom)
			slices.Reverse(spec.Namespaces[i].ServiceAccounts)
		}
		for i := range spec.Apps {
			slices.Reverse(spec.Apps[i].Images)
		}
		if spec.DNS != nil {
			slices.Reverse(spec.DNS.Records)
		}
		if spec.Secrets != nil {
			slices.Reverse(spec.Secrets.Items)
		}
		if spec.Sync != nil {
			slices.Reverse(spec.Sync.Options)
		}
		if backward := intentText(t, c, in); backward != forward && !strings.HasPrefix(forward, "error") {
			t.Errorf("the order matters (-as given +reversed):\n%s", gocmp.Diff(forward, backward))
		}
	})
}

func intentText(t *testing.T, c Component, in Input) string {
	t.Helper()
	objects, err := c.Intent(in)
	return string(renderIntent(t, objects, err))
}

// Intents are compared with what was read from JSON: a value of another type would differ for ever.
func TestObjectsHoldNothingButWhatJSONHas(t *testing.T) {
	forEachCase(t, func(t *testing.T, c Component, dir string, in Input) {
		objects, err := c.Intent(in)
		if err != nil {
			return // what it says is in the golden file
		}
		for _, u := range objects {
			document, err := json.Marshal(u.Object)
			if err != nil {
				t.Fatal(err)
			}
			read := map[string]any{}
			if err := utiljson.Unmarshal(document, &read); err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(read, u.Object); diff != "" {
				t.Errorf("%s (-as read +as built):\n%s", KeyOf(u), diff)
			}
		}
	})
}

func TestTheInputIsLeftAsItWas(t *testing.T) {
	forEachCase(t, func(t *testing.T, c Component, dir string, in Input) {
		before := inputText(t, in)
		if _, err := c.Intent(in); err != nil {
			t.Log(err)
		}
		if c.Observed != nil {
			c.Observed(in)
		}
		for _, live := range readLive(t, dir) {
			for _, situation := range live.Situations {
				key, object := situation.object(t, live.Base)
				untouched := object.DeepCopy()
				c.Health(in, key, object)
				if diff := gocmp.Diff(untouched, object); diff != "" {
					t.Errorf("%s: the live object was changed:\n%s", situation.Name, diff)
				}
			}
		}
		Admit(in, nil, nil)
		Violations(in)
		Claims(in.Env)
		if _, err := TeardownProject(in); err != nil {
			t.Error(err)
		}
		if diff := gocmp.Diff(before, inputText(t, in)); diff != "" {
			t.Errorf("the input was changed (-before +after):\n%s", diff)
		}
	})
}

func inputText(t *testing.T, in Input) string {
	t.Helper()
	domains := map[string][]string{}
	for key, list := range in.LiveDomains {
		domains[key.String()] = list
	}
	data, err := json.MarshalIndent([]any{
		in.Env, in.Settings, in.Admitted, in.Withheld, in.Adopted, in.Applications, in.LiveProject, in.LiveElements, domains,
	}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestObjectsCarryOurMarksAndLegalNames(t *testing.T) {
	forEachCase(t, func(t *testing.T, c Component, dir string, in Input) {
		objects, _ := c.Intent(in)
		for _, object := range objects {
			if problems := nameProblems(object); len(problems) > 0 {
				t.Errorf("%s: %v", KeyOf(object), problems)
			}
			labels := object.GetLabels()
			if labels[v1alpha1.LabelManagedBy] != v1alpha1.ManagedByValue || labels[v1alpha1.LabelEnvironment] != in.Env.Name ||
				object.GetAnnotations()[v1alpha1.AnnotationOwnerUID] != string(in.Env.UID) {
				t.Errorf("%s lacks a mark of ownership: %v %v", KeyOf(object), labels, object.GetAnnotations())
			}
			for key, value := range labels {
				if problems := append(validation.IsQualifiedName(key), validation.IsValidLabelValue(value)...); len(problems) > 0 {
					t.Errorf("%s: label %s=%s: %v", KeyOf(object), key, value, problems)
				}
			}
			kind := kindNamed(c, object)
			if kind == nil || kind.ClusterScoped != (object.GetNamespace() == "") {
				t.Errorf("%s does not fit the component's kinds", KeyOf(object))
			}
		}
	})
}

func nameProblems(object *unstructured.Unstructured) []string {
	problems := validation.IsDNS1123Subdomain(object.GetName())
	if object.GetNamespace() != "" {
		problems = append(problems, validation.IsDNS1123Label(object.GetNamespace())...)
	}
	return problems
}

func kindNamed(c Component, object *unstructured.Unstructured) *Kind {
	for _, kind := range c.Kinds {
		if kind.GroupVersionKind == object.GroupVersionKind() {
			return &kind
		}
	}
	return nil
}

// meaningful are the zero values that say something: dropping them would change
// what the object means, or the field is required.
var meaningful = []string{
	".spec.podSelector",                                 // every Pod
	".spec.ingress[].from[].podSelector",                // every Pod of the namespace
	".spec.template.spec.syncPolicy.automated.prune",    // without a field, automated itself would go
	".spec.template.spec.syncPolicy.automated.selfHeal", //
	".spec.template.spec.syncPolicy.retry.limit",        // absent means five
	".spec.generators[].list.elements[].images",         // a missing key stops the ApplicationSet
	".spec.clusterResourceWhitelist[].group",            // the core group
	".spec.namespaceResourceBlacklist[].group",          //
	".spec.provider.fake.data[].value",                  // required
}

func TestNoFieldIsSentWithAZeroValue(t *testing.T) {
	forEachCase(t, func(t *testing.T, c Component, dir string, in Input) {
		objects, _ := c.Intent(in)
		for _, object := range objects {
			for _, path := range zeroValues("", object.Object) {
				if !slices.Contains(meaningful, path) {
					t.Errorf("%s: %s has a zero value", KeyOf(object), path)
				}
			}
			// DeepCopyJSON panics on what JSON does not have, such as int.
			runtime.DeepCopyJSON(object.Object)
		}
	})
}

func zeroValues(path string, value any) []string {
	switch value := value.(type) {
	case map[string]any:
		if len(value) == 0 {
			return []string{path}
		}
		var found []string
		for key, nested := range value {
			found = append(found, zeroValues(path+"."+key, nested)...)
		}
		return found
	case []any:
		if len(value) == 0 {
			return []string{path}
		}
		var found []string
		for _, nested := range value {
			found = append(found, zeroValues(path+"[]", nested)...)
		}
		return found
	case nil:
		return []string{path}
	default:
		if value == "" || value == false || value == int64(0) || value == float64(0) {
			return []string{path}
		}
		return nil
	}
}

func TestEveryFindingHasAReasonAndAMessageThatFits(t *testing.T) {
	forEachCase(t, func(t *testing.T, c Component, dir string, in Input) {
		for _, live := range readLive(t, dir) {
			for _, situation := range live.Situations {
				situation.Cause = strings.Repeat("rpc error: é ", 60)
				health := situation.judge(t, c, in, live.Base)
				if len(health.Message) > maxMessage {
					t.Errorf("%s: the message has %d bytes", situation.Name, len(health.Message))
				}
				if health.State != "OK" && (health.Reason == "" || health.Message == "") {
					t.Errorf("%s: %s without reason or message", situation.Name, health.State)
				}
			}
		}
	})
}

func TestAnApplicationSetIsNeverEmpty(t *testing.T) {
	forEachCase(t, func(t *testing.T, c Component, dir string, in Input) {
		for size := 0; size <= len(in.Env.Spec.Apps); size++ {
			in.Admitted = nil
			for _, app := range in.Env.Spec.Apps[:size] {
				in.Admitted = append(in.Admitted, app.Name)
			}
			objects, err := applications.Intent(in)
			if err != nil {
				return
			}
			want := size + len(in.KeptElements)
			if want == 0 && len(objects) > 0 {
				t.Fatal("nothing is admitted, and there is an ApplicationSet")
			}
			for _, object := range objects {
				if got := len(elementsIn(t, object)); got != want {
					t.Errorf("%d apps are admitted or kept, the list has %d elements", want, got)
				}
			}
		}
	})
}

func elementsIn(t *testing.T, set *unstructured.Unstructured) []map[string]any {
	t.Helper()
	generators, _, err := unstructured.NestedSlice(set.Object, "spec", "generators")
	if err != nil || len(generators) != 1 {
		t.Fatalf("generators: %v, %v", generators, err)
	}
	items, _, err := unstructured.NestedSlice(generators[0].(map[string]any), "list", "elements")
	if err != nil {
		t.Fatal(err)
	}
	var elements []map[string]any
	for _, item := range items {
		element := item.(map[string]any)
		for key, value := range element {
			if _, isString := value.(string); !isString {
				t.Errorf("element %v: %s is a %s", element, key, fmt.Sprintf("%T", value))
			}
		}
		elements = append(elements, element)
	}
	return elements
}
