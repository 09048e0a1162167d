package chaos

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// applicationSet holds what the operator stores to what was stored and asked for before: an app stays if every spec
// of the last moments asks for it.
func (v *invariants) applicationSet(e event, h *history) {
	if e.Verb == "delete" || e.Verb == "create" {
		h.elements = nil
	}
	if e.Verb == "create" {
		h.held = nil
	}
	var set struct {
		Metadata metav1.ObjectMeta
		Spec     struct {
			Generators []struct {
				List struct{ Elements []struct{ Name string } }
			}
		}
	}
	if e.Verb == "delete" || json.Unmarshal(e.ResponseObject, &set) != nil || len(set.Spec.Generators) == 0 {
		return
	}
	if e.byOperator() {
		for _, finalizer := range h.held {
			v.check(ownFinalizers, slices.Contains(set.Metadata.Finalizers, finalizer), e, finalizer)
		}
	}
	h.held = slices.DeleteFunc(set.Metadata.Finalizers, func(name string) bool { return name == v1alpha1.ApplicationSetFinalizer })
	var elements []string
	for _, element := range set.Spec.Generators[0].List.Elements {
		elements = append(elements, element.Name)
	}
	if e.byOperator() {
		for _, app := range h.elements {
			if h.asksAllAlong(app, e.RequestReceivedTimestamp.Add(-2*time.Second)) {
				v.check(fewerElements, slices.Contains(elements, app), e, fmt.Sprintf("%s is missing in %v, before it was %v", app, elements, h.elements))
			}
		}
	}
	h.elements = elements
}

// asksAllAlong says whether every spec since then has asked for the app.
func (h *history) asksAllAlong(app string, since time.Time) bool {
	for i := len(h.specs) - 1; i >= 0; i-- {
		if !slices.Contains(h.specs[i], app) {
			return false
		}
		if h.since[i].Before(since) {
			return true
		}
	}
	return len(h.specs) > 0
}

// application follows which Applications there are. What ended later may have been done earlier: one that is gone
// never comes back.
func (h *history) application(e event) {
	var app struct {
		Kind     string
		Metadata metav1.ObjectMeta
		Details  struct{ UID types.UID } // of a Status, which tells of a deletion that is done
	}
	if e.ObjectRef.Name == "" || json.Unmarshal(e.ResponseObject, &app) != nil {
		return // a whole namespace of them
	}
	uid := cmp.Or(app.Metadata.UID, app.Details.UID)
	if app.Kind == "Status" || app.Metadata.DeletionTimestamp != nil && len(app.Metadata.Finalizers) == 0 {
		h.gone[uid] = true
		delete(h.apps, e.ObjectRef.Name)
	} else if !h.gone[uid] {
		h.apps[e.ObjectRef.Name], h.hadApps = true, true
	}
}

// forget takes no Application for certain that was there before a crash.
func (v *invariants) forget(now time.Time) {
	for len(v.crashes) > 0 && now.After(v.crashes[0]) {
		v.crashed, v.crashes = v.crashes[0], v.crashes[1:]
		for _, h := range v.environments {
			clear(h.apps)
			h.hadApps = false
		}
	}
}
