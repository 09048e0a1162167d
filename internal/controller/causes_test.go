package controller

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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
