package component

import (
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/appenv/appenv-operator/internal/foreign/argocd"
)

// byHand is an ApplicationSet as a team writes it for the example's apps.
const byHand = `
spec:
  goTemplate: true
  generators:
  - list:
      elements: [{app: app1}, {app: db-migration}]
      template: {metadata: {}, spec: {destination: {}, project: ""}}
  template:
    metadata:
      name: "{{.app}}-dev"
    spec:
      project: hoge-namespace-dev
      source: {repoURL: https://github.com/example/hoge, targetRevision: development, path: "x/{{.app}}"}
      destination: {server: https://kubernetes.default.svc, namespace: hoge-namespace}
      syncPolicy: {automated: {prune: true, selfHeal: true}}
`

// owned are the Applications that it made: they run what the spec asks for.
func owned(in Input) []argocd.Application {
	var all []argocd.Application
	for _, app := range in.Env.Spec.Apps {
		all = append(all, argocd.Application{
			Metadata: argocd.Metadata{Name: ApplicationName(in.Env, app.Name)},
			Spec:     applicationSpec(in.Env, elementOf(in, app)),
		})
	}
	return all
}

func TestAdoptSet(t *testing.T) {
	cases := map[string]struct {
		set  string // a merge into byHand.spec, at the path
		path []string
		apps func([]argocd.Application) []argocd.Application
		ours bool // before
		want []string
	}{
		"Applications that would be synced": {
			apps: func(all []argocd.Application) []argocd.Application {
				all[0].Spec.Source = &argocd.Source{RepoURL: "https://github.com/example/hoge", TargetRevision: "main", Path: all[0].Spec.Source.Path}
				all[0].Spec.SyncPolicy = nil
				all[1].Spec.SyncPolicy = &argocd.SyncPolicy{Automated: &argocd.Automated{SelfHeal: true}}
				return all
			},
			want: []string{
				`Application app1-dev has images "" and would be synced to "app1=asia-northeast1-docker.pkg.dev/p/r/app1:3f2c1ab"; adopt it as it is, then change it`,
				`Application app1-dev has targetRevision "main" and would be synced to "development"; adopt it as it is, then change it`,
				"Application app1-dev is synced by hand and would be synced by itself; adopt it without spec.sync.automated, then change that",
				"Application db-migration-dev is synced without prune or selfHeal, which spec.sync.automated would turn on; adopt it as it is, then change that",
			},
		},
		"the same where they were the environment's own before": {
			apps: func(all []argocd.Application) []argocd.Application {
				all[0].Spec.Source = &argocd.Source{RepoURL: "https://github.com/example/hoge", TargetRevision: "main", Path: all[0].Spec.Source.Path}
				all[0].Spec.SyncPolicy = nil
				return all
			},
			ours: true,
		},
		"what a team writes can be taken over": {},
		"the finalizer that Argo CD would set itself": {
			path: []string{"template", "metadata", "finalizers"}, set: "[resources-finalizer.argocd.argoproj.io]",
		},
		"other finalizers": {
			path: []string{"template", "metadata", "finalizers"}, set: "[resources-finalizer.argocd.argoproj.io/background]",
			want: []string{"spec.template.metadata.finalizers is nothing that the operator writes"},
		},
		"several sources": {
			path: []string{"template", "spec", "sources"}, set: "[{repoURL: x}]",
			want: []string{"spec.template.spec.sources is nothing that the operator writes"},
		},
		"a destination by name": {
			path: []string{"template", "spec", "destination", "name"}, set: "in-cluster",
			want: []string{"spec.template.spec.destination.name is nothing that the operator writes"},
		},
		"a strategy": {
			path: []string{"strategy"}, set: "{type: RollingSync}",
			want: []string{"spec.strategy is nothing that the operator writes"},
		},
		"empty fields say nothing": {
			path: []string{"syncPolicy"}, set: "{preserveResourcesOnDeletion: false}",
		},
		"another template patch": {
			path: []string{"templatePatch"}, set: "'{{.x}}'",
			want: []string{"spec.templatePatch is another one"},
		},
		"another generator": {
			path: []string{"generators"}, set: "[{git: {repoURL: x}}]",
			want: []string{"spec.generators[0] is not the one plain list of elements"},
		},
		"two lists": {
			path: []string{"generators"}, set: "[{list: {elements: []}}, {list: {elements: []}}]",
			want: []string{"spec.generators[1] is not the one plain list of elements"},
		},
		"a list with a template of its own": {
			path: []string{"generators"}, set: "[{list: {elements: [], template: {metadata: {name: x}}}}]",
			want: []string{"spec.generators[0] is not the one plain list of elements"},
		},
		"an Application that the spec does not ask for": {
			apps: func(all []argocd.Application) []argocd.Application {
				all[1].Metadata.Name = "other"
				return all
			},
			want: []string{"it owns Application other, which the spec does not ask for"},
		},
		"an Application on another cluster, in another namespace, of several sources": {
			apps: func(all []argocd.Application) []argocd.Application {
				all[0].Spec.Destination = argocd.Destination{Server: "https://other", Namespace: "else"}
				all[0].Spec.Source = nil
				return all
			},
			want: []string{
				"Application app1-dev deploys into namespace else and would move to hoge-namespace",
				"Application app1-dev deploys to cluster https://other",
				"Application app1-dev has several sources, or none",
			},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			live := &unstructured.Unstructured{}
			if err := yaml.Unmarshal([]byte(byHand), &live.Object); err != nil {
				t.Fatal(err)
			}
			if c.path != nil {
				var value any
				if err := yaml.Unmarshal([]byte(c.set), &value); err != nil {
					t.Fatal(err)
				}
				if err := unstructured.SetNestedField(live.Object, value, append([]string{"spec"}, c.path...)...); err != nil {
					t.Fatal(err)
				}
			}
			in := exampleInput(t)
			apps := owned(in)
			if c.apps != nil {
				apps = c.apps(apps)
			}
			elements, got := AdoptSet(in, live, apps, c.ours)
			if diff := gocmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if c.apps == nil && elements["app1"][argocd.ElementApplication] != "app1-dev" {
				t.Errorf("the live Applications amount to %v", elements)
			}
		})
	}
}

func TestAdoptProject(t *testing.T) {
	cases := map[string]struct {
		project string
		others  []string
		want    []string
	}{
		"one that nobody else uses": {project: `{spec: {roles: [{name: ci}]}}`},
		"one that others use": {
			project: `{}`, others: []string{"theirs"},
			want: []string{"Application theirs uses it and is not this environment's"},
		},
		"one with tokens": {
			project: `{spec: {roles: [{name: ci, jwtTokens: [{iat: 1}]}]}, status: {jwtTokensByRole: {ci: {}}}}`,
			want:    []string{"role ci has tokens, which would be revoked"},
		},
		"one whose status alone has tokens": {
			project: `{status: {jwtTokensByRole: {b: {}, a: {}}}}`,
			want:    []string{"its status holds tokens of a, b, which would be revoked"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			live := &unstructured.Unstructured{}
			if err := yaml.Unmarshal([]byte(c.project), &live.Object); err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(c.want, AdoptProject(live, c.others)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAdoptExternalSecret(t *testing.T) {
	object := func(target map[string]any) *unstructured.Unstructured {
		u := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"target": target}}}
		u.SetName("env")
		return u
	}
	for what, c := range map[string]struct {
		live, want map[string]any
		safe       bool
	}{
		"the same name":            {map[string]any{"name": "a"}, map[string]any{"name": "a"}, true},
		"the default and the same": {nil, map[string]any{"name": "env"}, true},
		"another name":             {map[string]any{"name": "a"}, map[string]any{"name": "env"}, false},
		"from the default":         {nil, map[string]any{"name": "a"}, false},
		"owned in words":           {map[string]any{"name": "a", "creationPolicy": "Owner"}, map[string]any{"name": "b"}, false},
		"not owned":                {map[string]any{"name": "a", "creationPolicy": "Orphan"}, map[string]any{"name": "b"}, true},
	} {
		if got := AdoptExternalSecret(object(c.live), object(c.want)); (len(got) == 0) != c.safe {
			t.Errorf("%s: %v", what, got)
		}
	}
}
