package integration

import (
	"fmt"
	"sort"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

func TestAnEnvironmentGetsAllItsChildrenAndBecomesReady(t *testing.T) {
	t.Parallel()
	plane.RunReady(t, fixture.Full("creation"))
	env := plane.Environment(t, "creation")

	var recorded []string
	for _, child := range env.Status.Children {
		recorded = append(recorded, fmt.Sprint(child.Kind, " ", child.Namespace, "/", child.Name, " ", child.UID, " ", child.Origin, " ", child.State))
	}
	var want []string
	for _, child := range childrenOf("creation") {
		live := plane.Get(t, child.GroupVersionKind, child.ObjectKey)
		want = append(want, fmt.Sprint(child.Kind, " ", child.Namespace, "/", child.Name, " ", live.GetUID(), " created Ready"))
		checkMarks(t, env, live)
	}
	sort.Strings(recorded)
	sort.Strings(want)
	if diff := cmp.Diff(want, recorded); diff != "" {
		t.Errorf("status.children (-want +got):\n%s", diff)
	}
	for _, kind := range []string{
		v1alpha1.ConditionNamespacesReady, v1alpha1.ConditionProjectReady, v1alpha1.ConditionSecretsReady,
		v1alpha1.ConditionApplicationsReady, v1alpha1.ConditionCertificatesReady, v1alpha1.ConditionDNSReady,
	} {
		if err := fixture.Has(kind, metav1.ConditionTrue, v1alpha1.ReasonReady)(env); err != nil {
			t.Error(err)
		}
	}
	for _, kind := range []string{v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled, v1alpha1.ConditionSuspended} {
		if err := fixture.Lacks(kind)(env); err != nil {
			t.Error(err)
		}
	}
	counts := []string{env.Status.AppsReady, env.Status.SecretsReady, env.Status.CertificatesReady}
	if diff := cmp.Diff([]string{"2/2", "1/1", "2/2"}, counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"web", "worker"}, env.Status.AdmittedApps); diff != "" {
		t.Errorf("admitted apps (-want +got):\n%s", diff)
	}
}

// checkMarks checks that a child says whose it is, to the operator and to nobody's
// garbage collector.
func checkMarks(t *testing.T, env *v1alpha1.AppEnvironment, live *unstructured.Unstructured) {
	t.Helper()
	got := map[string]string{
		"managed-by":  live.GetLabels()[v1alpha1.LabelManagedBy],
		"environment": live.GetLabels()[v1alpha1.LabelEnvironment],
		"owner label": live.GetLabels()["owner"],
		"owner-uid":   live.GetAnnotations()[v1alpha1.AnnotationOwnerUID],
		"origin":      live.GetAnnotations()[v1alpha1.AnnotationOrigin],
	}
	want := map[string]string{
		"managed-by": v1alpha1.ManagedByValue, "environment": env.Name, "owner label": "team-hoge",
		"owner-uid": string(env.UID), "origin": "created",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("marks of %s %s (-want +got):\n%s", live.GetKind(), live.GetName(), diff)
	}
	if len(live.GetOwnerReferences()) != 0 {
		t.Errorf("%s %s has owner references, which foreground deletion would follow", live.GetKind(), live.GetName())
	}
}

func TestAnEnvironmentWithTheLeastSpecBecomesReady(t *testing.T) {
	t.Parallel()
	plane.RunReady(t, fixture.Small("smallest"))
	env := plane.Environment(t, "smallest")
	for _, kind := range []string{
		v1alpha1.ConditionSecretsReady, v1alpha1.ConditionCertificatesReady, v1alpha1.ConditionDNSReady,
	} {
		if err := fixture.Has(kind, metav1.ConditionTrue, v1alpha1.ReasonNotRequested)(env); err != nil {
			t.Error(err)
		}
	}
}

// Not parallel: it is timed.
func TestEveryChildExistsWithinASecond(t *testing.T) {
	env := fixture.Full("speed")
	env.Spec.Sync.Gate = v1alpha1.GateNone
	plane.Run(t, env)
	start := time.Now()
	fixture.Eventually(t, second, func() error {
		for _, child := range childrenOf("speed") {
			if err := plane.Exists(child.GroupVersionKind, child.ObjectKey)(); err != nil {
				return err
			}
		}
		return nil
	})
	t.Logf("%d children existed after %s", len(childrenOf("speed")), time.Since(start).Round(time.Millisecond))
	plane.WaitReady(t, "speed")
}
