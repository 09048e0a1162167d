package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/controller"
	"github.com/appenv/appenv-operator/internal/lint"
)

// Exit codes of diff, as kubectl diff has them.
const (
	differs       = 1
	cannotCompare = 2
)

type diffOptions struct {
	files
	settings component.Settings
}

func newDiff(streams Streams, c *cluster) *cobra.Command {
	o := &diffOptions{}
	command := &cobra.Command{
		Use:   "diff -f FILE|FOLDER|-",
		Short: "Show what the operator would change in the cluster",
		Long: `Show what the operator would change in the cluster if the AppEnvironments in the files were applied: what it would create,
change, take over, delete or release, and what it would refuse and why.

It makes the pass that the operator makes, and asks the API server by dry runs in the operator's name, so it takes the
permissions of the operator: to read what belongs to environments, to create and to patch it. Nothing is written. What is yet to come
is named: apps that wait for a secret, removals that wait for a confirmation.

What a file leaves out goes or stays as it does when the file is applied: where kubectl apply or Argo CD has applied the
environment so far, in the same way, so that what was set by hand stays; else the file replaces the spec, all but a mode that
was set by hand.

Values of a fake secret store and of the templates of ExternalSecrets are not shown. The exit code is 0 if nothing would
change, 1 if something would, 2 if that could not be found out.`,
		Example: `  # What does a pull request change?
  kubectl appenv diff -f hoge-dev.yaml

  # Is the cluster as the files say?
  kubectl appenv diff -f environments/ > /dev/null && echo yes`,
		Args: func(_ *cobra.Command, arguments []string) error {
			if len(arguments) > 0 {
				return &exitError{cannotCompare, fmt.Errorf("files and folders are named with -f, as in -f %s", arguments[0])}
			}
			return nil
		},
		RunE: func(command *cobra.Command, _ []string) error {
			text, some, err := o.run(command, streams, c)
			_, failure := streams.Out.Write(text) // of what could be compared
			if err := errors.Join(err, failure); err != nil {
				return &exitError{cannotCompare, err}
			}
			if some {
				return &exitError{differs, nil}
			}
			return nil
		},
	}
	flags := command.Flags()
	o.bind(flags)
	bindSettings(flags, &o.settings)
	command.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &exitError{cannotCompare, err} })
	return command
}

func (o *diffOptions) run(command *cobra.Command, streams Streams, c *cluster) (text []byte, some bool, err error) {
	environments, warnings, err := acceptedFiles(command, &o.files, streams, o.settings)
	if err != nil {
		return nil, false, err
	}
	for _, warning := range warnings { // what is foreseen of one does not know of the others
		fmt.Fprintln(streams.Err, "warning: "+warning)
	}
	if err := c.connect(); err != nil {
		return nil, false, err
	}
	foreseer, err := controller.NewForeseer(c.config, o.settings)
	if err != nil {
		return nil, false, c.explain(err, "")
	}
	out := &diffWriter{terminal: streams.Terminal}
	var failures []error
	for _, file := range environments {
		if err := o.compare(command.Context(), c, foreseer, file, out); err != nil {
			failures = append(failures, fmt.Errorf("AppEnvironment %s: %w", file.GetName(), err))
		}
	}
	return out.text.Bytes(), out.any, errors.Join(failures...)
}

// compare writes what would become of one environment.
func (o *diffOptions) compare(ctx context.Context, c *cluster, foreseer *controller.Foreseer, file *lint.Environment, out *diffWriter) error {
	live, err := c.find(ctx, file.GetName())
	if err != nil {
		return err
	}
	if live != nil && !live.DeletionTimestamp.IsZero() {
		out.refused(live.Name, errors.New("it is being deleted: nothing of it is created or changed any more"))
		return nil
	}
	next, err := c.applied(ctx, file, live)
	if refused := (*refusal)(nil); errors.As(err, &refused) {
		out.refused(file.GetName(), err)
		return nil
	}
	if err != nil {
		return err
	}
	foresight, err := foreseer.Foresee(ctx, next, false)
	if err != nil {
		return err
	}
	out.environment(next, live, foresight)
	return nil
}
