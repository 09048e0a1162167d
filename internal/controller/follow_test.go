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

// behind is a client whose cache never shows what was written to one Secret.
type behind struct {
	client.Client
	never   bool
	deletes []client.DeleteOptions
	fails   error
}

const lost = "lost" // its name

func (b *behind) Scheme() *runtime.Scheme { return clientgoscheme.Scheme }

func (b *behind) wait(ctx context.Context, waits bool) error {
	if waits && b.never {
		<-ctx.Done()
		return ctx.Err()
	}
	return b.fails
}

func (b *behind) Get(ctx context.Context, key client.ObjectKey, _ client.Object, options ...client.GetOption) error {
	return b.wait(ctx, key.Name == lost && !(&client.GetOptions{}).ApplyOptions(options).DisableReadYourWritesConsistency)
}

func (b *behind) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	_, isSecret := list.(*corev1.SecretList)
	return b.wait(ctx, isSecret && !(&client.ListOptions{}).ApplyOptions(options).DisableReadYourWritesConsistency)
}

func (b *behind) Delete(_ context.Context, _ client.Object, options ...client.DeleteOption) error {
	b.deletes = append(b.deletes, *(&client.DeleteOptions{}).ApplyOptions(options))
	return nil
}

// One read of one object, and one of all of its kind, wait for a while, and less and less often. No other waits.
func TestAReadWaitsForTheCacheOnlyForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &behind{never: true}
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
		secret := func(ctx context.Context) error { return f.Get(ctx, client.ObjectKey{Name: lost}, &corev1.Secret{}) }
		other := func(ctx context.Context) error { return f.Get(ctx, client.ObjectKey{Name: "other"}, &corev1.Secret{}) }
		secrets := func(ctx context.Context) error { return f.List(ctx, &corev1.SecretList{}) }
		pods := func(ctx context.Context) error { return f.List(ctx, &corev1.PodList{}) }

		takes(patience, secret)
		takes(0, secret)
		takes(0, other)
		takes(patience, secrets)
		takes(0, secrets)
		takes(0, pods)
		time.Sleep(firstDoubt)
		takes(0, other) // which says nothing of all Secrets
		takes(patience, secrets)
		time.Sleep(firstDoubt)
		takes(0, secrets) // the second doubt is longer
		time.Sleep(firstDoubt)
		b.never = false
		takes(0, secrets)
		b.never = true
		takes(patience, secrets) // and the first one again
		for range 10 {
			time.Sleep(lastDoubt)
			takes(patience, secrets)
		}
		time.Sleep(lastDoubt - time.Second)
		takes(0, secrets)
		takes(0, func(ctx context.Context) error {
			return f.List(ctx, &corev1.SecretList{}, client.DisableReadYourWritesConsistency)
		})
		time.Sleep(time.Second)
		takes(patience, secrets)
	})
}

func TestAReadThatIsGivenUpByWhoeverAskedIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFollower(&behind{never: true})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := f.Get(ctx, client.ObjectKey{Name: lost}, &corev1.Secret{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want a deadline exceeded", err)
		}
		if len(f.doubts) > 0 {
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
