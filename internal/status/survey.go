package status

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
)

// environmentWide is the rank of findings that are about no single component.
const environmentWide = -1

// A verdict is a finding in its place.
type verdict struct {
	Finding
	rank     int  // of its component, in the order in which things wait for one another
	kind     int  // of its kind within the component
	removing bool // the spec no longer asks for it
}

// A survey is a report in order: what others wait for comes first, and of one
// component the worst.
type survey struct {
	Report
	verdicts []verdict
	words    cleaner
	worst    map[component.Key]*verdict // of each object
	rows     rows
	counts   counts
}

func newSurvey(r Report) *survey {
	s := &survey{Report: r, words: newCleaner(r), verdicts: make([]verdict, 0, len(r.Findings)+len(r.Removing))}
	for _, f := range r.Findings {
		s.add(f, false)
	}
	for _, f := range r.Removing {
		s.add(f, true)
	}
	s.arrange()
	if !r.Keep && !s.deleting() {
		if unseen := s.unseen(); len(unseen) > 0 {
			for _, f := range unseen {
				s.add(f, false)
			}
			s.arrange()
		}
	}
	s.counts = s.count()
	return s
}

// arrange sorts the verdicts, finds those that carry rows, and the worst of each object.
// Of an object that is to go, that is all that counts.
func (s *survey) arrange() {
	slices.SortFunc(s.verdicts, compare)
	s.worst, s.rows = make(map[component.Key]*verdict, len(s.verdicts)), newRows()
	for i := range s.verdicts {
		v := &s.verdicts[i]
		s.rows.add(v)
		known, ok := s.worst[v.Key]
		if !ok || v.removing && !known.removing || v.removing == known.removing && v.State > known.State {
			s.worst[v.Key] = v
		}
	}
}

func (s *survey) add(f Finding, removing bool) {
	if removing && f.State == component.OK && f.Reason != ReasonPendingRemoval {
		f.State, f.Reason = component.Progressing, cmp.Or(f.Reason, v1alpha1.ReasonPruning)
	}
	if f.State != component.OK {
		f.Reason = wellFormed(f.Reason, f.State)
	}
	f.Message = s.words.clean(f.Message)
	s.verdicts = append(s.verdicts, verdict{Finding: f, rank: s.rank(f.Component), kind: component.PlaceOf(f.Key.GroupKind()).Kind, removing: removing})
}

// deleting says whether the environment is being taken down. A deletion that
// waits for a mode or a field is not.
func (s *survey) deleting() bool {
	return s.Teardown != nil || !s.Keep && s.Suspended == "" && !s.Env.DeletionTimestamp.IsZero()
}

// rank is where a component stands among those that wait for one another. An
// unknown one comes last: it is odd, and not to be lost.
func (s *survey) rank(name string) int {
	if name == "" {
		return environmentWide
	}
	i := slices.Index(component.TeardownOrder, name)
	if !s.deleting() {
		i = slices.IndexFunc(component.All, func(c component.Component) bool { return c.Name == name })
	}
	if i < 0 {
		return len(component.All)
	}
	return i
}

// compare orders verdicts by everything that shows, so that their order on
// arrival does not.
func compare(a, b verdict) int {
	return cmp.Or(
		cmp.Compare(a.rank, b.rank),
		-cmp.Compare(a.State, b.State),
		compareBool(a.removing, b.removing),
		compareKinds(a, b),
		cmp.Compare(a.Key.Group, b.Key.Group),
		cmp.Compare(a.Key.Kind, b.Key.Kind),
		cmp.Compare(a.Key.Namespace, b.Key.Namespace),
		cmp.Compare(a.Key.Name, b.Key.Name),
		cmp.Compare(a.Component, b.Component),
		cmp.Compare(a.Reason, b.Reason),
		cmp.Compare(a.Message, b.Message),
	)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// of are the verdicts on one component, which stand together.
func (s *survey) of(name string) []verdict {
	rank := s.rank(name)
	from, _ := slices.BinarySearchFunc(s.verdicts, rank, compareRank)
	to, _ := slices.BinarySearchFunc(s.verdicts, rank+1, compareRank)
	return s.verdicts[from:to]
}

func compareRank(v verdict, rank int) int { return cmp.Compare(v.rank, rank) }

// deciding are the verdicts that count for Ready. What can only wait for others comes after them, in the order of a
// teardown: it is no cause while there is another.
func (s *survey) deciding() []verdict {
	isWaiting := func(v verdict) bool { return v.Waiting }
	switch {
	case s.Suspended != "":
		return s.of("")
	case !slices.ContainsFunc(s.verdicts, isWaiting):
		return s.verdicts
	}
	inOrder := slices.Clone(s.verdicts)
	slices.SortStableFunc(inOrder, func(a, b verdict) int {
		if a.Waiting && b.Waiting {
			return cmp.Compare(teardownStep(a), teardownStep(b))
		}
		return compareBool(a.Waiting, b.Waiting)
	})
	return inOrder
}

// teardownStep is where a verdict's component stands in a teardown. An unknown one comes last.
func teardownStep(v verdict) int {
	if i := slices.Index(component.TeardownOrder, v.Component); i >= 0 {
		return i
	}
	return len(component.TeardownOrder)
}

// first is the first verdict that keeps something from being ready.
func first(verdicts []verdict) *verdict {
	for i := range verdicts {
		if verdicts[i].State != component.OK {
			return &verdicts[i]
		}
	}
	return nil
}

// worst is the first of the worst verdicts; nil when all is well.
func worst(verdicts []verdict) *verdict {
	found := first(verdicts)
	for i := range verdicts {
		if found != nil && verdicts[i].State > found.State {
			found = &verdicts[i]
		}
	}
	return found
}

// line says what a verdict is about, why, and how many of the same component and
// state there are beside it.
func (s *survey) line(v *verdict) string {
	alike := map[string]bool{v.identity(): true}
	for i := range s.verdicts {
		if o := &s.verdicts[i]; o.rank == v.rank && o.State == v.State {
			alike[o.identity()] = true
		}
	}
	suffix := ""
	if others := len(alike) - 1; others > 0 {
		suffix = fmt.Sprintf(" (and %d more)", others)
	}
	text := cmp.Or(v.Message, v.Reason)
	if subject := v.subject(); subject != "" {
		text = subject + ": " + text
	}
	return fitLine(text, suffix)
}

func (v verdict) subject() string {
	switch {
	case v.Key.Name != "":
		return v.Key.String()
	case v.Key.Kind != "":
		return v.Key.Kind
	}
	return v.Component
}

// identity tells verdicts on different things apart.
func (v verdict) identity() string {
	if v.Key == (component.Key{}) {
		return v.Component + ": " + v.Message
	}
	return v.Key.Group + "/" + v.Key.String()
}

var reasonForm = regexp.MustCompile(`^[A-Za-z]([A-Za-z0-9_,:]{0,62}[A-Za-z0-9_])?$`)

// wellFormed is the reason, or one that fits the state when the API server would
// refuse the whole status because of it.
func wellFormed(reason string, state component.State) string {
	if reasonForm.MatchString(reason) {
		return reason
	}
	switch state {
	case component.Stalled:
		return v1alpha1.ReasonInvalid
	case component.Failing:
		return v1alpha1.ReasonDegraded
	}
	return v1alpha1.ReasonProgressing
}

// compareKinds puts first what others of its component wait for: on its way out, that
// is the last kind, as an Application for which its ApplicationSet waits.
func compareKinds(a, b verdict) int {
	if a.removing {
		return cmp.Compare(b.kind, a.kind)
	}
	return cmp.Compare(a.kind, b.kind)
}
