package status

import (
	"fmt"
	"math/rand"
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/go-cmp/cmp"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
)

// shuffled is the report with everything in another order.
func shuffled(r Report, random *rand.Rand) Report {
	r.Findings = append([]Finding(nil), r.Findings...)
	r.Removing = append([]Finding(nil), r.Removing...)
	r.Children = append([]v1alpha1.Child(nil), r.Children...)
	r.Admitted = append([]string(nil), r.Admitted...)
	random.Shuffle(len(r.Findings), func(i, j int) { r.Findings[i], r.Findings[j] = r.Findings[j], r.Findings[i] })
	random.Shuffle(len(r.Removing), func(i, j int) { r.Removing[i], r.Removing[j] = r.Removing[j], r.Removing[i] })
	random.Shuffle(len(r.Children), func(i, j int) { r.Children[i], r.Children[j] = r.Children[j], r.Children[i] })
	random.Shuffle(len(r.Admitted), func(i, j int) { r.Admitted[i], r.Admitted[j] = r.Admitted[j], r.Admitted[i] })
	return r
}

// lines are the conditions as text: type, status, reason, message.
func lines(conditions []metav1.Condition) []string {
	var text []string
	for _, c := range conditions {
		text = append(text, fmt.Sprintf("%s %s %s: %s", c.Type, c.Status, c.Reason, c.Message))
	}
	return text
}

// kstatusOf is what kstatus makes of the environment with that status.
func kstatusOf(t *testing.T, env *v1alpha1.AppEnvironment, s v1alpha1.AppEnvironmentStatus) status.Status {
	t.Helper()
	env = env.DeepCopy()
	env.Status = s
	env.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("AppEnvironment"))
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(env)
	if err != nil {
		t.Fatal(err)
	}
	result, err := status.Compute(&unstructured.Unstructured{Object: content})
	if err != nil {
		t.Fatal(err)
	}
	return result.Status
}

// remarkable are the conditions as text, without the components that are as they should be.
func remarkable(conditions []metav1.Condition) []string {
	var text []string
	for i, line := range lines(conditions) {
		if i >= len(component.All) || conditions[i].Status != metav1.ConditionTrue {
			text = append(text, line)
		}
	}
	return text
}

// checkInAnyOrder checks that the order of what was found does not matter.
func checkInAnyOrder(t *testing.T, r Report, want v1alpha1.AppEnvironmentStatus) {
	t.Helper()
	random := rand.New(rand.NewSource(1))
	for range 20 {
		if diff := cmp.Diff(want, Compute(shuffled(r, random))); diff != "" {
			t.Fatalf("another order gives another status (-want +got):\n%s", diff)
		}
	}
}

// checkSettled checks that the same report an hour later changes nothing.
func checkSettled(t *testing.T, r Report, s v1alpha1.AppEnvironmentStatus) {
	t.Helper()
	next := r
	next.Env = r.Env.DeepCopy()
	next.Env.Status = stored(t, s)
	next.Children = next.Env.Status.Children
	next.Now = r.Now.Add(later.Sub(created))
	if got := Compute(next); !apiequality.Semantic.DeepEqual(got, next.Env.Status) {
		t.Errorf("an unchanged report changes the status:\n%s", cmp.Diff(next.Env.Status, got))
	}
}
