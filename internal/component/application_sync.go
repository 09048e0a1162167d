package component

import (
	"cmp"
	"slices"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/foreign/argocd"
)

// notSynced is about Applications that differ from Git. Those that Argo CD will
// not sync by itself, and that were synced once, are judged by their health.
func notSynced(in Input, _ argocd.Element, app argocd.Application) *Health {
	switch {
	case app.Status.Sync.Status == syncedStatus:
		return nil
	case app.Status.Sync.Status != outOfSyncStatus:
		return &Health{State: Failing, Reason: v1alpha1.ReasonSyncFailed, Message: "Argo CD cannot compare it with Git; look at it in Argo CD"}
	case !automated(app) && len(app.Status.History) == 0:
		return &Health{State: Progressing, Reason: v1alpha1.ReasonAwaitingSync, Message: "is synced by hand and never has been; sync it in Argo CD"}
	case outOfSyncByChoice(app):
		return nil
	case in.Env.Spec.Sync != nil && len(in.Env.Spec.Sync.Windows) > 0:
		return &Health{State: Progressing, Reason: v1alpha1.ReasonOutOfSync, Message: "Argo CD has yet to sync it; a sync window may hold it back"}
	}
	return &Health{State: Progressing, Reason: v1alpha1.ReasonOutOfSync, Message: "Argo CD has yet to sync it"}
}

func automated(app argocd.Application) bool {
	return app.Spec.SyncPolicy != nil && app.Spec.SyncPolicy.Automated != nil
}

// outOfSyncByChoice: Argo CD leaves the difference, because syncs are by hand,
// because all that is left to do is to prune and prune is off, or because this
// revision was synced already and selfHeal is off.
func outOfSyncByChoice(app argocd.Application) bool {
	if app.Status.Sync.Status != outOfSyncStatus {
		return false
	}
	if !automated(app) {
		return true
	}
	automation := app.Spec.SyncPolicy.Automated
	if !automation.Prune && onlyPruningLeft(app) {
		return true
	}
	history := app.Status.History
	return !automation.SelfHeal && len(history) > 0 && app.Status.Sync.Revision != "" &&
		history[len(history)-1].Revision == app.Status.Sync.Revision
}

func onlyPruningLeft(app argocd.Application) bool {
	return !slices.ContainsFunc(app.Status.Resources, func(resource argocd.Resource) bool {
		return resource.Status == outOfSyncStatus && !resource.RequiresPruning
	})
}

// nothingThere: Argo CD calls an Application without manifests healthy.
func nothingThere(_ Input, element argocd.Element, app argocd.Application) *Health {
	if len(app.Status.Resources) > 0 {
		return nil
	}
	return &Health{
		State: Failing, Reason: v1alpha1.ReasonNoResources,
		Message: "path " + element[argocd.ElementPath] + " renders no manifests, so nothing runs; correct the path or add manifests",
	}
}

// byHealth is the verdict on an Application whose health can be trusted.
func byHealth(app argocd.Application) Health {
	switch status := app.Status.Health.Status; status {
	case "Healthy":
		if outOfSyncByChoice(app) {
			return Health{Message: "OutOfSync and healthy; sync it in Argo CD when it suits"}
		}
		return Health{}
	case "Suspended":
		return Health{Message: "suspended, as its manifests or a rollout ask"}
	case "Degraded":
		return Health{State: Failing, Reason: v1alpha1.ReasonDegraded, Message: "Argo CD judges it Degraded; look at its Pods and their Events"}
	case "Missing":
		return Health{State: Progressing, Reason: v1alpha1.ReasonProgressing, Message: "its objects do not exist yet"}
	default:
		return Health{State: Progressing, Reason: v1alpha1.ReasonProgressing, Message: "its health in Argo CD is " + cmp.Or(status, "not known yet")}
	}
}
