package controller

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/appenv/appenv-operator/internal/foreign/argocd"
)

func TestARefusedPodIsToldUntilOneIsCreated(t *testing.T) {
	var app argocd.Application
	app.Status.Resources = []argocd.Resource{{Group: "apps", Kind: "Deployment", Name: "web"}}
	event := func(minute int, reason, replicaSet string) corev1.Event {
		return corev1.Event{
			Reason: reason, Message: reason + " of " + replicaSet,
			InvolvedObject: corev1.ObjectReference{Kind: "ReplicaSet", Name: replicaSet},
			LastTimestamp:  metav1.NewTime(time.Date(2026, 1, 1, 0, minute, 0, 0, time.UTC)),
		}
	}
	for name, c := range map[string]struct {
		events []corev1.Event
		want   string
	}{
		"none":                      {nil, ""},
		"one was refused":           {[]corev1.Event{event(1, podRefused, "web-1")}, "FailedCreate of web-1"},
		"the newest refusal counts": {[]corev1.Event{event(2, podRefused, "web-2"), event(1, podRefused, "web-1")}, "FailedCreate of web-2"},
		"one was created since":     {[]corev1.Event{event(1, podRefused, "web-1"), event(2, podCreated, "web-2")}, ""},
		"one was created before":    {[]corev1.Event{event(2, podRefused, "web-1"), event(1, podCreated, "web-1")}, "FailedCreate of web-1"},
		"another app's was refused": {[]corev1.Event{event(1, podRefused, "web-admin-1")}, ""},
		"another app's was created": {[]corev1.Event{event(1, podRefused, "web-1"), event(2, podCreated, "worker-1")}, "FailedCreate of web-1"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := refusalOf(app, c.events); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// TestWhatWasSaidOfAnEarlierSpecIsNoCause: the store was another one then, and so is what to do about it.
func TestWhatWasSaidOfAnEarlierSpecIsNoCause(t *testing.T) {
	at := func(minute int) metav1.Time { return metav1.NewTime(time.Date(2026, 1, 1, 0, minute, 0, 0, time.UTC)) }
	changed := at(5)
	live := &unstructured.Unstructured{Object: map[string]any{}}
	live.SetCreationTimestamp(at(1))
	later := at(9)
	live.SetManagedFields([]metav1.ManagedFieldsEntry{
		{Manager: "appenv-operator", Time: &changed}, {Manager: "external-secrets", Subresource: "status", Time: &later},
	})
	event := func(minute int, uid types.UID) corev1.Event {
		return corev1.Event{Message: at(minute).Format("04"), InvolvedObject: corev1.ObjectReference{UID: uid}, LastTimestamp: at(minute)}
	}
	for name, c := range map[string]struct {
		known  cause
		events []corev1.Event
		want   string
	}{
		"none":                        {cause{}, nil, ""},
		"before the change":           {cause{}, []corev1.Event{event(4, "a")}, ""},
		"in the second of the change": {cause{}, []corev1.Event{event(5, "a")}, "05"},
		"the newest since":            {cause{}, []corev1.Event{event(7, "a"), event(6, "a"), event(4, "a")}, "07"},
		"of one that had its name":    {cause{}, []corev1.Event{event(7, "b")}, ""},
		"known, and expired":          {cause{text: "known", at: at(6).Time}, nil, "known"},
		"known, and outdated":         {cause{text: "known", at: at(4).Time}, nil, ""},
		"known, and there is a newer": {cause{text: "known", at: at(6).Time}, []corev1.Event{event(8, "a")}, "08"},
	} {
		t.Run(name, func(t *testing.T) {
			c.known.learn(changedAt(live), "a", c.events)
			if c.known.text != c.want {
				t.Errorf("%q, want %q", c.known.text, c.want)
			}
		})
	}
	live.SetManagedFields(nil)
	var known cause
	if known.learn(changedAt(live), "a", []corev1.Event{event(0, "a"), event(2, "a")}); known.text != "02" {
		t.Errorf("of one that was never changed: %q", known.text)
	}
}

// TestACauseIsSoughtUntilItIsTold: four times within a minute, and then only when there must be one.
func TestACauseIsSoughtUntilItIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		known  cause
		sought bool
		delay  time.Duration
	}{
		"at first":                       {cause{}, true, time.Second},
		"the last time":                  {cause{reads: 3}, true, untoldDelay},
		"no more":                        {cause{reads: 4}, false, untoldDelay},
		"it must be there, and is not":   {cause{reads: 4, needed: true}, true, untoldDelay},
		"it must be there, and was told": {cause{reads: 4, needed: true, text: "x"}, false, untoldDelay},
	} {
		if got := c.known.isSought(); got != c.sought {
			t.Errorf("%s: it is sought: %t", name, got)
		}
		if got := c.known.delay(); got != c.delay {
			t.Errorf("%s: the delay is %s", name, got)
		}
	}
}
