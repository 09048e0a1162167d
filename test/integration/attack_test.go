package integration

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

// As many apps as there may be, with names as long as they may be.
func TestAHundredAppsWithTheLongestNamesAreDeployed(t *testing.T) {
	t.Parallel()
	const name, apps = "hundred", 100
	env := fixture.Small(name)
	env.Spec.Environment = strings.Repeat("e", 63)
	env.Spec.ArgoCD = &v1alpha1.ArgoCD{ApplicationName: ptr.To("{app}")}
	env.Spec.Apps = nil
	for i := range apps {
		env.Spec.Apps = append(env.Spec.Apps, v1alpha1.App{Name: fmt.Sprintf("%s%03d", strings.Repeat("a", 60), i)})
	}
	plane.Create(t, env)
	fixture.Eventually(t, 3*time.Minute, func() error {
		live := plane.Environment(t, name)
		if live.Status.AppsReady != "100/100" {
			return fmt.Errorf("%s apps are ready: %s", live.Status.AppsReady, fixture.Describe(live))
		}
		return fixture.Ready(live)
	})
	plane.Delete(t, env)
	plane.WaitGone(t, name)
}

// Whoever edits an environment five thousand times in a row gets what was asked for last, and keeps nobody waiting.
func TestFiveThousandEditsLeadToTheLast(t *testing.T) {
	t.Parallel()
	const name, bystander, edits = "edited", "unhurried", 5000
	plane.RunReady(t, fixture.Small(name))
	mark := plane.Operator.Requests.Mark()
	env := &v1alpha1.AppEnvironment{}
	env.Name = name
	for i := range edits {
		patch := fmt.Appendf(nil, `{"spec":{"labels":{"edit":"%d"}}}`, i+1)
		if err := plane.Client.Patch(t.Context(), env, client.RawPatch(types.MergePatchType, patch)); err != nil {
			t.Fatal(err)
		}
		if i == edits/2 {
			plane.RunReady(t, fixture.Small(bystander))
		}
	}
	fixture.Eventually(t, soon, func() error {
		if label := plane.Get(t, namespaceGVK, cluster(fixture.NamespaceOf(name))).GetLabels()["edit"]; label != fmt.Sprint(edits) {
			return fmt.Errorf("the namespace has the label of edit %s", label)
		}
		return fixture.Ready(plane.Environment(t, name))
	})
	writes := len(plane.Operator.Requests.Since(mark, func(r fixture.Request) bool { return r.Writes() && strings.Contains(r.Path, name) }))
	t.Logf("%d edits led to %d writes", edits, writes)
	if writes > 3*edits {
		t.Errorf("%d edits led to %d writes", edits, writes)
	}
}

// An environment may be as large as etcd takes, so that nothing can be noted in its status. Then nothing is
// created for it, somebody is told, and it works once it is smaller.
func TestAnEnvironmentAtTheSizeLimitIsHeldUntilItIsSmaller(t *testing.T) {
	t.Parallel()
	const name = "vast"
	env := fixture.Small(name)
	env.Spec.Secrets = fixture.FakeSecrets(name, "env")
	largest := enlarge(t, env)
	t.Logf("the API server takes %d properties of secrets", largest)
	fixture.Eventually(t, soon, func() error {
		if said := eventsOn(t, name); !slices.ContainsFunc(said, func(note string) bool { return strings.Contains(note, "too large") }) {
			return fmt.Errorf("the Events say %q", said)
		}
		return nil
	})
	if plane.Find(t, namespaceGVK, cluster(fixture.NamespaceOf(name))) != nil {
		t.Error("something was created that is not on record")
	}
	plane.Edit(t, name, func(env *v1alpha1.AppEnvironment) { env.Spec.Secrets = fixture.FakeSecrets(name, "env") })
	plane.WaitReady(t, name)
}

// eventsOn are the notes of the Events on an environment.
func eventsOn(t *testing.T, name string) []string {
	t.Helper()
	list := &eventsv1.EventList{}
	if err := plane.Client.List(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	var notes []string
	for _, e := range list.Items {
		if e.Regarding.Kind == "AppEnvironment" && e.Regarding.Name == name {
			notes = append(notes, e.Note)
		}
	}
	return notes
}

// enlarge creates the environment with as many keys of secrets as the API server takes, and says how many.
func enlarge(t *testing.T, env *v1alpha1.AppEnvironment) int {
	t.Helper()
	fits, tooMany := 0, 50*50+1
	for tooMany-fits > 1 {
		n := (fits + tooMany) / 2
		try := inflated(env, n)
		try.Spec.Mode = v1alpha1.ModePaused // nobody writes to it
		err := plane.Client.Create(t.Context(), try)
		switch {
		case err == nil:
			fits = n
			plane.Delete(t, try)
			plane.WaitGone(t, env.Name)
		case strings.Contains(err.Error(), "too large"):
			tooMany = n
		default:
			t.Fatal(err)
		}
	}
	plane.Create(t, inflated(env, fits))
	return fits
}

// inflated is the environment with so many keys of secrets, each with the longest names.
func inflated(env *v1alpha1.AppEnvironment, keys int) *v1alpha1.AppEnvironment {
	env = env.DeepCopy()
	for n := range keys {
		if n%50 == 0 {
			env.Spec.Secrets.Items = append(env.Spec.Secrets.Items, v1alpha1.SecretItem{Name: fmt.Sprintf("item%d", n/50)})
		}
		item := &env.Spec.Secrets.Items[len(env.Spec.Secrets.Items)-1]
		item.Data = append(item.Data, v1alpha1.SecretKey{Key: fmt.Sprintf("key%s%d", strings.Repeat("k", 200), n), RemoteKey: strings.Repeat("r", 500)})
	}
	return env
}
