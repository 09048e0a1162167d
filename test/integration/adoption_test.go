package integration

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

// unsafeAdoption is what an environment says when taking something over would break it.
var unsafeAdoption = fixture.Has(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonAdoptionUnsafe)

// What a team has made by hand, and runs: a namespace, a project, an ApplicationSet
// with two Applications.
func TestWhatATeamRunsIsTakenOverByConsent(t *testing.T) {
	t.Parallel()
	before := makeByHand(t, "team", nil)
	plane.Run(t, twoApps("team"))
	plane.WaitFor(t, "team", taken, fixture.BlockedOn("kubectl annotate --overwrite namespace it-team platform.appenv.dev/adopt-by=team"))
	checkUnchanged(t, before.uids)

	plane.Consent(t, namespaceGVK, cluster(fixture.NamespaceOf("team")), "team")
	plane.WaitFor(t, "team", taken, fixture.BlockedOn("kubectl annotate --overwrite -n argocd appproject team platform.appenv.dev/adopt-by=team"))
	plane.Consent(t, fixture.AppProjectGVK, argocd("team"), "team")
	plane.WaitFor(t, "team", taken, fixture.BlockedOn("kubectl annotate --overwrite -n argocd applicationset team platform.appenv.dev/adopt-by=team"))
	checkUnchanged(t, before.uids)
	plane.Consent(t, fixture.ApplicationSetGVK, argocd("team"), "team")
	plane.WaitReady(t, "team")

	checkUnchanged(t, before.uids)
	for _, entry := range plane.Environment(t, "team").Status.Children {
		if entry.Origin != v1alpha1.OriginAdopted {
			t.Errorf("%s %s is recorded as %q", entry.Kind, entry.Name, entry.Origin)
		}
	}

	// Withdrawing the consent changes nothing, and what was adopted goes with the
	// environment, all but the namespace.
	for _, object := range []child{{namespaceGVK, cluster(fixture.NamespaceOf("team"))}, {fixture.ApplicationSetGVK, argocd("team")}} {
		plane.Change(t, object.GroupVersionKind, object.ObjectKey, func(u *unstructured.Unstructured) {
			annotations := u.GetAnnotations()
			delete(annotations, v1alpha1.AnnotationAdoptBy)
			u.SetAnnotations(annotations)
		})
	}
	plane.WaitReady(t, "team")
	plane.Delete(t, plane.Environment(t, "team"))
	plane.WaitGone(t, "team")
	if plane.Find(t, fixture.ApplicationSetGVK, argocd("team")) != nil || plane.Find(t, fixture.AppProjectGVK, argocd("team")) != nil {
		t.Error("what was adopted is left behind")
	}
	if live := plane.Get(t, namespaceGVK, cluster(fixture.NamespaceOf("team"))); live.GetDeletionTimestamp() != nil {
		t.Error("an adopted namespace is being deleted")
	} else if live.GetLabels()[v1alpha1.LabelEnvironment] != "" || live.GetAnnotations()[v1alpha1.AnnotationOwnerUID] != "" {
		t.Errorf("an adopted namespace that was given up still counts as the environment's: %v, %v", live.GetLabels(), live.GetAnnotations())
	}
}

func TestAnAdoptionThatWouldBreakSomethingIsRefusedAndNothingIsWritten(t *testing.T) {
	cases := map[string]struct {
		environment string
		make        func(set *unstructured.Unstructured)
		env         func(*v1alpha1.AppEnvironment)
		after       func(t *testing.T, environment string)
		object      schema.GroupVersionKind
		reasons     []string
	}{
		"an Application that the spec does not ask for": {environment: "unsafe-app",
			env:    func(env *v1alpha1.AppEnvironment) { env.Spec.Apps = env.Spec.Apps[:1] },
			object: fixture.ApplicationSetGVK, reasons: []string{"it owns Application unsafe-app-worker-dev, which the spec does not ask for"}},
		"fields that the operator never writes": {environment: "unsafe-fields",
			make: func(set *unstructured.Unstructured) {
				set.Object["spec"].(map[string]any)["syncPolicy"] = map[string]any{"preserveResourcesOnDeletion": true}
				set.Object["spec"].(map[string]any)["strategy"] = map[string]any{"type": "AllAtOnce"}
			},
			object: fixture.ApplicationSetGVK, reasons: []string{"spec.strategy is nothing", "spec.syncPolicy is nothing"}},
		"an Application that would be synced": {environment: "unsafe-sync",
			make: func(set *unstructured.Unstructured) {
				_ = unstructured.SetNestedField(set.Object, "main", "spec", "template", "spec", "source", "targetRevision")
			},
			object: fixture.ApplicationSetGVK, reasons: []string{`has targetRevision "main" and would be synced to "development"; adopt it as it is, then change it`}},
		"an Application that would move": {environment: "unsafe-move",
			make: func(set *unstructured.Unstructured) {
				_ = unstructured.SetNestedField(set.Object, "it-elsewhere", "spec", "template", "spec", "destination", "namespace")
			},
			object: fixture.ApplicationSetGVK, reasons: []string{"deploys into namespace it-elsewhere and would move to it-unsafe-move"}},
		"a project that others use": {environment: "unsafe-shared",
			after: func(t *testing.T, environment string) {
				stranger := fixture.Foreign(fixture.ApplicationGVK, argocd("unsafe-shared-stranger"), map[string]any{
					"project": environment, "source": map[string]any{"repoURL": fixture.Repository, "path": "x"},
					"destination": map[string]any{"server": "https://kubernetes.default.svc", "namespace": "x"},
				})
				plane.CreateForeign(t, stranger)
				t.Cleanup(func() { plane.Delete(t, stranger) })
			},
			object: fixture.AppProjectGVK, reasons: []string{"Application unsafe-shared-stranger uses it"}},
		"a project whose roles have tokens": {environment: "unsafe-tokens",
			after: func(t *testing.T, environment string) {
				plane.Change(t, fixture.AppProjectGVK, argocd(environment), func(u *unstructured.Unstructured) {
					u.Object["spec"].(map[string]any)["roles"] = []any{map[string]any{
						"name": "ci", "jwtTokens": []any{map[string]any{"iat": int64(1)}},
					}}
				})
			},
			object: fixture.AppProjectGVK, reasons: []string{"role ci has tokens, which would be revoked"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := makeByHand(t, c.environment, c.make)
			for _, object := range []child{
				{namespaceGVK, cluster(fixture.NamespaceOf(c.environment))},
				{fixture.AppProjectGVK, argocd(c.environment)}, {fixture.ApplicationSetGVK, argocd(c.environment)},
			} {
				plane.Consent(t, object.GroupVersionKind, object.ObjectKey, c.environment)
			}
			if c.after != nil {
				c.after(t, c.environment)
			}
			object := plane.Get(t, c.object, argocd(c.environment))
			unwritten := settled(t, object)
			env := twoApps(c.environment)
			if c.env != nil {
				c.env(env)
			}
			plane.Run(t, env)
			plane.WaitFor(t, c.environment, unsafeAdoption, fixture.BlockedOn(append(c.reasons, c.object.Kind)...))
			if diff := cmp.Diff(unwritten, bytesOf(t, object)); diff != "" {
				t.Errorf("%s was touched (-before +after):\n%s", c.object.Kind, diff)
			}
			checkUnchanged(t, before.uids)

			// Neither does the end of the environment touch it.
			plane.Delete(t, plane.Environment(t, c.environment))
			plane.WaitGone(t, c.environment)
			checkUnchanged(t, before.uids)
		})
	}
}

func TestAnApplicationOfItsOwnIsTakenIntoTheListByConsent(t *testing.T) {
	t.Parallel()
	lone := fixture.Foreign(fixture.ApplicationGVK, application("lone", "web"), map[string]any{
		"project": "default", "source": map[string]any{"repoURL": fixture.Repository, "path": "deploy/web/overlays/dev", "targetRevision": "development"},
		"destination": map[string]any{"server": "https://kubernetes.default.svc", "namespace": "it-lone"},
		"syncPolicy":  map[string]any{"automated": map[string]any{"prune": true, "selfHeal": true}},
	})
	lone.SetAnnotations(map[string]string{"notifications.argoproj.io/subscribe.on-sync-failed.slack": "channel"})
	plane.ArgoCD.Judge(lone.GetName(), fixture.Verdict{Silent: true})
	plane.CreateForeign(t, lone)
	plane.Run(t, fixture.Small("lone"))
	plane.WaitFor(t, "lone", taken, fixture.BlockedOn("Application argocd/lone-web-dev", "kubectl annotate --overwrite -n argocd application lone-web-dev platform.appenv.dev/adopt-by=lone"))
	if live := plane.Get(t, fixture.ApplicationGVK, application("lone", "web")); len(live.GetOwnerReferences()) > 0 {
		t.Error("it was taken without consent")
	}
	pluginSays(t, 0, []string{
		"yes Application argocd/lone-web-dev: the operator changes metadata.annotations.notifications.argoproj.io/subscribe.on-sync-failed.slack, metadata.finalizers, metadata.labels.kept, metadata.ownerReferences, spec.project\n",
	}, "adopt", "lone")
	plane.ArgoCD.Judge(lone.GetName(), fixture.Verdict{})
	plane.Consent(t, fixture.ApplicationGVK, application("lone", "web"), "lone")
	plane.WaitReady(t, "lone")
	live, set := plane.Get(t, fixture.ApplicationGVK, application("lone", "web")), plane.Get(t, fixture.ApplicationSetGVK, argocd("lone"))
	if live.GetUID() != lone.GetUID() || !metav1.IsControlledBy(live, set) {
		t.Error("the Application was replaced, or is not the ApplicationSet's")
	}
}

// External Secrets deletes the Secret that it has made when the ExternalSecret which owns it asks for another name.
func TestAnExternalSecretThatMakesASecretOfAnotherNameIsNotTaken(t *testing.T) {
	t.Parallel()
	const name = "other-secret"
	plane.RunReady(t, fixture.Small(name))
	spec := map[string]any{
		"secretStoreRef": map[string]any{"name": "theirs", "kind": "SecretStore"}, "target": map[string]any{"name": "app-secrets"},
		"dataFrom": []any{map[string]any{"extract": map[string]any{"key": "x"}}},
	}
	theirs := fixture.Foreign(fixture.ExternalSecretGVK, inside(name, "env"), spec)
	theirs.SetAnnotations(map[string]string{v1alpha1.AnnotationAdoptBy: name})
	plane.CreateForeign(t, theirs)
	before := plane.Get(t, fixture.ExternalSecretGVK, inside(name, "env"))
	plane.Edit(t, name, func(env *v1alpha1.AppEnvironment) { env.Spec.Secrets = fixture.FakeSecrets(name, "env") })
	plane.WaitFor(t, name, fixture.Has(v1alpha1.ConditionSecretsReady, metav1.ConditionFalse, v1alpha1.ReasonAdoptionUnsafe),
		fixture.BlockedOn("ExternalSecret it-other-secret/env", "it makes Secret app-secrets and would make env", "set secretName: app-secrets"))
	if live := plane.Get(t, fixture.ExternalSecretGVK, inside(name, "env")); !equality.Semantic.DeepEqual(live.Object["spec"], before.Object["spec"]) {
		t.Errorf("it was written: %v", live.Object["spec"])
	}
	plane.Edit(t, name, func(env *v1alpha1.AppEnvironment) { env.Spec.Secrets.Items[0].SecretName = ptr.To("app-secrets") })
	plane.WaitReady(t, name)
	if live := plane.Get(t, fixture.ExternalSecretGVK, inside(name, "env")); live.GetUID() != theirs.GetUID() {
		t.Error("it was replaced")
	}
}

// With two owners, a key that leaves the spec would stay in the object for good.
func TestFieldsThatOthersWroteAreTakenOverAndTheRestIsLeftToThem(t *testing.T) {
	t.Parallel()
	plane.RunReady(t, fixture.Small("fields"))
	key := inside("fields", "fields")
	quota := fixture.Foreign(quotaGVK, key, map[string]any{"hard": map[string]any{"pods": "5", "requests.cpu": "8", "secrets": "7"}})
	quota.SetAnnotations(map[string]string{v1alpha1.AnnotationAdoptBy: "fields"})
	plane.CreateForeign(t, quota)
	plane.Edit(t, "fields", func(env *v1alpha1.AppEnvironment) {
		env.Spec.Namespaces[0].Quota = fixture.Full("fields").Spec.Namespaces[0].Quota // pods and requests.cpu
	})
	plane.WaitReady(t, "fields")
	checkHard(t, key, map[string]any{"pods": "50", "requests.cpu": "8", "secrets": "7"})
	plane.Edit(t, "fields", func(env *v1alpha1.AppEnvironment) { delete(env.Spec.Namespaces[0].Quota, "requests.cpu") })
	plane.WaitReady(t, "fields")
	checkHard(t, key, map[string]any{"pods": "50", "secrets": "7"})
	if live := plane.Get(t, quotaGVK, key); live.GetUID() != quota.GetUID() || live.GetLabels()["kept"] == "" {
		t.Error("the quota was replaced, or lost a label of somebody else's")
	}
}

func TestConsentThatNamesAnotherEnvironmentIsNone(t *testing.T) {
	t.Parallel()
	object := fixture.Foreign(namespaceGVK, cluster(fixture.NamespaceOf("misnamed")), nil)
	object.SetAnnotations(map[string]string{v1alpha1.AnnotationAdoptBy: "somebody-else"})
	plane.CreateForeign(t, object)
	t.Cleanup(func() { plane.Delete(t, object) })
	before := settled(t, object)
	plane.Run(t, fixture.Small("misnamed"))
	plane.WaitFor(t, "misnamed", taken, fixture.BlockedOn("adopt-by=misnamed"))
	if diff := cmp.Diff(before, bytesOf(t, object)); diff != "" {
		t.Errorf("the object was touched (-before +after):\n%s", diff)
	}
}

func TestConsentDoesNotOpenANamespaceThatIsReserved(t *testing.T) {
	t.Parallel()
	object := fixture.Foreign(namespaceGVK, cluster("platform-reserved"), nil)
	object.SetAnnotations(map[string]string{v1alpha1.AnnotationAdoptBy: "reserved"})
	plane.CreateForeign(t, object)
	t.Cleanup(func() { plane.Delete(t, object) })
	before := settled(t, object)
	env := fixture.Small("reserved")
	env.Spec.Namespaces[0].Name = object.GetName()
	plane.Run(t, env)
	plane.WaitFor(t, "reserved", fixture.Has(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonNamespaceReserved),
		fixture.BlockedOn("Namespace platform-reserved", "reserved on this cluster"))
	if diff := cmp.Diff(before, bytesOf(t, object)); diff != "" {
		t.Errorf("the object was touched (-before +after):\n%s", diff)
	}

	// kube-system and its like are refused before that.
	env = fixture.Small("reserved-system")
	env.Spec.Namespaces[0].Name = "kube-system"
	if err := plane.Client.Create(t.Context(), env); err == nil {
		t.Error("an environment may ask for kube-system")
	}
}

// byHand is what a team runs before there is an AppEnvironment.
type byHand struct {
	uids map[child]types.UID
}

func twoApps(name string) *v1alpha1.AppEnvironment {
	env := fixture.Small(name)
	env.Spec.Apps = append(env.Spec.Apps, v1alpha1.App{Name: "worker"})
	return env
}

// makeByHand makes what a team runs, see fixture.MakeByHand, and takes it away when the test ends.
func makeByHand(t *testing.T, name string, change func(set *unstructured.Unstructured)) byHand {
	t.Helper()
	objects := plane.MakeByHand(t, name, change)
	made := byHand{uids: map[child]types.UID{}}
	for _, object := range objects {
		made.uids[child{object.GroupVersionKind(), client.ObjectKeyFromObject(object)}] = object.GetUID()
	}
	t.Cleanup(func() {
		for _, object := range []*unstructured.Unstructured{objects[2], objects[1], objects[0]} { // what needs the others first
			plane.Delete(t, object)
			fixture.Eventually(t, soon, func() error { return emptied(t, object, name) })
		}
	})
	return made
}

// emptied is an error while an ApplicationSet that was deleted still has Applications:
// their project must outlive them.
func emptied(t *testing.T, object *unstructured.Unstructured, name string) error {
	for _, app := range []string{"web", "worker"} {
		if object.GetKind() == "ApplicationSet" && plane.Find(t, fixture.ApplicationGVK, application(name, app)) != nil {
			return fmt.Errorf("Application %s is there still", app)
		}
	}
	return nil
}

func checkHard(t *testing.T, key client.ObjectKey, want map[string]any) {
	t.Helper()
	got, _, _ := unstructured.NestedMap(plane.Get(t, quotaGVK, key).Object, "spec", "hard")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("spec.hard (-want +got):\n%s", diff)
	}
}
