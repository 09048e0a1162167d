package controller

import (
	"errors"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
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
		"of a namespace that is not allowed": func(p *pass) {
			p.found("namespaces", component.Key{Kind: "Namespace", Name: "a"}, refuse(component.Stalled, v1alpha1.ReasonNamespaceReserved, ""))
		},
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
	if !meta.IsStatusConditionFalse(p.env.Status.Conditions, v1alpha1.ConditionReady) || p.env.Status.BlockedOn == "" ||
		!meta.IsStatusConditionTrue(p.env.Status.Conditions, v1alpha1.ConditionReconciling) {
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
	nothing := func(*pass, *v1alpha1.AppEnvironmentStatus) {}
	for name, test := range map[string]struct {
		change func(p *pass, after *v1alpha1.AppEnvironmentStatus)
		since  time.Duration
		want   time.Duration
	}{
		"the UID of an object just created":          {nothing, 0, echoDelay},
		"the UID of one created four seconds ago":    {nothing, 4 * time.Second, echoDelay - 4*time.Second},
		"the UID of one created ten seconds ago":     {nothing, echoDelay, 0},
		"a UID that another operator has not noted":  {func(p *pass, _ *v1alpha1.AppEnvironmentStatus) { clear(p.memory.created) }, 0, 0},
		"the UID of an object that is to be deleted": {func(p *pass, _ *v1alpha1.AppEnvironmentStatus) { p.env.DeletionTimestamp = &metav1.Time{Time: p.now()} }, 0, 0},
		"another UID than the one on record":         {func(_ *pass, s *v1alpha1.AppEnvironmentStatus) { s.Children[0].UID = "3" }, 0, 0},
		"a UID that is no longer on record":          {func(_ *pass, s *v1alpha1.AppEnvironmentStatus) { s.Children[0].UID = "" }, 0, 0},
		"an object in another state":                 {func(_ *pass, s *v1alpha1.AppEnvironmentStatus) { s.Children[1].State = v1alpha1.ChildProgressing }, 0, 0},
		"an object more":                             {func(_ *pass, s *v1alpha1.AppEnvironmentStatus) { s.Children = append(s.Children, entry("c", "4")) }, 0, 0},
		"something else about the environment":       {func(_ *pass, s *v1alpha1.AppEnvironmentStatus) { s.BlockedOn = "an image" }, 0, 0},
		"a generation that was not observed yet":     {func(_ *pass, s *v1alpha1.AppEnvironmentStatus) { s.ObservedGeneration = 2 }, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			after := *before.DeepCopy()
			after.Children[1].UID = "2"
			p := aNewOne()
			p.memory.hasCreated(keyOfChild(before.Children[1]), "2", p.now().Add(-test.since))
			test.change(p, &after)
			if got := p.canWait(&before, after); got != (test.want > 0) || p.leisure != test.want {
				t.Fatalf("it can wait: %v, %s; want %s", got, p.leisure, test.want)
			}
			if p.remember(false); (p.memory.quiet == nil) != (test.want > 0) {
				t.Errorf("another look is taken for one that says nothing new: %v", p.memory.quiet != nil)
			}
		})
	}
}

func TestTheUIDOfWhatWasCreatedIsRememberedUntilItIsOnRecord(t *testing.T) {
	child := v1alpha1.Child{Kind: "ServiceAccount", Name: "a"}
	key := keyOfChild(child)
	for name, test := range map[string]struct {
		children []v1alpha1.Child
		want     types.UID
		remains  bool
	}{
		"an entry without it":         {[]v1alpha1.Child{child}, "2", true},
		"an entry that has it":        {[]v1alpha1.Child{{Kind: child.Kind, Name: child.Name, UID: "2"}}, "2", false},
		"an entry that has a new one": {[]v1alpha1.Child{{Kind: child.Kind, Name: child.Name, UID: "3"}}, "3", false},
		"no entry any more":           {nil, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			r, env := reconcilerOn(newShelf()), environmentIn("7")
			r.memoryOf(env).hasCreated(key, "2", time.Time{})
			env.Status.Children = test.children
			if got := r.begin(env).records[key].UID; got != test.want {
				t.Errorf("the UID on record is %q, want %q", got, test.want)
			}
			if _, remembered := r.memoryOf(env).created[key]; remembered != test.remains {
				t.Errorf("it is still remembered: %v", remembered)
			}
		})
	}
}

func TestALookAtATimeIsNotPutOffByOneThatHasTime(t *testing.T) {
	p := aNewOne()
	p.leisure = time.Second
	p.recheckIn(time.Minute)
	if result := p.again(); result.RequeueAfter != time.Second || *result.Priority != atOnce {
		t.Errorf("the next look is %+v", result)
	}
}

func TestATeardownKnowsWhatNoPassHasLivedToSeeCreatedByItsMarks(t *testing.T) {
	ours := account("there", "1")
	ours.SetLabels(map[string]string{v1alpha1.LabelManagedBy: v1alpha1.ManagedByValue, v1alpha1.LabelEnvironment: "hoge"})
	ours.SetAnnotations(map[string]string{v1alpha1.AnnotationOwnerUID: "u"})
	for name, test := range map[string]struct {
		live     *unstructured.Unstructured
		recorded bool
		uid      types.UID
		want     types.UID
	}{
		"an object with our marks":                   {ours, true, "", "uid-there"},
		"an object with our marks and a UID":         {ours, true, "2", "2"},
		"an object with our marks, but not an entry": {ours, false, "", ""},
		"an object without our marks":                {account("there", "1"), true, "", ""},
		"an object that is missing":                  {nil, true, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := aNewOne()
			key := component.KeyOf(ours)
			p.live[key] = test.live
			if test.recorded {
				p.records[key] = v1alpha1.Child{Kind: "ServiceAccount", Name: "there", UID: test.uid}
			}
			if p.identify(); p.records[key].UID != test.want {
				t.Errorf("the UID on record is %q, want %q", p.records[key].UID, test.want)
			}
		})
	}
}

// What was created and is not in the cache yet is looked at again, whatever else is due later.
func TestWhatTheCacheIsYetToShowIsLookedAtAgain(t *testing.T) {
	for name, test := range map[string]struct {
		recheck, leisure time.Duration
		unseen           bool
		want             time.Duration
	}{
		"everything is seen":                        {},
		"something is not":                          {unseen: true, want: seenAfter},
		"another look comes sooner":                 {recheck: time.Second, unseen: true, want: time.Second},
		"another look comes later":                  {recheck: time.Hour, unseen: true, want: seenAfter},
		"another look, with time, comes sooner":     {leisure: time.Second, unseen: true, want: time.Second},
		"everything is seen, and a look is to come": {recheck: time.Hour, want: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			p := aNewOne()
			p.recheck, p.leisure, p.unseen = test.recheck, test.leisure, test.unseen
			if result := p.again(); result.RequeueAfter != test.want {
				t.Errorf("the next look is after %s, want %s", result.RequeueAfter, test.want)
			}
		})
	}
}
