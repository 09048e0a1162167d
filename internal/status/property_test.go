package status

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
)

var allKeys = []component.Key{
	{}, namespaceKey, quotaKey, projectKey, storeKey, secretKey, setKey, app1Key, app2Key, certificateKey, dnsKey,
	{Kind: "Namespace"}, {Group: "example.com", Kind: "Strange", Name: "x"},
}

// randomReport is a report as no reconcile would make it.
func randomReport(random *rand.Rand) Report {
	r := wellReport()
	pick := func(list ...string) string { return list[random.Intn(len(list))] }
	randomize := func(f Finding) Finding {
		f.State = component.State(random.Intn(4))
		f.Reason = pick("", v1alpha1.ReasonNameTaken, v1alpha1.ReasonDegraded, ReasonPendingRemoval, "not a reason")
		f.Message = pick("", "a", "b", "line\nbreak at 2026-01-02T03:04:05Z", strings300)
		return f
	}
	for range random.Intn(4) {
		i := random.Intn(len(r.Findings))
		r.Findings[i] = randomize(r.Findings[i])
	}
	for range random.Intn(4) {
		f := randomize(Finding{Key: allKeys[random.Intn(len(allKeys))]})
		f.Component = pick("", "namespaces", "project", "secrets", "applications", "certificates", "dns", "unknown")
		if random.Intn(2) == 0 {
			r.Removing = append(r.Removing, f)
		} else {
			r.Findings = append(r.Findings, f)
		}
	}
	if random.Intn(5) == 0 {
		r.Findings = r.Findings[:random.Intn(len(r.Findings))]
	}
	if random.Intn(5) == 0 {
		r.Teardown = &v1alpha1.Teardown{Step: pick(append([]string{"strange"}, component.TeardownOrder...)...)}
	}
	if random.Intn(5) == 0 {
		r.Env.DeletionTimestamp = &metav1.Time{Time: later}
	}
	r.Keep = random.Intn(5) == 0
	r.Suspended = pick("", "", "", v1alpha1.ReasonPaused, v1alpha1.ReasonObserving)
	return r
}

var strings300 = fmt.Sprintf("%0300d", 7)

func TestProperties(t *testing.T) {
	seed := time.Now().UnixNano()
	random := rand.New(rand.NewSource(seed))
	env := wellReport().Env
	for i := range 300 {
		r := randomReport(random)
		r.Env.Status = *env.Status.DeepCopy()
		r.Children = append(r.Children, child(app1Key), child(dnsKey))
		before, children := r.Env.DeepCopy(), slices.Clone(r.Children)
		got := Compute(r)
		if problem := broken(got); problem != "" {
			t.Fatalf("seed %d, report %d: %s\n%v\nblockedOn: %s", seed, i, problem, lines(got.Conditions), got.BlockedOn)
		}
		if diff := cmp.Diff(before, r.Env) + cmp.Diff(children, r.Children); diff != "" {
			t.Fatalf("seed %d: the report was changed:\n%s", seed, diff)
		}
		checkInAnyOrder(t, r, got)
		checkSettled(t, r, got)
		if t.Failed() {
			t.Fatalf("seed %d, report %d", seed, i)
		}
		env.Status = stored(t, got) // the next report follows this one
	}
}

// broken names the property that a status does not have.
func broken(s v1alpha1.AppEnvironmentStatus) string {
	is := func(kind string) bool { return meta.IsStatusConditionTrue(s.Conditions, kind) }
	ready := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionReady)
	switch {
	case ready == nil:
		return "Ready is missing"
	case is(v1alpha1.ConditionReconciling) && is(v1alpha1.ConditionStalled):
		return "both Reconciling and Stalled"
	case is(v1alpha1.ConditionReady) && (is(v1alpha1.ConditionReconciling) || is(v1alpha1.ConditionStalled)):
		return "Ready, and Reconciling or Stalled"
	case is(v1alpha1.ConditionReady) != (s.BlockedOn == ""):
		return "Ready is not the same as blocked on nothing"
	case utf8.RuneCountInString(s.BlockedOn) > maxLine:
		return "blockedOn is too long"
	}
	for _, message := range rowMessages(s) {
		if utf8.RuneCountInString(message) > maxMessage {
			return "the API server would refuse a row's message: " + message
		}
	}
	for i, c := range s.Conditions {
		switch {
		case i < len(component.All) && c.Type != component.All[i].Condition:
			return c.Type + " is out of order"
		case slices.Contains([]string{v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled, v1alpha1.ConditionSuspended}, c.Type) && c.Status != metav1.ConditionTrue:
			return c.Type + " is there although not true"
		case !reasonForm.MatchString(c.Reason):
			return "the API server would refuse the reason " + c.Reason
		case c.Message == "" || utf8.RuneCountInString(c.Message) > maxLine:
			return c.Type + " has no message, or a long one"
		}
	}
	return ""
}

// rowMessages are the messages of the rows of apps, secrets and certificates.
func rowMessages(s v1alpha1.AppEnvironmentStatus) []string {
	var messages []string
	for _, row := range s.Apps {
		messages = append(messages, row.Message)
	}
	for _, row := range s.Secrets {
		messages = append(messages, row.Message)
	}
	for _, row := range s.Certificates {
		messages = append(messages, row.Message)
	}
	return messages
}
