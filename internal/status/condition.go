package status

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
)

// conditions are one per component, Ready, and those that are there only while true.
func (s *survey) conditions() []metav1.Condition {
	var list []metav1.Condition
	for _, c := range component.All {
		list = append(list, s.ofComponent(c))
	}
	list = append(list, s.ready())
	list = append(list, s.abnormal()...)
	if s.Suspended != "" {
		list = append(list, s.condition(v1alpha1.ConditionSuspended, metav1.ConditionTrue, s.Suspended, suspension[s.Suspended]))
	}
	return list
}

var suspension = map[string]string{
	v1alpha1.ReasonObserving: "spec.mode is Observe: only the status is written; status.plan lists what Enforce would do",
	v1alpha1.ReasonPaused:    "spec.mode is Paused: nothing is done until it is Enforce",
}

// condition is a condition whose transition time moves only with its status.
func (s *survey) condition(kind string, status metav1.ConditionStatus, reason, message string) metav1.Condition {
	since := metav1.NewTime(s.Now.UTC().Truncate(time.Second))
	if previous := s.previous(kind); previous != nil && previous.Status == status {
		since = previous.LastTransitionTime
	}
	return metav1.Condition{
		Type:               kind,
		Status:             status,
		ObservedGeneration: s.Env.Generation,
		LastTransitionTime: since,
		Reason:             reason,
		Message:            fitLine(message, ""),
	}
}

func (s *survey) previous(kind string) *metav1.Condition {
	return meta.FindStatusCondition(s.Env.Status.Conditions, kind)
}

// kept is a condition as it was, its observedGeneration included: nobody has
// looked since.
func (s *survey) kept(kind string) metav1.Condition {
	if previous := s.previous(kind); previous != nil {
		return *previous
	}
	reason, message := cmp.Or(s.Suspended, v1alpha1.ReasonProgressing), "not looked at yet"
	if s.Suspended != "" {
		message += "; " + suspension[s.Suspended]
	}
	if bad := worst(s.deciding()); bad != nil {
		reason = bad.Reason
	}
	return s.condition(kind, metav1.ConditionUnknown, reason, message)
}

func (s *survey) ofComponent(c component.Component) metav1.Condition {
	if s.Keep {
		return s.kept(c.Condition)
	}
	verdicts := s.of(c.Name)
	if bad := worst(verdicts); bad != nil {
		return s.condition(c.Condition, metav1.ConditionFalse, bad.Reason, s.line(bad))
	}
	if s.deleting() {
		return s.ofRemovedComponent(c)
	}
	if len(verdicts) == 0 {
		return s.notRequested(c)
	}
	return s.condition(c.Condition, metav1.ConditionTrue, v1alpha1.ReasonReady, s.praise(c.Name, verdicts))
}

func (s *survey) notRequested(c component.Component) metav1.Condition {
	return s.condition(c.Condition, metav1.ConditionTrue, v1alpha1.ReasonNotRequested, "the spec asks for none")
}

// ofRemovedComponent is the condition of a component on which the teardown does
// not work right now: its turn has passed, or is still to come.
func (s *survey) ofRemovedComponent(c component.Component) metav1.Condition {
	left := 0
	for _, child := range s.Children {
		if at := component.PlaceOf(groupKind(child)).Component; at < len(component.All) && component.All[at].Name == c.Name {
			left++
		}
	}
	previous := s.previous(c.Condition)
	switch {
	case left > 0:
		message := counted(left, "object") + " on record"
		if s.Teardown != nil {
			message += "; the teardown has reached step " + s.Teardown.Step
		}
		return s.condition(c.Condition, metav1.ConditionFalse, v1alpha1.ReasonTearingDown, message)
	case previous != nil && previous.Reason == v1alpha1.ReasonNotRequested:
		return s.notRequested(c)
	}
	return s.condition(c.Condition, metav1.ConditionFalse, v1alpha1.ReasonTearingDown, "nothing of it is left")
}

// praise says what is well about a component, and what its objects mention nevertheless.
func (s *survey) praise(name string, verdicts []verdict) string {
	objects := map[component.Key]bool{}
	var said *verdict
	for i, v := range verdicts {
		objects[v.Key] = true
		if said == nil && v.Message != "" {
			said = &verdicts[i]
		}
	}
	message := s.tally(name)
	if message == "" {
		message = counted(len(objects), "object") + " in place"
	}
	if said != nil {
		message += "; " + said.subject() + ": " + said.Message
	}
	return message
}

// ready is the rollup. Stalled beats failing beats reconciling.
func (s *survey) ready() metav1.Condition {
	bad := worst(s.deciding())
	switch {
	case s.deleting() && (bad == nil || bad.State != component.Stalled):
		return s.condition(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonTearingDown, s.step())
	case bad != nil:
		return s.condition(v1alpha1.ConditionReady, metav1.ConditionFalse, bad.Reason, s.line(bad))
	case s.Keep:
		return s.kept(v1alpha1.ConditionReady)
	case s.Suspended != "":
		return s.condition(v1alpha1.ConditionReady, metav1.ConditionUnknown, s.Suspended, suspension[s.Suspended])
	}
	message := strings.Join(append([]string{"everything the spec asks for is in place and works"}, s.remarks()...), "; ")
	return s.condition(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady, message)
}

// abnormal is Reconciling or Stalled, while true. A suspended environment is
// neither, unless something about it as a whole needs a human.
func (s *survey) abnormal() []metav1.Condition {
	bad := worst(s.deciding())
	switch {
	case bad != nil && bad.State == component.Stalled:
		return []metav1.Condition{s.condition(v1alpha1.ConditionStalled, metav1.ConditionTrue, bad.Reason, s.line(bad))}
	case s.deleting():
		return []metav1.Condition{s.condition(v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonTearingDown, s.step())}
	case bad != nil && bad.State == component.Progressing:
		return []metav1.Condition{s.condition(v1alpha1.ConditionReconciling, metav1.ConditionTrue, bad.Reason, s.line(bad))}
	case bad == nil && s.Keep && s.Suspended == "":
		return s.keptAbnormal()
	}
	return nil
}

func (s *survey) keptAbnormal() []metav1.Condition {
	for _, kind := range []string{v1alpha1.ConditionStalled, v1alpha1.ConditionReconciling} {
		if previous := s.previous(kind); previous != nil && previous.Status == metav1.ConditionTrue {
			return []metav1.Condition{*previous}
		}
	}
	return nil
}

// step names the step of the teardown, if it has reached one, and what it waits for.
func (s *survey) step() string {
	text := "teardown"
	if s.Teardown != nil {
		text += " step " + s.Teardown.Step
		if i := slices.Index(component.TeardownOrder, s.Teardown.Step); i >= 0 {
			text += fmt.Sprintf(" (%d of %d)", i+1, len(component.TeardownOrder))
		}
	}
	if bad := first(s.verdicts); bad != nil {
		text += ": " + s.line(bad)
	}
	return fitLine(text, "")
}

// blockedOn is the first thing, in the order in which things wait for one
// another, that keeps the environment from Ready. Empty when Ready.
func (s *survey) blockedOn(conditions []metav1.Condition) string {
	ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
	bad := first(s.deciding())
	switch {
	case ready.Status == metav1.ConditionTrue:
		return ""
	case s.deleting() && ready.Reason == v1alpha1.ReasonTearingDown:
		return s.step()
	case bad != nil:
		return s.line(bad)
	case s.Keep && s.previous(v1alpha1.ConditionReady) != nil && s.Env.Status.BlockedOn != "":
		return s.Env.Status.BlockedOn
	}
	if bad := first(s.verdicts); bad != nil && !s.Keep {
		return s.line(bad)
	}
	return ready.Message
}

// counted is a number of things, as in "1 object" and "2 objects".
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
