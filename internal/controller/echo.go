package controller

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// echoDelay is when an environment is looked at again because of what its own pass wrote. The
// pass has judged what was stored, so nothing new is to be expected: the look makes sure of it, and
// is to fall behind a burst of work, not into it. Whatever somebody else does is looked at at once.
const echoDelay = 10 * time.Second

// echoes knows what the operator wrote and no watch has delivered yet.
type echoes struct {
	mu      sync.Mutex
	written map[types.UID]string // resource versions
}

// note remembers an object as it was stored.
func (e *echoes) note(stored client.Object) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.written[stored.GetUID()] = stored.GetResourceVersion()
}

// hears says whether an event brings nothing but what the operator itself wrote last.
func (e *echoes) hears(obj client.Object) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.written[obj.GetUID()] != obj.GetResourceVersion() {
		return false
	}
	delete(e.written, obj.GetUID())
	return true
}

// forget drops what is gone.
func (e *echoes) forget(obj client.Object) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.written, obj.GetUID())
}

// enqueue has an environment looked at because of an object: at once, or when there is time if
// that is as the operator itself wrote it.
func (r *Reconciler) enqueue(request reconcile.Request, obj client.Object, q queue) {
	priorities, ok := q.(priorityqueue.PriorityQueue[reconcile.Request])
	if !ok || !r.echoes.hears(obj) {
		q.Add(request)
		return
	}
	low := handler.LowPriority
	priorities.AddWithOpts(priorityqueue.AddOpts{After: echoDelay, Priority: &low}, request)
}
