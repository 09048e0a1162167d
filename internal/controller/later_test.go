package controller

import (
	"errors"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// aNewOne is a pass that has put everything in place that a new environment asks for.
func aNewOne() *pass {
	p := reconcilerOn(newShelf()).begin(environmentIn("7"))
	p.env.Status.ObservedGeneration = -1
	p.now = func() time.Time { return time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC) }
	p.plans = []*plan{{applied: true}, {applied: true}}
	return p
}

func TestTheFirstReportComesWhenThereIsTime(t *testing.T) {
	p := aNewOne()
	if !p.reportsLater() {
		t.Fatal("it is not put off")
	}
	result := p.again()
	if result.RequeueAfter != firstReport || result.Priority == nil || *result.Priority != handler.LowPriority {
		t.Errorf("the next look is %+v", result)
	}
	if p.remember(false); p.memory.quiet != nil {
		t.Error("the next look is taken for one that says nothing new")
	}
	if p.reportsLater() {
		t.Error("it is put off twice")
	}
}

func TestAReportThatSomebodyMayWaitForIsNotPutOff(t *testing.T) {
	for name, because := range map[string]func(*pass){
		"of an environment that has one already": func(p *pass) { p.env.Status.ObservedGeneration = 1 },
		"of a deletion":                          func(p *pass) { p.plans = nil },
		"of a request that failed":               func(p *pass) { p.errs = append(p.errs, errors.New("no")) },
		"of an object that is not in place":      func(p *pass) { p.plans[1].applied = false },
		"of a component that is left alone":      func(p *pass) { p.plans[0].blocked = true },
		"of what is looked at again soon":        func(p *pass) { p.recheckIn(time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			p := aNewOne()
			because(p)
			if p.reportsLater() {
				t.Error("it is put off")
			}
		})
	}
}

func TestANewEnvironmentSaysSomethingUntilItsFirstReport(t *testing.T) {
	p := aNewOne()
	p.begins()
	if len(p.env.Status.Conditions) != 1 || p.env.Status.Conditions[0].Type != v1alpha1.ConditionReady || p.env.Status.BlockedOn == "" {
		t.Errorf("it says %q, %v", p.env.Status.BlockedOn, p.env.Status.Conditions)
	}
	if p.env.Status.ObservedGeneration > 0 {
		t.Error("it says that its generation has been observed")
	}
	p = aNewOne()
	p.env.Status.ObservedGeneration, p.env.Status.BlockedOn = 3, "an image"
	if p.begins(); p.env.Status.BlockedOn != "an image" || len(p.env.Status.Conditions) > 0 {
		t.Errorf("what was reported is lost: %q, %v", p.env.Status.BlockedOn, p.env.Status.Conditions)
	}
}

func TestAReportOfNothingButUIDsOfWhatWasJustCreatedComesWhenThereIsTime(t *testing.T) {
	entry := func(name string, uid types.UID) v1alpha1.Child {
		return v1alpha1.Child{Kind: "ServiceAccount", Name: name, UID: uid, State: v1alpha1.ChildReady}
	}
	before := v1alpha1.AppEnvironmentStatus{BlockedOn: "nothing", Children: []v1alpha1.Child{entry("a", "1"), entry("b", "")}}
	for name, test := range map[string]struct {
		change  func(after *v1alpha1.AppEnvironmentStatus)
		created bool
		want    bool
	}{
		"the UID of an object just created":      {func(*v1alpha1.AppEnvironmentStatus) {}, true, true},
		"the UID of an object created before":    {func(*v1alpha1.AppEnvironmentStatus) {}, false, false},
		"another UID than the one on record":     {func(s *v1alpha1.AppEnvironmentStatus) { s.Children[0].UID = "3" }, true, false},
		"a UID that is no longer on record":      {func(s *v1alpha1.AppEnvironmentStatus) { s.Children[0].UID = "" }, true, false},
		"an object in another state":             {func(s *v1alpha1.AppEnvironmentStatus) { s.Children[1].State = v1alpha1.ChildProgressing }, true, false},
		"an object more":                         {func(s *v1alpha1.AppEnvironmentStatus) { s.Children = append(s.Children, entry("c", "4")) }, true, false},
		"something else about the environment":   {func(s *v1alpha1.AppEnvironmentStatus) { s.BlockedOn = "an image" }, true, false},
		"a generation that was not observed yet": {func(s *v1alpha1.AppEnvironmentStatus) { s.ObservedGeneration = 2 }, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			after := *before.DeepCopy()
			after.Children[1].UID = "2"
			test.change(&after)
			p := aNewOne()
			p.created = test.created
			if got := p.canWait(&before, after); got != test.want {
				t.Fatalf("it can wait: %v, want %v", got, test.want)
			}
			if p.remember(false); (p.memory.quiet == nil) != test.want {
				t.Errorf("another look is taken for one that says nothing new: %v", p.memory.quiet != nil)
			}
		})
	}
}

func TestALookAtATimeIsNotPutOffByOneThatHasTime(t *testing.T) {
	p := aNewOne()
	p.leisure = time.Second
	p.recheckIn(time.Minute)
	if result := p.again(); result.RequeueAfter != time.Second || result.Priority != nil {
		t.Errorf("the next look is %+v", result)
	}
}
