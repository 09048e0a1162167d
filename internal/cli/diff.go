package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/controller"
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
permissions of the operator: to read what belongs to environments, and to patch it. Nothing is written. What is yet to come
is named: apps that wait for a secret, removals that wait for a confirmation.

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
	environments, err := accepted(command, &o.files, streams, o.settings)
	if err != nil {
		return nil, false, err
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
	for _, env := range environments {
		if err := o.compare(command.Context(), c, foreseer, env, out); err != nil {
			failures = append(failures, fmt.Errorf("AppEnvironment %s: %w", env.Name, err))
		}
	}
	return out.text.Bytes(), out.any, errors.Join(failures...)
}

// compare writes what would become of one environment.
func (o *diffOptions) compare(ctx context.Context, c *cluster, foreseer *controller.Foreseer, env *v1alpha1.AppEnvironment, out *diffWriter) error {
	live, err := c.find(ctx, env.Name)
	if err != nil {
		return err
	}
	merged := merge(env, live)
	if err := c.try(ctx, merged); err != nil {
		out.refused(env.Name, err)
		return nil
	}
	if !merged.DeletionTimestamp.IsZero() {
		out.refused(env.Name, errors.New("it is being deleted: nothing of it is created or changed any more"))
		return nil
	}
	foresight, err := foreseer.Foresee(ctx, merged, false)
	if err != nil {
		return err
	}
	out.environment(merged, live, foresight)
	return nil
}

// merge is the live environment as it would be once the file has been applied; that in the file where there is none. A mode
// that somebody has set by hand, as kubectl appenv pause does, stays where the file has none.
func merge(env, live *v1alpha1.AppEnvironment) *v1alpha1.AppEnvironment {
	if live == nil {
		merged := env.DeepCopy()
		merged.UID, merged.ResourceVersion, merged.Status = "", "", v1alpha1.AppEnvironmentStatus{} // of another cluster, or another time
		return merged
	}
	merged := live.DeepCopy()
	merged.Spec = *env.Spec.DeepCopy()
	if merged.Spec.Mode == "" {
		merged.Spec.Mode = live.Spec.Mode
	}
	for key, value := range env.Labels {
		metav1.SetMetaDataLabel(&merged.ObjectMeta, key, value)
	}
	for key, value := range env.Annotations {
		metav1.SetMetaDataAnnotation(&merged.ObjectMeta, key, value)
	}
	if !equality.Semantic.DeepEqual(merged.Spec, live.Spec) {
		merged.Generation++
	}
	return merged
}

// try says whether the API server, with its admission policies, takes the environment. It is asked by a dry run.
func (c *cluster) try(ctx context.Context, env *v1alpha1.AppEnvironment) error {
	request := c.rest.Post().Resource(resource)
	if env.UID != "" {
		request = c.rest.Put().Resource(resource).Name(env.Name)
	}
	sent := env.DeepCopy()
	sent.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("AppEnvironment"))
	err := request.Param("dryRun", metav1.DryRunAll).Param("fieldManager", "kubectl-appenv").
		Param("fieldValidation", metav1.FieldValidationStrict).Body(sent).Do(ctx).Error()
	if status := apierrors.APIStatus(nil); err != nil && !errors.As(err, &status) {
		return c.explain(err, env.Name)
	}
	if err != nil {
		return fmt.Errorf("the API server refuses it: %w", err)
	}
	return nil
}
