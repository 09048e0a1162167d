package e2e

import (
	"fmt"
	"maps"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

var byHand = []scenario{
	{name: "project-deleted-by-hand", run: func(s *stage) { deletedByHand(s, projects, argoNamespace, s.name) }},
	{name: "namespace-deleted-by-hand", run: func(s *stage) { deletedByHand(s, namespaces, "", s.name) }},
	{name: "application-deleted-by-hand", run: func(s *stage) { deletedByHand(s, applications, argoNamespace, s.application("web")) }},
	{name: "externalsecret-deleted-by-hand", run: func(s *stage) { deletedByHand(s, externalSecrets, s.name, "env") }},
	{name: "list-emptied-by-hand", run: listEmptiedByHand},
}

// refusedToPeople are the kinds whose deletion the admission policies refuse to people.
var refusedToPeople = []schema.GroupVersionKind{namespaces, projects, applicationSets}

// deletedByHand deletes an object, as a person when a person may, else as somebody who is exempt from the
// policies. It comes back, and the environment works as before.
func deletedByHand(s *stage, kind schema.GroupVersionKind, namespace, name string) {
	env := s.environment("web")
	env.Spec.Secrets = secretsFrom(sharedStore, "given")
	s.apply(env)
	s.ready()
	before := s.uid(kind, namespace, name)
	stays := s.uidsBut(kind)
	as := s.client
	for _, refused := range refusedToPeople {
		if refused == kind {
			err := s.client.Delete(s.ctx, blank(kind, namespace, name))
			if !apierrors.IsInvalid(err) && !apierrors.IsForbidden(err) {
				s.Fatalf("deleting it is not refused: %v", err)
			}
			as = s.exempt
		}
	}
	s.must(as.Delete(s.ctx, blank(kind, namespace, name)))
	s.until(func() string {
		if now := s.uid(kind, namespace, name); now == "" || now == before {
			return kind.Kind + " " + name + " to come back"
		}
		return ""
	})
	s.runs("web", "web:v1")
	s.until(func() string { // what went with the old object comes back with the new one
		if s.secretValue("env", "TOKEN") == "" {
			return "the Secret"
		}
		return ""
	})
	if now := s.uidsBut(kind); !maps.Equal(stays, now) {
		s.Errorf("deleting the %s had more made anew: %v, then %v", kind.Kind, stays, now)
	}
}

// uidsBut are the UIDs of what stays when an object of a kind is deleted by hand and comes back. With a Namespace
// goes what is in it, with an Application what it has deployed.
func (s *stage) uidsBut(kind schema.GroupVersionKind) map[string]string {
	s.Helper()
	uids := map[string]string{}
	add := func(kind schema.GroupVersionKind, namespace, name string) {
		uid := s.uid(kind, namespace, name)
		if uid == "" {
			s.Errorf("there is no %s %s", kind.Kind, name)
		}
		uids[kind.Kind] = uid
	}
	add(applicationSets, argoNamespace, s.name)
	if kind != projects {
		add(projects, argoNamespace, s.name)
	}
	if kind != namespaces {
		add(namespaces, "", s.name)
	}
	if kind != applications {
		add(applications, argoNamespace, s.application("web"))
	}
	if kind == projects || kind == externalSecrets {
		add(deployments, s.name, "web")
	}
	return uids
}

// listEmptiedByHand: a person is refused. Somebody who is exempt is not, and then Argo CD may be faster
// than the repair; what it removed comes back.
func listEmptiedByHand(s *stage) {
	s.apply(s.environment("web", "worker"))
	s.ready()
	before := s.uid(applications, argoNamespace, s.application("web"))
	empty := client.RawPatch("application/json-patch+json", []byte(`[{"op":"replace","path":"/spec/generators/0/list/elements","value":[]}]`))
	set := blank(applicationSets, argoNamespace, s.name)
	if err := s.client.Patch(s.ctx, set, empty); !apierrors.IsInvalid(err) && !apierrors.IsForbidden(err) {
		s.Fatalf("emptying the list is not refused: %v", err)
	}
	if now := s.uid(applications, argoNamespace, s.application("web")); now != before {
		s.Errorf("the Application was made anew although the edit was refused: %s, then %s", before, now)
	}
	s.must(s.exempt.Patch(s.ctx, set, empty))
	s.until(func() string {
		elements, _, _ := unstructured.NestedSlice(s.get(applicationSets, argoNamespace, s.name).Object, "spec", "generators")
		list, _, _ := unstructured.NestedSlice(elements[0].(map[string]any), "list", "elements")
		if len(list) != 2 {
			return fmt.Sprintf("a list of two; it has %d", len(list))
		}
		for _, app := range []string{"web", "worker"} {
			application := s.get(applications, argoNamespace, s.application(app))
			if application == nil || application.GetDeletionTimestamp() != nil {
				return "Application " + s.application(app) + " to be there"
			}
		}
		return ""
	})
	s.runs("web", "web:v1")
	s.runs("worker", "worker:v1")
	survived := "survived"
	if s.uid(applications, argoNamespace, s.application("web")) != before {
		survived = "was made anew"
	}
	s.note("emptied by somebody exempt: the list was repaired; the first Application %s", survived)
}
