package infer

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/utils/ptr"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	crdbundle "github.com/appenv/appenv-operator/config/crd"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/crd"
	"github.com/appenv/appenv-operator/internal/render"
	"github.com/appenv/appenv-operator/test/golden"
)

// testSettings are the operator's defaults.
var testSettings = component.Settings{ArgoCDNamespace: "argocd", CloudflareProxiedProperty: "external-dns.alpha.kubernetes.io/cloudflare-proxied"}

// notInferable are the cases that do not come back as the same objects, and why.
var notInferable = map[string]string{
	"applications/name-too-long":  "no object is made of it: its Applications would have names that are too long",
	"project/unknown-time-zone":   "no object is made of it",
	"project/unreadable-schedule": "no object is made of it",
	"project/window-twice":        "no object is made of it",
}

// TestObjectsOfAnEnvironmentAreReadBackIntoOneThatMakesTheSame is of every case of every component, and of the samples.
func TestObjectsOfAnEnvironmentAreReadBackIntoOneThatMakesTheSame(t *testing.T) {
	for name, env := range environmentsOfTheProject(t) {
		t.Run(name, func(t *testing.T) {
			before := rendered(t, env, name)
			if before == nil {
				return
			}
			result, err := Environment(before, Options{Settings: testSettings})
			if err != nil {
				t.Fatal(err)
			}
			again := stored(t, plain(t, result.Env))
			if verdict := judge(t, result.Env); !verdict.OK() && judge(t, env).OK() {
				t.Fatalf("the API server would refuse what it becomes, and takes what it was: %v %v", verdict.Unknown, verdict.Errors)
			}
			after := rendered(t, again, name)
			if diff := cmp.Diff(byName(before), byName(after)); diff != "" {
				t.Errorf("(-before +after):\n%s", diff)
			}
			changes, err := Check(again, before, testSettings)
			if err != nil {
				t.Fatal(err)
			}
			if len(changes.Changes)+len(changes.Notes) > 0 {
				t.Errorf("of what is the same, Check says %v", changes)
			}
		})
	}
}

func byName(objects []unstructured.Unstructured) map[string]any {
	all := map[string]any{}
	for _, u := range objects {
		u := u.DeepCopy()
		annotations := u.GetAnnotations()
		delete(annotations, v1alpha1.AnnotationOwnerUID)
		u.SetAnnotations(annotations)
		if len(annotations) == 0 {
			unstructured.RemoveNestedField(u.Object, "metadata", "annotations")
		}
		all[component.KeyOf(u).String()] = u.Object
	}
	return all
}

// environmentsOfTheProject are the environments of component's cases and of the samples, as the API server has them.
func environmentsOfTheProject(t *testing.T) map[string]*v1alpha1.AppEnvironment {
	t.Helper()
	all := map[string]*v1alpha1.AppEnvironment{}
	cases, err := filepath.Glob("../component/testdata/*/*/input.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range cases {
		var given map[string]any
		golden.ReadYAML(t, path, &given)
		patch, _ := given["env"].(map[string]any) // a case may be the example as it is
		var example map[string]any
		golden.ReadYAML(t, "../component/testdata/example.yaml", &example)
		folder := filepath.Dir(path)
		all[filepath.Base(filepath.Dir(folder))+"/"+filepath.Base(folder)] = withAccounts(stored(t, golden.Merged(t, example, patch)))
	}
	samples, err := filepath.Glob("../../config/samples/hoge-*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range samples {
		var sample map[string]any
		golden.ReadYAML(t, path, &sample)
		all["samples/"+filepath.Base(path)] = stored(t, sample)
	}
	if len(cases) < 40 || len(samples) < 4 {
		t.Fatalf("%d cases and %d samples are too few: they are elsewhere", len(cases), len(samples))
	}
	return all
}

// withAccounts gives the namespaces the account that the store reads with: cases of other components do without, and the
// API server would refuse them.
func withAccounts(env *v1alpha1.AppEnvironment) *v1alpha1.AppEnvironment {
	if env.Spec.Secrets == nil {
		return env
	}
	account := v1alpha1.ServiceAccount{Name: "app1", AzureClientID: ptr.To("11111111-2222-3333-4444-555555555555")}
	for i := range env.Spec.Namespaces {
		accounts := &env.Spec.Namespaces[i].ServiceAccounts
		at := slices.IndexFunc(*accounts, func(known v1alpha1.ServiceAccount) bool { return known.Name == account.Name })
		switch {
		case at < 0:
			*accounts = append(*accounts, account)
		case env.Spec.Secrets.Store.AzureKeyVault != nil:
			(*accounts)[at].AzureClientID = account.AzureClientID
		}
	}
	return env
}

// load compiles the rules of the API once.
var load = sync.OnceValues(func() (map[schema.GroupVersionKind]*crd.Kind, error) { return crd.Load(crdbundle.AppEnvironments) })

func kind(t *testing.T) *crd.Kind {
	t.Helper()
	kinds, err := load()
	if err != nil {
		t.Fatal(err)
	}
	return kinds[v1alpha1.GroupVersion.WithKind("AppEnvironment")]
}

// stored is an environment with its defaults.
func stored(t *testing.T, object map[string]any) *v1alpha1.AppEnvironment {
	t.Helper()
	plain := golden.Merged(t, object, nil)
	kind(t).Stored(plain)
	env := &v1alpha1.AppEnvironment{}
	if err := json.Unmarshal(golden.JSON(t, plain), env); err != nil {
		t.Fatal(err)
	}
	return env
}

// judge says what the API server would say to an environment.
func judge(t *testing.T, env *v1alpha1.AppEnvironment) crd.Verdict {
	t.Helper()
	return kind(t).Create(t.Context(), plain(t, env))
}

func plain(t *testing.T, env *v1alpha1.AppEnvironment) map[string]any {
	t.Helper()
	object := map[string]any{}
	if err := utiljson.Unmarshal(golden.JSON(t, env), &object); err != nil {
		t.Fatal(err)
	}
	delete(object, "status")
	return object
}

// rendered are the objects of an environment; nil of one that no object is made of.
func rendered(t *testing.T, env *v1alpha1.AppEnvironment, name string) []unstructured.Unstructured {
	t.Helper()
	children, err := render.Children(render.Input(env, testSettings))
	if _, excused := notInferable[name]; excused != (err != nil) {
		t.Fatalf("rendering it ends with the error %v; it is among those that are not inferable: %t", err, excused)
	}
	var objects []unstructured.Unstructured
	for _, child := range children {
		objects = append(objects, *child.Object)
	}
	return objects
}
