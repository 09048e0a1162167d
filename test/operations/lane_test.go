package operations

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

// A lane is an environment and what is done to it.
type lane struct {
	name   string
	base   base
	random *rand.Rand
	// ahead are the operations that have not been done yet, and done are those that have not been taken back.
	ahead, done []operation
	// seen is what the environment had after the last edit.
	seen state
}

// most is how many operations are done at a time.
const most = 4

func TestEveryOperationAndItsReversalLeadWhereANewEnvironmentComes(t *testing.T) {
	if *lanes < 1 || *lanes > 99 {
		t.Fatal("there may be 99 lanes") // or the name of one were part of another's
	}
	prepare(t)
	go counted.tell(t.Context())
	order := rand.New(rand.NewPCG(*seed, 0))
	t.Run("lanes", func(t *testing.T) {
		for i, share := range shares(order, *lanes) {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				l := &lane{name: fmt.Sprintf("lane-%02d", i), base: bases[i%len(bases)], random: rand.New(rand.NewPCG(*seed, uint64(i)+1)), ahead: share} //nolint:gosec // a small number
				l.run(t, i%3)
			})
		}
	})
	untouched(t)
	plane.WaitReady(t, theOther)
	counted.conclude(t)
}

// shares deals all operations out in some order.
func shares(random *rand.Rand, lanes int) [][]operation {
	all := make([][]operation, lanes)
	for i, at := range random.Perm(len(operations)) {
		all[i%lanes] = append(all[i%lanes], operations[at])
	}
	return all
}

// run does all operations of the lane and takes them back. The first ones are done when the environment is created.
func (l *lane) run(t *testing.T, already int) {
	l.begin(t, already)
	for i := 1; len(l.ahead)+len(l.done) > 0; i++ {
		before, ahead := slices.Clone(l.done), slices.Clone(l.ahead)
		title := fmt.Sprintf("%02d %s", i, strings.Join(l.chooseSome(), " and "))
		how := manners[l.random.IntN(len(manners))]
		if err := l.tryout(); err != nil {
			t.Logf("%s is refused with %q: %v", title, names(before), err)
			if len(before) == 0 && len(l.done) == 1 {
				t.Fatal("it must be valid alone")
			}
			counted.add(&counted.refused, 1)
			l.done, l.ahead = before, append(ahead[min(1, len(ahead)):], ahead[:min(1, len(ahead))]...)
			continue
		}
		was := desired(l.base, l.name, before)
		l.step(t, title+", "+how.name, func(t *testing.T) { how.edit(t, was, desired(l.base, l.name, l.done)) })
		if t.Failed() {
			return
		}
	}
}

// begin creates the environment with some operations done, if that is valid.
func (l *lane) begin(t *testing.T, already int) {
	ahead := l.ahead
	for range already {
		l.next()
	}
	env := desired(l.base, l.name, l.done)
	if err := plane.Client.Create(t.Context(), env, client.DryRunAll); err != nil {
		t.Logf("%q together are refused: %v", names(l.done), err)
		counted.add(&counted.refused, 1)
		l.done, l.ahead = nil, ahead
	}
	plane.GKE.Judge(fixture.Inside(l.name, notVisible), "Provisioning", "FailedNotVisible")
	plane.Run(t, desired(l.base, l.name, l.done))
	l.step(t, "created", func(*testing.T) {})
}

// atOnce is how many operations an edit does and takes back at most.
const atOnce = 3

// chooseSome chooses for one edit, and says what.
func (l *lane) chooseSome() []string {
	before := slices.Clone(l.done)
	var titles []string
	for range 1 + l.random.IntN(atOnce) {
		back := slices.DeleteFunc(slices.Clone(before), func(o operation) bool { return !l.has(o) })
		does := l.mayDoNext() && (titles == nil || !l.ahead[0].alone)
		switch {
		case does && (len(back) == 0 || l.random.IntN(5) < 3):
			titles = append(titles, l.next())
		case len(back) > 0:
			titles = append(titles, "back: "+l.undo(back[l.random.IntN(len(back))]))
		}
		if slices.ContainsFunc(append(before, l.done...), isAlone) {
			break
		}
	}
	return titles
}

func isAlone(o operation) bool { return o.alone }
func isWrong(o operation) bool { return o.says != "" }

func (l *lane) has(one operation) bool {
	return slices.ContainsFunc(l.done, func(o operation) bool { return o.name == one.name })
}

// mayDoNext says whether one more operation may be done: of wrong ones one at a time, so that each is named once.
func (l *lane) mayDoNext() bool {
	switch {
	case len(l.ahead) == 0, len(l.done) == most, slices.ContainsFunc(l.done, isAlone):
		return false
	case l.ahead[0].alone:
		return len(l.done) == 0
	}
	return !isWrong(l.ahead[0]) || !slices.ContainsFunc(l.done, isWrong)
}

// next does the next operation, if it may be done.
func (l *lane) next() string {
	if !l.mayDoNext() {
		return ""
	}
	next := l.ahead[0]
	l.ahead, l.done = l.ahead[1:], append(slices.Clone(l.done), next)
	return next.name
}

// undo takes an operation back.
func (l *lane) undo(back operation) string {
	l.done = slices.DeleteFunc(slices.Clone(l.done), func(o operation) bool { return o.name == back.name })
	return back.name
}

// tryout asks the API server whether the spec is valid.
func (l *lane) tryout() error {
	env, err := current(l.name)
	if err != nil {
		return err
	}
	env.Spec = desired(l.base, l.name, l.done).Spec
	err = plane.Client.Update(context.Background(), env, client.DryRunAll)
	if apierrors.IsForbidden(err) {
		return nil // it has to be confirmed
	}
	return err
}

// A manner is a way to edit a spec.
type manner struct {
	name string
	edit func(t *testing.T, from, to *environment)
}

var manners = []manner{
	{"in one edit", func(t *testing.T, _, to *environment) { write(t, to, v1alpha1.ModeEnforce) }},
	{"back and forth", func(t *testing.T, from, to *environment) {
		for range 3 {
			write(t, to, v1alpha1.ModeEnforce)
			write(t, from, v1alpha1.ModeEnforce)
		}
		write(t, to, v1alpha1.ModeEnforce)
	}},
	{"while paused", func(t *testing.T, _, to *environment) { within(t, to, v1alpha1.ModePaused) }},
	{"while observed", func(t *testing.T, _, to *environment) { within(t, to, v1alpha1.ModeObserve) }},
}

// within edits in another mode, in which the operator has looked at it.
func within(t *testing.T, to *environment, mode v1alpha1.Mode) {
	write(t, to, mode)
	plane.WaitFor(t, to.Name)
	write(t, to, v1alpha1.ModeEnforce)
}

// write edits the environment into this one. What has to be confirmed is, as the refusal says.
func write(t *testing.T, to *environment, mode v1alpha1.Mode) {
	t.Helper()
	edit := func(confirmed map[string]string) error {
		return retry.OnError(retry.DefaultBackoff, apierrors.IsConflict, func() error {
			env, err := current(to.Name)
			if err != nil {
				return err
			}
			env.Annotations = confirmed
			env.Spec = *to.Spec.DeepCopy()
			env.Spec.Mode = mode
			return plane.Client.Update(context.Background(), env)
		})
	}
	err := edit(nil)
	if asked := confirmation.FindString(fmt.Sprint(err)); apierrors.IsForbidden(err) && asked != "" {
		_, word, _ := strings.Cut(asked, "=")
		if err = edit(map[string]string{v1alpha1.AnnotationConfirm: word}); err == nil {
			plane.WaitFor(t, to.Name)
			err = edit(nil)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// confirmation is what a refusal asks for.
var confirmation = regexp.MustCompile(regexp.QuoteMeta(v1alpha1.AnnotationConfirm) + `=\S+`)

func current(name string) (*environment, error) {
	env := &environment{}
	return env, plane.Client.Get(context.Background(), client.ObjectKey{Name: name}, env)
}
