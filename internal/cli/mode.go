package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

func newPause(streams Streams, c *cluster) *cobra.Command {
	return newMode(streams, c, v1alpha1.ModePaused, &cobra.Command{
		Use:   "pause NAME",
		Short: "Let the operator do nothing for an environment",
		Long: `Set spec.mode to Paused: the operator neither writes, repairs nor removes anything of the environment; a deletion waits.
What runs goes on running, and Argo CD goes on syncing. Where Git holds the AppEnvironment, change it there, or Git takes it back.`,
		Example: `  kubectl appenv pause hoge-dev`,
	})
}

func newObserve(streams Streams, c *cluster) *cobra.Command {
	return newMode(streams, c, v1alpha1.ModeObserve, &cobra.Command{
		Use:   "observe NAME",
		Short: "Let the operator only say what it would do",
		Long: `Set spec.mode to Observe: the operator writes nothing but status, and lists there what it would do
(kubectl appenv status NAME shows it).`,
		Example: `  kubectl appenv observe hoge-dev && kubectl appenv status hoge-dev`,
	})
}

func newResume(streams Streams, c *cluster) *cobra.Command {
	return newMode(streams, c, v1alpha1.ModeEnforce, &cobra.Command{
		Use:     "resume NAME",
		Short:   "Let the operator keep an environment again",
		Long:    `Set spec.mode to Enforce: the operator creates, repairs and removes again, what has changed meanwhile included.`,
		Example: `  kubectl appenv resume hoge-dev`,
	})
}

func newMode(streams Streams, c *cluster, mode v1alpha1.Mode, command *cobra.Command) *cobra.Command {
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
