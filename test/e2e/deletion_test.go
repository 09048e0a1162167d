package e2e

import (
	"context"
	"fmt"
	"strings"
	"time"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/hack/local/component"
)

var deletions = []scenario{
	{name: "deleted-in-the-foreground", run: deletedInTheForeground},
	{name: "deleted-while-a-sync-hangs", run: deletedWhileASyncHangs},
	{name: "deleted-while-external-secrets-is-stopped", alone: true, run: deletedWithoutExternalSecrets},
	{name: "deleted-while-application-controller-is-stopped", alone: true, run: deletedWithoutApplicationController},
}

// deletedInTheForeground is what Argo CD does when it prunes an AppEnvironment.
func deletedInTheForeground(s *stage) {
	env := s.environment("web", "worker")
	env.Spec.Secrets = secretsFrom(sharedStore, "given")
	env.Spec.DNS = &v1alpha1.DNS{Records: []v1alpha1.DNSRecord{
		{Name: s.domain(), Type: v1alpha1.RecordTypeA, Targets: []string{"192.0.2.1"}},
	}}
	s.apply(env)
	s.ready()
	s.record("192.0.2.1", 1, false)
	s.remember()
	s.must(s.client.Delete(s.ctx, env, client.PropagationPolicy(metav1.DeletePropagationForeground)))
	s.gone()
	s.nothingLeft()
	s.until(func() string {
		if records := s.records(); len(records) > 0 {
			return fmt.Sprintf("the record's end; Cloudflare has %v", records)
		}
		return ""
	})
}

// stalled waits until the deletion is in a step and past its deadline, and what it says holds the words.
func (s *stage) stalled(step string, words ...string) {
	s.Helper()
	s.until(func() string {
		if env := s.read(); env.Status.Teardown == nil || env.Status.Teardown.Step != step {
			return "step " + step + " of the deletion; now " + describe(env)
		}
		return ""
	})
	s.until(func() string {
		if env := s.read(); !apimeta.IsStatusConditionTrue(env.Status.Conditions, v1alpha1.ConditionStalled) {
			return "Stalled; now " + describe(env)
		}
		return ""
	})
	s.note("%s: %s", step, s.blocked(words...))
	env := s.read()
	if now := env.Status.Teardown; now == nil || now.Step != step {
		s.Fatalf("the deletion went on: %v", now)
	}
	stalled := apimeta.FindStatusCondition(env.Status.Conditions, v1alpha1.ConditionStalled)
	took := stalled.LastTransitionTime.Sub(env.Status.Teardown.Since.Time)
	if took < teardownDeadline-time.Second || took > teardownDeadline+lateness { // both times are whole seconds
		s.Errorf("Stalled after %s in this step; the deadline is %s", took, teardownDeadline)
	}
	s.note("Stalled after %s", took)
}

// lateness is how long after its deadline a step may be called stalled on a busy machine.
const lateness = 10 * time.Second

// deletedWhileASyncHangs: Argo CD lets no Application go while one of its syncs runs.
func deletedWhileASyncHangs(s *stage) {
	env := s.environment("hanging")
	s.apply(env)
	application := blank(applications, argoNamespace, s.application("hanging"))
	s.until(func() string {
		s.must(client.IgnoreNotFound(s.client.Get(s.ctx, client.ObjectKeyFromObject(application), application)))
		phase, _, _ := unstructured.NestedString(application.Object, "status", "operationState", "phase")
		message, _, _ := unstructured.NestedString(application.Object, "status", "operationState", "message")
		if phase != "Running" || !strings.Contains(message, "waiting for completion of hook") {
			return fmt.Sprintf("the sync to hang; it is %q, %q", phase, message)
		}
		return ""
	})
	s.remember()
	s.must(s.client.Delete(s.ctx, env))
	s.stalled("applications", application.GetName(), "argocd app terminate-op")
	// What that command does.
	s.patch(application, map[string]any{"status": map[string]any{"operationState": map[string]any{"phase": "Terminating"}}})
	s.gone()
	s.nothingLeft()
}

// cleanup is the finalizer that External Secrets puts on ExternalSecrets from release 0.20 on. The one that
// runs here is older, so the scenario plays that part.
const cleanup = "externalsecrets.external-secrets.io/externalsecret-cleanup"

func deletedWithoutExternalSecrets(s *stage) {
	env := s.environment("web")
	env.Spec.Secrets = secretsFrom(sharedStore, "given")
	s.apply(env)
	s.ready()
	secret := blank(externalSecrets, s.name, "env")
	s.patch(secret, map[string]any{"metadata": map[string]any{"finalizers": []any{cleanup}}})
	s.stop("external-secrets")
	defer s.startAgain(s.stack.Site.ExternalSecrets())
	s.remember()
	s.must(s.client.Delete(s.ctx, env))
	s.stalled("secrets", "ExternalSecret", cleanup)
	if s.get(namespaces, "", s.name) == nil {
		s.Error("the Namespace is gone before its ExternalSecret")
	}
	s.startAgain(s.stack.Site.ExternalSecrets())
	s.patch(secret, map[string]any{"metadata": map[string]any{"finalizers": nil}})
	s.gone()
	s.nothingLeft()
}

func deletedWithoutApplicationController(s *stage) {
	env := s.environment("web")
	s.apply(env)
	s.ready()
	s.stop("argocd-application-controller")
	defer s.startAgain(s.stack.Site.ApplicationController())
	s.remember()
	s.must(s.client.Delete(s.ctx, env))
	s.stalled("applications", "Application "+argoNamespace+"/"+s.application("web"))
	for _, kept := range []*unstructured.Unstructured{s.get(projects, argoNamespace, s.name), s.get(namespaces, "", s.name)} {
		if kept == nil {
			s.Error("a project or a namespace is gone before its Applications")
		}
	}
	if s.image("web") == "" {
		s.Error("the Deployment is gone before its Application")
	}
	s.startAgain(s.stack.Site.ApplicationController())
	s.gone()
	s.nothingLeft()
}

// startAgain starts a component that the scenario has stopped, unless it runs.
func (s *stage) startAgain(c component.Component) {
	s.Helper()
	if err := s.stack.Launcher.StartQuietly(context.WithoutCancel(s.ctx), c); err != nil {
		s.Error(err)
	}
}
