package controller

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
)

// A shelf is a cache of ServiceAccounts and AppEnvironments. Lists have everything.
type shelf struct {
	client.Client
	objects map[string]*unstructured.Unstructured
	envs    []v1alpha1.AppEnvironment
	failing error
}

func (s *shelf) Get(_ context.Context, key client.ObjectKey, obj client.Object, _ ...client.GetOption) error {
	if s.failing != nil {
		return s.failing
	}
	if u, ok := obj.(*unstructured.Unstructured); ok && s.objects[key.Name] != nil {
		u.Object = s.objects[key.Name].Object
		return nil
	}
	return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
}

func (s *shelf) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	switch list := list.(type) {
	case *unstructured.UnstructuredList:
		for _, u := range s.objects {
			list.Items = append(list.Items, *u)
		}
	case *v1alpha1.AppEnvironmentList:
		list.Items = slices.Clone(s.envs)
	}
	return s.failing
}

func account(name, version string) *unstructured.Unstructured {
	u := objectOf(component.Kind{GroupVersionKind: schema.GroupVersionKind{Version: "v1", Kind: "ServiceAccount"}})
	u.SetName(name)
	u.SetUID(types.UID("uid-" + name))
	u.SetResourceVersion(version)
	return u
}

func environmentIn(version string) *v1alpha1.AppEnvironment {
	return &v1alpha1.AppEnvironment{ObjectMeta: metav1.ObjectMeta{Name: "hoge", UID: "u", ResourceVersion: version}}
}

// aPass reads what there is, as a pass would.
func aPass(t *testing.T, r *Reconciler) *pass {
	t.Helper()
	p := r.begin(environmentIn("7"))
	for _, name := range []string{"there", "missing"} {
		if err := p.client.Get(t.Context(), client.ObjectKey{Name: name}, account(name, "")); client.IgnoreNotFound(err) != nil {
			t.Logf("reading %s: %v", name, err)
		}
	}
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(schema.GroupVersionKind{Version: "v1", Kind: "ServiceAccount"})
	_ = p.client.List(t.Context(), list)
	_ = p.client.List(t.Context(), &v1alpha1.AppEnvironmentList{})
	_ = p.client.Get(t.Context(), client.ObjectKey{Name: "rival"}, &v1alpha1.AppEnvironment{})
	return p
}

func reconcilerOn(s *shelf) *Reconciler {
	return &Reconciler{client: s, cache: s, apis: &apis{}, memories: map[types.UID]*memory{}}
}

func newShelf() *shelf {
	return &shelf{
		objects: map[string]*unstructured.Unstructured{"there": account("there", "1")},
		envs:    []v1alpha1.AppEnvironment{*environmentIn("7")},
	}
}

func TestAQuietPassIsRepeatedAsSoonAsAnythingItReadIsAnother(t *testing.T) {
	for name, change := range map[string]func(*shelf, *Reconciler){
		"an object in another version":       func(s *shelf, _ *Reconciler) { s.objects["there"] = account("there", "2") },
		"an object that is gone":             func(s *shelf, _ *Reconciler) { delete(s.objects, "there") },
		"an object that was missing":         func(s *shelf, _ *Reconciler) { s.objects["missing"] = account("missing", "1") },
		"one more in a list":                 func(s *shelf, _ *Reconciler) { s.objects["new"] = account("new", "1") },
		"another environment":                func(s *shelf, _ *Reconciler) { s.envs = append(s.envs, *environmentIn("9")) },
		"an API that is served":              func(_ *shelf, r *Reconciler) { r.apis.revised++ },
		"a cache that cannot be read":        func(s *shelf, _ *Reconciler) { s.failing = errors.New("not now") },
		"an object with the name of another": func(s *shelf, _ *Reconciler) { s.objects["there"].SetUID("other") },
	} {
		t.Run(name, func(t *testing.T) {
			s := newShelf()
			r := reconcilerOn(s)
			aPass(t, r).remember(false)
			env := environmentIn("7")
			if !r.memoryOf(env).quiet.holds(t.Context(), r, env) {
				t.Fatal("nothing has changed, and the pass would be repeated")
			}
			change(s, r)
			if r.memoryOf(env).quiet.holds(t.Context(), r, env) {
				t.Error("it goes unnoticed")
			}
		})
	}
	t.Run("the environment in another version", func(t *testing.T) {
		r := reconcilerOn(newShelf())
		aPass(t, r).remember(false)
		if env := environmentIn("8"); r.memoryOf(env).quiet.holds(t.Context(), r, env) {
			t.Error("it goes unnoticed")
		}
	})
}

func TestAPassThatWasNotQuietIsAlwaysRepeated(t *testing.T) {
	for name, disturb := range map[string]func(*pass) (asked bool){
		"it asked the API server":  func(*pass) bool { return true },
		"it is to be repeated":     func(p *pass) bool { p.recheckIn(time.Second); return false },
		"it is when there is time": func(p *pass) bool { p.leisure = time.Second; return false },
		"it found an error":        func(p *pass) bool { p.errs = append(p.errs, errors.New("no")); return false },
		"the cache failed it once": func(p *pass) bool { p.client.failed = true; return false },
	} {
		t.Run(name, func(t *testing.T) {
			r := reconcilerOn(newShelf())
			aPass(t, r).remember(false) // what was quiet before does not count
			p := aPass(t, r)
			p.remember(disturb(p))
			if env := environmentIn("7"); r.memoryOf(env).quiet.holds(t.Context(), r, env) {
				t.Error("it is not repeated")
			}
		})
	}
	t.Run("the cache fails while it reads", func(t *testing.T) {
		s := newShelf()
		s.failing = errors.New("not now")
		r := reconcilerOn(s)
		aPass(t, r).remember(false)
		s.failing = nil
		if env := environmentIn("7"); r.memoryOf(env).quiet.holds(t.Context(), r, env) {
			t.Error("it is not repeated")
		}
	})
}

func TestRequestsOfAPassAreNoticed(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	sends := func(ctx context.Context) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := noticeRequests(http.DefaultTransport).RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		if err := response.Body.Close(); err != nil {
			t.Fatal(err)
		}
	}
	ctx, asked := asking(t.Context())
	sends(t.Context())
	if asked.Load() {
		t.Error("somebody else's request was taken for the pass's")
	}
	below, cancel := context.WithCancel(ctx)
	defer cancel()
	sends(below)
	if !asked.Load() {
		t.Error("the request went unnoticed")
	}
}
