package contract

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/argoproj/argo-cd/v2/applicationset/utils"
	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

// TestElementsRenderToTheApplicationsTheySpeakOf renders every element with Argo
// CD's own renderer and compares the Application with what the element says.
func TestElementsRenderToTheApplicationsTheySpeakOf(t *testing.T) {
	for _, doc := range documents(t, "ApplicationSet") {
		t.Run(doc.file, func(t *testing.T) {
			var set v1alpha1.ApplicationSet
			decodeStrictly(t, doc, &set)
			for _, raw := range set.Spec.Generators[0].List.Elements {
				var element map[string]any
				if err := json.Unmarshal(raw.Raw, &element); err != nil {
					t.Fatal(err)
				}
				app := render(t, set, element)
				expectApplication(t, element, app)
				want := set.Spec.Template.Spec
				if diff := cmp.Diff([]any{want.Project, want.SyncPolicy}, []any{app.Spec.Project, app.Spec.SyncPolicy}); diff != "" {
					t.Errorf("project and sync policy (-template +Application):\n%s", diff)
				}
			}
		})
	}
}

func expectApplication(t *testing.T, element map[string]any, app v1alpha1.Application) {
	t.Helper()
	got := map[string]any{
		"name":           element["name"], // the app's own name: the template has no use for it
		"application":    app.Name,
		"repoURL":        app.Spec.Source.RepoURL,
		"targetRevision": app.Spec.Source.TargetRevision,
		"path":           app.Spec.Source.Path,
		"namespace":      app.Spec.Destination.Namespace,
		"images":         imagesOf(app),
	}
	if diff := cmp.Diff(element, got); diff != "" {
		t.Errorf("(-element +Application):\n%s", diff)
	}
	if element["images"] == "" && app.Spec.Source.Kustomize != nil {
		t.Error("an app without images is forced to be a Kustomize one")
	}
	if app.Spec.Destination.Server != "https://kubernetes.default.svc" || app.Labels["platform.appenv.dev/environment"] == "" {
		t.Errorf("destination %v, labels %v", app.Spec.Destination, app.Labels)
	}
	if app.Spec.HasMultipleSources() || len(app.Finalizers) != 1 || app.Finalizers[0] != v1alpha1.ResourcesFinalizerName {
		t.Errorf("sources %v, finalizers %v", app.Spec.Sources, app.Finalizers)
	}
}

func imagesOf(app v1alpha1.Application) string {
	if app.Spec.Source.Kustomize == nil {
		return ""
	}
	var images []string
	for _, image := range app.Spec.Source.Kustomize.Images {
		images = append(images, string(image))
	}
	return strings.Join(images, ",")
}

// render does what the ApplicationSet controller does with an element.
func render(t *testing.T, set v1alpha1.ApplicationSet, element map[string]any) v1alpha1.Application {
	t.Helper()
	renderer := utils.Render{}
	template := &v1alpha1.Application{
		ObjectMeta: set.ObjectMeta,
		Spec:       set.Spec.Template.Spec,
	}
	template.Name, template.Labels = set.Spec.Template.Name, set.Spec.Template.Labels
	template.Finalizers = set.Spec.Template.Finalizers
	app, err := renderer.RenderTemplateParams(template, set.Spec.SyncPolicy, element, set.Spec.GoTemplate, set.Spec.GoTemplateOptions)
	if err != nil {
		t.Fatal(err)
	}
	if set.Spec.TemplatePatch == nil {
		return *app
	}
	patch, err := renderer.Replace(*set.Spec.TemplatePatch, element, set.Spec.GoTemplate, set.Spec.GoTemplateOptions)
	if err != nil {
		t.Fatal(err)
	}
	if patch, err = utils.ConvertYAMLToJSON(patch); err != nil {
		t.Fatal(err)
	}
	document, err := json.Marshal(app)
	if err != nil {
		t.Fatal(err)
	}
	patched, err := strategicpatch.StrategicMergePatch(document, []byte(patch), v1alpha1.Application{})
	if err != nil {
		t.Fatal(err)
	}
	var final v1alpha1.Application
	if err := json.Unmarshal(patched, &final); err != nil {
		t.Fatal(err)
	}
	return final
}
