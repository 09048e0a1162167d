package cli

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// An app is as bad as the reason that the operator has for it, whatever Argo CD says of its health.
func TestAnAppIsMarkedAsTheOperatorsReasonSays(t *testing.T) {
	row := func(name, health, message string) v1alpha1.AppStatus {
		return v1alpha1.AppStatus{Name: name, Application: "hoge-" + name + "-dev", Health: health, Message: message}
	}
	const noPath = "path apps/web does not exist at revision main; add it there or correct the path"
	for name, each := range map[string]struct {
		reason, message string
		rows            []v1alpha1.AppStatus
		want            []mark
	}{
		"a path that does not exist": {
			v1alpha1.ReasonSyncFailed, "Application argocd/hoge-web-dev: " + noPath,
			[]v1alpha1.AppStatus{row("cron", "Progressing", "Argo CD is syncing it"), row("db", "Healthy", ""), row("web", "Missing", noPath)},
			[]mark{waiting, good, failing},
		},
		"two of them": {
			v1alpha1.ReasonSyncFailed, "Application argocd/hoge-cron-dev: " + noPath + " (and 1 more)",
			[]v1alpha1.AppStatus{row("cron", "Healthy", noPath), row("db", "Healthy", ""), row("web", "", noPath)},
			[]mark{failing, good, failing},
		},
		"one that the count leaves open": {
			v1alpha1.ReasonNoResources, "Application argocd/hoge-cron-dev: no (and 1 more)",
			[]v1alpha1.AppStatus{row("cron", "Healthy", "no"), row("db", "Healthy", "no"), row("web", "Missing", "on its way")},
			[]mark{failing, waiting, waiting},
		},
		"Pods that are refused": {
			v1alpha1.ReasonPodsRefused, "Application argocd/hoge-web-dev: its Pods are refused",
			[]v1alpha1.AppStatus{row("web", "Progressing", "its Pods are refused")}, []mark{failing},
		},
		"a degraded one beside another": {
			v1alpha1.ReasonSyncFailed, "Application argocd/hoge-web-dev: no",
			[]v1alpha1.AppStatus{row("db", "Degraded", "Argo CD judges it Degraded"), row("web", "Healthy", "no")}, []mark{failing, failing},
		},
		"the set as a whole": {
			v1alpha1.ReasonSyncFailed, "ApplicationSet argocd/hoge-dev: no", []v1alpha1.AppStatus{row("web", "", "Argo CD has not generated it yet")}, []mark{waiting},
		},
		"apps that wait": {
			v1alpha1.ReasonWaitingForSecrets, "Application argocd/hoge-db-dev: waits (and 1 more)",
			[]v1alpha1.AppStatus{row("db", "", "waits"), row("web", "", "waits")}, []mark{waiting, waiting},
		},
	} {
		env := &v1alpha1.AppEnvironment{}
		set(env, v1alpha1.ConditionApplicationsReady, each.reason, each.message)
		env.Status.Apps = each.rows
		for i, row := range each.rows {
			if got := application(env, row).mark; got != each.want[i] {
				t.Errorf("%s: the mark of %s is %d, want %d", name, row.Name, got, each.want[i])
			}
		}
	}
	env := &v1alpha1.AppEnvironment{}
	set(env, v1alpha1.ConditionApplicationsReady, v1alpha1.ReasonReady, "2/2 apps are deployed and healthy")
	env.Status.Conditions[0].Status = metav1.ConditionTrue
	if got := application(env, row("web", "Suspended", "suspended, as its manifests or a rollout ask")).mark; got != good {
		t.Errorf("of one that is suspended while all is well: the mark is %d", got)
	}
}

func TestAStateAndAReasonThatAreOneWordAreSaidOnce(t *testing.T) {
	env := &v1alpha1.AppEnvironment{}
	env.Status.Children = []v1alpha1.Child{
		{APIVersion: "v1", Kind: "Namespace", Name: "hoge", State: v1alpha1.ChildPendingRemoval, Reason: "PendingRemoval"},
		{APIVersion: "v1", Kind: "Namespace", Name: "fuga", State: v1alpha1.ChildDeleting, Reason: v1alpha1.ReasonTearingDown},
		{APIVersion: "v1", Kind: "Namespace", Name: "piyo", State: v1alpha1.ChildProgressing},
	}
	set(env, v1alpha1.ConditionNamespacesReady, v1alpha1.ReasonProgressing, "x")
	below := tree(env).below[0].below
	for i, want := range []string{"PendingRemoval", "Deleting TearingDown", "Progressing"} {
		if got := below[i].note; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
