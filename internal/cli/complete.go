package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// completionTimeout is how long a shell waits for the names that could come next.
const completionTimeout = 3 * time.Second

// completeNames completes the name of an environment, the first word of a command. A cluster that does not answer has none:
// whoever presses a key has not asked for an error.
func (c *cluster) completeNames(command *cobra.Command, words []string, begun string) ([]string, cobra.ShellCompDirective) {
	if len(words) > 0 || c.connect() != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(command.Context(), completionTimeout)
	defer cancel()
	list, err := c.list(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, env := range list.Items {
		if strings.HasPrefix(env.Name, begun) {
			names = append(names, env.Name)
		}
	}
	slices.Sort(names)
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeFlag completes the values of a flag, of which there are no others.
func completeFlag(command *cobra.Command, flag string, values ...string) {
	if err := command.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // the command has no such flag
	}
}

// completeTargets completes what import reads an environment from, its first word. Files are named with -f.
func completeTargets(_ *cobra.Command, words []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(words) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return []string{"namespace", "applicationset"}, cobra.ShellCompDirectiveNoFileComp
}

// completeNoFiles has commands that complete no word offer no names of files either: files are named with -f.
func completeNoFiles(commands ...*cobra.Command) {
	for _, command := range commands {
		if command.ValidArgsFunction == nil {
			command.ValidArgsFunction = cobra.NoFileCompletions
		}
	}
}

// withNames has commands take the name of an environment as their first word, and complete it.
func (c *cluster) withNames(commands ...*cobra.Command) []*cobra.Command {
	for _, command := range commands {
		command.ValidArgsFunction = c.completeNames
		count := command.Args
		command.Args = func(command *cobra.Command, words []string) error {
			if err := count(command, words); err != nil || len(words) == 0 {
				return err
			}
			return checkName(words[0])
		}
	}
	return commands
}

// checkName refuses what no environment can be called: asked for, it would be something else, or nothing.
func checkName(name string) error {
	if problems := validation.IsDNS1123Subdomain(name); len(problems) > 0 {
		return fmt.Errorf("%q is no name of an AppEnvironment: lower-case letters, digits, '-' and '.'", name)
	}
	return nil
}
