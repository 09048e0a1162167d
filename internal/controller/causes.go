package controller

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/foreign/argocd"
)

// External Secrets tells the cause of a failure only in an Event, and so does
// Kubernetes when it refuses Pods. An Event may come a moment after the condition and
// expires: it is read when a failure is new, and again after these delays, then no more
// unless the cause is still missing.
var causeDelays = []time.Duration{time.Second, 5 * time.Second, 30 * time.Second}

// untoldDelay is the pause after which Events are read as long as none tells the cause that there must be: External
// Secrets tries again after up to seven minutes, and says so then.
const untoldDelay = 5 * time.Minute

// rolloutGrace is how long an Application may make no progress before the Events of its
// workloads are read: most rollouts are over by then.
const rolloutGrace = 2 * time.Second

// A cause is what the Events said about one failure of one object.
type cause struct {
	failure string // identifies the failure: generations, and time of the condition
	needed  bool   // there must be one
	text    string
	at      time.Time // of the Event with the text
	reads   int
	next    time.Time
}

// isSought says whether Events are still to be read.
func (c *cause) isSought() bool {
	return c.reads <= len(causeDelays) || c.needed && c.text == ""
}

// delay is the pause after a read.
func (c *cause) delay() time.Duration {
	if c.reads < len(causeDelays) {
		return causeDelays[c.reads]
	}
	return untoldDelay
}

// gatherCauses reads the causes of what fails of External Secrets, and of Applications
// that make no progress.
func (p *pass) gatherCauses(ctx context.Context) {
	p.in.Causes = map[component.Key]string{}
	for _, app := range p.in.Applications {
		p.gatherRefusal(ctx, app)
	}
	for key, live := range p.live {
		if live == nil || key.Kind != "ExternalSecret" && key.Kind != "SecretStore" {
			continue
		}
		failure := failureOf(live)
		if failure == "" {
			delete(p.memory.causes, key)
			continue
		}
		failure = fmt.Sprintf("%d %s", p.env.Generation, failure) // the store may be another one, and the secret as it was
		known := p.memory.causes[key]
		if known == nil || known.failure != failure {
			last := cause{}
			if known != nil {
				last = *known // the last cause, until it is found to be outdated
			}
			known = &cause{failure: failure, needed: true, text: last.text, at: last.at, next: p.now()}
			p.memory.causes[key] = known
		}
		p.refresh(ctx, known, func() error { return p.readFailure(ctx, live, known) })
		if known.text != "" {
			p.in.Causes[key] = known.text
		}
	}
}

// gatherRefusal reads why the API server refuses Pods of an Application that is not healthy.
func (p *pass) gatherRefusal(ctx context.Context, app argocd.Application) {
	key := p.applicationKey(app.Metadata.Name)
	health, state := app.Status.Health.Status, app.Status.OperationState
	if health != "Progressing" && health != "Degraded" || state == nil {
		delete(p.memory.causes, key)
		return
	}
	failure := fmt.Sprintf("%s %s %d", health, state.StartedAt, p.env.Generation)
	known := p.memory.causes[key]
	if known == nil || known.failure != failure {
		text := ""
		if known != nil {
			text = known.text // until it has been looked at again
		}
		known = &cause{failure: failure, text: text, next: p.now().Add(rolloutGrace)}
		p.memory.causes[key] = known
	}
	p.refresh(ctx, known, func() error {
		text, err := p.lastRefusal(ctx, app)
		if err == nil {
			known.text = text
		}
		return err
	})
	if known.text != "" {
		p.in.Causes[key] = known.text
	}
}

// lastRefusal is why a workload of the Application could not create a Pod.
func (p *pass) lastRefusal(ctx context.Context, app argocd.Application) (string, error) {
	var all []corev1.Event
	for _, reason := range []string{podRefused, podCreated} {
		events, err := p.events(ctx, app.Spec.Destination.Namespace, fields.Set{"reason": reason})
		if err != nil {
			return "", err
		}
		all = append(all, events...)
	}
	return refusalOf(app, all), nil
}

// What Kubernetes' controllers call Events about the Pods of a workload.
const (
	podRefused = "FailedCreate"
	podCreated = "SuccessfulCreate"
)

// refusalOf is the newest of the Events that a workload of the Application could not create a Pod; empty
// when one has created a Pod since.
func refusalOf(app argocd.Application, events []corev1.Event) string {
	text := ""
	var newest time.Time
	for i := range events {
		event := &events[i]
		about, at := event.InvolvedObject, timeOf(event)
		if !at.After(newest) || !component.IsOfWorkload(app, about.Kind, about.Name) {
			continue
		}
		text, newest = "", at
		if event.Reason == podRefused {
			text = event.Message
		}
	}
	return text
}

// refresh reads when it is time to, and asks for another pass when it will be again.
func (p *pass) refresh(ctx context.Context, known *cause, read func() error) {
	now := p.now()
	if known.isSought() && !now.Before(known.next) {
		if err := read(); err != nil { // the cause only helps to understand; the next read may succeed
			ctrl.LoggerFrom(ctx).Info("could not read why something fails", "cause", err.Error())
		}
		known.next = now.Add(known.delay())
		known.reads++
	}
	if known.isSought() {
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

// readFailure reads the newest warning about the object since it or its store was changed last. An older one is about
// something else, and may be the last one there is: what says the same too often is kept from sending more.
func (p *pass) readFailure(ctx context.Context, live *unstructured.Unstructured, known *cause) error {
	events, err := p.events(ctx, live.GetNamespace(), fields.Set{
		"involvedObject.kind": live.GetKind(), "involvedObject.name": live.GetName(), "type": corev1.EventTypeWarning,
	})
	if err != nil {
		return err
	}
	oldest := changedAt(live)
	if store := p.storeOf(live); store != nil && changedAt(store).After(oldest) {
		oldest = changedAt(store)
	}
	known.learn(oldest, live.GetUID(), events)
	return nil
}

// storeOf is the SecretStore of an ExternalSecret; nil when it has none of ours.
func (p *pass) storeOf(secret *unstructured.Unstructured) *unstructured.Unstructured {
	kind, _, _ := unstructured.NestedString(secret.Object, "spec", "secretStoreRef", "kind")
	name, _, _ := unstructured.NestedString(secret.Object, "spec", "secretStoreRef", "name")
	return p.live[component.Key{Group: secret.GroupVersionKind().Group, Kind: kind, Namespace: secret.GetNamespace(), Name: name}]
}

// learn takes the message of the newest of the Events about an object, none of which may be older. What is known
// already stays, as Events expire, unless it is older, too.
func (c *cause) learn(oldest time.Time, uid types.UID, events []corev1.Event) {
	if c.at.Before(oldest) {
		c.text, c.at = "", oldest
	}
	for i := range events {
		event := &events[i]
		if at := timeOf(event); event.InvolvedObject.UID == uid && !at.Before(c.at) {
			c.text, c.at = event.Message, at
		}
	}
}

// changedAt is when anything but the status of an object was changed last, in whole seconds.
func changedAt(live *unstructured.Unstructured) time.Time {
	last := live.GetCreationTimestamp().Time
	for _, entry := range live.GetManagedFields() {
		if entry.Subresource == "" && entry.Time != nil && entry.Time.After(last) {
			last = entry.Time.Time
		}
	}
	return last
}

// events are the Events of a namespace that have the fields.
func (p *pass) events(ctx context.Context, namespace string, with fields.Set) ([]corev1.Event, error) {
	list := &corev1.EventList{}
	err := p.reader.List(ctx, list, client.InNamespace(namespace), client.MatchingFieldsSelector{Selector: fields.SelectorFromSet(with)})
	if err != nil {
		return nil, fmt.Errorf("reading the Events of namespace %s: %w", namespace, err)
	}
	return list.Items, nil
}

// timeOf is when an Event was last seen.
func timeOf(event *corev1.Event) time.Time {
	if event.LastTimestamp.IsZero() {
		return event.EventTime.Time
	}
	return event.LastTimestamp.Time
}
