package controller

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/apply"
	"github.com/appenv/appenv-operator/internal/component"
)

func TestAPassIsCertainOfAnEnvironmentThatIsTheSameForUs(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(*v1alpha1.AppEnvironment)
		certain bool
	}{
		"nothing has changed":       {func(*v1alpha1.AppEnvironment) {}, true},
		"somebody has annotated it": {func(env *v1alpha1.AppEnvironment) { env.Annotations = map[string]string{"theirs": "x"} }, true},
		"it was given a word of ours": {func(env *v1alpha1.AppEnvironment) {
			env.Annotations = map[string]string{v1alpha1.AnnotationReAdopt: "x"}
		}, false},
		"it asks for something else":       {func(env *v1alpha1.AppEnvironment) { env.Generation++ }, false},
		"it is another one of the name":    {func(env *v1alpha1.AppEnvironment) { env.UID = "other" }, false},
		"it was given to another operator": {func(env *v1alpha1.AppEnvironment) { env.Labels = map[string]string{"shard": "b"} }, false},
		"somebody has taken our finalizer": {func(env *v1alpha1.AppEnvironment) { env.Finalizers = nil }, false},
		"more is on record":                {func(env *v1alpha1.AppEnvironment) { env.Status.AdmittedApps = []string{"web"} }, false},
	} {
		t.Run(name, func(t *testing.T) {
			scheme := runtime.NewScheme()
			if err := v1alpha1.AddToScheme(scheme); err != nil {
				t.Fatal(err)
			}
			cached := &v1alpha1.AppEnvironment{ObjectMeta: metav1.ObjectMeta{
				Name: "hoge", UID: "u", Generation: 3, Finalizers: []string{v1alpha1.Finalizer}, ResourceVersion: "7",
			}}
			now := cached.DeepCopy()
			c.change(now)
			if name != "nothing has changed" {
				now.ResourceVersion = "8"
			}
			reader := fake.NewClientBuilder().WithScheme(scheme).WithObjects(now).Build()
			p := &pass{Reconciler: &Reconciler{reader: reader}, env: cached}
			err := p.certain(t.Context())
			if (err == nil) != c.certain || err != nil && !apply.IsOutrun(err) {
				t.Errorf("it says %v", err)
			}
			if (p.certainty.missed() == nil) != c.certain {
				t.Error("the pass does not remember")
			}
		})
	}
	t.Run("it is gone", func(t *testing.T) {
		scheme := runtime.NewScheme()
		if err := v1alpha1.AddToScheme(scheme); err != nil {
			t.Fatal(err)
		}
		var reader client.Reader = fake.NewClientBuilder().WithScheme(scheme).Build()
		p := &pass{Reconciler: &Reconciler{reader: reader}, env: &v1alpha1.AppEnvironment{ObjectMeta: metav1.ObjectMeta{Name: "hoge"}}}
		if err := p.certain(t.Context()); !apply.IsOutrun(err) {
			t.Errorf("it says %v", err)
		}
	})
}

func TestWhoWasTooLateWaitsLongerWhileTheCacheStandsStill(t *testing.T) {
	m := &memory{}
	for i, want := range []time.Duration{firstRetry, 2 * firstRetry, 4 * firstRetry} {
		if got := m.outrun("7"); got != want {
			t.Errorf("%d: %s, want %s", i, got, want)
		}
	}
	if got := m.outrun("8"); got != firstRetry {
		t.Errorf("with another version it waits %s", got)
	}
	for range 20 {
		m.outrun("8")
	}
	if got := m.outrun("8"); got != lastOutrun {
		t.Errorf("at most it waits %s", got)
	}
}

// Where a read did not wait until the cache shows what was written, the object is read past it.
func TestAnObjectFromBeforeTheOwnWriteIsOutdated(t *testing.T) {
	key := component.Key{Kind: "ServiceAccount", Namespace: "hoge", Name: "app1"}
	m := &memory{stored: map[component.Key]string{key: "100"}}
	at := func(version string) *unstructured.Unstructured {
		u := account("app1", "1")
		u.SetResourceVersion(version)
		return u
	}
	for _, step := range []struct {
		version string
		want    bool
	}{{"99", true}, {"9", true}, {"100", false}, {"99", false}} { // once it was seen, it is forgotten
		if got := m.outdates(key, at(step.version)); got != step.want {
			t.Errorf("version %s is outdated: %v, want %v", step.version, got, step.want)
		}
	}
	m.stored[key] = "100"
	if m.outdates(key, at("101")) || len(m.stored) > 0 {
		t.Error("a later version is outdated, or the write is remembered for ever")
	}
	if other := (component.Key{Kind: "ServiceAccount", Name: "other"}); m.outdates(other, at("1")) {
		t.Error("an object that was never written is outdated")
	}
}
