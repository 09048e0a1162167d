package cli

import (
	"fmt"
	"regexp"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/render"
)

// A command to paste is made of what the operator itself has put down: the reason, the object that a line begins with, and
// the environment. The rest of a line is told in the words of Argo CD, webhooks, policies and Events, which whoever writes
// a manifest can choose: none of them becomes part of a command.

// A cause is what blocks an environment.
type cause struct {
	reason string        // empty where no condition tells it
	object component.Key // zero where it is about no object, or one that no environment has
	says   string        // what is said of the object
}

var (
	subject  = regexp.MustCompile(`^([A-Za-z]+) (?:([^\s/:]+)/)?([^\s/:]+): `)
	teardown = regexp.MustCompile(`^teardown step [a-z]+ \(\d+ of \d+\): `)
	andMore  = regexp.MustCompile(` \(and (\d+) more\)$`)
)

// causeOf reads what blocks an environment.
func causeOf(env *v1alpha1.AppEnvironment) cause {
	line := env.Status.BlockedOn
	c := cause{reason: reasonFor(env, line)}
	if env.Status.Teardown != nil {
		line = line[len(teardown.FindString(line)):]
	}
	found := subject.FindStringSubmatch(line)
	if found == nil {
		return c
	}
	c.says = andMore.ReplaceAllString(line[len(found[0]):], "")
	c.object = objectNamed(found[1], found[2], found[3])
	return c
}

// reasonFor is the reason for which an environment is blocked on something.
func reasonFor(env *v1alpha1.AppEnvironment, line string) string {
	held := condition(env, v1alpha1.ConditionReady)
	if held == nil || held.Status == metav1.ConditionTrue || held.Message != line {
		held = blocking(env)
	}
	if held == nil {
		return ""
	}
	return held.Reason
}

// objectNamed is an object of a kind that environments have, if its name can be one; else zero.
func objectNamed(kind, namespace, name string) component.Key {
	if len(validation.IsDNS1123Subdomain(name)) > 0 || namespace != "" && len(validation.IsDNS1123Label(namespace)) > 0 {
		return component.Key{}
	}
	for _, known := range component.Kinds() {
		if known.Kind == kind && known.ClusterScoped == (namespace == "") {
			return component.Key{Group: known.Group, Kind: kind, Namespace: namespace, Name: name}
		}
	}
	return component.Key{}
}

// nextActions is what to do, as commands of which one is to be chosen.
func nextActions(env *v1alpha1.AppEnvironment) []string {
	c := causeOf(env)
	switch {
	case c.reason == v1alpha1.ReasonConfirmationRequired:
		return []string{confirming(env, wholeEnvironment)}
	case !paused(env) && env.DeletionTimestamp.IsZero() && (c.reason == v1alpha1.ReasonNameTaken || c.reason == v1alpha1.ReasonAdoptionUnsafe):
		return []string{render.Command("kubectl", "appenv", "adopt", env.Name)}
	case suspended(env) || c.reason == v1alpha1.ReasonTeardownPaused:
		return []string{render.Command("kubectl", "appenv", "resume", env.Name)}
	case c.reason == v1alpha1.ReasonUnrecordedChildren:
		return []string{render.Command("kubectl", "annotate", "--overwrite", "appenv", env.Name, v1alpha1.AnnotationReAdopt+"="+string(env.UID))}
	case c.reason == v1alpha1.ReasonAPINotInstalled:
		return nil // the object cannot be asked for, and how it is installed is the platform's to know
	case c.object == component.Key{}:
		return nil
	case c.object.Kind == "ExternalSecret":
		return forSecret(env, c)
	case c.object.Kind == "Application":
		return forApplication(env, c)
	}
	return []string{describing(c.object)}
}

func confirming(env *v1alpha1.AppEnvironment, part string) string {
	return render.Command("kubectl", "appenv", "confirm", env.Name, part)
}

func describing(object component.Key) string {
	kind := strings.ToLower(object.Kind)
	if object.Namespace == "" {
		return render.Command("kubectl", "describe", kind, object.Name)
	}
	return render.Command("kubectl", "-n", object.Namespace, "describe", kind, object.Name)
}

// What the operator says of an object as a whole, and which no reason tells. They are compared with what is said, and
// filled in from the environment: nothing is read out of them.
const (
	keyNotFound   = "%s not found; "
	otherType     = "kubectl delete secret -n %s %s lets External Secrets make it again: it has another type than is asked for, which cannot change; or put the type back, or give the item a new secretName"
	syncIsRunning = "its sync is still running and comes before its deletion; to end it: argocd app terminate-op %s"
)

// forSecret is what to do about an ExternalSecret.
func forSecret(env *v1alpha1.AppEnvironment, c cause) []string {
	if env.Spec.Secrets != nil {
		for _, item := range env.Spec.Secrets.Items {
			if item.Name != c.object.Name || component.NamespaceOf(env, item.Namespace) != c.object.Namespace {
				continue
			}
			secret := item.Name
			if item.SecretName != nil {
				secret = *item.SecretName
			}
			if c.says == fmt.Sprintf(otherType, c.object.Namespace, secret) {
				return []string{render.Command("kubectl", "delete", "secret", "-n", c.object.Namespace, secret)}
			}
			if command := createSecret(env.Spec.Secrets.Store, missingKey(item, c.says)); command != "" {
				return []string{command}
			}
		}
	}
	return []string{describing(c.object)}
}

// missingKey is the remote secret of an item that is said not to be there; empty where none is, or where only a version of it may be
// missing.
func missingKey(item v1alpha1.SecretItem, says string) string {
	isMissing := func(entry string) bool { return strings.HasPrefix(says, fmt.Sprintf(keyNotFound, entry)) }
	for _, entry := range item.Extract {
		if isMissing(fmt.Sprintf("key %q", entry.Key)) {
			return entry.Key
		}
	}
	for _, entry := range item.Data {
		named := fmt.Sprintf("key %q", entry.RemoteKey)
		if entry.Property != nil {
			named += fmt.Sprintf(" (property %q)", *entry.Property)
		}
		if isMissing(named) {
			return entry.RemoteKey
		}
	}
	return ""
}

// createSecret is how a key comes into the store; empty where no command does it.
func createSecret(store v1alpha1.Store, key string) string {
	switch {
	case key == "" || strings.HasPrefix(key, "-"): // it would be taken for a flag
		return ""
	case store.GCPSecretManager != nil:
		return render.CreateGoogleSecret(store.GCPSecretManager, key)
	case store.AzureKeyVault != nil:
		return render.CreateAzureSecret(store.AzureKeyVault, key)
	}
	return ""
}

// forApplication is what to do about an Application.
func forApplication(env *v1alpha1.AppEnvironment, c cause) []string {
	byHand := env.Spec.Sync == nil || env.Spec.Sync.Automated == nil
	switch {
	case c.reason == v1alpha1.ReasonLeftBehind:
		return []string{
			render.Command("kubectl", "-n", c.object.Namespace, "delete", "application", c.object.Name),
			render.Command("kubectl", "-n", c.object.Namespace, "label", "application", c.object.Name, v1alpha1.LabelEnvironment+"-"),
		}
	case (c.reason == v1alpha1.ReasonAwaitingSync || c.reason == v1alpha1.ReasonOutOfSync) && byHand:
		return []string{render.Command("argocd", "app", "sync", c.object.Name)}
	case c.says == fmt.Sprintf(syncIsRunning, c.object.Name):
		return []string{render.Command("argocd", "app", "terminate-op", c.object.Name)}
	}
	return []string{render.Command("argocd", "app", "get", c.object.Name)}
}
