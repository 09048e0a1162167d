package fuzz

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
)

// FuzzAcceptedSpecsGiveAcceptedChildren: whatever the CRD takes, the components make of it the same objects each
// time, and the API server of every supported release would create them, and they reach nobody else.
func FuzzAcceptedSpecsGiveAcceptedChildren(f *testing.F) {
	crd := environments(f)
	known := seeds(f, crd)
	g := newGenerator(crd.Schema, known)
	for i, choices := range tapes(len(known)) {
		f.Add(choices, adversarial[i%len(adversarial)])
	}
	others := served(f)
	f.Fuzz(func(t *testing.T, choices []byte, text string) {
		object := g.environment(choices, text)
		refusal := crd.accept(object)
		in, err := inputOf(object)
		if refusal != nil {
			if err == nil {
				_, _ = built(in) // it must not panic: an older CRD may have accepted it
			}
			return
		}
		if err != nil {
			t.Fatalf("the CRD accepts what the operator cannot read: %v", err)
		}
		objects := buildTwice(t, in)
		for _, object := range objects {
			checkChild(t, object, others)
		}
		checkReach(t, in, objects)
	})
}

// inputOf is what the components get to see of an AppEnvironment in which every app is admitted.
func inputOf(object map[string]any) (component.Input, error) {
	in := component.Input{
		Env: &v1alpha1.AppEnvironment{},
		Settings: component.Settings{
			ArgoCDNamespace: "argocd", CloudflareProxiedProperty: "external-dns.alpha.kubernetes.io/cloudflare-proxied",
			ReservedNamespaces: []string{"reserved-*"}, AllowedRepositories: []string{"https://github.com/example/*"},
		},
	}
	if err := strictly(object, in.Env); err != nil {
		return in, err
	}
	in.Env.UID = types.UID("6f1e2d3c-0000-4000-8000-000000000001")
	for _, app := range in.Env.Spec.Apps {
		in.Admitted = append(in.Admitted, app.Name)
	}
	return in, nil
}

// strictly decodes an object into its type, which must know every field.
func strictly(object map[string]any, into any) error {
	data, err := json.Marshal(object)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

// built is everything that an environment becomes, and why a component makes nothing of it.
func built(in component.Input) (objects []*unstructured.Unstructured, err error) {
	for _, c := range component.All {
		made, problem := c.Intent(in)
		if problem != nil {
			err = problem
		}
		objects = append(objects, made...)
	}
	component.Violations(in)
	component.Claims(in.Env)
	component.Admit(in, nil, nil)
	if _, problem := component.TeardownProject(in); problem != nil {
		err = problem
	}
	return objects, err
}

// buildTwice builds everything, and once more of a copy.
func buildTwice(t *testing.T, in component.Input) []*unstructured.Unstructured {
	t.Helper()
	before := in.Env.DeepCopy()
	objects, err := built(in)
	if diff := cmp.Diff(before, in.Env); diff != "" {
		t.Fatalf("the spec was changed (-before +after):\n%s", diff)
	}
	in.Env = before
	again, errAgain := built(in)
	if diff := cmp.Diff(objects, again); diff != "" {
		t.Fatalf("a second time gives something else (-first +again):\n%s", diff)
	}
	if fmt.Sprint(err) != fmt.Sprint(errAgain) {
		t.Fatalf("a second time gives another error: %v, then %v", err, errAgain)
	}
	if err != nil {
		t.Fatalf("the CRD accepts what no component can build: %v", err)
	}
	seen := map[component.Key]bool{}
	for _, object := range objects {
		if key := component.KeyOf(object); seen[key] {
			t.Errorf("two objects are %s", key)
		} else {
			seen[key] = true
		}
	}
	return objects
}

// checkChild holds an object to what the API server demands of it.
func checkChild(t *testing.T, object *unstructured.Unstructured, others map[string]map[string]kind) {
	t.Helper()
	key := component.KeyOf(object)
	for _, problem := range metadataProblems(object) {
		t.Errorf("%s: %s", key, problem)
	}
	known := false
	for release, kinds := range others {
		kind, isServed := kinds[object.GetAPIVersion()+" "+object.GetKind()]
		if !isServed {
			continue
		}
		known = true
		sent, err := asSent(object)
		if err == nil {
			err = kind.accept(sent)
		}
		if err != nil {
			t.Errorf("%s is refused by %s: %v", key, release, err)
		}
	}
	if !known {
		if err := checkBuiltin(object); err != nil {
			t.Errorf("%s is refused by Kubernetes: %v", key, err)
		}
	}
}

// asSent is an object as it arrives at the API server.
func asSent(object *unstructured.Unstructured) (map[string]any, error) {
	data, err := json.Marshal(object.Object)
	if err != nil {
		return nil, err
	}
	sent := map[string]any{}
	return sent, utiljson.Unmarshal(data, &sent)
}

func metadataProblems(object *unstructured.Unstructured) []string {
	problems := validation.IsDNS1123Subdomain(object.GetName())
	if object.GetNamespace() != "" {
		problems = append(problems, validation.IsDNS1123Label(object.GetNamespace())...)
	}
	for key, value := range object.GetLabels() {
		problems = append(problems, validation.IsQualifiedName(key)...)
		problems = append(problems, validation.IsValidLabelValue(value)...)
	}
	size := 0
	for key, value := range object.GetAnnotations() {
		problems = append(problems, validation.IsQualifiedName(strings.ToLower(key))...)
		size += len(key) + len(value)
	}
	if size > 256*1024 {
		problems = append(problems, fmt.Sprintf("its annotations have %d bytes", size))
	}
	return problems
}
