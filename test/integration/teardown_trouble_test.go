package integration

import (
	"fmt"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

// hold puts a finalizer on an object, and letGo takes it off.
func hold(t *testing.T, object child, finalizer string) (letGo func()) {
	t.Helper()
	plane.Change(t, object.GroupVersionKind, object.ObjectKey, func(u *unstructured.Unstructured) {
		u.SetFinalizers(append(u.GetFinalizers(), finalizer))
	})
	return func() {
		t.Helper()
		plane.Change(t, object.GroupVersionKind, object.ObjectKey, func(u *unstructured.Unstructured) {
			u.SetFinalizers(slices.DeleteFunc(u.GetFinalizers(), func(f string) bool { return f == finalizer }))
		})
	}
}

// The ApplicationSet controller is not among the causes: it has no part in a teardown. See
// teardown_garbage_collector_test.go, and teardown_stalled_test.go for a missing AppProject,
// missing_api_test.go for an API that is gone.
func TestATeardownInTroubleSaysWhatToDoAndEndsByItselfOnceTheCauseIsGone(t *testing.T) {
	judge := func(environment string, verdict fixture.Verdict) func(t *testing.T) func() {
		return func(t *testing.T) func() {
			name := application(environment, "web").Name
			plane.ArgoCD.Judge(name, verdict)
			fixture.Eventually(t, soon, func() error {
				app := plane.Get(t, fixture.ApplicationGVK, application(environment, "web"))
				if phase, _, _ := unstructured.NestedString(app.Object, "status", "operationState", "phase"); verdict.Phase != "" && phase != verdict.Phase {
					return fmt.Errorf("the last operation is %s", phase)
				}
				return nil
			})
			return func() { plane.ArgoCD.Judge(name, fixture.Verdict{}) }
		}
	}
	const cleanup = "externalsecrets.external-secrets.io/externalsecret-cleanup" // as External Secrets 0.20 and later set it
	cases := map[string]struct {
		environment string
		cause       func(t *testing.T) (end func())
		step        string
		held        child // what waits
		blockedOn   []string
	}{
		"the Application controller is down": {
			environment: "no-applications", cause: judge("no-applications", fixture.Verdict{Silent: true}), step: "applications",
			held:      child{fixture.ApplicationGVK, application("no-applications", "web")},
			blockedOn: []string{"Application argocd/no-applications-web-dev", "check that argocd-application-controller runs"},
		},
		"a sync hangs": {
			environment: "hanging-sync", cause: judge("hanging-sync", fixture.Verdict{Phase: "Running"}), step: "applications",
			held:      child{fixture.ApplicationGVK, application("hanging-sync", "web")},
			blockedOn: []string{"its sync is still running", "argocd app terminate-op hanging-sync-web-dev"},
		},
		"Argo CD cannot delete": {
			environment: "deletion-error", cause: judge("deletion-error", fixture.Verdict{Undeletable: "cluster unreachable"}), step: "applications",
			held:      child{fixture.ApplicationGVK, application("deletion-error", "web")},
			blockedOn: []string{"Application argocd/deletion-error-web-dev", "Argo CD cannot delete it: cluster unreachable"},
		},
		"External Secrets is down": {
			environment: "no-eso", step: "secrets", held: child{fixture.ExternalSecretGVK, inside("no-eso", "env")},
			cause: func(t *testing.T) func() {
				return hold(t, child{fixture.ExternalSecretGVK, inside("no-eso", "env")}, cleanup)
			},
			blockedOn: []string{"ExternalSecret it-no-eso/env", "External Secrets removes it; check that it runs"},
		},
		"something in the namespace has a finalizer of others": {
			environment: "held-content", step: "namespaces", held: child{configMapGVK, inside("held-content", "theirs")},
			cause: func(t *testing.T) func() {
				plane.Create(t, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: fixture.NamespaceOf("held-content"), Name: "theirs"}})
				return hold(t, child{configMapGVK, inside("held-content", "theirs")}, "example.com/theirs")
			},
			blockedOn: []string{"Namespace it-held-content", "objects in it have finalizers that whoever set them has to remove (example.com/theirs)"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plane.RunReady(t, fixture.Full(c.environment))
			end := c.cause(t)
			plane.Delete(t, plane.Environment(t, c.environment))
			at := func(env *v1alpha1.AppEnvironment) error {
				if env.Status.Teardown == nil || env.Status.Teardown.Step != c.step {
					return fmt.Errorf("the teardown is at %v, want %s", env.Status.Teardown, c.step)
				}
				return nil
			}
			words := fixture.BlockedOn(c.blockedOn...)
			plane.WaitFor(t, c.environment, at, words, fixture.Lacks(v1alpha1.ConditionStalled), fixture.Has(v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonTearingDown))
			before := plane.Get(t, c.held.GroupVersionKind, c.held.ObjectKey).GetFinalizers()
			plane.WaitFor(t, c.environment, at, words, fixture.Has(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonTeardownStalled))
			if after := plane.Get(t, c.held.GroupVersionKind, c.held.ObjectKey).GetFinalizers(); !slices.Equal(before, after) || len(after) == 0 {
				t.Errorf("finalizers were %v and are %v", before, after)
			}
			if live := plane.Get(t, namespaceGVK, cluster(fixture.NamespaceOf(c.environment))); c.step != "namespaces" && live.GetDeletionTimestamp() != nil {
				t.Error("the namespace goes before the step is done")
			}
			end()
			plane.WaitGone(t, c.environment)
			checkNothingLeft(t, c.environment)
		})
	}
}
