package controller

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// behind is a client whose cache never shows what was written to some kinds.
type behind struct {
	client.Client
	never   map[string]bool // by type of the object
	waits   int
	deletes []client.DeleteOptions
	fails   error
}

func (b *behind) Scheme() *runtime.Scheme { return clientgoscheme.Scheme }

func (b *behind) wait(ctx context.Context, kind string, waits bool) error {
	if waits && b.never[kind] {
		b.waits++
		<-ctx.Done()
		return ctx.Err()
	}
	return b.fails
}

func (b *behind) Get(ctx context.Context, _ client.ObjectKey, obj client.Object, options ...client.GetOption) error {
	_, isSecret := obj.(*corev1.Secret)
	return b.wait(ctx, map[bool]string{true: "Secret", false: "Pod"}[isSecret], !(&client.GetOptions{}).ApplyOptions(options).DisableReadYourWritesConsistency)
}

func (b *behind) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	_, isSecret := list.(*corev1.SecretList)
	return b.wait(ctx, map[bool]string{true: "Secret", false: "Pod"}[isSecret], !(&client.ListOptions{}).ApplyOptions(options).DisableReadYourWritesConsistency)
}

func (b *behind) Delete(_ context.Context, _ client.Object, options ...client.DeleteOption) error {
	b.deletes = append(b.deletes, *(&client.DeleteOptions{}).ApplyOptions(options))
	return nil
}

// A look at one kind must not wait for ever, and that at another not at all.
func TestAReadWaitsForTheCacheOnlyForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &behind{never: map[string]bool{"Secret": true}}
		f := newFollower(b)
		takes := func(want time.Duration, read func(context.Context) error) {
			t.Helper()
			began := time.Now()
			if err := read(t.Context()); err != nil {
				t.Error(err)
			}
			if took := time.Since(began); took != want {
				t.Errorf("it took %s, want %s", took, want)
			}
		}
		secret := func(ctx context.Context) error { return f.Get(ctx, client.ObjectKey{}, &corev1.Secret{}) }
		secrets := func(ctx context.Context) error { return f.List(ctx, &corev1.SecretList{}) }
		pods := func(ctx context.Context) error { return f.List(ctx, &corev1.PodList{}) }

		takes(patience, secret)
		takes(0, secrets) // one waited for all
		takes(0, pods)
		time.Sleep(firstDoubt)
		takes(patience, secrets)
		time.Sleep(firstDoubt)
		takes(0, secret) // the second doubt is longer
		time.Sleep(firstDoubt)
		b.never["Secret"] = false
		takes(0, secret)
		b.never["Secret"] = true
		takes(patience, secret) // and the first one again
		for range 10 {
			time.Sleep(lastDoubt)
			takes(patience, secret)
		}
		time.Sleep(lastDoubt - time.Second)
		takes(0, secret)
	})
}

func TestAReadThatIsGivenUpByWhoeverAskedIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFollower(&behind{never: map[string]bool{"Secret": true}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := f.Get(ctx, client.ObjectKey{}, &corev1.Secret{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want a deadline exceeded", err)
		}
		if f.doubtful(corev1.SchemeGroupVersion.WithKind("Secret")) {
			t.Error("the cache is in doubt because somebody did not wait")
		}
	})
}

func TestAnErrorOfAReadIsPassedOn(t *testing.T) {
	b := &behind{fails: errors.New("no")}
	f := newFollower(b)
	if err := f.List(t.Context(), &corev1.PodList{}); !errors.Is(err, b.fails) {
		t.Errorf("got %v, want %v", err, b.fails)
	}
}

// The event of a deletion may never come: of an object that came and went while the watch was interrupted.
func TestDeletionsAreNotWaitedFor(t *testing.T) {
	b := &behind{}
	if err := newFollower(b).Delete(t.Context(), &corev1.Pod{}, client.PropagationPolicy("Background")); err != nil {
		t.Fatal(err)
	}
	if len(b.deletes) != 1 || !b.deletes[0].DisableReadYourWritesConsistency || *b.deletes[0].PropagationPolicy != "Background" {
		t.Errorf("sent %+v", b.deletes)
	}
}
