package controller

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// panicked is what a call panics with; nil when it does not.
func panicked(call func()) (cause any) {
	defer func() { cause = recover() }()
	call()
	return nil
}

func TestAPanicIsReportedOnItsEnvironmentAndPassedOn(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	env := &v1alpha1.AppEnvironment{ObjectMeta: metav1.ObjectMeta{Name: "hoge", UID: "u", Generation: 3, Finalizers: []string{v1alpha1.Finalizer}}}
	env.Status.Children = []v1alpha1.Child{{APIVersion: "v1", Kind: "Namespace", Name: "hoge", UID: "n", State: v1alpha1.ChildReady, Origin: v1alpha1.OriginCreated}}
	keeps, err := newShard("")
	if err != nil {
		t.Fatal(err)
	}
	c := fake.NewClientBuilder().WithScheme(scheme).WithObjects(env).WithStatusSubresource(env).Build()
	r := &Reconciler{
		client: c, cache: c, reader: c, shard: keeps, echoes: newEchoes(), now: time.Now, recorder: events.NewFakeRecorder(10),
		apis:     &apis{}, // and no applier, without which nothing can be looked at
		memories: map[types.UID]*memory{},
	}
	cause := panicked(func() {
		_, _ = r.Reconcile(t.Context(), reconcile.Request{NamespacedName: client.ObjectKeyFromObject(env)})
	})
	if cause == nil {
		t.Fatal("the controller does not hear of it")
	}
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(env), env); err != nil {
		t.Fatal(err)
	}
	stalled := meta.FindStatusCondition(env.Status.Conditions, v1alpha1.ConditionStalled)
	if stalled == nil || stalled.Reason != v1alpha1.ReasonInternalError || !strings.Contains(stalled.Message, "nil pointer") {
		t.Errorf("the environment says %+v", env.Status.Conditions)
	}
	if len(env.Status.Children) != 1 || !strings.Contains(env.Status.BlockedOn, "nil pointer") {
		t.Errorf("on record are %v, blocked on %q", env.Status.Children, env.Status.BlockedOn)
	}
}

func TestAPanicInAGoroutineOfAPassIsOneOfThePass(t *testing.T) {
	p := &pass{Reconciler: &Reconciler{}} // without an applier nothing can be sent
	cause := panicked(func() { p.sendAll(context.Background(), []*step{{action: actionCreate}, {action: actionNone}}) })
	var of panicError
	if err, _ := cause.(error); !errors.As(err, &of) || !strings.Contains(string(of.stack), "send") || strings.Contains(of.Error(), "goroutine") {
		t.Errorf("it panics with %v", cause)
	}
}
