package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

// A stage is where a script is played.
type stage struct {
	plane *fixture.Plane
	// calm is when the storm is over, zero in peace.
	calm time.Time
	// pace is what the pauses of a script are multiplied by, in thousandths.
	pace atomic.Int64
	// holds is how often a namespace could not go for a while.
	holds atomic.Int64
}

// wait is how long a pause of a script is here.
func (s *stage) wait(pause time.Duration) time.Duration {
	return pause * time.Duration(s.pace.Load()) / 1000
}

// play plays a script. It ends when everything has been done, however often it had to be tried.
func (s *stage) play(ctx context.Context, script script) error {
	for i, scene := range script.scenes {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(s.wait(scene.after)):
		}
		if err := s.perform(ctx, script.name, scene.act); err != nil {
			return fmt.Errorf("%s, scene %d, %s: %w", script.name, i, scene.act, err)
		}
	}
	return nil
}

// perform does what a scene asks for. How long all scenes take together depends on the machine and on what broke; but
// once nothing breaks any more, none takes longer than everything may take to come to its end.
func (s *stage) perform(ctx context.Context, name string, what act) error {
	begins := time.Now()
	if begins.Before(s.calm) {
		begins = s.calm
	}
	ctx, cancel := context.WithDeadline(ctx, begins.Add(patience))
	defer cancel()
	return s.do(ctx, name, what)
}

func (s *stage) do(ctx context.Context, name string, what act) error {
	switch what {
	case create:
		return s.create(ctx, fixture.Full(name))
	case change:
		return s.edit(ctx, name, func(env *v1alpha1.AppEnvironment) {
			env.Spec = fixture.Full(name).Spec
			fixture.Change(env)
		})
	case restore:
		return s.edit(ctx, name, func(env *v1alpha1.AppEnvironment) { env.Spec = fixture.Full(name).Spec })
	case shrink:
		return s.edit(ctx, name, fixture.Shrink)
	case pause:
		return s.edit(ctx, name, func(env *v1alpha1.AppEnvironment) { env.Spec.Mode = v1alpha1.ModePaused })
	case observe:
		return s.edit(ctx, name, func(env *v1alpha1.AppEnvironment) { env.Spec.Mode = v1alpha1.ModeObserve })
	case enforce:
		return s.edit(ctx, name, func(env *v1alpha1.AppEnvironment) { env.Spec.Mode = v1alpha1.ModeEnforce })
	case damage:
		return s.damage(ctx, name)
	case remove:
		return s.remove(ctx, name)
	case hang:
		return s.hang(ctx, name)
	case terminate:
		return s.terminate(ctx, name)
	case adopt:
		return s.adopt(ctx, name)
	}
	return fmt.Errorf("nobody knows how to %s", what)
}

// try does something until it is done. What it finds done already is done.
func try(ctx context.Context, do func() error) error {
	for {
		err := do()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (s *stage) create(ctx context.Context, env *v1alpha1.AppEnvironment) error {
	return try(ctx, func() error { return orDone(s.plane.Client.Create(ctx, env.DeepCopy()), apierrors.IsAlreadyExists) })
}

func orDone(err error, done func(error) bool) error {
	if done(err) {
		return nil
	}
	return err
}

func (s *stage) edit(ctx context.Context, name string, edit func(*v1alpha1.AppEnvironment)) error {
	return try(ctx, func() error {
		env := &v1alpha1.AppEnvironment{}
		if err := s.plane.Client.Get(ctx, types.NamespacedName{Name: name}, env); err != nil {
			return err
		}
		edit(env)
		return s.plane.Client.Update(ctx, env)
	})
}

// remove deletes an environment and waits until it and its namespace are gone. One that is paused works again first.
func (s *stage) remove(ctx context.Context, name string) error {
	if err := s.do(ctx, name, enforce); err != nil {
		return err
	}
	env := &v1alpha1.AppEnvironment{ObjectMeta: metav1.ObjectMeta{Name: name}}
	gone := func() error {
		return errors.Join(s.isGone(ctx, environmentGVK, client.ObjectKey{Name: name}), s.isGone(ctx, namespaceGVK, namespaceOf(name)))
	}
	adopted := s.isAdopted(ctx, name)
	if err := try(ctx, func() error { return orDone(s.plane.Client.Delete(ctx, env), apierrors.IsNotFound) }); err != nil {
		return err
	}
	if adopted { // its namespace stays, and is taken away by those who made it
		if err := try(ctx, func() error { return s.letSetGo(ctx, name) }); err != nil {
			return err
		}
		if err := try(ctx, func() error { return s.isGone(ctx, environmentGVK, client.ObjectKey{Name: name}) }); err != nil {
			return err
		}
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: fixture.NamespaceOf(name)}}
		if err := try(ctx, func() error { return orDone(s.plane.Client.Delete(ctx, namespace), apierrors.IsNotFound) }); err != nil {
			return err
		}
	}
	return try(ctx, gone)
}

// letSetGo takes the finalizer of those who made it off an ApplicationSet, once everybody else is done with it.
func (s *stage) letSetGo(ctx context.Context, name string) error {
	set := fixture.At(fixture.ApplicationSetGVK, fixture.InArgoCD(name))
	err := s.plane.Client.Get(ctx, client.ObjectKeyFromObject(set), set)
	switch {
	case err != nil:
		return client.IgnoreNotFound(err)
	case set.GetDeletionTimestamp() == nil, !slices.Equal(set.GetFinalizers(), []string{foreignFinalizer}):
		return fmt.Errorf("ApplicationSet %s has finalizers %v", name, set.GetFinalizers())
	}
	return orDone(s.plane.Client.Patch(ctx, set, noFinalizers), apierrors.IsNotFound)
}

// noFinalizers lets an object go.
var noFinalizers = client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))

func (s *stage) isAdopted(ctx context.Context, name string) bool {
	env := &v1alpha1.AppEnvironment{}
	_ = try(ctx, func() error { return s.plane.Client.Get(ctx, types.NamespacedName{Name: name}, env) })
	return env.Spec.Mode == v1alpha1.ModeEnforce && env.Annotations[byHand] != ""
}

// byHand is the annotation of environments that take over what was made by hand.
const byHand = "chaos.example.com/by-hand"

// hang removes an environment whose namespace cannot go before somebody's finalizer does.
func (s *stage) hang(ctx context.Context, name string) error {
	if err := s.hold(ctx, name); err != nil {
		return err
	}
	return s.remove(ctx, name)
}

// terminate deletes the namespace of an environment that goes on living, and holds it for a while. It comes back.
func (s *stage) terminate(ctx context.Context, name string) error {
	if err := s.hold(ctx, name); err != nil {
		return err
	}
	namespace := &corev1.Namespace{}
	uid := types.UID("none")
	err := try(ctx, func() error {
		err := s.plane.Client.Get(ctx, namespaceOf(name), namespace)
		if err == nil {
			uid = namespace.UID
			err = s.plane.Client.Delete(ctx, namespace)
		}
		return orDone(err, apierrors.IsNotFound)
	})
	if err != nil {
		return err
	}
	return try(ctx, func() error {
		if err := s.plane.Client.Get(ctx, namespaceOf(name), namespace); err != nil || namespace.UID == uid {
			return errors.Join(err, fmt.Errorf("the Namespace of %s is still %q", name, uid))
		}
		return s.isReady(ctx, name)
	})
}

// held is the name of what holds a namespace.
const held = "held"

// hold puts something into the namespace of an environment, if there is one, that goes after a while.
func (s *stage) hold(ctx context.Context, name string) error {
	object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: held, Namespace: fixture.NamespaceOf(name), Finalizers: []string{foreignFinalizer}}}
	err := try(ctx, func() error { // it may have no namespace, being new
		err := s.plane.Client.Create(ctx, object.DeepCopy())
		if err == nil {
			s.holds.Add(1)
		}
		return orDone(orDone(err, apierrors.IsAlreadyExists), apierrors.IsNotFound)
	})
	time.AfterFunc(s.wait(20*time.Second), func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*patience) // the scene may be over by then
		defer cancel()
		_ = try(ctx, func() error {
			return orDone(s.plane.Client.Patch(ctx, object.DeepCopy(), noFinalizers), apierrors.IsNotFound)
		})
	})
	return err
}

// foreignFinalizer is one of somebody else.
const foreignFinalizer = "chaos.example.com/held"

// damage takes away and changes children, as somebody does who may.
func (s *stage) damage(ctx context.Context, name string) error {
	for _, u := range []*unstructured.Unstructured{
		fixture.At(corev1.SchemeGroupVersion.WithKind("ResourceQuota"), fixture.Inside(name, name)),
		fixture.At(fixture.SecretStoreGVK, fixture.Inside(name, name)),
		fixture.At(fixture.AppProjectGVK, fixture.InArgoCD(name)),
	} {
		if err := try(ctx, func() error { return orDone(s.plane.Client.Delete(ctx, u), apierrors.IsNotFound) }); err != nil {
			return err
		}
	}
	empty := client.RawPatch(types.JSONPatchType, []byte(`[{"op":"replace","path":"/spec/generators/0/list/elements","value":[]}]`))
	return try(ctx, func() error {
		return orDone(s.plane.Client.Patch(ctx, fixture.At(fixture.ApplicationSetGVK, fixture.InArgoCD(name)), empty), apierrors.IsNotFound)
	})
}

// adopt takes over what was made by hand. Until the consent is given nothing of it may be written.
func (s *stage) adopt(ctx context.Context, name string) error {
	made := fixture.ByHand(name)
	made[2].SetFinalizers([]string{foreignFinalizer}) // nobody may take it from the ApplicationSet
	for _, u := range made {
		if err := try(ctx, func() error { return orDone(s.plane.Client.Create(ctx, u.DeepCopy()), apierrors.IsAlreadyExists) }); err != nil {
			return err
		}
	}
	env := fixture.TwoApps(name)
	env.Annotations = map[string]string{byHand: "true"}
	if err := s.create(ctx, env); err != nil {
		return err
	}
	for _, u := range made {
		consent := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"metadata":{"annotations":{%q:%q}}}`, v1alpha1.AnnotationAdoptBy, name))
		if err := try(ctx, func() error { return s.plane.Client.Patch(ctx, u.DeepCopy(), consent) }); err != nil {
			return err
		}
	}
	return try(ctx, func() error { return s.isReady(ctx, name) })
}

func (s *stage) isReady(ctx context.Context, name string) error {
	env := &v1alpha1.AppEnvironment{}
	if err := s.plane.Client.Get(ctx, types.NamespacedName{Name: name}, env); err != nil {
		return err
	}
	if env.Status.ObservedGeneration != env.Generation {
		return fmt.Errorf("generation %d is not looked at: %s", env.Generation, fixture.Describe(env))
	}
	return fixture.Ready(env)
}

func (s *stage) isGone(ctx context.Context, gvk schema.GroupVersionKind, key client.ObjectKey) error {
	err := s.plane.Client.Get(ctx, key, fixture.At(gvk, key))
	if err == nil {
		return fmt.Errorf("%s %s still exists", gvk.Kind, key.Name)
	}
	return client.IgnoreNotFound(err)
}

var (
	environmentGVK = v1alpha1.GroupVersion.WithKind("AppEnvironment")
	namespaceGVK   = corev1.SchemeGroupVersion.WithKind("Namespace")
)

func namespaceOf(name string) client.ObjectKey {
	return client.ObjectKey{Name: fixture.NamespaceOf(name)}
}
