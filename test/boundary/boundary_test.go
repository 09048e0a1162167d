package boundary

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/appenv/appenv-operator/test/fixture"
)

const (
	// patience is how long a journey may take while others keep the machine busy.
	patience = 2 * time.Minute
	// silence is how long an operator must have written nothing to be done: longer than it puts off the report of
	// what it has created again.
	silence = 12 * time.Second
	// stay is how long an end has to last.
	stay = time.Second
	// pause is that between two looks.
	pause = 300 * time.Millisecond
)

func TestAnOperatorThatDiesAtAnyWriteChangesNothingAboutTheEnd(t *testing.T) {
	for _, j := range journeys {
		t.Run(j.name, func(t *testing.T) {
			t.Parallel()
			want, writes := undisturbed(t, j)
			t.Logf("%d writes:\n%s", len(writes), strings.Join(texts(writes), "\n"))
			matrix.add(j.name, func(r *row) { r.writes = len(writes) })
			for i, w := range writes {
				for _, when := range []fixture.When{fixture.Before, fixture.After} {
					t.Run(fmt.Sprintf("%s write %d, %s", when, i+1, w), func(t *testing.T) {
						t.Parallel()
						disturbed(t, j, fmt.Sprintf("%s-%c%03d", slug(j.name), when[0], i+1), death{w, when}, want)
					})
				}
			}
		})
	}
}

func slug(journey string) string { return strings.ReplaceAll(journey, " ", "-") }

// A write is one of the operator's: the how-many-th of its kind.
type write struct {
	what string
	nth  int
}

// String is as in "create /api/v1/namespaces", with a number from the second one on.
func (w write) String() string {
	if w.nth == 1 {
		return w.what
	}
	return fmt.Sprintf("%s, number %d", w.what, w.nth)
}

func texts(writes []write) []string {
	all := make([]string, len(writes))
	for i, w := range writes {
		all[i] = w.String()
	}
	return all
}

// what a request writes. Empty when it is none that counts: Events are not kept, and nothing depends on them.
func what(r fixture.Request, name string) string {
	if !r.Writes() || r.Resource == "events" {
		return ""
	}
	return strings.ReplaceAll(r.String(), name, "RUN")
}

// operatorOf is an operator for one environment alone.
func operatorOf(name string) *fixture.Operator {
	operator := plane.Operator.Another()
	operator.Config.WatchSelector = runLabel + "=" + name
	return operator
}

// begin starts an operator and makes the state from which the journey begins. It returns the objects that are
// there then.
func begin(t *testing.T, j journey, operator *fixture.Operator, name string) fixture.UIDs {
	t.Helper()
	if err := operator.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(operator.Stop(), clearAway(name)); err != nil {
			t.Error(err)
		}
	})
	j.prepare(t, name)
	before, err := plane.UIDsOf(name)
	if err != nil {
		t.Fatal(err)
	}
	return before
}

// peaces counts undisturbed journeys, for their names.
var peaces atomic.Int64

// undisturbed makes a journey in peace, and returns where it leads and what the operator writes on the way.
func undisturbed(t *testing.T, j journey) (fixture.End, []write) {
	t.Helper()
	name := slug(j.name) + "-peace" + fmt.Sprint(peaces.Add(1))
	operator := operatorOf(name)
	before := begin(t, j, operator, name)
	mark := operator.Requests.Mark()
	j.act(t, name)
	isWrite := func(r fixture.Request) bool { return what(r, name) != "" }
	await(t, func() error {
		if last := time.Since(operator.Requests.Last(isWrite)); last < silence {
			return fmt.Errorf("the last write was %s ago", last)
		}
		return j.arrived(name)
	})
	var writes []write
	times := map[string]int{}
	for _, request := range operator.Requests.Since(mark, isWrite) {
		times[what(request, name)]++
		writes = append(writes, write{what(request, name), times[what(request, name)]})
	}
	reached, err := plane.EndOf(name, before)
	if err != nil {
		t.Fatal(err)
	}
	for title := range before {
		if fields, _ := reached[title].(map[string]any); j.keeps && fields["the one it was"] != true {
			t.Errorf("%s is gone, or another one", title)
		}
	}
	return reached, writes
}

// A death is one around a write.
type death struct {
	write
	when fixture.When
}

// disturbed makes a journey on which the operator dies at a write, and another one goes on.
func disturbed(t *testing.T, j journey, name string, at death, want fixture.End) {
	t.Helper()
	operator := operatorOf(name)
	before := begin(t, j, operator, name)
	seen := 0
	killed := operator.Faults.Kill(at.when, func(r fixture.Request) bool {
		if what(r, name) == at.what {
			seen++
		}
		return seen == at.nth
	})
	j.act(t, name)
	died := false
	await(t, func() error {
		select {
		case <-killed:
			died = true
			return nil
		default:
			return errors.Join(arrivedAt(j, name, before, want))
		}
	})
	matrix.add(j.name, func(r *row) { r.count(at.when, died) })
	if died {
		if err := operator.Restart(); err != nil {
			t.Fatal(err)
		}
		await(t, func() error { return arrivedAt(j, name, before, want) })
	} else if at.nth == 1 {
		t.Errorf("this time it did not write %s", at.write) // how often something is written again is a matter of timing
	}
	time.Sleep(stay)
	if err := arrivedAt(j, name, before, want); err != nil {
		t.Fatalf("it did not stay so: %v", err)
	}
	matrix.add(j.name, func(r *row) { r.equal++ })
}

// await waits for an end, which takes many lists to see.
func await(t *testing.T, check func() error) {
	t.Helper()
	fixture.EventuallyEvery(t, pause, patience, check)
}

// arrivedAt is an error until the journey is over and has led to where it should.
func arrivedAt(j journey, name string, before fixture.UIDs, want fixture.End) error {
	if err := j.arrived(name); err != nil {
		return err
	}
	got, err := plane.EndOf(name, before)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(want, got) {
		return anotherEndError{want, got}
	}
	return nil
}

// anotherEndError is not where a journey leads in peace. How they differ takes long to say, and most of the time is not asked.
type anotherEndError struct{ want, got fixture.End }

func (e anotherEndError) Error() string {
	return "the end is another (-undisturbed +disturbed):\n" + cmp.Diff(e.want, e.got)
}
