package controller

import (
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/appenv/appenv-operator/api/v1alpha1"
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
	r := &Reconciler{echoes: newEchoes()}
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
	r.echoes.forget("hoge", account("a", "3"))
	if got := wait(); got != 0 {
		t.Errorf("what was deleted in the meantime waits %s", got)
	}
	if len(r.echoes.written) != 0 {
		t.Errorf("%d objects are still remembered", len(r.echoes.written))
	}
}

func TestWhatIsDeliveredDuringAPassIsJudgedAtItsEnd(t *testing.T) {
	const others = 0
	for name, test := range map[string]struct {
		during func(*echoes, func(version string))
		want   []time.Duration
	}{
		"nothing": {func(*echoes, func(string)) {}, nil},
		"what the pass wrote, before it had the answer": {func(e *echoes, deliver func(string)) {
			deliver("2")
			e.note(account("a", "2"))
		}, []time.Duration{echoDelay}},
		"what the pass wrote twice": {func(e *echoes, deliver func(string)) {
			e.note(account("a", "2"))
			deliver("2")
			e.note(account("a", "3"))
			deliver("3")
		}, []time.Duration{echoDelay, echoDelay}},
		"the last of what the pass wrote, as after a new list": {func(e *echoes, deliver func(string)) {
			e.note(account("a", "2"))
			e.note(account("a", "3"))
			deliver("3")
		}, []time.Duration{echoDelay}},
		"what the pass wrote, and wrote once more without changing anything": {func(e *echoes, deliver func(string)) {
			e.note(account("a", "2"))
			e.note(account("a", "2"))
			deliver("2")
		}, []time.Duration{echoDelay}},
		"what somebody else wrote": {func(e *echoes, deliver func(string)) { deliver("2") }, []time.Duration{others}},
		"what somebody else wrote after the pass": {func(e *echoes, deliver func(string)) {
			deliver("2")
			e.note(account("a", "2"))
			deliver("3")
		}, []time.Duration{echoDelay, others}},
		"the end of what the pass wrote, before it had the answer": {func(e *echoes, deliver func(string)) {
			e.forget("hoge", account("a", "3"))
			deliver("3")
			e.note(account("a", "2"))
		}, []time.Duration{others}},
	} {
		t.Run(name, func(t *testing.T) {
			r, l := &Reconciler{echoes: newEchoes()}, &line{}
			request := reconcile.Request{NamespacedName: types.NamespacedName{Name: "hoge"}}
			end := r.echoes.begin("hoge")
			test.during(&r.echoes, func(version string) { r.enqueue(request, account("a", version), l) })
			if len(l.waits) > 0 {
				t.Errorf("it was judged during the pass: %v", l.waits)
			}
			end()
			if !slices.Equal(l.waits, test.want) {
				t.Errorf("the next looks wait %v, want %v", l.waits, test.want)
			}
			if len(r.echoes.written) != 0 || len(r.echoes.passes) != 0 {
				t.Errorf("something is still remembered: %v, %v", r.echoes.written, r.echoes.passes)
			}
			if r.enqueue(request, account("a", "9"), l); l.waits[len(l.waits)-1] != others {
				t.Errorf("after the pass, what somebody else wrote waits %v", l.waits)
			}
		})
	}
}

func TestAnEventKeepsTheUrgencyWithWhichItCame(t *testing.T) {
	r, urgent, idle := &Reconciler{echoes: newEchoes()}, &line{}, &line{}
	request := reconcile.Request{NamespacedName: types.NamespacedName{Name: "hoge"}}
	end := r.echoes.begin("hoge")
	r.enqueue(request, account("a", "2"), urgent)
	r.enqueue(request, account("b", "2"), idle)
	end()
	if len(urgent.waits) != 1 || len(idle.waits) != 1 {
		t.Errorf("the queues got %v and %v", urgent.waits, idle.waits)
	}
}

func TestAFormerOwnerIsWokenAtOnceWhoeverWroteTheObjectLast(t *testing.T) {
	r, l := &Reconciler{echoes: newEchoes(), shard: &shard{selector: labels.Everything()}}, &line{}
	before := account("a", "2")
	before.SetLabels(map[string]string{v1alpha1.LabelEnvironment: "hoge"})
	r.echoes.note(before)
	after := account("a", "3")
	r.childEvents().Update(t.Context(), event.UpdateEvent{ObjectOld: before, ObjectNew: after}, l)
	if !slices.Equal(l.waits, []time.Duration{0}) {
		t.Errorf("the looks wait %v", l.waits)
	}
}
