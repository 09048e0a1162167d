package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

const (
	// branch is what every scenario's repository has.
	branch = "development"
	// sharedStore is a ClusterSecretStore that many scenarios may use and add keys to.
	sharedStore = "shared"
)

// environment is the scenario's, with the apps of testdata/repo, synced by Argo CD itself.
func (s *stage) environment(apps ...string) *v1alpha1.AppEnvironment {
	env := &v1alpha1.AppEnvironment{
		ObjectMeta: metav1.ObjectMeta{Name: s.name},
		Spec: v1alpha1.AppEnvironmentSpec{
			Application: s.name,
			Environment: "dev",
			Namespaces:  []v1alpha1.Namespace{{Name: s.name}},
			Source: v1alpha1.Source{
				RepoURL: s.repository.URL(), TargetRevision: branch, Path: "apps/{app}/overlays/{environment}",
			},
			Sync: &v1alpha1.Sync{Automated: &v1alpha1.Automated{}},
			// Names of scenarios are long, those of Applications must not be.
			ArgoCD: &v1alpha1.ArgoCD{ApplicationName: new(s.name + "-{app}")},
		},
	}
	for _, app := range apps {
		env.Spec.Apps = append(env.Spec.Apps, v1alpha1.App{Name: app})
	}
	return env
}

// apply creates the environment.
func (s *stage) apply(env *v1alpha1.AppEnvironment) {
	s.Helper()
	s.must(s.client.Create(s.ctx, env))
}

// read reads the environment.
func (s *stage) read() *v1alpha1.AppEnvironment {
	s.Helper()
	env := &v1alpha1.AppEnvironment{}
	s.must(s.client.Get(s.ctx, client.ObjectKey{Name: s.name}, env))
	return env
}

// change edits the environment.
func (s *stage) change(edit func(*v1alpha1.AppEnvironment)) {
	s.Helper()
	s.must(retry.RetryOnConflict(retry.DefaultRetry, func() error {
		env := s.read()
		edit(env)
		return s.client.Update(s.ctx, env)
	}))
}

// describe is what an environment says of itself, in one line.
func describe(env *v1alpha1.AppEnvironment) string {
	ready := apimeta.FindStatusCondition(env.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil {
		return env.Name + " has no status yet"
	}
	return fmt.Sprintf("%s: Ready %s, %s, %s %s", env.Name, ready.Status, ready.Reason, ready.Message, env.Status.BlockedOn)
}

// settled says whether the environment's status is about its current spec.
func settled(env *v1alpha1.AppEnvironment) bool {
	return env.Status.ObservedGeneration == env.Generation
}

// isTrue says whether a condition is True.
func isTrue(env *v1alpha1.AppEnvironment, condition string) bool {
	return apimeta.IsStatusConditionTrue(env.Status.Conditions, condition)
}

// ready waits until the environment is Ready as it is now, and returns it.
func (s *stage) ready() *v1alpha1.AppEnvironment {
	s.Helper()
	var env *v1alpha1.AppEnvironment
	s.until(func() string {
		env = s.read()
		if settled(env) && isTrue(env, v1alpha1.ConditionReady) {
			return ""
		}
		return "Ready; now " + describe(env)
	})
	return env
}

// blocked waits until the environment says that it is blocked by something that holds all the words, and
// returns what it says.
func (s *stage) blocked(words ...string) string {
	s.Helper()
	var env *v1alpha1.AppEnvironment
	s.until(func() string {
		env = s.read()
		for _, word := range words {
			if !strings.Contains(env.Status.BlockedOn, word) {
				return fmt.Sprintf("BLOCKED ON with %q; now %s", word, describe(env))
			}
		}
		return ""
	})
	return env.Status.BlockedOn
}

// get reads an object; nil when it does not exist.
func (s *stage) get(kind schema.GroupVersionKind, namespace, name string) *unstructured.Unstructured {
	s.Helper()
	object := blank(kind, namespace, name)
	err := s.client.Get(s.ctx, client.ObjectKeyFromObject(object), object)
	if apierrors.IsNotFound(err) || apimeta.IsNoMatchError(err) {
		return nil
	}
	s.must(err)
	return object
}

// uid is the UID of an object; empty when it does not exist.
func (s *stage) uid(kind schema.GroupVersionKind, namespace, name string) string {
	s.Helper()
	if object := s.get(kind, namespace, name); object != nil {
		return string(object.GetUID())
	}
	return ""
}

// application is the name of an app's Application.
func (s *stage) application(app string) string { return s.name + "-" + app }

// refreshAnnotation makes Argo CD compare an Application with Git at once.
const refreshAnnotation = "argocd.argoproj.io/refresh"

// noticed plays the Git server's webhook: Argo CD looks at the repository at once.
func (s *stage) noticed(app string) {
	s.Helper()
	s.patch(blank(applications, argoNamespace, s.application(app)), map[string]any{
		"metadata": map[string]any{"annotations": map[string]any{refreshAnnotation: "normal"}},
	})
}

// syncByHand asks for a sync of an app's Application as Argo CD's API server does.
func (s *stage) syncByHand(app string) {
	s.Helper()
	s.syncApplication(s.application(app))
}

// syncApplication does so for an Application by its name.
func (s *stage) syncApplication(name string) {
	s.Helper()
	s.patch(blank(applications, argoNamespace, name), map[string]any{
		"operation": map[string]any{
			"initiatedBy": map[string]any{"username": "e2e"},
			"sync":        map[string]any{"syncStrategy": map[string]any{"hook": map[string]any{}}},
		},
	})
}

// patch merges into an object.
func (s *stage) patch(object client.Object, merge map[string]any) {
	s.Helper()
	content, err := json.Marshal(merge)
	s.must(err)
	s.must(s.client.Patch(s.ctx, object, client.RawPatch("application/merge-patch+json", content)))
}

// image is the image that an app's Deployment runs; empty when there is none.
func (s *stage) image(app string) string {
	s.Helper()
	deployment := s.get(deployments, s.name, app)
	if deployment == nil {
		return ""
	}
	containers, _, _ := unstructured.NestedSlice(deployment.Object, "spec", "template", "spec", "containers")
	image, _, _ := unstructured.NestedString(containers[0].(map[string]any), "image")
	return image
}

// runs waits until an app's Deployment runs an image and the environment is Ready.
func (s *stage) runs(app, image string) {
	s.Helper()
	s.until(func() string {
		if got := s.image(app); got != image {
			return fmt.Sprintf("%s to run %s; it runs %q", app, image, got)
		}
		return ""
	})
	env := s.ready()
	i := slices.IndexFunc(env.Status.Apps, func(a v1alpha1.AppStatus) bool { return a.Name == app })
	if i < 0 || !slices.Contains(env.Status.Apps[i].Images, image) {
		s.until(func() string { // the row follows what Argo CD sees of the Pods
			env = s.read()
			i := slices.IndexFunc(env.Status.Apps, func(a v1alpha1.AppStatus) bool { return a.Name == app })
			if i >= 0 && slices.Contains(env.Status.Apps[i].Images, image) {
				return ""
			}
			return fmt.Sprintf("status.apps to show %s of %s; it shows %v", image, app, env.Status.Apps)
		})
	}
}

// removed deletes the environment, unless it is gone, waits for its end, and fails when anything of it is
// left.
func (s *stage) removed() {
	s.Helper()
	env := &v1alpha1.AppEnvironment{}
	err := s.client.Get(s.ctx, client.ObjectKey{Name: s.name}, env)
	if apierrors.IsNotFound(err) {
		return // the scenario itself removed it, and has looked
	}
	s.must(err)
	s.remember()
	s.must(client.IgnoreNotFound(s.client.Delete(s.ctx, env)))
	s.gone()
	s.nothingLeft()
}

// remember notes what the environment has on record, for nothingLeft.
func (s *stage) remember() {
	s.Helper()
	s.recorded = s.read().Status.Children
	if len(s.recorded) == 0 {
		s.note("it has nothing on record")
	}
}

// gone waits until the environment no longer exists.
func (s *stage) gone() {
	s.Helper()
	s.until(func() string {
		env := &v1alpha1.AppEnvironment{}
		err := s.client.Get(s.ctx, client.ObjectKey{Name: s.name}, env)
		if apierrors.IsNotFound(err) {
			return ""
		}
		s.must(err)
		return "its end; now " + describe(env)
	})
}

// nothingLeft fails when anything is left of what the environment had on record, by UID, of what bears its
// label, or of Applications. What it adopted of Namespaces stays, and is no longer its own.
func (s *stage) nothingLeft() {
	s.Helper()
	for _, child := range s.recorded {
		group, err := schema.ParseGroupVersion(child.APIVersion)
		s.must(err)
		adopted := child.Kind == "Namespace" && child.Origin == v1alpha1.OriginAdopted
		now := s.uid(group.WithKind(child.Kind), child.Namespace, child.Name)
		left := now != "" && (now == string(child.UID) || child.UID == "") // a UID may be on record only later
		if left != adopted {
			s.Errorf("%s %s/%s, %s: is left %v, want %v", child.Kind, child.Namespace, child.Name, child.Origin, left, adopted)
		}
	}
	for _, kind := range ownedByEnvironment {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(kind)
		s.must(s.client.List(s.ctx, list, client.MatchingLabels{v1alpha1.LabelEnvironment: s.name}))
		for _, object := range list.Items {
			s.Errorf("%s %s/%s is left", kind.Kind, object.GetNamespace(), object.GetName())
		}
	}
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(applications)
	s.must(s.client.List(s.ctx, list, client.InNamespace(argoNamespace)))
	for _, object := range list.Items {
		namespace, _, _ := unstructured.NestedString(object.Object, "spec", "destination", "namespace")
		if namespace == s.name {
			s.Errorf("Application %s is left", object.GetName())
		}
	}
}

// secretsFrom asks for secret env with a key of a ClusterSecretStore.
func secretsFrom(store, key string) *v1alpha1.Secrets {
	return &v1alpha1.Secrets{
		Store:           v1alpha1.Store{StoreRef: &v1alpha1.StoreRef{Kind: "ClusterSecretStore", Name: store}},
		RefreshInterval: &metav1.Duration{Duration: refresh},
		Items: []v1alpha1.SecretItem{
			{Name: "env", Data: []v1alpha1.SecretKey{{Key: "TOKEN", RemoteKey: key}}},
		},
	}
}

// fakeStore is a ClusterSecretStore of External Secrets' own fake provider that holds the keys.
func fakeStore(name string, keys ...string) *unstructured.Unstructured {
	store := blank(clusterStores, "", name)
	data := []any{}
	for _, key := range keys {
		data = append(data, map[string]any{"key": key, "value": "value of " + key})
	}
	store.Object["spec"] = map[string]any{"provider": map[string]any{"fake": map[string]any{"data": data}}}
	return store
}

// makeSharedStore makes the store that many scenarios use.
func (w *world) makeSharedStore() error {
	if err := w.client.Create(w.ctx, fakeStore(sharedStore, "given")); err != nil {
		return fmt.Errorf("making ClusterSecretStore %s: %w", sharedStore, err)
	}
	return nil
}

// addKey adds a key to a ClusterSecretStore.
func (w *world) addKey(ctx context.Context, store, key string) error {
	return retry.RetryOnConflict(retry.DefaultRetry, func() error {
		live := blank(clusterStores, "", store)
		if err := w.client.Get(ctx, client.ObjectKeyFromObject(live), live); err != nil {
			return err
		}
		data, _, _ := unstructured.NestedSlice(live.Object, "spec", "provider", "fake", "data")
		data = append(data, map[string]any{"key": key, "value": "value of " + key})
		if err := unstructured.SetNestedSlice(live.Object, data, "spec", "provider", "fake", "data"); err != nil {
			return err
		}
		return w.client.Update(ctx, live)
	})
}
