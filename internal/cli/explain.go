package cli

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
)

func newExplain(streams Streams, c *cluster) *cobra.Command {
	return &cobra.Command{
		Use:   "explain NAME",
		Short: "Say why an environment is not ready, and what to do",
		Long: `Say why an environment is not ready: the chain from Ready down to the cause, in the operator's own words, and the
next action as a command to paste, where a command can do it. Commands are made of names and reasons alone: the words of
Argo CD, webhooks, policies and Events are told, and never become part of one.`,
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
	is := "is"
	if isOfBefore(env) {
		fmt.Fprintf(&out, "%s is Paused: the operator does not even look at it. What follows is of before.\n", env.Name)
		is = "was"
	}
	if ready.Status == metav1.ConditionTrue && env.Status.BlockedOn == "" {
		fmt.Fprintf(&out, "%s %s Ready.\n", env.Name, is)
	} else {
		fmt.Fprintf(&out, "%s: Ready %s %s, %s\n", env.Name, is, ready.Status, ready.Reason)
		indent := "  "
		for _, link := range chain(env) {
			fmt.Fprintf(&out, "%s%s\n", indent, link)
			indent += "  "
		}
	}
	explainNext(&out, nextActions(env))
	explainRemovals(&out, env)
	return out.Bytes()
}

// explainNext writes commands to paste. Several are a choice.
func explainNext(out *bytes.Buffer, commands []string) {
	switch len(commands) {
	case 0:
		return
	case 1:
		out.WriteString("\nNext:\n")
	default:
		out.WriteString("\nNext, one of:\n")
	}
	for _, command := range commands {
		fmt.Fprintf(out, "  %s\n", command)
	}
}

// explainRemovals writes what waits for a confirmation and keeps nothing from being ready. Where the deletion of the
// environment waits, that is the cause.
func explainRemovals(out *bytes.Buffer, env *v1alpha1.AppEnvironment) {
	if causeOf(env).reason == v1alpha1.ReasonConfirmationRequired {
		return
	}
	gap := "\n"
	for _, waiting := range removals(env) {
		if waiting.why != "" {
			continue // nobody has asked for it
		}
		what := waiting.part + " is to be removed"
		switch waiting.part {
		case wholeEnvironment:
			what = "its deletion"
		case endOfProtection:
			what = "the end of its protection"
		}
		fmt.Fprintf(out, "%sAlso waits: %s: %s\n", gap, what, confirming(env, waiting.part))
		gap = ""
	}
}

// chain is why, one step after another: conditions that wait for another come before the one they wait for.
func chain(env *v1alpha1.AppEnvironment) []string {
	var links []string
	for _, held := range waitingFor(env, blocking(env)) {
		links = append(links, fmt.Sprintf("because %s is %s, %s: %s", held.Type, held.Status, held.Reason, held.Message))
	}
	if stalled := condition(env, v1alpha1.ConditionStalled); stalled != nil && stalled.Status == metav1.ConditionTrue {
		links = append(links, "and it will not get better by itself ("+stalled.Reason+")")
	}
	told := func(link string) bool { return strings.Contains(link, env.Status.BlockedOn) }
	if !slices.ContainsFunc(links, told) && env.Status.BlockedOn != "" {
		links = append(links, "blocked on "+env.Status.BlockedOn)
	}
	return links
}

// leadsTo is the condition that one of a reason waits for.
var leadsTo = map[string]string{
	v1alpha1.ReasonWaitingForNamespace: v1alpha1.ConditionNamespacesReady,
	v1alpha1.ReasonWaitingForProject:   v1alpha1.ConditionProjectReady,
	v1alpha1.ReasonWaitingForSecrets:   v1alpha1.ConditionSecretsReady,
}

// waitingFor is the longest way to a condition by those that wait for it, and it itself at the end.
func waitingFor(env *v1alpha1.AppEnvironment, cause *metav1.Condition) []*metav1.Condition {
	var longest []*metav1.Condition
	for i := len(component.All) - 1; i >= 0 && cause != nil; i-- {
		var way []*metav1.Condition
		for at := condition(env, component.All[i].Condition); at != nil && at.Status != metav1.ConditionTrue && !slices.Contains(way, at); at = condition(env, leadsTo[at.Reason]) {
			way = append(way, at)
			if at.Type == cause.Type && len(way) > len(longest) {
				longest = way
			}
		}
	}
	return longest
}

// blocking is the condition of the component that blockedOn is about; nil where it is about none, or no single one.
func blocking(env *v1alpha1.AppEnvironment) *metav1.Condition {
	subject, _, _ := strings.Cut(env.Status.BlockedOn, ": ")
	var found *metav1.Condition
	for _, c := range component.All {
		held := condition(env, c.Condition)
		switch {
		case held == nil || held.Status == metav1.ConditionTrue || subject == "":
		case held.Message == env.Status.BlockedOn:
			return held
		case found == nil && strings.HasPrefix(held.Message, subject+": "):
			found = held
		}
	}
	return found
}
