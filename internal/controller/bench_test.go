package controller_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/appenv/appenv-operator/internal/controller"
	"github.com/appenv/appenv-operator/test/fixture"
)

// BenchmarkNothingToDo measures a look at an environment that is as it should be, among 50, 200 and 1000 of them on
// a real API server, from real caches. It needs what `make test` builds, and minutes: the environments are made first.
func BenchmarkNothingToDo(b *testing.B) {
	world := newWorld(b)
	for _, n := range []int{50, 200, 1000} {
		b.Run(fmt.Sprintf("%d-environments", n), func(b *testing.B) {
			world.grow(b, n)
			ctx := context.Background()
			request := reconcile.Request{NamespacedName: types.NamespacedName{Name: nameOf(n / 2)}}
			for range 2 { // the first pass may remember what the second finds unchanged
				if result, err := world.standby.Reconcile(ctx, request); err != nil || result != (reconcile.Result{}) {
					b.Fatalf("it is not as it should be: %+v, %v", result, err)
				}
			}
			mark := world.plane.Operator.Requests.Mark()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := world.standby.Reconcile(ctx, request); err != nil {
					b.Fatal(err)
				}
			}
			if asked := world.plane.Operator.Requests.Since(mark, func(r fixture.Request) bool { return r.Writes() }); len(asked) > 0 {
				b.Errorf("the operator wrote: %v", asked[0])
			}
		})
	}
}

func nameOf(i int) string { return fmt.Sprintf("quiet-%04d", i) }

// A world is a plane whose operator has made environments, and an operator that looks at them when told to.
type world struct {
	plane   *fixture.Plane
	standby *controller.Reconciler
	made    int
}

func newWorld(b *testing.B) *world {
	b.Helper()
	plane, err := fixture.StartPlane(fixture.Options{})
	b.Cleanup(func() {
		if err := plane.Stop(); err != nil {
			b.Error(err)
		}
		_ = os.RemoveAll(plane.Logs)
	})
	if err != nil {
		b.Fatal(err)
	}
	if err := plane.Operator.Start(); err != nil {
		b.Fatal(err)
	}
	held := &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Namespace: fixture.OperatorNamespace, Name: "appenv-operator.platform.appenv.dev"},
		Spec: coordinationv1.LeaseSpec{
			HolderIdentity: ptr.To("another"), LeaseDurationSeconds: ptr.To[int32](3600),
			AcquireTime: ptr.To(metav1.NowMicro()), RenewTime: ptr.To(metav1.NowMicro()),
		},
	}
	if err := plane.Client.Create(context.Background(), held); err != nil {
		b.Fatal(err)
	}
	cfg := plane.Operator.Config
	cfg.LeaderElect, cfg.LeaderElectionNamespace = true, fixture.OperatorNamespace
	ctx, cancel := context.WithCancel(context.Background())
	b.Cleanup(cancel)
	standby, err := controller.Standby(ctx, plane.Operator.Connection(), cfg)
	if err != nil {
		b.Fatal(err)
	}
	return &world{plane: plane, standby: standby}
}

// grow makes environments until there are n, and waits until they are Ready and the operator has nothing to do.
func (w *world) grow(b *testing.B, n int) {
	b.Helper()
	names := make(chan string)
	var working sync.WaitGroup
	for range 10 {
		working.Go(func() {
			for name := range names {
				if err := w.plane.Client.Create(context.Background(), fixture.Full(name)); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for ; w.made < n; w.made++ {
		names <- nameOf(w.made)
	}
	close(names)
	working.Wait()
	for i := range n {
		fixture.Eventually(b, 5*time.Minute, func() error {
			env := w.plane.Environment(b, nameOf(i))
			return fixture.Ready(env)
		})
	}
	w.settle(b)
}

// settle waits until the operator has asked nothing for five seconds, and nobody in this process does anything: all
// of it would be counted.
func (w *world) settle(b *testing.B) {
	b.Helper()
	var before, now runtime.MemStats
	fixture.Eventually(b, 5*time.Minute, func() error {
		last := w.plane.Operator.Requests.Last(func(r fixture.Request) bool { return r.Verb != "watch" })
		if since := time.Since(last); since < 5*time.Second {
			return fmt.Errorf("the last request was sent %s ago", since)
		}
		runtime.ReadMemStats(&before)
		time.Sleep(time.Second)
		runtime.ReadMemStats(&now)
		if made := now.Mallocs - before.Mallocs; made > 5000 {
			return fmt.Errorf("%d allocations were made in a second", made)
		}
		return nil
	})
}
