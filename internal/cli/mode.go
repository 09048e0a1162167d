package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

func newPause(streams Streams) *cobra.Command {
	return newMode(streams, v1alpha1.ModePaused, &cobra.Command{
		Use:   "pause NAME",
		Short: "Let the operator do nothing for an environment",
		Long: `Set spec.mode to Paused: the operator neither writes, repairs nor removes anything of the environment; a deletion waits.
What runs goes on running, and Argo CD goes on syncing. Where Git holds the AppEnvironment, change it there, or Git takes it back.`,
		Example: `  kubectl appenv pause hoge-dev`,
	})
}

func newObserve(streams Streams) *cobra.Command {
	return newMode(streams, v1alpha1.ModeObserve, &cobra.Command{
		Use:   "observe NAME",
		Short: "Let the operator only say what it would do",
		Long: `Set spec.mode to Observe: the operator writes nothing but status, and lists there what it would do
(kubectl appenv status NAME shows it).`,
		Example: `  kubectl appenv observe hoge-dev && kubectl appenv status hoge-dev`,
	})
}

func newResume(streams Streams) *cobra.Command {
	return newMode(streams, v1alpha1.ModeEnforce, &cobra.Command{
		Use:     "resume NAME",
		Short:   "Let the operator keep an environment again",
		Long:    `Set spec.mode to Enforce: the operator creates, repairs and removes again, what has changed meanwhile included.`,
		Example: `  kubectl appenv resume hoge-dev`,
	})
}

func newMode(streams Streams, mode v1alpha1.Mode, command *cobra.Command) *cobra.Command {
	c := newCluster(command)
	command.Args = cobra.ExactArgs(1)
	command.RunE = func(command *cobra.Command, names []string) error {
		if err := c.connect(); err != nil {
			return err
		}
		env, err := c.get(command.Context(), names[0])
		if err != nil {
			return err
		}
		before := env.Spec.Mode
		if before == "" {
			before = v1alpha1.ModeEnforce
		}
		if before == mode {
			_, err = fmt.Fprintf(streams.Out, "%s: mode is %s already\n", env.Name, mode)
			return err
		}
		patch, err := json.Marshal(map[string]any{"spec": map[string]any{"mode": mode}})
		if err != nil {
			return err
		}
		if err := c.patch(command.Context(), env.Name, patch); err != nil {
			return err
		}
		_, err = fmt.Fprintf(streams.Out, "%s: mode is %s, was %s\n", env.Name, mode, before)
		return err
	}
	return command
}

func newConfirm(streams Streams) *cobra.Command {
	var c *cluster
	command := &cobra.Command{
		Use:   "confirm NAME [PART...]",
		Short: "Confirm removals that a protected environment waits with",
		Long: `Confirm what status.pendingRemovals lists: the deletion of a protected environment, or the removal of parts of it.
Without parts it lists what waits, and confirms nothing. A part is named as it is listed, with or without its generation, as in
apps/app1; the deletion of the whole is named by the AppEnvironment's UID. A confirmation holds for the generation in which it
is given: whatever changes afterwards needs another one.`,
		Example: `  # What waits?
  kubectl appenv confirm hoge-prod

  # Remove the app, and nothing else
  kubectl appenv confirm hoge-prod apps/app1`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error {
			if err := c.connect(); err != nil {
				return err
			}
			env, err := c.get(command.Context(), arguments[0])
			if err != nil {
				return err
			}
			if err := looked(env); err != nil {
				return err
			}
			if len(arguments) == 1 {
				_, err := streams.Out.Write([]byte(pending(env)))
				return err
			}
			words, err := confirmations(env, arguments[1:])
			if err != nil {
				return err
			}
			patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
				"resourceVersion": env.ResourceVersion, // what is confirmed is what was read
				"annotations":     map[string]string{v1alpha1.AnnotationConfirm: strings.Join(words, ",")},
			}})
			if err != nil {
				return err
			}
			if err := c.patch(command.Context(), env.Name, patch); err != nil {
				return err
			}
			_, err = fmt.Fprintf(streams.Out, "%s: confirmed %s\n", env.Name, strings.Join(words, ", "))
			return err
		},
	}
	c = newCluster(command)
	return command
}

// looked is an error when what waits is not known.
func looked(env *v1alpha1.AppEnvironment) error {
	if env.Status.ObservedGeneration != env.Generation {
		return errors.New("the operator has not looked at the last change yet, so what waits is not known; try again in a moment")
	}
	return nil
}

// pending lists what waits.
func pending(env *v1alpha1.AppEnvironment) string {
	if len(env.Status.PendingRemovals) == 0 {
		return env.Name + ": no removal waits for a confirmation\n"
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%s waits for a confirmation of\n", env.Name)
	for _, word := range env.Status.PendingRemovals {
		what, _, _ := strings.Cut(word, "@")
		if what == string(env.UID) {
			what = "the deletion of the environment"
		}
		fmt.Fprintf(&out, "  %s: kubectl appenv confirm %s %s\n", what, env.Name, word)
	}
	return out.String()
}

// confirmations are the words of what is named; those that stand in the annotation and still wait are kept.
func confirmations(env *v1alpha1.AppEnvironment, parts []string) ([]string, error) {
	var words []string
	for _, given := range strings.Split(env.Annotations[v1alpha1.AnnotationConfirm], ",") {
		if given = strings.TrimSpace(given); slices.Contains(env.Status.PendingRemovals, given) {
			words = append(words, given)
		}
	}
	for _, part := range parts {
		i := slices.IndexFunc(env.Status.PendingRemovals, func(word string) bool {
			what, _, _ := strings.Cut(word, "@")
			return word == part || what == part
		})
		if i < 0 {
			return nil, fmt.Errorf("%s is none of the removals that wait\n%s", part, strings.TrimSuffix(pending(env), "\n"))
		}
		if word := env.Status.PendingRemovals[i]; !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	return words, nil
}
