package cli

import (
	"bytes"
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/test/golden"
)

var (
	google = v1alpha1.Store{GCPSecretManager: &v1alpha1.GCPSecretManager{ProjectID: "my-project", ServiceAccount: "reader"}}
	azure  = v1alpha1.Store{AzureKeyVault: &v1alpha1.AzureKeyVault{VaultURL: "https://hoge.vault.azure.net/", ServiceAccount: "reader"}}
)

// blocked is an environment that is not ready for a reason, and says so.
func blocked(reason, line string) *v1alpha1.AppEnvironment {
	env := &v1alpha1.AppEnvironment{}
	env.Name, env.UID, env.Generation = "hoge-dev", "0a1b2c3d-0000-4000-8000-000000000001", 3
	env.Status.ObservedGeneration = 3
	env.Status.BlockedOn = line
	set(env, v1alpha1.ConditionReady, reason, line)
	return env
}

// set adds a condition that does not hold.
func set(env *v1alpha1.AppEnvironment, kind, reason, message string) {
	env.Status.Conditions = append(env.Status.Conditions, metav1.Condition{Type: kind, Status: metav1.ConditionFalse, Reason: reason, Message: message})
}

// suspend adds that the operator does nothing for the environment.
func suspend(env *v1alpha1.AppEnvironment, reason string) {
	env.Status.Conditions = append(env.Status.Conditions, metav1.Condition{Type: v1alpha1.ConditionSuspended, Status: metav1.ConditionTrue, Reason: reason})
}

// withSecrets gives the environment two secrets, one of which makes a Secret of another name.
func withSecrets(env *v1alpha1.AppEnvironment, store v1alpha1.Store) *v1alpha1.AppEnvironment {
	env.Spec.Namespaces = []v1alpha1.Namespace{{Name: "hoge"}}
	env.Spec.Secrets = &v1alpha1.Secrets{Store: store, Items: []v1alpha1.SecretItem{
		{Name: "env", Extract: []v1alpha1.RemoteSecret{{Key: "hoge-dev-app1"}}},
		{Name: "tls", SecretName: new("web-tls"), Data: []v1alpha1.SecretKey{{Key: "URL", RemoteKey: "it's a key", Property: new("url")}}},
		{Name: "pinned", Extract: []v1alpha1.RemoteSecret{{Key: "hoge-dev-app1", Version: new("3")}}},
	}}
	return env
}

// explanations are what blockedOn says on real components; test/e2e holds the operator to them.
const explanations = "../../test/e2e/testdata/explanations"

// reasons are those of the explanations that are no failed sync.
var reasons = map[string]string{
	"namespace-taken": v1alpha1.ReasonNameTaken, "crd-absent": v1alpha1.ReasonAPINotInstalled, "quota-too-small": v1alpha1.ReasonPodsRefused,
	"missing-secret-key": v1alpha1.ReasonSecretNotSynced, "store-forbidden": v1alpha1.ReasonSecretNotSynced, "certificate-not-visible": v1alpha1.ReasonProgressing,
	"overlay-rendering-nothing": v1alpha1.ReasonNoResources, "image-override-naming-no-image": v1alpha1.ReasonImageNotUsed,
}

func TestTheNextActionForWhatTheOperatorSays(t *testing.T) {
	files, err := filepath.Glob(explanations + "/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no explanations in %s: %v", explanations, err)
	}
	var out bytes.Buffer
	say := func(env *v1alpha1.AppEnvironment) {
		ready := condition(env, v1alpha1.ConditionReady)
		fmt.Fprintf(&out, "%s: %s\n    %s\n", ready.Reason, env.Status.BlockedOn, cmp.Or(strings.Join(nextActions(env), "\n    "), "nothing"))
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		say(blocked(cmp.Or(reasons[name], v1alpha1.ReasonSyncFailed), strings.TrimSpace(read(t, file))))
	}
	unsynced := v1alpha1.ReasonSecretNotSynced
	say(withSecrets(blocked(unsynced, `ExternalSecret hoge/env: key "hoge-dev-app1" not found; create it in Secret Manager project my-project`), google))
	say(withSecrets(blocked(unsynced, `ExternalSecret hoge/env: key "hoge-dev-app1" not found; create it in Key Vault`), azure))
	say(withSecrets(blocked(unsynced, `ExternalSecret hoge/tls: key "it's a key" (property "url") not found; create it in Secret Manager project my-project (and 1 more)`), google))
	say(withSecrets(blocked(unsynced, `ExternalSecret hoge/pinned: key "hoge-dev-app1" (version "3") not found; create it in Secret Manager project my-project`), google))
	say(withSecrets(blocked(unsynced, "ExternalSecret hoge/tls: "+fmt.Sprintf(otherType, "hoge", "web-tls")), google))
	say(withSecrets(blocked(unsynced, "ExternalSecret hoge/tls: "+fmt.Sprintf(otherType, "hoge", "another")), google))
	say(blocked(v1alpha1.ReasonTeardownPaused, `AppEnvironment hoge-dev: kubectl patch appenv hoge-dev --type=merge -p '{"spec":{"mode":"Enforce"}}' lets its deletion go on, which waits because spec.mode is Paused`))
	say(blocked(v1alpha1.ReasonConfirmationRequired, "AppEnvironment hoge-dev: kubectl annotate --overwrite appenv hoge-dev platform.appenv.dev/confirm=0a1b2c3d-0000-4000-8000-000000000001@3 confirms its deletion, which waits since it is protected"))
	say(blocked(v1alpha1.ReasonNameTaken, "Namespace hoge: kubectl annotate --overwrite appenv hoge-dev platform.appenv.dev/re-adopt=0a1b2c3d-0000-4000-8000-000000000001 takes back what an earlier AppEnvironment of this name left behind, this among it"))
	say(blocked(v1alpha1.ReasonAdoptionUnsafe, "ApplicationSet argocd/hoge-dev: it consents to be taken over, and nothing was written, because Application x has targetRevision \"another\""))
	say(blocked(v1alpha1.ReasonUnrecordedChildren, "Namespace hoge: kubectl annotate --overwrite appenv hoge-dev platform.appenv.dev/re-adopt=0a1b2c3d-0000-4000-8000-000000000001 lets it be removed: it carries this environment's UID and is not on record"))
	say(blocked(v1alpha1.ReasonLeftBehind, "Application argocd/x: no ApplicationSet owns it and the spec does not ask for it, yet Argo CD syncs it: kubectl -n argocd delete application x removes it and what it deployed, or take the label platform.appenv.dev/environment off it"))
	say(blocked(v1alpha1.ReasonAwaitingSync, "Application argocd/x: is synced by hand and never has been; sync it in Argo CD (and 1 more)"))
	leaving := blocked(v1alpha1.ReasonTearingDown, "teardown step applications (2 of 6): Application argocd/x: "+fmt.Sprintf(syncIsRunning, "x")+" (and 2 more)")
	leaving.Status.Teardown = &v1alpha1.Teardown{Step: "applications"}
	say(leaving)
	golden.Check(t, "testdata/output/next-actions.txt", out.Bytes())
}

// What the plugin compares with the operator's words must be the operator's words.
func TestWhatIsComparedIsWhatTheOperatorSays(t *testing.T) {
	controller := read(t, "../controller/teardown.go")
	if before, _, _ := strings.Cut(syncIsRunning, "%s"); !strings.Contains(controller, before) {
		t.Errorf("the controller does not say %q", before)
	}
	secrets := strings.ReplaceAll(read(t, "../component/secret_cause.go"), "\"+\n\t\t\"", "")
	for _, words := range []string{otherType, strings.TrimPrefix(keyNotFound, "%s")} {
		if !strings.Contains(secrets, words) {
			t.Errorf("the component does not say %q", words)
		}
	}
}

// Who writes a manifest, a webhook, a policy or an Event chooses words of what an environment is blocked on. No command comes
// of them, whatever the reason and whatever they look like.
func TestNobodyElsesWordsBecomeACommand(t *testing.T) {
	smuggled := []string{
		`kubectl annotate ns default;touch${IFS}/tmp/pwned;x=1 y`,
		`kubectl annotate --overwrite namespace default platform.appenv.dev/adopt-by=evil lets this environment take it over`,
		`kubectl patch appenv hoge-dev --type=merge -p '{"spec":{"mode":"Paused"}}' lets its deletion go on`,
		`(kubectl delete ns pwned)`,
		`to end it: argocd app delete pwned`,
		`its sync is still running and comes before its deletion; to end it: argocd app terminate-op pwned`,
		`kubectl delete secret -n hoge pwned lets External Secrets make it again: it has another type than is asked for, which cannot change; or put the type back, or give the item a new secretName`,
		`key "pwned" not found; create it in Secret Manager project my-project`,
		`key "$(touch /tmp/pwned)" does not exist`,
		`Namespace pwned: x`,
		`; kubectl appenv confirm pwned deletion`,
	}
	subjects := []string{
		"", "Application argocd/hoge-app1-dev: ", "Application argocd/hoge-app1-dev: Argo CD says: ", "ExternalSecret hoge/env: ", "Namespace hoge: ", "AppEnvironment hoge-dev: ",
		"ManagedCertificate hoge/web: ", "applications: ", "teardown step applications (2 of 6): Application argocd/hoge-app1-dev: ",
	}
	for _, reason := range []string{
		v1alpha1.ReasonSyncFailed, v1alpha1.ReasonRejected, v1alpha1.ReasonDegraded, v1alpha1.ReasonSecretNotSynced, v1alpha1.ReasonStoreFailing, v1alpha1.ReasonRetrying,
		v1alpha1.ReasonPodsRefused, v1alpha1.ReasonNameTaken, v1alpha1.ReasonAdoptionUnsafe, v1alpha1.ReasonLeftBehind, v1alpha1.ReasonUnrecordedChildren,
		v1alpha1.ReasonConfirmationRequired, v1alpha1.ReasonTeardownPaused, v1alpha1.ReasonTearingDown, v1alpha1.ReasonTeardownStalled, v1alpha1.ReasonAwaitingSync, v1alpha1.ReasonForbidden,
	} {
		for _, subject := range subjects {
			for _, words := range smuggled {
				if subject == "" && strings.HasPrefix(words, "Namespace ") {
					continue // nothing but a look at an object comes of a line that is somebody's from its beginning
				}
				env := withSecrets(blocked(reason, subject+words), google)
				env.Status.Teardown = &v1alpha1.Teardown{Step: "applications"}
				for _, command := range nextActions(env) {
					if strings.Contains(command, "pwned") || strings.ContainsAny(command, ";$(){}'\"`") || strings.Contains(command, "default") {
						t.Errorf("%s, %q: %s", reason, env.Status.BlockedOn, command)
					}
				}
			}
		}
	}
}

// A name that none can have is no object, and neither is one of a kind that no environment has.
func TestAnObjectIsOneThatAnEnvironmentCanHave(t *testing.T) {
	for _, line := range []string{
		"Namespace hoge;touch${IFS}x: a", "Namespace -n: a", "Namespace a/b: a", "ExternalSecret env: a", "ExternalSecret hoge/../env: a", "Pod hoge/web: a", "Application argocd/x$(y): a",
		"Application argocd/-x: a", "Namespace hoge", "",
	} {
		env := blocked(v1alpha1.ReasonRejected, line)
		if c := causeOf(env); c.object != (component.Key{}) {
			t.Errorf("%q is about %s", line, c.object)
		}
		if next := nextActions(env); len(next) > 0 {
			t.Errorf("%q: %q", line, next)
		}
	}
}

// Removals that merely wait are no cause, and no answer to another one.
func TestRemovalsThatWaitStandBesideTheCause(t *testing.T) {
	env := blocked(v1alpha1.ReasonSyncFailed, "Application argocd/hoge-cm2-dev: the last sync failed: no")
	env.Status.PendingRemovals = []string{"apps/cm@3", "protection@3"}
	got := string(explanation(env))
	want := "\nNext:\n  argocd app get hoge-cm2-dev\n\n" +
		"Also waits: apps/cm is to be removed: kubectl appenv confirm hoge-dev apps/cm\n" +
		"Also waits: the end of its protection: kubectl appenv confirm hoge-dev protection\n"
	if !strings.HasSuffix(got, want) {
		t.Errorf("got\n%s\nwant at its end\n%s", got, want)
	}
	env = blocked(v1alpha1.ReasonReady, "")
	env.Status.Conditions[0].Status = metav1.ConditionTrue
	env.Status.PendingRemovals = []string{"apps/c$(m)@3"}
	if got, want := string(explanation(env)), "hoge-dev is Ready.\n\nAlso waits: apps/c$(m) is to be removed: kubectl appenv confirm hoge-dev 'apps/c$(m)'\n"; got != want {
		t.Errorf("of one that is ready: got %q, want %q", got, want)
	}
	env = blocked(v1alpha1.ReasonConfirmationRequired, "AppEnvironment hoge-dev: its deletion waits")
	env.Status.PendingRemovals = []string{string(env.UID) + "@3"}
	if got := string(explanation(env)); !strings.HasSuffix(got, "\nNext:\n  kubectl appenv confirm hoge-dev deletion\n") {
		t.Errorf("of a deletion: got\n%s", got)
	}
}

// A condition that waits leads to the one that it waits for, and to no other.
func TestAChainHasOnlyWhatLeadsToTheCause(t *testing.T) {
	const project, secret = "AppProject argocd/hoge-dev: it exists already", `ExternalSecret hoge/env: key "x" not found`
	for name, each := range map[string]struct {
		line       string
		conditions [][3]string
		want       []string
	}{
		"the project is taken, and a secret is missing": {project, [][3]string{
			{v1alpha1.ConditionProjectReady, v1alpha1.ReasonNameTaken, project},
			{v1alpha1.ConditionSecretsReady, v1alpha1.ReasonSecretNotSynced, secret},
			{v1alpha1.ConditionApplicationsReady, v1alpha1.ReasonWaitingForSecrets, "Application argocd/x: waits for " + secret},
		}, []string{v1alpha1.ConditionProjectReady}},
		"apps wait for secrets, and those for a namespace": {"Namespace hoge: it exists already", [][3]string{
			{v1alpha1.ConditionNamespacesReady, v1alpha1.ReasonNameTaken, "Namespace hoge: it exists already"},
			{v1alpha1.ConditionSecretsReady, v1alpha1.ReasonWaitingForNamespace, "ExternalSecret hoge/env: waits for Namespace hoge"},
			{v1alpha1.ConditionApplicationsReady, v1alpha1.ReasonWaitingForSecrets, "Application argocd/x: waits for ExternalSecret hoge/env"},
			{v1alpha1.ConditionDNSReady, v1alpha1.ReasonWaitingForNamespace, "DNSEndpoint hoge/hoge-dev: waits for Namespace hoge"},
		}, []string{v1alpha1.ConditionApplicationsReady, v1alpha1.ConditionSecretsReady, v1alpha1.ConditionNamespacesReady}},
		"apps wait for the project": {project, [][3]string{
			{v1alpha1.ConditionProjectReady, v1alpha1.ReasonNameTaken, project},
			{v1alpha1.ConditionSecretsReady, v1alpha1.ReasonWaitingForNamespace, "ExternalSecret hoge/env: waits for Namespace hoge"},
			{v1alpha1.ConditionApplicationsReady, v1alpha1.ReasonWaitingForProject, "ApplicationSet argocd/x: waits for " + project},
		}, []string{v1alpha1.ConditionApplicationsReady, v1alpha1.ConditionProjectReady}},
		"a namespace begins as another does": {"Namespace hoge: being created", [][3]string{
			{v1alpha1.ConditionNamespacesReady, v1alpha1.ReasonTerminating, "Namespace hoge-2: is being deleted"},
		}, nil},
	} {
		env := blocked(v1alpha1.ReasonNameTaken, each.line)
		for _, c := range each.conditions {
			set(env, c[0], c[1], c[2])
		}
		var got []string
		for _, held := range waitingFor(env, blocking(env)) {
			got = append(got, held.Type)
		}
		if !slices.Equal(got, each.want) {
			t.Errorf("%s: got %q, want %q", name, got, each.want)
		}
	}
}

// Nothing is done for an environment that is paused, so that it goes on is all that helps; what it was ready for is of
// before. One that is observed is looked at, and told what exists already.
func TestASuspendedEnvironmentIsToldOfAsSuch(t *testing.T) {
	const taken = "Namespace hoge: it exists already"
	for _, each := range []struct {
		reason, why, next string
	}{
		{v1alpha1.ReasonPaused, v1alpha1.ReasonNameTaken, "kubectl appenv resume hoge-dev"},
		{v1alpha1.ReasonPaused, v1alpha1.ReasonSyncFailed, "kubectl appenv resume hoge-dev"},
		{v1alpha1.ReasonObserving, v1alpha1.ReasonNameTaken, "kubectl appenv adopt hoge-dev"},
		{v1alpha1.ReasonObserving, v1alpha1.ReasonRejected, "kubectl appenv resume hoge-dev"},
	} {
		env := blocked(each.why, taken)
		suspend(env, each.reason)
		if got := nextActions(env); !slices.Equal(got, []string{each.next}) {
			t.Errorf("%s, %s: got %q, want %s", each.reason, each.why, got, each.next)
		}
		if got := stateOf(env); got != plain {
			t.Errorf("%s, %s: the mark is %d", each.reason, each.why, got)
		}
		if got, want := strings.Contains(string(explanation(env)), "What follows is of before."), each.reason == v1alpha1.ReasonPaused; got != want {
			t.Errorf("%s, %s: what follows is of before: %t, want %t", each.reason, each.why, got, want)
		}
	}
}
