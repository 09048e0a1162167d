package cli

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/render"
)

func newExplain(streams Streams, c *cluster) *cobra.Command {
	return &cobra.Command{
		Use:   "explain NAME",
		Short: "Say why an environment is not ready, and what to do",
		Long: `Say why an environment is not ready: the chain from Ready down to the cause, in the operator's own words, and the
next action as a command to paste, where a command can do it.`,
		Example: `  kubectl appenv explain hoge-dev`,
		Args:    cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, names []string) error {
			if err := c.connect(); err != nil {
				return err
			}
			env, err := c.get(command.Context(), names[0])
			if err != nil {
				return err
			}
			_, err = streams.Out.Write(explanation(env))
			return err
		},
	}
}

// explanation is the chain from Ready to the cause.
func explanation(env *v1alpha1.AppEnvironment) []byte {
	var out bytes.Buffer
	ready := condition(env, v1alpha1.ConditionReady)
	switch {
	case ready == nil:
		fmt.Fprintf(&out, "%s has no status: the operator has not looked at it. Does it run, and does it keep this environment?\n\n", env.Name)
		fmt.Fprintf(&out, "Next:\n  kubectl -n appenv-system get pods\n")
		return out.Bytes()
	case env.Status.ObservedGeneration != env.Generation:
		fmt.Fprintf(&out, "%s was changed, and the operator has not looked at the change yet. What follows is of before.\n", env.Name)
	}
	if ready.Status == metav1.ConditionTrue && env.Status.BlockedOn == "" && len(env.Status.PendingRemovals) == 0 {
		fmt.Fprintf(&out, "%s is Ready.\n", env.Name)
		return out.Bytes()
	}
	fmt.Fprintf(&out, "%s: Ready is %s, %s\n", env.Name, ready.Status, ready.Reason)
	indent := "  "
	for _, link := range chain(env) {
		fmt.Fprintf(&out, "%s%s\n", indent, link)
		indent += "  "
	}
	if next := nextAction(env); len(next) > 0 {
		fmt.Fprintf(&out, "\nNext:\n")
		for _, command := range next {
			fmt.Fprintf(&out, "  %s\n", command)
		}
	}
	return out.Bytes()
}

// chain is why, one step after another: conditions that wait for another come before the one they wait for.
func chain(env *v1alpha1.AppEnvironment) []string {
	var links []string
	for i := len(component.All) - 1; i >= 0; i-- {
		held := condition(env, component.All[i].Condition)
		if held == nil || held.Status == metav1.ConditionTrue {
			continue
		}
		waits := strings.HasPrefix(held.Reason, "WaitingFor")
		if waits || env.Status.BlockedOn != "" && strings.HasPrefix(held.Message, blockedObject(env)) {
			links = append(links, fmt.Sprintf("because %s is %s, %s: %s", held.Type, held.Status, held.Reason, held.Message))
		}
	}
	if stalled := condition(env, v1alpha1.ConditionStalled); stalled != nil && stalled.Status == metav1.ConditionTrue {
		links = append(links, "and it will not get better by itself ("+stalled.Reason+")")
	}
	if env.Status.BlockedOn != "" && (len(links) == 0 || !strings.Contains(links[len(links)-1], env.Status.BlockedOn)) {
		links = append(links, "blocked on "+env.Status.BlockedOn)
	}
	return links
}

// blockedObject is the object that blockedOn begins with, as in "ExternalSecret hoge/app1-env".
func blockedObject(env *v1alpha1.AppEnvironment) string {
	object, _, _ := strings.Cut(env.Status.BlockedOn, ":")
	return object
}

var (
	shown   = regexp.MustCompile(`\b(kubectl|argocd) [^;:(),]+`)
	object  = regexp.MustCompile(`^([A-Z][A-Za-z]+) (?:([-a-z0-9.]+)/)?([-a-z0-9.]+)$`)
	keyGone = regexp.MustCompile(`key "([^"]+)" (?:was )?not found|key "([^"]+)" does not exist`)
)

// nextAction is what to do, as commands: what waits to be confirmed, else what the operator's own words say.
func nextAction(env *v1alpha1.AppEnvironment) []string {
	var confirmations []string
	for _, removal := range env.Status.PendingRemovals {
		confirmations = append(confirmations, fmt.Sprintf("kubectl appenv confirm %s %s", env.Name, removal))
	}
	if len(confirmations) > 0 {
		return confirmations
	}
	if command := commandIn(env.Status.BlockedOn); command != "" {
		return []string{command}
	}
	if suspended(env) {
		return []string{"kubectl appenv resume " + env.Name}
	}
	if ready := condition(env, v1alpha1.ConditionReady); ready != nil && ready.Reason == v1alpha1.ReasonAPINotInstalled {
		return nil // the object cannot be asked for, and how it is installed is the platform's to know
	}
	found := object.FindStringSubmatch(blockedObject(env))
	if found == nil {
		return nil
	}
	kind, namespace, name := found[1], found[2], found[3]
	switch kind {
	case "ExternalSecret":
		if key := keyGone.FindStringSubmatch(env.Status.BlockedOn); key != nil && env.Spec.Secrets != nil {
			if command := createSecret(env.Spec.Secrets.Store, key[1]+key[2]); command != "" {
				return []string{command}
			}
		}
		return []string{fmt.Sprintf("kubectl -n %s describe externalsecret %s", namespace, name)}
	case "Application":
		return applicationCommands(env, name)
	}
	if namespace != "" {
		return []string{fmt.Sprintf("kubectl -n %s describe %s %s", namespace, strings.ToLower(kind), name)}
	}
	return []string{fmt.Sprintf("kubectl describe %s %s", strings.ToLower(kind), name)}
}

// commandIn is the command that a message of the operator shows, as far as it can be told from the words around it.
func commandIn(message string) string {
	if start := strings.Index(message, "kubectl annotate"); start >= 0 {
		words := strings.Fields(message[start:])
		for i, word := range words {
			if strings.Contains(word, "=") {
				return strings.TrimRight(strings.Join(words[:i+1], " "), ",;.")
			}
		}
	}
	if start := strings.Index(message, "kubectl patch"); start >= 0 {
		if patch, _, whole := strings.Cut(message[start:], "}' "); whole {
			return patch + "}'"
		}
	}
	if found := shown.FindString(message); found != "" && (strings.Contains(message, "("+found+")") || strings.HasSuffix(message, found)) {
		return strings.TrimSpace(found)
	}
	return ""
}

// createSecret is how a key comes into the store.
func createSecret(store v1alpha1.Store, key string) string {
	switch {
	case store.GCPSecretManager != nil:
		return render.CreateGoogleSecret(store.GCPSecretManager, key)
	case store.AzureKeyVault != nil:
		return render.CreateAzureSecret(store.AzureKeyVault, key)
	}
	return ""
}

func applicationCommands(env *v1alpha1.AppEnvironment, name string) []string {
	ready := condition(env, v1alpha1.ConditionApplicationsReady)
	if ready != nil && (ready.Reason == v1alpha1.ReasonAwaitingSync || ready.Reason == v1alpha1.ReasonOutOfSync) && (env.Spec.Sync == nil || env.Spec.Sync.Automated == nil) {
		return []string{"argocd app sync " + name}
	}
	return []string{"argocd app get " + name}
}
