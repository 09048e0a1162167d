package controller

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/internal/component"
)

// External Secrets tells the cause of a failure only in an Event, which may come a
// moment after the condition and expires: it is read when a condition is new, and
// again after these delays, then no more.
var causeDelays = []time.Duration{time.Second, 5 * time.Second, 30 * time.Second}

// A cause is what the Events said about one failure of one object.
type cause struct {
	failure string // identifies the failure: generation and time of the condition
	text    string
	reads   int
	next    time.Time
}

// gatherCauses reads the causes of what fails of External Secrets.
func (p *pass) gatherCauses(ctx context.Context) {
	p.in.Causes = map[component.Key]string{}
	for key, live := range p.live {
		if live == nil || key.Kind != "ExternalSecret" && key.Kind != "SecretStore" {
			continue
		}
		failure := failureOf(live)
		if failure == "" {
			delete(p.memory.causes, key)
			continue
		}
		known := p.memory.causes[key]
		if known == nil || known.failure != failure {
			text := ""
			if known != nil {
				text = known.text // the last cause, until there is a newer one
			}
			known = &cause{failure: failure, text: text, next: p.now()}
			p.memory.causes[key] = known
		}
		p.refresh(ctx, live, known)
		if known.text != "" {
			p.in.Causes[key] = known.text
		}
	}
}

// refresh reads the Events when it is time to, and asks for another pass when it
// will be again.
func (p *pass) refresh(ctx context.Context, live *unstructured.Unstructured, known *cause) {
	now := p.now()
	if known.reads <= len(causeDelays) && !now.Before(known.next) {
		text, err := p.lastFailure(ctx, live)
		if err != nil { // the cause only helps to understand; the next read may succeed
			ctrl.LoggerFrom(ctx).Info("could not read why a secret fails", "secret", live.GetName(), "cause", err.Error())
		}
		if text != "" {
			known.text = text
		}
		if known.reads < len(causeDelays) {
			known.next = now.Add(causeDelays[known.reads])
		}
		known.reads++
	}
	if known.reads <= len(causeDelays) {
		p.recheckIn(max(known.next.Sub(now), time.Millisecond))
	}
}

// failureOf identifies the failure that an object reports; empty when it is well.
func failureOf(live *unstructured.Unstructured) string {
	conditions, _, _ := unstructured.NestedSlice(live.Object, "status", "conditions")
	for _, c := range conditions {
		condition, _ := c.(map[string]any)
		if condition["type"] == "Ready" && condition["status"] == "False" {
			return fmt.Sprintf("%d %v %v", live.GetGeneration(), condition["reason"], condition["lastTransitionTime"])
		}
	}
	return ""
}

// lastFailure is the message of the newest warning about the object.
func (p *pass) lastFailure(ctx context.Context, live *unstructured.Unstructured) (string, error) {
	list := &corev1.EventList{}
	err := p.reader.List(ctx, list, client.InNamespace(live.GetNamespace()), client.MatchingFieldsSelector{Selector: fields.SelectorFromSet(fields.Set{
		"involvedObject.kind": live.GetKind(), "involvedObject.name": live.GetName(), "type": corev1.EventTypeWarning,
	})})
	if err != nil {
		return "", fmt.Errorf("reading the Events of %s %s: %w", live.GetKind(), live.GetName(), err)
	}
	text := ""
	var newest time.Time
	for i := range list.Items {
		event := &list.Items[i]
		at := event.LastTimestamp.Time
		if at.IsZero() {
			at = event.EventTime.Time
		}
		if event.InvolvedObject.UID == live.GetUID() && !at.Before(newest) {
			text, newest = event.Message, at
		}
	}
	return text, nil
}
