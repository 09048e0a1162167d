package integration

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/test/fixture"
)

// What the plugin reads from the cluster is what the team's own environment would be; taking over by it, object by object,
// changes nothing of what runs.
func TestImportedEnvironmentsTakeOverWhatATeamHasMadeByHand(t *testing.T) {
	t.Parallel()
	before := makeByHand(t, "imported", nil)
	want := fixture.TwoApps("imported")
	want.Spec.NamespaceRBAC = v1alpha1.NamespaceRBACAllowed // the project permits it
	want.Spec.Namespaces[0].Labels = map[string]string{"kept": "as-it-is"}
	for _, line := range []string{"namespace it-imported", "applicationset imported"} {
		checkImport(t, line, want, nil)
	}
	env := imported(t, "namespace it-imported")
	syncs := syncsOf(t, env)
	plane.Run(t, env)
	plane.WaitFor(t, env.Name, taken)
	for object := range before.uids {
		if object.Kind != "Application" {
			plane.Consent(t, object.GroupVersionKind, object.ObjectKey, env.Name)
		}
	}
	plane.WaitReady(t, env.Name)
	checkUnchanged(t, before.uids)
	if diff := cmp.Diff(syncs, syncsOf(t, env)); diff != "" {
		t.Errorf("taking over synced Applications (-before +after):\n%s", diff)
	}
}

// Every kind of child at once: the API server's own defaults stand in the objects.
func TestImportedEnvironmentsRenderBackToEveryKindOfObject(t *testing.T) {
	t.Parallel()
	want := fixture.Full("imported-full")
	plane.MakeAllByHand(t, want)
	want.Spec.Namespaces[0].Labels = map[string]string{"kept": "as-it-is"}
	want.Spec.Namespaces[0].ServiceAccounts[0].GCPServiceAccount = nil // the only annotation is the consent
	before := map[child]types.UID{}
	for _, object := range render(t, want.DeepCopy()) {
		live := plane.Get(t, object.GroupVersionKind(), client.ObjectKeyFromObject(&object))
		before[child{object.GroupVersionKind(), client.ObjectKeyFromObject(&object)}] = live.GetUID()
	}
	for _, app := range want.Spec.Apps {
		live := plane.Get(t, fixture.ApplicationGVK, application(want.Name, app.Name))
		before[child{fixture.ApplicationGVK, application(want.Name, app.Name)}] = live.GetUID()
	}
	checkImport(t, "namespace it-imported-full", want, func(change string) bool { // only Applications and Secrets have the label
		return strings.HasSuffix(change, " metadata.labels.owner: would be set to team-hoge")
	})
	env := imported(t, "namespace it-imported-full")
	syncs := syncsOf(t, env)
	plane.RunReady(t, env)
	checkUnchanged(t, before)
	if diff := cmp.Diff(syncs, syncsOf(t, env)); diff != "" {
		t.Errorf("taking over synced Applications (-before +after):\n%s", diff)
	}
	code, out, failure := configured(t, "import namespace it-imported-full --check")
	if code != 2 || out != "" || !strings.Contains(failure, "belongs to AppEnvironment "+env.Name+" already") {
		t.Errorf("of what is the environment's own by now: exit code %d\n%s\n%s", code, out, failure)
	}
}

// What would be refused is told by the operator's own pass: somebody else uses the project.
func TestImportTellsWhatTakingOverWouldChange(t *testing.T) {
	t.Parallel()
	makeByHand(t, "imported-shared", nil)
	stranger := fixture.Foreign(fixture.ApplicationGVK, argocd("imported-shared-stranger"), map[string]any{
		"project": "imported-shared", "source": map[string]any{"repoURL": fixture.Repository, "path": "x"},
		"destination": map[string]any{"server": "https://kubernetes.default.svc", "namespace": "x"},
	})
	plane.CreateForeign(t, stranger)
	t.Cleanup(func() { plane.Delete(t, stranger) })
	code, out, failure := configured(t, "import namespace it-imported-shared --check")
	if code != 1 || !strings.Contains(out, "AppProject argocd/imported-shared: cannot be taken over") || !strings.Contains(out, "Application imported-shared-stranger uses it") {
		t.Errorf("got exit code %d\n%s\n%s", code, out, failure)
	}
	if code, out, failure := configured(t, "import namespace it-nowhere --check"); code != 2 || !strings.Contains(failure, "there is no namespace it-nowhere") {
		t.Errorf("got exit code %d\n%s\n%s", code, out, failure)
	}
}

// checkImport imports an environment, which must make the same objects as the wanted one. The check must tell no other
// changes than those that are known, and some if any are.
func checkImport(t *testing.T, line string, want *v1alpha1.AppEnvironment, known func(change string) bool) {
	t.Helper()
	env := imported(t, line)
	wanted, got := want.DeepCopy(), env.DeepCopy()
	got.UID, wanted.UID = "", ""
	if diff := cmp.Diff(withoutLevel(render(t, wanted)), withoutLevel(render(t, got))); diff != "" {
		t.Errorf("import %s (-wanted +imported):\n%s", line, diff)
	}
	code, out, failure := configured(t, "import "+line+" --check")
	unknown := slices.DeleteFunc(slices.Collect(strings.Lines(out)), func(change string) bool {
		return known != nil && known(strings.TrimSuffix(change, "\n"))
	})
	if len(unknown) > 0 || (code == 0) != (known == nil) || code > 1 {
		t.Errorf("import %s --check: exit code %d\n%s\n%s", line, code, out, failure)
	}
}

// withoutLevel are the objects by their names, without a Namespace's Pod Security level: one that has none gets none.
func withoutLevel(objects []unstructured.Unstructured) map[string]any {
	all := map[string]any{}
	for _, object := range objects {
		if object.GetKind() == "Namespace" {
			labels := object.GetLabels()
			delete(labels, component.LabelPodSecurity)
			object.SetLabels(labels)
		}
		all[component.KeyOf(&object).String()] = object.Object
	}
	return all
}

// imported is the environment that the plugin prints.
func imported(t *testing.T, line string) *v1alpha1.AppEnvironment {
	t.Helper()
	code, out, failure := configured(t, "import "+line)
	if code != 0 {
		t.Fatalf("import %s ended with %d: %s", line, code, failure)
	}
	env := &v1alpha1.AppEnvironment{}
	if err := yaml.UnmarshalStrict([]byte(out), env); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return env
}

// configured runs a command of the plugin with the settings of the operator.
func configured(t *testing.T, line string) (code int, out, failure string) {
	t.Helper()
	return plugin(t, "", append(strings.Fields(line), "--argocd-namespace", fixture.ArgoCDNamespace,
		"--cloudflare-proxied-property", plane.Operator.Config.CloudflareProxiedProperty)...)
}

// syncsOf counts the syncs of the environment's Applications, and names their owners.
func syncsOf(t *testing.T, env *v1alpha1.AppEnvironment) map[string]int {
	t.Helper()
	syncs := map[string]int{}
	for name := range component.ApplicationNames(env) {
		live := plane.Get(t, fixture.ApplicationGVK, argocd(component.ApplicationName(env, name)))
		owner := metav1.GetControllerOf(live)
		if owner == nil {
			t.Fatalf("Application %s has no owner", live.GetName())
		}
		syncs[live.GetName()+" of "+owner.Name] = len(fixture.SyncsOf(live))
	}
	if len(syncs) == 0 || slices.Max(slices.Collect(maps.Values(syncs))) == 0 {
		t.Fatalf("no Application was ever synced: %v", syncs)
	}
	return syncs
}
