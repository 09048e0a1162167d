package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// waitedFor is what can be waited for.
var waitedFor = []string{"ready", "deleted"}

type waitOptions struct {
	cluster *cluster
	what    string
	timeout time.Duration
}

func newWait(streams Streams, c *cluster) *cobra.Command {
	o := &waitOptions{cluster: c}
	command := &cobra.Command{
		Use:   "wait NAME",
		Short: "Wait until an environment is ready or gone, and say what it waits for",
		Long: `Wait until an environment is Ready in its present generation, or until it is gone. Meanwhile it says on standard error
what the environment waits for, each time that changes. An environment that is paused or only observed is not waited for:
the operator would change nothing of it.

Exit codes: 0 it is, 1 the time was up or it cannot be, 130 it was interrupted.`,
		Example: `  # In a pipeline, after a change
  kubectl apply -f hoge-dev.yaml && kubectl appenv wait hoge-dev --timeout 10m

  kubectl delete appenv hoge-dev --wait=false && kubectl appenv wait hoge-dev --for deleted`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, names []string) error {
			if !slices.Contains(waitedFor, o.what) {
				return fmt.Errorf("--for %q: use ready or deleted", o.what)
			}
			if err := o.cluster.connect(); err != nil {
				return err
			}
			return o.run(command.Context(), streams, names[0])
		},
	}
	command.Flags().StringVar(&o.what, "for", "ready", "ready or deleted")
	command.Flags().DurationVar(&o.timeout, "timeout", 5*time.Minute, "how long to wait; 0 waits without end")
	completeFlag(command, "for", waitedFor...)
	return command
}

func (o *waitOptions) run(ctx context.Context, streams Streams, name string) error {
	if o.timeout > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, o.timeout)
		defer stop()
	}
	waiting := &progress{out: streams.Err, began: time.Now()}
	var uid types.UID // one that is made anew is another
	err := o.cluster.follow(ctx, named(name), func(found []v1alpha1.AppEnvironment) (bool, error) {
		if len(found) == 0 || uid != "" && found[0].UID != uid {
			if o.what == "deleted" {
				return true, nil
			}
			if uid != "" {
				return false, fmt.Errorf("AppEnvironment %s was deleted", name)
			}
			return false, missing(name)
		}
		uid = found[0].UID
		waitsFor, done, err := o.judge(&found[0])
		if !done && err == nil {
			waiting.say(waitsFor)
		}
		return done, err
	})
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("%s is not %s after %s: %s", name, o.what, o.timeout, cmp.Or(waiting.last, "the cluster did not answer"))
	case ctx.Err() != nil:
		return &exitError{interrupted, nil}
	case err != nil:
		return err
	}
	_, err = fmt.Fprintf(streams.Out, "%s is %s\n", name, o.what)
	return err
}

// judge says whether it is so, else what is waited for. An error is why it will not be.
func (o *waitOptions) judge(env *v1alpha1.AppEnvironment) (waitsFor string, done bool, err error) {
	ready := condition(env, v1alpha1.ConditionReady)
	switch {
	case o.what == "deleted" && env.DeletionTimestamp.IsZero():
		return "nobody has deleted it", false, nil
	case ready == nil:
		return "the operator has not looked at it yet", false, nil
	case env.Status.ObservedGeneration != env.Generation:
		return "the operator has not looked at its last change yet", false, nil
	case o.what == "ready" && !env.DeletionTimestamp.IsZero():
		return "", false, fmt.Errorf("AppEnvironment %s is being deleted", env.Name)
	case o.what == "ready" && suspended(env):
		return "", false, fmt.Errorf("AppEnvironment %s is not kept (%s), so no change of it is carried out: kubectl appenv resume %s",
			env.Name, condition(env, v1alpha1.ConditionSuspended).Reason, env.Name)
	case o.what == "ready" && ready.Status == metav1.ConditionTrue:
		return "", true, nil
	case env.Status.BlockedOn != "":
		return env.Status.BlockedOn, false, nil
	}
	return ready.Reason, false, nil
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
