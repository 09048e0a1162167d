package component

import (
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

func secretHealth(in Input, key Key, live *unstructured.Unstructured) Health {
	if key.Kind == secretStoreKind.Kind {
		return storeHealth(in, key, live)
	}
	health := externalSecretHealth(in, key, live)
	health.Secret = &v1alpha1.SecretStatus{
		Name: key.Name, Namespace: key.Namespace, Ready: health.State == OK,
		Reason: health.Reason, Message: health.Message,
	}
	if health.State == OK {
		health.Secret.Reason = v1alpha1.ReasonReady
	}
	return health
}

// storeHealth: a store that was valid once has its capabilities in status.
func storeHealth(in Input, key Key, live *unstructured.Unstructured) Health {
	health, ok := existence(live)
	if !ok {
		return health
	}
	ready := conditionOf(live, "Ready")
	switch {
	case ready.status == string(corev1.ConditionTrue):
		return Health{}
	case ready.status == "":
		return Health{
			State: Progressing, Reason: v1alpha1.ReasonProgressing,
			Message: "External Secrets has not looked at it yet; check that it runs",
		}
	}
	health = Health{State: Progressing, Reason: v1alpha1.ReasonSecretNotSynced}
	if text(live.Object, "status", "capabilities") != "" {
		health = Health{State: Failing, Reason: v1alpha1.ReasonStoreFailing}
	}
	cause := in.Causes[key]
	if cause == "" {
		cause = ready.message
	}
	health.Message = withCause("the store cannot be used: ", cause, "; check "+identity(in.Env))
	return health
}

func externalSecretHealth(in Input, key Key, live *unstructured.Unstructured) Health {
	health, ok := existence(live)
	if !ok {
		return health
	}
	ready := conditionOf(live, "Ready")
	switch {
	case ready.status == string(corev1.ConditionFalse):
		return failingSecret(in, key, live, ready)
	case ready.status != string(corev1.ConditionTrue):
		return Health{
			State: Progressing, Reason: v1alpha1.ReasonSecretNotSynced,
			Message: "External Secrets has not synced it yet; check that it runs",
		}
	case !judgesThisGeneration(live):
		return Health{
			State: Progressing, Reason: v1alpha1.ReasonSecretNotSynced,
			Message: "External Secrets has not yet synced its latest change",
		}
	}
	return keepsType(in, key, live)
}

// keepsType is about a secret that is well, and whose item asks for another type than the
// Secret has.
func keepsType(in Input, key Key, live *unstructured.Unstructured) Health {
	item, asked := itemOf(in.Env, key)
	have, proven, _ := Written(live)
	if want := writtenAs(item); !asked || !proven || want.Name != have.Name || want.Type == have.Type {
		return Health{}
	}
	return Health{State: Stalled, Reason: v1alpha1.ReasonImmutableChanged, Message: shorten(fmt.Sprintf(
		"Secret %s keeps its type %s, Kubernetes lets no Secret change it; put the type back, or give the item a new secretName, "+
			"or remove it, wait until it is gone and add it again", have.Name, have.Type))}
}

func itemOf(env *v1alpha1.AppEnvironment, key Key) (v1alpha1.SecretItem, bool) {
	if env.Spec.Secrets == nil {
		return v1alpha1.SecretItem{}, false
	}
	for _, item := range env.Spec.Secrets.Items {
		if externalSecretKey(env, item) == key {
			return item, true
		}
	}
	return v1alpha1.SecretItem{}, false
}

func failingSecret(in Input, key Key, live *unstructured.Unstructured, ready condition) Health {
	if !syncedOnce(live) {
		return Health{State: Progressing, Reason: v1alpha1.ReasonSecretNotSynced, Message: secretCause(in, key, live, ready, "")}
	}
	return Health{
		State: Failing, Reason: v1alpha1.ReasonStoreFailing,
		Message: secretCause(in, key, live, ready, " (the Secret keeps its last values)"),
	}
}

// judgesThisGeneration: External Secrets writes syncedResourceVersion, which begins
// with the generation, only when a sync succeeds.
func judgesThisGeneration(live *unstructured.Unstructured) bool {
	generation, _, _ := strings.Cut(text(live.Object, "status", "syncedResourceVersion"), "-")
	return generation == strconv.FormatInt(live.GetGeneration(), 10)
}

// syncedOnce says whether External Secrets has ever written the Secret.
func syncedOnce(live *unstructured.Unstructured) bool {
	return live != nil && text(live.Object, "status", "refreshTime") != ""
}
