package controller

import (
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// echoDelay is when an environment is looked at again because of what its own pass wrote. The
// pass has judged what was stored, so nothing new is to be expected: the look makes sure of it, and
// is to fall behind a burst of work, not into it. Whatever somebody else does is looked at at once.
const echoDelay = 10 * time.Second

// echoes tells what the operator itself wrote from what others did, when a watch delivers it.
type echoes struct {
	mu sync.Mutex
	// written are the resource versions that the operator wrote and no watch has delivered yet, in
	// the order in which they were written.
	written map[types.UID][]string
	// passes are those under way, by environment.
	passes map[string]*hearing
}

// A hearing is what watches deliver while a pass is under way. That may be what the pass itself
// wrote, before it has the API server's answer, so it is judged when the pass has ended. Nothing is
// lost by that: until then the environment cannot be looked at again anyway.
type hearing struct {
	heard []delivery
	gone  []types.UID
}

// A delivery is an object in a version, and the queue that it came with: that knows how urgent the
// event is.
type delivery struct {
	uid             types.UID
	resourceVersion string
	queue           priorities
}

type priorities = priorityqueue.PriorityQueue[reconcile.Request]

func newEchoes() echoes {
	return echoes{written: map[types.UID][]string{}, passes: map[string]*hearing{}}
}

// note remembers an object as it was stored.
func (e *echoes) note(stored client.Object) {
	e.mu.Lock()
	defer e.mu.Unlock()
	versions, stands := e.written[stored.GetUID()], stored.GetResourceVersion()
	if !slices.Contains(versions, stands) { // a write that changed nothing stands where it stood
		e.written[stored.GetUID()] = append(versions, stands)
	}
}

// hears says whether an event brings nothing but what the operator itself wrote. What it wrote
// before that is not going to be delivered any more.
func (e *echoes) hears(d delivery) bool {
	at := slices.Index(e.written[d.uid], d.resourceVersion)
	if at < 0 {
		return false
	}
	e.written[d.uid] = e.written[d.uid][at+1:]
	if len(e.written[d.uid]) == 0 {
		delete(e.written, d.uid)
	}
	return true
}

// forget drops an object that is gone. Its environment may still be about to note it.
func (e *echoes) forget(environment string, obj client.Object) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.written, obj.GetUID())
	if pass := e.passes[environment]; pass != nil {
		pass.gone = append(pass.gone, obj.GetUID())
	}
}

// begin must come before the pass reads anything, and what it returns after its last write.
func (e *echoes) begin(environment string) (end func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.passes[environment] = &hearing{}
	return func() { e.end(environment) }
}

func (e *echoes) end(environment string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	pass := e.passes[environment]
	delete(e.passes, environment)
	request := reconcile.Request{NamespacedName: types.NamespacedName{Name: environment}}
	for _, d := range pass.heard {
		e.add(request, d)
	}
	for _, uid := range pass.gone {
		delete(e.written, uid)
	}
}

// judge enqueues an environment because of an event: at once, or when there is time if that is as
// the operator itself wrote it.
func (e *echoes) judge(request reconcile.Request, d delivery) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if pass := e.passes[request.Name]; pass != nil {
		pass.heard = append(pass.heard, d)
		return
	}
	e.add(request, d)
}

func (e *echoes) add(request reconcile.Request, d delivery) {
	if !e.hears(d) {
		d.queue.Add(request)
		return
	}
	d.queue.AddWithOpts(priorityqueue.AddOpts{After: echoDelay, Priority: new(whenIdle)}, request)
}

// enqueue has an environment looked at because an object of it came or changed.
func (r *Reconciler) enqueue(request reconcile.Request, obj client.Object, q queue) {
	if q, ok := q.(priorities); ok {
		r.echoes.judge(request, delivery{obj.GetUID(), obj.GetResourceVersion(), q})
		return
	}
	q.Add(request)
}
