package component

import (
	"encoding/json"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"

	jsonpatch "github.com/evanphx/json-patch/v5"
	gocmp "github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/internal/foreign/argocd"
	"github.com/appenv/appenv-operator/test/golden"
)

// templateFunctions are those of Argo CD's templates that the operator uses.
var templateFunctions = template.FuncMap{
	"splitList": func(separator, text string) []string { return strings.Split(text, separator) },
	"toJson": func(value any) (string, error) {
		data, err := json.Marshal(value)
		return string(data), err
	},
}

func TestRenderedElementsAreTheApplicationsThatHealthExpects(t *testing.T) {
	rendered := 0
	forEachCase(t, func(t *testing.T, c Component, dir string, in Input) {
		objects, err := applications.Intent(in)
		if err != nil {
			return
		}
		expected := slices.Concat(elementsOf(in), in.KeptElements)
		slices.SortFunc(expected, byName)
		for _, set := range objects {
			for i, element := range elementsIn(t, set) {
				rendered++
				want := applicationSpec(in.Env, expected[i])
				got := renderApplication(t, set, element)
				if got.Metadata.Name != element["application"] {
					t.Errorf("the Application is called %q, its element says %q", got.Metadata.Name, element["application"])
				}
				if !reflect.DeepEqual(got.Spec, want) {
					t.Errorf("element %v (-want +got):\n%s", element["name"], gocmp.Diff(want, got.Spec))
				}
			}
		}
	})
	if rendered == 0 {
		t.Fatal("nothing was rendered")
	}
}

// TestApplicationsAreWhatTheirGoldenFilesSay: applications.yaml is what Argo CD must make of
// the ApplicationSet beside it; test/contract holds Argo CD's own code to that.
func TestApplicationsAreWhatTheirGoldenFilesSay(t *testing.T) {
	for _, dir := range caseDirs(t, applications) {
		objects, err := applications.Intent(readInput(t, filepath.Join(dir, "input.yaml")))
		if err != nil || len(objects) == 0 {
			continue
		}
		t.Run(filepath.Base(dir), func(t *testing.T) {
			var made []*unstructured.Unstructured
			for _, element := range elementsIn(t, objects[0]) {
				app := renderApplication(t, objects[0], element)
				fields, err := toPlain(map[string]any{
					"metadata": map[string]any{
						"name": app.Metadata.Name, "namespace": objects[0].GetNamespace(), "labels": app.Metadata.Labels,
						// The ApplicationSet controller sets it: the template names none.
						"finalizers": []string{argocd.ResourcesFinalizer},
					},
					"spec": app.Spec,
				})
				if err != nil {
					t.Fatal(err)
				}
				made = append(made, &unstructured.Unstructured{Object: fields})
			}
			golden.Check(t, filepath.Join(dir, "applications.yaml"), renderIntent(t, made, nil))
		})
	}
}

// renderApplication does what the ApplicationSet controller does with an element.
func renderApplication(t *testing.T, set *unstructured.Unstructured, element map[string]any) argocd.Application {
	t.Helper()
	fields, _, err := unstructured.NestedMap(set.Object, "spec", "template")
	if err != nil {
		t.Fatal(err)
	}
	document, err := json.Marshal(renderValue(t, fields, element))
	if err != nil {
		t.Fatal(err)
	}
	if patch := text(set.Object, "spec", "templatePatch"); patch != "" {
		if document, err = jsonpatch.MergePatch(document, []byte(render(t, patch, element))); err != nil {
			t.Fatal(err)
		}
	}
	var app argocd.Application
	if err := json.Unmarshal(document, &app); err != nil {
		t.Fatal(err)
	}
	return app
}

func renderValue(t *testing.T, value any, element map[string]any) any {
	t.Helper()
	switch value := value.(type) {
	case string:
		return render(t, value, element)
	case []any:
		for i := range value {
			value[i] = renderValue(t, value[i], element)
		}
	case map[string]any:
		for key := range value {
			value[key] = renderValue(t, value[key], element)
		}
	}
	return value
}

func render(t *testing.T, text string, element map[string]any) string {
	t.Helper()
	parsed, err := template.New("").Funcs(templateFunctions).Option("missingkey=error").Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := parsed.Execute(&out, element); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestTemplatesHoldNoTextOfTheUser(t *testing.T) {
	ours := regexp.MustCompile(`^\{\{\.(application|repoURL|targetRevision|path|namespace)\}\}$`)
	forEachCase(t, func(t *testing.T, c Component, dir string, in Input) {
		objects, _ := applications.Intent(in)
		for _, set := range objects {
			source, _, _ := unstructured.NestedMap(set.Object, "spec", "template", "spec", "source")
			for key, value := range source {
				if !ours.MatchString(value.(string)) {
					t.Errorf("template.spec.source.%s is %v", key, value)
				}
			}
			if patch := text(set.Object, "spec", "templatePatch"); patch != "" && patch != imagesPatch {
				t.Errorf("templatePatch is %q", patch)
			}
		}
	})
}

func TestTheExampleMeansWhatTheHandWrittenApplicationSetMeant(t *testing.T) {
	in := readInput(t, filepath.Join("testdata", "applications", "example", "input.yaml"))
	objects, err := applications.Intent(in)
	if err != nil || len(objects) != 1 {
		t.Fatalf("%d objects, error %v", len(objects), err)
	}
	set := objects[0]
	if set.GetName() != "hoge-namespace-dev-application-set" || set.GetNamespace() != "argocd" {
		t.Errorf("the ApplicationSet is %s/%s", set.GetNamespace(), set.GetName())
	}
	app := renderApplication(t, set, elementsIn(t, set)[0])
	want := argocd.ApplicationSpec{
		Project: "hoge-namespace-dev",
		Source: &argocd.Source{
			RepoURL:        "https://github.com/example/hoge",
			Path:           "deployment/k8s/manifests/app1/overlays/dev",
			TargetRevision: "development",
			Kustomize:      &argocd.Kustomize{Images: []string{"app1=asia-northeast1-docker.pkg.dev/p/r/app1:3f2c1ab"}},
		},
		Destination: argocd.Destination{Server: "https://kubernetes.default.svc", Namespace: "hoge-namespace"},
		SyncPolicy: &argocd.SyncPolicy{
			Automated:   &argocd.Automated{Prune: true, SelfHeal: true},
			SyncOptions: []string{"ApplyOutOfSyncOnly=true"},
			Retry:       &argocd.Retry{Limit: 5},
		},
	}
	if app.Metadata.Name != "app1-dev" {
		t.Errorf("the Application is called %q", app.Metadata.Name)
	}
	if diff := gocmp.Diff(want, app.Spec); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
