package controller

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// A line is a queue that notes how long each item has to wait.
type line struct {
	priorityqueue.PriorityQueue[reconcile.Request]
	waits []time.Duration
}

func (l *line) Add(reconcile.Request) { l.waits = append(l.waits, 0) }

func (l *line) AddWithOpts(o priorityqueue.AddOpts, _ ...reconcile.Request) {
	l.waits = append(l.waits, o.After)
}

var _ workqueue.TypedRateLimitingInterface[reconcile.Request] = &line{}

func TestOnlyWhatTheOperatorItselfWroteIsLookedAtLater(t *testing.T) {
	r := &Reconciler{echoes: echoes{written: map[types.UID]string{}}}
	request := reconcile.Request{NamespacedName: types.NamespacedName{Name: "hoge"}}
	wait := func() time.Duration {
		l := &line{}
		r.enqueue(request, account("a", "2"), l)
		if len(l.waits) != 1 {
			t.Fatalf("it was enqueued %d times", len(l.waits))
		}
		return l.waits[0]
	}
	if got := wait(); got != 0 {
		t.Errorf("what somebody else wrote waits %s", got)
	}
	r.echoes.note(account("a", "2"))
	if got := wait(); got != echoDelay {
		t.Errorf("what the operator wrote waits %s, not %s", got, echoDelay)
	}
	if got := wait(); got != 0 {
		t.Errorf("the same event a second time, as after a new list, waits %s", got)
	}
	r.echoes.note(account("a", "1"))
	if got := wait(); got != 0 {
		t.Errorf("a later version than the operator's waits %s", got)
	}
	r.echoes.note(account("a", "2"))
	r.echoes.forget(account("a", "3"))
	if got := wait(); got != 0 {
		t.Errorf("what was deleted in the meantime waits %s", got)
	}
	if len(r.echoes.written) != 0 {
		t.Errorf("%d objects are still remembered", len(r.echoes.written))
	}
}
