package e2e

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

var takeOver = []scenario{
	{name: "take-over", run: takenOver},
}

//go:embed testdata/by_hand.yaml
var byHandManifests string

// takenOver: a team made everything by hand, and it runs. After its consent and one AppEnvironment nothing
// is made anew, nothing is synced and no Pod is touched; what the team deletes later is what it made.
func takenOver(s *stage) {
	s.must(s.stack.Cluster.Apply(s.ctx, strings.ReplaceAll(byHandManifests, "https://github.com/example/hoge", s.repository.URL())))
	s.until(func() string {
		for _, app := range []string{"web", "worker"} {
			application := s.get(applications, argoNamespace, app+"-take-over")
			if application == nil {
				return "Application " + app + "-take-over"
			}
			health, _, _ := unstructured.NestedString(application.Object, "status", "health", "status")
			phase, _, _ := unstructured.NestedString(application.Object, "status", "operationState", "phase")
			if health != "Healthy" || phase != "Succeeded" {
				return fmt.Sprintf("Application %s-take-over, which is %q, its sync %q", app, health, phase)
			}
		}
		return ""
	})
	before := s.facts()
	for kind, want := range map[string]int{"Application ": 2, "syncs of ": 2, "Deployment ": 2, "generation of Deployment ": 2, "Pod ": 2} {
		found := 0
		for name := range before {
			if strings.HasPrefix(name, kind) {
				found++
			}
		}
		if found < want {
			s.Fatalf("there are %d facts %q, want %d: %v", found, kind, want, before)
		}
	}

	env := s.environment("web", "worker")
	env.Spec.ArgoCD = &v1alpha1.ArgoCD{
		Project: new("take-over-project"), ApplicationSet: new("take-over-set"), ApplicationName: new("{app}-take-over"),
	}
	s.apply(env)
	s.note("%s", s.blocked("Namespace take-over", "platform.appenv.dev/adopt-by=take-over"))
	for _, object := range []*unstructured.Unstructured{
		blank(namespaces, "", "take-over"),
		blank(projects, argoNamespace, "take-over-project"),
		blank(applicationSets, argoNamespace, "take-over-set"),
	} {
		s.patch(object, map[string]any{"metadata": map[string]any{"annotations": map[string]any{v1alpha1.AnnotationAdoptBy: s.name}}})
	}
	env = s.ready()
	s.lookedAtAgain()
	after := s.facts()
	s.note("%-34s %-38s %s", "", "BEFORE", "AFTER")
	for _, name := range slices.Sorted(maps.Keys(before)) {
		s.note("%-34s %-38s %s", name, before[name], after[name])
	}
	if !maps.Equal(before, after) {
		s.Error("taking over changed what it must leave alone")
	}
	for _, child := range env.Status.Children {
		if slices.Contains([]string{"Namespace", "AppProject", "ApplicationSet"}, child.Kind) && child.Origin != v1alpha1.OriginAdopted {
			s.Errorf("%s %s counts as %s, not as adopted", child.Kind, child.Name, child.Origin)
		}
	}
	s.never(5*time.Second, func() string {
		if now := s.facts(); !maps.Equal(before, now) {
			return fmt.Sprintf("taking over had an effect later: %v", now)
		}
		return ""
	})
	// An adopted namespace is never deleted.
	s.remember()
	s.must(s.client.Delete(s.ctx, env))
	s.gone()
	s.nothingLeft()
	if now := s.uid(namespaces, "", "take-over"); now != before["Namespace take-over"] {
		s.Errorf("the adopted Namespace did not stay: %q", now)
	}
	s.must(s.client.Delete(s.ctx, blank(namespaces, "", "take-over")))
}

// lookedAtAgain has Argo CD compare the Applications once more: what taking over set off would show.
func (s *stage) lookedAtAgain() {
	s.Helper()
	for _, app := range []string{"web", "worker"} {
		name := app + "-take-over"
		s.patch(blank(applications, argoNamespace, name), map[string]any{
			"metadata": map[string]any{"annotations": map[string]any{refreshAnnotation: "normal"}},
		})
		s.until(func() string { // Argo CD removes the annotation once it has
			if _, asked := s.get(applications, argoNamespace, name).GetAnnotations()[refreshAnnotation]; asked {
				return "Argo CD to compare " + name + " again"
			}
			return ""
		})
	}
}

// facts are what taking over must not change: UIDs, generations of what was deployed, syncs.
func (s *stage) facts() map[string]string {
	s.Helper()
	facts := map[string]string{
		"Namespace take-over":          s.uid(namespaces, "", "take-over"),
		"AppProject take-over-project": s.uid(projects, argoNamespace, "take-over-project"),
		"ApplicationSet take-over-set": s.uid(applicationSets, argoNamespace, "take-over-set"),
	}
	for _, app := range []string{"web", "worker"} {
		application := s.get(applications, argoNamespace, app+"-take-over")
		if application == nil {
			continue
		}
		facts["Application "+application.GetName()] = string(application.GetUID())
		history, _, _ := unstructured.NestedSlice(application.Object, "status", "history")
		began, _, _ := unstructured.NestedString(application.Object, "status", "operationState", "startedAt")
		facts["syncs of "+application.GetName()] = fmt.Sprintf("%d, the last at %s", len(history), began)
		deployment := s.get(deployments, s.name, app)
		if deployment != nil {
			facts["Deployment "+app] = string(deployment.GetUID())
			facts["generation of Deployment "+app] = fmt.Sprint(deployment.GetGeneration())
		}
	}
	pods := &corev1.PodList{}
	s.must(s.client.List(s.ctx, pods, client.InNamespace(s.name)))
	for _, pod := range pods.Items {
		facts["Pod "+pod.Name] = string(pod.UID)
	}
	return facts
}
