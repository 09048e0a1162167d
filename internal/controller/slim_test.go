package controller

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// decoded is an environment as an informer gets it: every string stands in memory of its own.
func decoded(t *testing.T, name string) *v1alpha1.AppEnvironment {
	t.Helper()
	env := &v1alpha1.AppEnvironment{Spec: v1alpha1.AppEnvironmentSpec{Namespaces: []v1alpha1.Namespace{{Name: name}}}}
	env.Name = name
	env.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "a"}}
	for i := range 9 {
		env.Status.Children = append(env.Status.Children, v1alpha1.Child{
			APIVersion: "v1", Kind: "ServiceAccount", Namespace: name, Name: fmt.Sprint("app", i), State: v1alpha1.ChildReady, Origin: v1alpha1.OriginCreated,
		})
	}
	env.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonReady}}
	text, err := json.Marshal(env)
	if err != nil {
		t.Fatal(err)
	}
	out := &v1alpha1.AppEnvironment{}
	if err := json.Unmarshal(text, out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestASlimEnvironmentSaysTheSame(t *testing.T) {
	want := decoded(t, "hoge-dev")
	want.ManagedFields = nil
	got, err := slim(decoded(t, "hoge-dev"))
	if diff := cmp.Diff(any(want), got); diff != "" || err != nil {
		t.Errorf("%v, -want +got:\n%s", err, diff)
	}
	if other, err := slim("something else"); other != "something else" || err != nil {
		t.Errorf("what is no AppEnvironment becomes %v, %v", other, err)
	}
}

func TestSlimEnvironmentsShareTheirWords(t *testing.T) {
	one, two := decoded(t, "hoge-dev"), decoded(t, "hoge-qa")
	for _, env := range []*v1alpha1.AppEnvironment{one, two} {
		if _, err := slim(env); err != nil {
			t.Fatal(err)
		}
	}
	a, b := one.Status.Children[0], two.Status.Children[8]
	for name, same := range map[string][2]string{
		"apiVersion": {a.APIVersion, b.APIVersion}, "kind": {a.Kind, b.Kind}, "state": {string(a.State), string(b.State)},
		"origin": {string(a.Origin), string(b.Origin)}, "reason of a condition": {one.Status.Conditions[0].Reason, two.Status.Conditions[0].Reason},
		"namespace": {a.Namespace, one.Spec.Namespaces[0].Name},
	} {
		if unsafe.StringData(same[0]) != unsafe.StringData(same[1]) { //nolint:gosec // compares where they stand
			t.Errorf("%s: %q stands in memory twice", name, same[0])
		}
	}
}

func TestAFullVocabularyStillUnderstands(t *testing.T) {
	v := &vocabulary{words: map[string]string{}, room: 8}
	for _, word := range []string{"short", strings.Repeat("long", 100), "another", "", "short"} {
		if got := v.of(word); got != word {
			t.Errorf("%q becomes %q", word, got)
		}
	}
	if len(v.words) != 2 { // "short" and ""
		t.Errorf("it holds %d words: %v", len(v.words), v.words)
	}
}
