package component

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// An Admission says which apps are in the ApplicationSet's list, and why the
// others are not.
type Admission struct {
	// Admitted are the names of the apps that have passed the gate. Sorted. Empty
	// means: write no ApplicationSet, and leave a live one alone with all it needs.
	Admitted []string
	// Latched are the apps that have passed the gate, in the list or not: one whose name
	// was taken while the list was gone stays one of them. Sorted.
	Latched []string
	// Held are the apps that are held back, by name, each with its row filled in.
	Held map[string]Health
}

// A Waiting is what new apps wait for.
type Waiting struct {
	// Key is the first ExternalSecret, in the order of the spec, that has never been synced.
	Key Key
	// Health says why. Its message speaks of the secret without its name.
	Health Health
}

// Admit decides which apps pass the gate. An app passed it when the live list or
// status.admittedApps has it, and then is held back by nothing but a taken name;
// the live list's own apps not even by that. A new app needs a namespace of ours,
// a free Application name and, unless the gate is None, secrets that have all been
// synced once. taken are the apps whose Application belongs to somebody else.
func Admit(in Input, waiting *Waiting, taken map[string]Health) Admission {
	admission := Admission{Held: map[string]Health{}}
	for _, app := range in.Env.Spec.Apps {
		held := admit(in, app, waiting, taken)
		if held == nil || slices.Contains(in.Env.Status.AdmittedApps, app.Name) {
			admission.Latched = append(admission.Latched, app.Name)
		}
		if held == nil {
			admission.Admitted = append(admission.Admitted, app.Name)
			continue
		}
		held.App = &v1alpha1.AppStatus{
			Name:        app.Name,
			Application: ApplicationName(in.Env, app.Name),
			Message:     held.Message,
		}
		admission.Held[app.Name] = *held
	}
	slices.Sort(admission.Admitted)
	slices.Sort(admission.Latched)
	return admission
}

// admit is nil when the app is in the list, else why it is not.
func admit(in Input, app v1alpha1.App, waiting *Waiting, taken map[string]Health) *Health {
	if _, live := in.LiveElements[app.Name]; live {
		return nil
	}
	if why, isTaken := taken[app.Name]; isTaken {
		return &why
	}
	if slices.Contains(in.Env.Status.AdmittedApps, app.Name) {
		return nil
	}
	namespace := NamespaceOf(in.Env, app.Namespace)
	if why, withheld := in.Withheld[namespace]; withheld {
		return &Health{
			State:   Progressing,
			Reason:  v1alpha1.ReasonWaitingForNamespace,
			Message: shorten(fmt.Sprintf("waits for Namespace %s: %s", namespace, why.Message)),
		}
	}
	if waiting != nil && gate(in.Env) == v1alpha1.GateSecrets {
		return &Health{
			State:   Progressing,
			Reason:  v1alpha1.ReasonWaitingForSecrets,
			Message: shorten(fmt.Sprintf("waits for %s: %s", waiting.Key, waiting.Health.Message)),
		}
	}
	return nil
}

func gate(env *v1alpha1.AppEnvironment) v1alpha1.Gate {
	if env.Spec.Sync == nil || env.Spec.Sync.Gate == "" {
		return v1alpha1.GateSecrets
	}
	return env.Spec.Sync.Gate
}

// SecretsSynced is nil when every ExternalSecret has been synced once, else it
// names the first that has not, or goes with its Secret, in the order of the spec. live are the live
// ExternalSecrets that are ours. A secret in a withheld namespace holds back too.
func SecretsSynced(in Input, live map[Key]*unstructured.Unstructured) *Waiting {
	if in.Env.Spec.Secrets == nil {
		return nil
	}
	for _, item := range in.Env.Spec.Secrets.Items {
		key := externalSecretKey(in.Env, item)
		if why, withheld := in.Withheld[key.Namespace]; withheld {
			why.Message = fmt.Sprintf("Namespace %s: %s", key.Namespace, why.Message)
			return &Waiting{Key: key, Health: why}
		}
		if !syncedOnce(live[key]) || live[key].GetDeletionTimestamp() != nil {
			return &Waiting{Key: key, Health: secrets.Health(in, key, live[key])}
		}
	}
	return nil
}
