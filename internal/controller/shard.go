package controller

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// leaderElectionID is the lease of an operator that keeps every environment.
const leaderElectionID = "appenv-operator.platform.appenv.dev"

// A shard is the environments that this operator keeps: those that its selector matches. It
// sees the others as well, since names are claimed across all of them, and leaves them alone.
type shard struct {
	selector labels.Selector

	mu     sync.Mutex
	passes map[string]context.CancelCauseFunc // those that run, by name of the environment
}

func newShard(selector string) (*shard, error) {
	parsed, err := labels.Parse(selector)
	if err != nil {
		return nil, fmt.Errorf("reading the watch selector %q: %w", selector, err)
	}
	return &shard{selector: parsed, passes: map[string]context.CancelCauseFunc{}}, nil
}

// lease is the name of the lease for which the replicas of this shard compete, and no other's:
// it depends on the selector, and not on how that is spaced or ordered.
func (s *shard) lease() string {
	if s.selector.Empty() {
		return leaderElectionID
	}
	sum := sha256.Sum256([]byte(s.selector.String()))
	return leaderElectionID + "-" + hex.EncodeToString(sum[:5])
}

func (s *shard) keeps(env client.Object) bool { return s.selector.Matches(labels.Set(env.GetLabels())) }

// errHandedOver ends a pass over an environment that left the shard meanwhile.
var errHandedOver = errors.New("another operator keeps the environment now")

// begin makes a context for a pass that ends with the pass, or when the environment leaves the
// shard. It must come before the environment is read, so that no such event is missed.
func (s *shard) begin(ctx context.Context, name string) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.passes[name] = cancel
	return ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.passes, name)
		cancel(nil)
	}
}

// handOver ends the pass that runs over an environment. The new operator works already, and what
// this one would still create could outlive an entry that the other has found to be void.
func (s *shard) handOver(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cancel, runs := s.passes[name]; runs {
		cancel(errHandedOver)
	}
}

// unlessHandedOver drops the error of a pass that had to end.
func unlessHandedOver(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), errHandedOver) {
		return nil
	}
	return err
}

// wake enqueues an environment if it is of this shard.
func (r *Reconciler) wake(env client.Object, q queue) {
	if r.shard.keeps(env) {
		r.enqueue(requestFor(env), env, q)
	}
}

// wakeChanged also enqueues an environment that leaves the shard, so that it is forgotten.
func (r *Reconciler) wakeChanged(before, after client.Object, q queue) {
	if r.shard.keeps(before) && !r.shard.keeps(after) {
		r.shard.handOver(after.GetName())
		q.Add(requestFor(after))
	}
	r.wake(after, q)
}

// wakeOwner enqueues the environment whose label an object carries.
func (r *Reconciler) wakeOwner(ctx context.Context, obj client.Object, q queue) {
	if name := r.ownerHere(ctx, obj); name != "" {
		r.enqueue(reconcile.Request{NamespacedName: types.NamespacedName{Name: name}}, obj, q)
	}
}

// wakeFormerOwner enqueues the environment whose label an object carried, at once, whoever wrote it then.
func (r *Reconciler) wakeFormerOwner(ctx context.Context, before client.Object, q queue) {
	if name := r.ownerHere(ctx, before); name != "" {
		q.Add(reconcile.Request{NamespacedName: types.NamespacedName{Name: name}})
	}
}

// ownerHere is the environment whose label an object carries, if it is of this shard or cannot be
// read; else empty. Like claimants it must not wait for the cache.
func (r *Reconciler) ownerHere(ctx context.Context, obj client.Object) string {
	name := ownerOf(obj)
	if name == "" {
		return ""
	}
	if !r.shard.selector.Empty() {
		env := &v1alpha1.AppEnvironment{}
		err := r.client.Get(ctx, client.ObjectKey{Name: name}, env, client.DisableReadYourWritesConsistency)
		if err == nil && !r.shard.keeps(env) {
			return ""
		}
	}
	return name
}

// forgetHandedOver drops what is remembered of an environment that another operator keeps.
func (r *Reconciler) forgetHandedOver(env *v1alpha1.AppEnvironment) {
	for _, child := range env.Status.Children {
		r.applier.Forget(referenceTo(child))
	}
	r.dropMemory(env.Name)
	forget(env.Name)
}
