package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

type statusOptions struct {
	cluster  *cluster
	selector string
	watch    bool
	now      func() time.Time
}

func newStatus(streams Streams) *cobra.Command {
	o := &statusOptions{now: time.Now}
	command := &cobra.Command{
		Use:   "status [NAME]",
		Short: "Show an environment as a tree, or all of them as a table",
		Long: `Show what an environment consists of, how well each part is, and what it waits for. Without a name: a table of all
environments, or of those that a label selector chooses.

Signs: ✓ as it should be, … on its way, ! works no longer and may recover, ✗ needs a human. Where the output is no terminal
they are ok, .., !! and XX.`,
		Example: `  # One environment
  kubectl appenv status hoge-dev

  # All that are not ready, as they change
  kubectl appenv status --watch

  # Those of one team
  kubectl appenv status -l team=hoge`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, names []string) error { return o.run(command.Context(), streams, names) },
	}
	o.cluster = newCluster(command)
	command.Flags().StringVarP(&o.selector, "selector", "l", "", "label selector of the environments to show")
	command.Flags().BoolVarP(&o.watch, "watch", "w", false, "go on showing what changes, until interrupted")
	return command
}

func (o *statusOptions) run(ctx context.Context, streams Streams, names []string) error {
	if len(names) == 1 && o.selector != "" {
		return errors.New("a name and a selector exclude each other")
	}
	if err := o.cluster.connect(); err != nil {
		return err
	}
	show := o.fleet(streams)
	if len(names) == 1 {
		show = o.one(streams)
	}
	if !o.watch {
		environments, _, err := o.read(ctx, names)
		if err != nil {
			return err
		}
		_, err = streams.Out.Write(show(environments))
		return err
	}
	return o.follow(ctx, streams, names, show)
}

// read is what there is, and its version.
func (o *statusOptions) read(ctx context.Context, names []string) ([]v1alpha1.AppEnvironment, string, error) {
	if len(names) == 1 {
		env, err := o.cluster.get(ctx, names[0])
		return []v1alpha1.AppEnvironment{*env}, env.ResourceVersion, err
	}
	list, err := o.cluster.list(ctx, o.selector)
	return list.Items, list.ResourceVersion, err
}

func lookOf(streams Streams) look {
	if streams.Terminal {
		return terminal
	}
	return piped
}

func (o *statusOptions) one(streams Streams) func([]v1alpha1.AppEnvironment) []byte {
	return func(environments []v1alpha1.AppEnvironment) []byte {
		var text bytes.Buffer
		for i := range environments {
			lookOf(streams).draw(&text, tree(&environments[i]))
		}
		return text.Bytes()
	}
}

// fleet is a table, as kubectl get prints it, and a line that counts.
func (o *statusOptions) fleet(streams Streams) func([]v1alpha1.AppEnvironment) []byte {
	return func(environments []v1alpha1.AppEnvironment) []byte {
		return fleetTable(environments, lookOf(streams), o.now())
	}
}

func fleetTable(environments []v1alpha1.AppEnvironment, l look, now time.Time) []byte {
	var text bytes.Buffer
	if len(environments) == 0 {
		return []byte("no AppEnvironments\n")
	}
	slices.SortFunc(environments, func(a, b v1alpha1.AppEnvironment) int { return strings.Compare(a.Name, b.Name) })
	table := tabwriter.NewWriter(&text, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "  \tNAME\tREADY\tAPPS\tSECRETS\tCERTS\tAGE\tBLOCKED ON")
	counts := map[mark]int{}
	for i := range environments {
		env := &environments[i]
		held := condition(env, v1alpha1.ConditionReady)
		ready, state := "", stateOf(env)
		if held != nil {
			ready = string(held.Status)
		}
		counts[state]++
		// The sign has no colour here: a tabwriter would count the escapes as letters.
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", l.marks[state], env.Name, ready, env.Status.AppsReady, env.Status.SecretsReady,
			env.Status.CertificatesReady, duration.HumanDuration(now.Sub(env.CreationTimestamp.Time)), env.Status.BlockedOn)
	}
	fmt.Fprintf(table, "\n")
	if err := table.Flush(); err != nil {
		return nil
	}
	var parts []string
	for _, each := range []struct {
		of   mark
		word string
	}{{good, "ready"}, {waiting, "on their way"}, {failing, "failing"}, {stuck, "need a human"}, {plain, "suspended"}} {
		if counts[each.of] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[each.of], each.word))
		}
	}
	fmt.Fprintf(&text, "%s: %s\n", counted(len(environments), "environment", "environments"), strings.Join(parts, ", "))
	return text.Bytes()
}

// follow shows what there is and what comes, until it is interrupted. A terminal is written over; what is piped gets
// each state below the last.
func (o *statusOptions) follow(ctx context.Context, streams Streams, names []string, show func([]v1alpha1.AppEnvironment) []byte) error {
	known := map[string]v1alpha1.AppEnvironment{}
	var last []byte
	draw := func() error {
		var all []v1alpha1.AppEnvironment
		for _, env := range known {
			all = append(all, env)
		}
		text := show(all)
		if bytes.Equal(text, last) {
			return nil
		}
		last = text
		if streams.Terminal {
			text = append([]byte("\x1b[H\x1b[2J"), text...)
		}
		_, err := streams.Out.Write(text)
		return err
	}
	for ctx.Err() == nil {
		environments, version, err := o.read(ctx, names)
		if err != nil {
			return ignoreInterrupt(ctx, err)
		}
		clear(known)
		for _, env := range environments {
			known[env.Name] = env
		}
		if err := draw(); err != nil {
			return err
		}
		if err := o.events(ctx, names, version, known, draw); err != nil {
			return ignoreInterrupt(ctx, err)
		}
	}
	return nil
}

// events draws after each event, until the watch ends: then it is listed again.
func (o *statusOptions) events(ctx context.Context, names []string, version string, known map[string]v1alpha1.AppEnvironment, draw func() error) error {
	options := metav1.ListOptions{ResourceVersion: version, LabelSelector: o.selector}
	if len(names) == 1 {
		options.FieldSelector = "metadata.name=" + names[0]
	}
	watcher, err := o.cluster.watch(ctx, options)
	if err != nil {
		return err
	}
	defer watcher.Stop()
	for event := range watcher.ResultChan() {
		env, ok := event.Object.(*v1alpha1.AppEnvironment)
		switch {
		case !ok:
			return nil // an error, such as a version that is too old
		case event.Type == watch.Deleted && len(names) == 1:
			return fmt.Errorf("AppEnvironment %s is gone", names[0])
		case event.Type == watch.Deleted:
			delete(known, env.Name)
		default:
			known[env.Name] = *env
		}
		if err := draw(); err != nil {
			return err
		}
	}
	return nil
}

// ignoreInterrupt makes an end that was asked for a good one.
func ignoreInterrupt(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil //nolint:nilerr // the error is that the user has ended it
	}
	return err
}
