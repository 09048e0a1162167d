// Package contract holds the golden files of internal/component to the types, the
// validation and the ApplicationSet code of Argo CD v3.5: what the operator writes must
// mean there what the golden files say.
package contract

import (
	"encoding/json"
	"io"
	"testing"

	"github.com/argoproj/argo-cd/v3/applicationset/controllers/template"
	"github.com/argoproj/argo-cd/v3/applicationset/generators"
	"github.com/argoproj/argo-cd/v3/applicationset/utils"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/argo"
	"github.com/google/go-cmp/cmp"
	log "github.com/sirupsen/logrus"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/appenv/appenv-operator/test/contract/golden"
)

func TestAppProjectsAreValid(t *testing.T) {
	for _, object := range golden.Objects(t, "AppProject") {
		t.Run(object.File, func(t *testing.T) {
			var project v1alpha1.AppProject
			golden.Strictly(t, object, &project)
			if err := project.ValidateProject(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestApplicationSetsBecomeTheApplicationsOfTheGoldenFiles(t *testing.T) {
	for _, object := range golden.Objects(t, "ApplicationSet") {
		t.Run(object.File, func(t *testing.T) {
			want := golden.Applications(t, object)
			if len(want) == 0 {
				t.Fatal("the golden file has no Applications")
			}
			var got []any
			names := map[string]bool{}
			for _, app := range expand(t, object) {
				valid(t, app, names)
				got = append(got, plain(t, app))
			}
			if paths := golden.Differ(want, got); len(paths) > 0 {
				t.Errorf("%v differ (-golden +Argo CD):\n%s", paths, cmp.Diff(want, got))
			}
		})
	}
}

// expand does what the ApplicationSet controller does, with its own code.
func expand(t *testing.T, object golden.Object) []v1alpha1.Application {
	t.Helper()
	var set v1alpha1.ApplicationSet
	golden.Strictly(t, object, &set)
	if err := utils.CheckInvalidGenerators(&set); err != nil {
		t.Errorf("its generators are invalid: %v", err)
	}
	quiet := log.New()
	quiet.SetOutput(io.Discard)
	known := map[string]generators.Generator{"List": generators.NewListGenerator()}
	apps, reason, err := template.GenerateApplications(log.NewEntry(quiet), set, known, &utils.Render{}, nil)
	if err != nil {
		t.Fatalf("%s: %v", reason, err)
	}
	return apps
}

// valid holds an Application to what Argo CD demands of those that an ApplicationSet generates: names that are
// there once, and a specification that it has nothing to normalize in, which it would write back.
func valid(t *testing.T, app v1alpha1.Application, names map[string]bool) {
	t.Helper()
	if names[app.Name] {
		t.Errorf("there are two Applications %s", app.Name)
	}
	names[app.Name] = true
	if diff := cmp.Diff(plain(t, app), plain(t, v1alpha1.Application{ObjectMeta: app.ObjectMeta, Spec: *argo.NormalizeApplicationSpec(&app.Spec)})); diff != "" {
		t.Errorf("Argo CD would normalize %s (-ours +normalized):\n%s", app.Name, diff)
	}
}

// plain is an Application as the golden files have it.
func plain(t *testing.T, app v1alpha1.Application) any {
	t.Helper()
	document, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"name": app.Name, "namespace": app.Namespace, "labels": app.Labels, "finalizers": app.Finalizers},
		"spec":     app.Spec,
	})
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(document, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// The project and the ApplicationSet of the example are of one environment: Argo CD must
// let the Applications use what they need, and nothing of what guards them.
func TestTheProjectOfTheExamplePermitsItsApplications(t *testing.T) {
	project := project(t, "project/example/want.yaml")
	for _, object := range golden.Objects(t, "ApplicationSet") {
		if object.File != "applications/example/want.yaml" {
			continue
		}
		apps := expand(t, object)
		if len(apps) == 0 {
			t.Fatal("the example has no Applications")
		}
		for _, app := range apps {
			if !project.IsSourcePermitted(app.Spec.GetSource()) {
				t.Errorf("%s may not be deployed from %s", app.Name, app.Spec.GetSource().RepoURL)
			}
			if permitted, err := permits(project, app.Spec.Destination); err != nil || !permitted {
				t.Errorf("%s may not be deployed to %s: %v", app.Name, app.Spec.Destination.Namespace, err)
			}
		}
	}
	if permitted, err := permits(project, v1alpha1.ApplicationDestination{Server: v1alpha1.KubernetesInternalAPIServerAddr, Namespace: "kube-system"}); err != nil || permitted {
		t.Errorf("its Applications may be deployed to kube-system: %v", err)
	}
	for kind, want := range map[schema.GroupKind]bool{
		{Group: "apps", Kind: "Deployment"}: true, {Kind: "ConfigMap"}: true, {Kind: "ResourceQuota"}: false, {Kind: "LimitRange"}: false,
		{Group: "argoproj.io", Kind: "Application"}: false, {Group: "argoproj.io", Kind: "AppProject"}: false,
		{Group: "external-secrets.io", Kind: "SecretStore"}: false, {Group: "rbac.authorization.k8s.io", Kind: "RoleBinding"}: false,
	} {
		if got := permitsKind(project, kind); got != want {
			t.Errorf("manifests may hold a %s: %t", kind, got)
		}
	}
}

func project(t *testing.T, file string) v1alpha1.AppProject {
	t.Helper()
	var project v1alpha1.AppProject
	for _, object := range golden.Objects(t, "AppProject") {
		if object.File == file {
			golden.Strictly(t, object, &project)
			return project
		}
	}
	t.Fatalf("no AppProject in %s", file)
	return project
}
