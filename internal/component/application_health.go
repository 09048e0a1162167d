package component

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/foreign/argocd"
)

func applicationsHealth(in Input, key Key, live *unstructured.Unstructured) Health {
	if key.Kind == applicationSetKind.Kind {
		return applicationSetHealth(in, live)
	}
	return applicationHealth(in, key, live)
}

// applicationSetHealth: one bad element stops the whole ApplicationSet, so what its
// controller complains about concerns every app. Its status.resources is not read:
// it lags behind the Applications.
func applicationSetHealth(in Input, live *unstructured.Unstructured) Health {
	health, ok := existence(live)
	if !ok {
		return health
	}
	if MissesProject(in, live) {
		return Health{State: Progressing, Reason: v1alpha1.ReasonStale, Message: "Argo CD has not noticed its project yet"}
	}
	if failed := conditionOf(live, "ErrorOccurred"); failed.status == string(corev1.ConditionTrue) {
		return Health{
			State: Failing, Reason: v1alpha1.ReasonSyncFailed,
			Message: withCause("Argo CD cannot generate the Applications: ", failed.message, ""),
		}
	}
	return Health{}
}

// projectMissing is how Argo CD says that it does not have the project of an Application.
var projectMissing = regexp.MustCompile(`references project (\S+) which does not exist`)

// MissesProject says whether Argo CD complains about an ApplicationSet because it had not yet seen the
// environment's AppProject, which is there.
func MissesProject(in Input, live *unstructured.Unstructured) bool {
	failed := conditionOf(live, "ErrorOccurred")
	match := projectMissing.FindStringSubmatch(failed.message)
	return failed.status == string(corev1.ConditionTrue) && match != nil && match[1] == ProjectName(in.Env) && in.LiveProject != nil
}

// applicationHealth judges an Application by rules that must all hold, the first
// that does not decides. Its row is filled in whatever the verdict.
func applicationHealth(in Input, key Key, live *unstructured.Unstructured) Health {
	row := &v1alpha1.AppStatus{Application: key.Name}
	element := elementNamed(in, key.Name)
	row.Name = element[argocd.ElementName]
	health, ok := existence(live)
	if live == nil {
		health.Message = "Argo CD has not generated it yet; check that its ApplicationSet controller runs"
	} else if app, err := argocd.DecodeApplication(live); err != nil {
		health = Health{State: Failing, Reason: v1alpha1.ReasonInvalid, Message: withCause("", err.Error(), "")}
	} else {
		fillRow(row, app)
		if ok {
			health = verdict(in, element, app)
		}
		if moved := movedNamespace(in, element); moved != nil {
			health = *moved
		}
		if !trusted(health) {
			row.Health = "Unknown"
		}
	}
	row.Message = health.Message
	health.App = row
	return health
}

func elementNamed(in Input, application string) argocd.Element {
	for _, app := range in.Env.Spec.Apps {
		// The name has the app's in it. To make all names for each Application would take the square of the apps.
		if strings.Contains(application, app.Name) && ApplicationName(in.Env, app.Name) == application {
			return elementOf(in, app)
		}
	}
	return argocd.Element{}
}

func fillRow(row *v1alpha1.AppStatus, app argocd.Application) {
	row.Sync = app.Status.Sync.Status
	row.Health = app.Status.Health.Status
	row.Images = app.Status.Summary.Images
	if app.Status.Sync.Status == syncedStatus {
		row.Revision = app.Status.Sync.Revision
	} else if history := app.Status.History; len(history) > 0 {
		row.Revision = history[len(history)-1].Revision
	}
}

// trusted: the health in the Application may be of an earlier spec or sync.
func trusted(health Health) bool {
	return health.Reason != v1alpha1.ReasonStale
}

// movedNamespace: the live element's namespace stays, whatever the spec says.
func movedNamespace(in Input, element argocd.Element) *Health {
	for _, app := range in.Env.Spec.Apps {
		if app.Name != element[argocd.ElementName] {
			continue
		}
		wanted, live := NamespaceOf(in.Env, app.Namespace), element[argocd.ElementNamespace]
		if wanted == live {
			return nil
		}
		return &Health{
			State: Stalled, Reason: v1alpha1.ReasonImmutableChanged,
			Message: shorten(fmt.Sprintf("stays in namespace %s, it cannot move to %s; remove the app, wait until it is gone and add it again, or use a new name", live, wanted)),
		}
	}
	return nil
}

// What Argo CD writes into status.
const (
	syncedStatus    = "Synced"
	outOfSyncStatus = "OutOfSync"
)

// verdict is about an Application that exists and is not being deleted.
func verdict(in Input, element argocd.Element, app argocd.Application) Health {
	for _, rule := range []func(Input, argocd.Element, argocd.Application) *Health{
		notAsRendered, complaint, syncing, notJudged, failedSync, notSynced, nothingThere, podsRefused, unusedImage,
	} {
		if health := rule(in, element, app); health != nil {
			health.Message = shorten(health.Message)
			return *health
		}
	}
	return byHealth(app)
}

// notAsRendered: a verdict on another spec than ours says nothing about ours.
func notAsRendered(in Input, element argocd.Element, app argocd.Application) *Health {
	if sameSpec(applicationSpec(in.Env, element), app.Spec) {
		return nil
	}
	return &Health{State: Progressing, Reason: v1alpha1.ReasonStale, Message: "Argo CD has not yet taken over the latest change of the spec"}
}

// sameSpec compares what the operator writes; Argo CD may leave out zero values.
func sameSpec(want, have argocd.ApplicationSpec) bool {
	for _, spec := range []*argocd.ApplicationSpec{&want, &have} {
		if spec.SyncPolicy == nil {
			spec.SyncPolicy = &argocd.SyncPolicy{}
		}
		policy := *spec.SyncPolicy
		policy.SyncOptions = append([]string{}, policy.SyncOptions...)
		slices.Sort(policy.SyncOptions)
		spec.SyncPolicy = &policy
	}
	return reflect.DeepEqual(want, have)
}

// complaint: these conditions stand only while their cause does.
func complaint(in Input, element argocd.Element, app argocd.Application) *Health {
	for _, wanted := range []string{"InvalidSpecError", "ComparisonError", "SyncError", "UnknownError"} {
		for _, found := range app.Status.Conditions {
			if found.Type != wanted {
				continue
			}
			said := found.Message
			if state := app.Status.OperationState; wanted == "SyncError" && state != nil && state.Message != "" && strings.Contains(said, state.Message) {
				said = state.Failure() // the condition is about this sync
			}
			return &Health{State: Failing, Reason: v1alpha1.ReasonSyncFailed, Message: argoSays(in, element, "Argo CD says: ", said)}
		}
	}
	return nil
}

// blockedByWindow is how Argo CD says that a sync was asked for and waits.
const blockedByWindow = "blocked by sync window"

func syncing(in Input, element argocd.Element, app argocd.Application) *Health {
	state := app.Status.OperationState
	running := state != nil && (state.Phase == "Running" || state.Phase == "Terminating")
	switch {
	case running && strings.Contains(state.Message, blockedByWindow):
		return &Health{State: Progressing, Reason: v1alpha1.ReasonOutOfSync, Message: "a sync is asked for and waits until a sync window allows it"}
	case running && state.FinishedAt != "":
		return &Health{State: Progressing, Reason: v1alpha1.ReasonProgressing, Message: argoSays(in, element, "a sync failed and is tried again: ", state.Failure())}
	case running || app.Operation != nil:
		return &Health{State: Progressing, Reason: v1alpha1.ReasonProgressing, Message: "Argo CD is syncing it"}
	}
	return nil
}

// notJudged: right after a sync, and after a change of the spec, the health that
// stands there is the one from before.
func notJudged(_ Input, _ argocd.Element, app argocd.Application) *Health {
	compared := app.Status.Sync.ComparedTo
	current := app.Status.ReconciledAt != "" && app.Status.Sync.Status != "" &&
		app.Status.JudgedSinceSync() &&
		reflect.DeepEqual(compared.Source, app.Spec.Source) &&
		compared.Destination.Server == app.Spec.Destination.Server &&
		compared.Destination.Namespace == app.Spec.Destination.Namespace
	if current {
		return nil
	}
	return &Health{State: Progressing, Reason: v1alpha1.ReasonStale, Message: "Argo CD has not yet judged it as it is now"}
}

func failedSync(in Input, element argocd.Element, app argocd.Application) *Health {
	if state := app.Status.OperationState; state != nil && (state.Phase == "Failed" || state.Phase == "Error") {
		return &Health{State: Failing, Reason: v1alpha1.ReasonSyncFailed, Message: argoSays(in, element, "the last sync failed: ", state.Failure())}
	}
	return nil
}
