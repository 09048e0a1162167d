package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

type waitOptions struct {
	cluster *cluster
	what    string
	timeout time.Duration
}

func newWait(streams Streams) *cobra.Command {
	o := &waitOptions{}
	command := &cobra.Command{
		Use:   "wait NAME",
		Short: "Wait until an environment is ready or gone, and say what it waits for",
		Long: `Wait until an environment is Ready in its present generation, or until it is gone. Meanwhile it says on standard error
what the environment waits for, each time that changes.

Exit codes: 0 it is, 1 the time was up or it cannot be.`,
		Example: `  # In a pipeline, after a change
  kubectl apply -f hoge-dev.yaml && kubectl appenv wait hoge-dev --timeout 10m

  kubectl delete appenv hoge-dev --wait=false && kubectl appenv wait hoge-dev --for deleted`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, names []string) error {
			if o.what != "ready" && o.what != "deleted" {
				return fmt.Errorf("--for %q: use ready or deleted", o.what)
			}
			if err := o.cluster.connect(); err != nil {
				return err
			}
			return o.run(command.Context(), streams, names[0])
		},
	}
	o.cluster = newCluster(command)
	command.Flags().StringVar(&o.what, "for", "ready", "ready or deleted")
	command.Flags().DurationVar(&o.timeout, "timeout", 5*time.Minute, "how long to wait; 0 waits without end")
	return command
}

func (o *waitOptions) run(ctx context.Context, streams Streams, name string) error {
	if o.timeout > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, o.timeout)
		defer stop()
	}
	progress := &progress{out: streams.Err, began: time.Now()}
	last, err := o.follow(ctx, name, progress)
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("%s is not %s after %s: %s", name, o.what, o.timeout, last)
	case ctx.Err() != nil:
		return &exitError{1, nil}
	case err != nil:
		return err
	}
	_, err = fmt.Fprintf(streams.Out, "%s is %s\n", name, o.what)
	return err
}

// follow ends when it is so, with an error when it cannot be any more. It also says what the environment waited for last.
func (o *waitOptions) follow(ctx context.Context, name string, progress *progress) (waitsFor string, err error) {
	for ctx.Err() == nil {
		env, err := o.cluster.get(ctx, name)
		switch {
		case err != nil && ctx.Err() == nil && o.what == "deleted" && isGone(err, name):
			return "", nil
		case err != nil:
			return waitsFor, err
		}
		var done bool
		if waitsFor, done = o.judge(env); done {
			return "", nil
		}
		progress.say(waitsFor)
		watcher, err := o.cluster.watch(ctx, metav1.ListOptions{ResourceVersion: env.ResourceVersion, FieldSelector: "metadata.name=" + name})
		if err != nil {
			return waitsFor, err
		}
		waitsFor, done, err = o.events(watcher, progress, waitsFor)
		if done || err != nil {
			return waitsFor, err
		}
	}
	return waitsFor, ctx.Err()
}

func isGone(err error, name string) bool { return err.Error() == "there is no AppEnvironment "+name }

func (o *waitOptions) events(watcher watch.Interface, progress *progress, waitsFor string) (string, bool, error) {
	defer watcher.Stop()
	for event := range watcher.ResultChan() {
		env, ok := event.Object.(*v1alpha1.AppEnvironment)
		switch {
		case !ok:
			return waitsFor, false, nil // too old, or the like: it is read again
		case event.Type == watch.Deleted && o.what == "deleted":
			return "", true, nil
		case event.Type == watch.Deleted:
			return waitsFor, false, fmt.Errorf("%s was deleted", env.Name)
		}
		var done bool
		if waitsFor, done = o.judge(env); done {
			return "", true, nil
		}
		progress.say(waitsFor)
	}
	return waitsFor, false, nil
}

// judge says whether it is so, else what is waited for.
func (o *waitOptions) judge(env *v1alpha1.AppEnvironment) (waitsFor string, done bool) {
	ready := condition(env, v1alpha1.ConditionReady)
	switch {
	case ready == nil:
		return "the operator has not looked at it yet", false
	case env.Status.ObservedGeneration != env.Generation:
		return "the operator has not looked at its last change yet", false
	case o.what == "ready" && ready.Status == metav1.ConditionTrue && env.DeletionTimestamp.IsZero():
		return "", true
	case o.what == "ready" && suspended(env):
		return fmt.Sprintf("spec.mode is %s: it changes nothing until kubectl appenv resume %s", env.Spec.Mode, env.Name), false
	case env.Status.BlockedOn != "":
		return env.Status.BlockedOn, false
	case o.what == "deleted" && env.DeletionTimestamp.IsZero():
		return "nobody has deleted it", false
	}
	return ready.Reason, false
}

// progress says what is waited for, each time that it is something else.
type progress struct {
	out   io.Writer
	began time.Time
	last  string
}

func (p *progress) say(waitsFor string) {
	if waitsFor == p.last {
		return
	}
	p.last = waitsFor
	fmt.Fprintf(p.out, "%4.0fs  %s\n", time.Since(p.began).Seconds(), waitsFor)
}
