package infer

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"

	"github.com/appenv/appenv-operator/internal/component"
)

// lone is an Application that nobody generates.
func lone(name, path string, change ...func(spec map[string]any)) unstructured.Unstructured {
	spec := map[string]any{
		"project": "hoge", "source": map[string]any{"repoURL": "https://github.com/example/hoge", "path": path, "targetRevision": "main"},
		"destination": map[string]any{"server": "https://kubernetes.default.svc", "namespace": "hoge"},
	}
	for _, each := range change {
		each(spec)
	}
	return unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": map[string]any{"name": name, "namespace": "argocd"}, "spec": spec,
	}}
}

func owned(app unstructured.Unstructured, set string) unstructured.Unstructured {
	app.Object["metadata"].(map[string]any)["ownerReferences"] = []any{map[string]any{"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "name": set, "uid": "1"}}
	return app
}

func TestNamesAreReadFromTheApplications(t *testing.T) {
	for name, c := range map[string]struct {
		applications            []string // names, each with the path behind a space
		options                 Options
		environment, apps, path string
		pattern                 *string
	}{
		"by what the names have in common": {
			[]string{"hoge-web-dev web/overlays/dev", "hoge-worker-dev worker/overlays/dev"}, Options{}, "hoge dev", "web worker", "{app}/overlays/{environment}", nil},
		"whole words only": {
			[]string{"app1-dev app1", "app2-dev app2"}, Options{}, "hoge dev", "app1 app2", "{app}", ptr.To("{app}-{environment}")},
		"words of apps that are alike": {
			[]string{"web-api-qa web-api/envs/qa", "web-ui-qa web-ui/envs/qa"}, Options{}, "web qa", "api ui", "web-{app}/envs/{environment}", nil},
		"a single one, without what the environment is called": {
			[]string{"hoge-web-dev x/overlays/dev"}, Options{}, "hoge dev", "web", "x/overlays/{environment}", nil},
		"a single one that is called as the environment": {
			[]string{"hoge hoge/overlays/dev"}, Options{}, "hoge dev", "hoge", "{app}/overlays/{environment}", ptr.To("{app}")},
		"what is said counts": {
			[]string{"hoge-web-dev web", "hoge-worker-dev worker"}, Options{Name: "fuga-live", Application: "fuga", Environment: "live"},
			"fuga live", "web worker", "{app}", ptr.To("hoge-{app}-dev")},
		"apps that are called as the folder of environments": {
			[]string{"dev-dev dev/overlays/dev", "web-dev web/overlays/dev"}, Options{}, "hoge dev", "dev web", "{app}/overlays/{app}", ptr.To("{app}-{environment}")},
	} {
		t.Run(name, func(t *testing.T) {
			var objects []unstructured.Unstructured
			want := map[string]string{}
			for _, each := range c.applications {
				name, path, _ := strings.Cut(each, " ")
				objects = append(objects, lone(name, path))
				want[name] = path
			}
			c.options.Settings = testSettings
			result, err := Environment(objects, c.options)
			if err != nil {
				t.Fatal(err)
			}
			env := result.Env
			var apps []string
			for _, app := range env.Spec.Apps {
				apps = append(apps, app.Name)
				_, path := component.SourceOf(env, app)
				if application := component.ApplicationName(env, app.Name); want[application] != path {
					t.Errorf("app %s becomes Application %s with path %s", app.Name, application, path)
				}
			}
			got := env.Spec.Application + " " + env.Spec.Environment
			if got != c.environment || strings.Join(apps, " ") != c.apps || env.Spec.Source.Path != c.path {
				t.Errorf("got %s, apps %v, path %s", got, apps, env.Spec.Source.Path)
			}
			var pattern *string
			if env.Spec.ArgoCD != nil {
				pattern = env.Spec.ArgoCD.ApplicationName
			}
			if ptr.Deref(pattern, "") != ptr.Deref(c.pattern, "") {
				t.Errorf("got applicationName %q", ptr.Deref(pattern, ""))
			}
		})
	}
}

func TestWhatHasNoEnvironmentIsAnErrorThatSaysWhatToDo(t *testing.T) {
	path := "overlays/dev"
	set := func(options ...func(spec map[string]any)) unstructured.Unstructured {
		spec := map[string]any{
			"goTemplate": true, "goTemplateOptions": []any{"missingkey=error"},
			"generators": []any{map[string]any{"list": map[string]any{"elements": []any{map[string]any{"app": "web"}}}}},
			"template":   map[string]any{"metadata": map[string]any{"name": "{{.app}}-dev"}, "spec": lone("x", path).Object["spec"]},
		}
		for _, each := range options {
			each(spec)
		}
		return unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "metadata": map[string]any{"name": "hoge", "namespace": "argocd"}, "spec": spec,
		}}
	}
	named := func(name string) func(map[string]any) {
		return func(spec map[string]any) { fields(spec, "template", "metadata")["name"] = name }
	}
	for name, c := range map[string]struct {
		objects []unstructured.Unstructured
		options Options
		want    string
	}{
		"several projects": {[]unstructured.Unstructured{lone("a", path), lone("b", path, func(spec map[string]any) { spec["project"] = "fuga" })}, Options{},
			"several AppProjects, and an environment has one: fuga, hoge"},
		"several owners": {[]unstructured.Unstructured{owned(lone("a", path), "hoge"), owned(lone("b", path), "fuga"), lone("c", path)}, Options{},
			"several ApplicationSets, or some to none: (none), fuga, hoge"},
		"another cluster": {[]unstructured.Unstructured{lone("a", path, func(spec map[string]any) { fields(spec, "destination")["server"] = "https://other" })}, Options{},
			"no Application that could be an app"},
		"no word for the environment": {[]unstructured.Unstructured{lone("a", "a"), lone("b", "b")}, Options{}, "say so with --environment"},
		"an unknown namespace":        {[]unstructured.Unstructured{lone("a", path)}, Options{Namespace: "fuga"}, "no Application deploys into namespace fuga"},
		"a key that is missing":       {[]unstructured.Unstructured{set(named("{{.nothing}}"))}, Options{}, `map has no entry for key "nothing"; only the cluster knows`},
		"an unknown function":         {[]unstructured.Unstructured{set(named("{{lower .app}}"))}, Options{}, `function "lower" not defined; only the cluster knows`},
		"an unknown option": {[]unstructured.Unstructured{set(func(spec map[string]any) { spec["goTemplateOptions"] = []any{"missingkey=panic"} })}, Options{},
			`option "missingkey=panic"`},
		"no name for an app": {[]unstructured.Unstructured{set(named("web.{{.app}}")), owned(lone("Web", path), "hoge")}, Options{}, "does not tell which app it is"},
	} {
		t.Run(name, func(t *testing.T) {
			c.options.Settings = testSettings
			result, err := Environment(c.objects, c.options)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, %v", result, err)
			}
		})
	}
}
