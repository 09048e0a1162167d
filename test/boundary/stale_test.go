package boundary

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

// A past is what an operator still sees after something else has come.
type past struct {
	name string
	// before leads to what it sees.
	before func(t *testing.T, name string)
	// since is what has happened after that, up to an end. An operator with a fresh view worked on it, and is
	// stopped by now.
	since func(t *testing.T, name string)
}

var pasts = []past{
	{"nothing has happened", ready(full), func(*testing.T, string) {}},
	{"children were made again", ready(full), then(damage, isRepaired)},
	{"it asks for more", ready(full), then(edit(fixture.Change), isReady)},
	{"it asks for less", ready(full), then(edit(fixture.Shrink), isReady)},
	{"it asked for less for a while", ready(full), then(edit(fixture.Shrink), isReady, edit(again), isReady)},
	{"it was torn down", ready(full), then(remove, isCleared)},
	{"it was torn down and made again", ready(full), then(remove, isCleared, create(full), isReady)},
	{"it was torn down and made again smaller", ready(full), then(remove, isCleared, create(small), isReady)},
	{"it was let go, and its objects are somebody's", ready(retained), then(remove, isGone, takeByHand)},
	{"it was let go, and its objects are another environment's", ready(retainedSmall), then(remove, isGone, bequeath, isInherited)},
	{"it was paused, and repaired by hand", ready(full), then(edit(paused), isPaused, damage, repairByHand)},
	{"what was given to it was taken back", givenWhilePaused, then(takeBack, edit(enforced), isTaken)},
	{"what was given to it is another team's now", givenWhilePaused, then(takeBack, projectMadeAgain, edit(enforced), isTaken)},
}

// frozen are the kinds of which the operator sees an earlier time.
var frozen = map[string]func(fixture.Request) bool{
	"all":          func(fixture.Request) bool { return true },
	"environments": func(r fixture.Request) bool { return r.Resource == "appenvironments" },
	"children":     func(r fixture.Request) bool { return r.Resource != "appenvironments" },
}

// Whatever has come since: on what it sees, an operator may want to do anything. It must not do it.
func TestAnOperatorThatSeesAnEarlierStateChangesNothing(t *testing.T) {
	for _, p := range pasts {
		for of, fits := range frozen {
			t.Run(p.name+" and "+of+" seen late", func(t *testing.T) {
				t.Parallel()
				seenLate(t, p, fmt.Sprintf("past%d-%c", slices.IndexFunc(pasts, func(q past) bool { return q.name == p.name }), of[0]), fits)
			})
		}
	}
}

func seenLate(t *testing.T, p past, name string, fits func(fixture.Request) bool) {
	operator := operatorOf(name)
	begin(t, journey{prepare: p.before}, operator, name)
	at := resourceVersion(t)
	p.since(t, name)
	if err := operator.Stop(); err != nil {
		t.Fatal(err)
	}
	there, err := plane.UIDsOf(name)
	if err != nil {
		t.Fatal(err)
	}
	want := stateOf(t, name, there)
	operator.View.Freeze(at, fits)
	defer operator.View.Thaw()
	mark := operator.Requests.Mark()
	if err := operator.Start(); err != nil {
		t.Fatal(err)
	}
	unchanged := func() {
		t.Helper()
		if diff := cmp.Diff(want, stateOf(t, name, there)); diff != "" {
			t.Fatalf("it did something (-before +after):\n%s\n%s", diff, strings.Join(written(operator, mark, name), "\n"))
		}
	}
	time.Sleep(quickly)
	await(t, func() error { return settled(operator, mark) })
	if len(written(operator, mark, name)) == 0 {
		t.Fatal("the operator has looked at nothing")
	}
	unchanged()
	operator.View.Thaw()
	thawed := operator.Requests.Mark()
	time.Sleep(quickly)
	await(t, func() error { return settled(operator, thawed) })
	unchanged()
}

// stateOf is the state of an environment and of everything that there is of it, but for what an operator says about
// how well things are: it can only say what it sees. What it has on record must stay.
func stateOf(t *testing.T, name string, before fixture.UIDs) fixture.End {
	t.Helper()
	state, err := plane.EndOf(name, before)
	if err != nil {
		t.Fatal(err)
	}
	env, _ := state["AppEnvironment /RUN"].(map[string]any)
	status, _ := env["status"].(map[string]any)
	children, _ := status["children"].([]any)
	for _, child := range children {
		maps.DeleteFunc(child.(map[string]any), func(field string, _ any) bool { return field == "state" || field == "reason" })
	}
	maps.DeleteFunc(status, func(field string, _ any) bool {
		return !slices.Contains([]string{"children", "admittedApps", "dnsNames", "protection"}, field)
	})
	return state
}

// settled is an error until an operator has nothing more to ask for now.
func settled(operator *fixture.Operator, mark int) error {
	isAnswered := func(r fixture.Request) bool { return r.Verb != "watch" && r.Resource != "leases" }
	all := operator.Requests.Since(mark, isAnswered)
	if len(all) == 0 {
		return nil
	}
	if time.Since(all[0].At) > 3*quickly {
		return nil // it asks again and again
	}
	if last := time.Since(operator.Requests.Last(isAnswered)); last < time.Second {
		return fmt.Errorf("the operator asked %s ago", last)
	}
	return nil
}

// quickly is the time in which an operator has looked at everything.
const quickly = 3 * time.Second

func written(operator *fixture.Operator, mark int, name string) []string {
	var all []string
	for _, r := range operator.Requests.Since(mark, func(r fixture.Request) bool { return r.Resource != "leases" && r.Verb != "watch" }) {
		all = append(all, strings.ReplaceAll(r.String(), name, "RUN"))
	}
	return all
}

// resourceVersion is the one of now.
func resourceVersion(t *testing.T) string {
	t.Helper()
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(environmentGVK)
	if err := plane.Client.List(context.Background(), list); err != nil {
		t.Fatal(err)
	}
	return list.GetResourceVersion()
}

// then does one thing after the other, each until its end, where it has one.
func then(steps ...any) func(*testing.T, string) {
	return func(t *testing.T, name string) {
		for _, s := range steps {
			switch s := s.(type) {
			case func(*testing.T, string):
				s(t, name)
			case func(string) error:
				await(t, func() error { return s(name) })
			}
		}
	}
}

func create(desired func(string) *v1alpha1.AppEnvironment) func(*testing.T, string) {
	return func(t *testing.T, name string) { plane.Create(t, desired(name)) }
}

func small(name string) *v1alpha1.AppEnvironment { return mine(fixture.Small(name)) }

func retainedSmall(name string) *v1alpha1.AppEnvironment {
	env := small(name)
	env.Spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain
	return env
}

// again asks for what full asks for.
func again(env *v1alpha1.AppEnvironment) { env.Spec = full(env.Name).Spec }

func paused(env *v1alpha1.AppEnvironment)   { env.Spec.Mode = v1alpha1.ModePaused }
func enforced(env *v1alpha1.AppEnvironment) { env.Spec.Mode = v1alpha1.ModeEnforce }

// takeByHand is what somebody does with objects that an environment has let go: they get another content and marks
// of another tool.
func takeByHand(t *testing.T, name string) {
	objects, err := plane.Belongings(name)
	if err != nil {
		t.Fatal(err)
	}
	for i := range objects {
		u := &objects[i]
		if u.GetKind() == fixture.ApplicationGVK.Kind || u.GetKind() == "Secret" {
			continue
		}
		plane.Change(t, u.GroupVersionKind(), client.ObjectKeyFromObject(u), func(u *unstructured.Unstructured) {
			u.SetLabels(map[string]string{"app.kubernetes.io/managed-by": "somebodys-tool"})
		})
	}
}

// isRepaired is an error while anything of what damage did is left, or what was made again is not on record.
func isRepaired(name string) error {
	if err := isReady(name); err != nil {
		return err
	}
	objects, err := plane.Belongings(name)
	if err != nil {
		return err
	}
	live := map[types.UID]bool{}
	for i := range objects {
		u := &objects[i]
		live[u.GetUID()] = true
		repos, _, _ := unstructured.NestedStringSlice(u.Object, "spec", "sourceRepos")
		if slices.Contains(repos, "*") || u.GetKind() == networkPolicyGVK.Kind && len(u.GetLabels()) == 0 {
			return fmt.Errorf("%s %s is not repaired", u.GetKind(), u.GetName())
		}
	}
	env := &v1alpha1.AppEnvironment{}
	if err := plane.Client.Get(context.Background(), client.ObjectKey{Name: name}, env); err != nil {
		return err
	}
	for _, child := range env.Status.Children {
		if !live[child.UID] {
			return fmt.Errorf("%s %s is on record as %q", child.Kind, child.Name, child.UID)
		}
	}
	return nil
}

// isCleared is an error while the environment or its namespace exists.
func isCleared(name string) error {
	return errors.Join(isGone(name), plane.Gone(namespaceGVK, client.ObjectKey{Name: fixture.NamespaceOf(name)})())
}

// isPaused is an error until the operator has said that it does nothing.
func isPaused(name string) error {
	env := &v1alpha1.AppEnvironment{}
	if err := plane.Client.Get(context.Background(), client.ObjectKey{Name: name}, env); err != nil {
		return err
	}
	if !meta.IsStatusConditionTrue(env.Status.Conditions, v1alpha1.ConditionSuspended) {
		return fmt.Errorf("is not paused: %s", fixture.Describe(env))
	}
	return nil
}

// repairByHand makes what damage took away, as somebody's tool would.
func repairByHand(t *testing.T, name string) {
	plane.CreateForeign(t, fixture.Foreign(serviceAccountGVK, fixture.Inside(name, "app1"), nil))
	plane.CreateForeign(t, fixture.Foreign(quotaGVK, fixture.Inside(name, name), map[string]any{"hard": map[string]any{"pods": "1"}}))
}

// heir is the environment that inherits the objects of another.
func heir(name string) string { return name + "-heir" }

// bequeath gives the objects that an environment has let go to another one, with an operator of its own.
func bequeath(t *testing.T, name string) {
	env := small(heir(name))
	env.Spec.Namespaces[0].Name = fixture.NamespaceOf(name)
	env.Spec.ArgoCD = &v1alpha1.ArgoCD{Project: ptr.To(name), ApplicationSet: ptr.To(name), ApplicationName: ptr.To(name + "-{app}-dev")}
	for _, u := range []*unstructured.Unstructured{
		fixture.At(namespaceGVK, client.ObjectKey{Name: fixture.NamespaceOf(name)}),
		fixture.At(fixture.AppProjectGVK, fixture.InArgoCD(name)), fixture.At(fixture.ApplicationSetGVK, fixture.InArgoCD(name)),
	} {
		plane.Consent(t, u.GroupVersionKind(), client.ObjectKeyFromObject(u), env.Name)
	}
	operator := operatorOf(env.Name)
	if err := operator.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := operator.Stop(); err != nil {
			t.Error(err)
		}
	})
	plane.Create(t, env)
}

func isInherited(name string) error { return isReady(heir(name)) }
