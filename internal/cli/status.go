package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"
	"sigs.k8s.io/yaml"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
)

var statusFormats = []string{"wide", "name", "json", "yaml"}

type statusOptions struct {
	cluster  *cluster
	selector string
	output   string
	watch    bool
	now      func() time.Time
}

func newStatus(streams Streams, c *cluster) *cobra.Command {
	o := &statusOptions{cluster: c, now: time.Now}
	command := &cobra.Command{
		Use:   "status [NAME]",
		Short: "Show an environment as a tree, or all of them as a table",
		Long: `Show what an environment consists of, how well each part is, and what it waits for. Without a name: a table of all
environments, or of those that a label selector chooses.

Signs: ✓ as it should be, … on its way, ! works no longer and may recover, ✗ needs a human, · suspended. Where the output is
no terminal they are ok, .., !!, XX and -.`,
		Example: `  # One environment
  kubectl appenv status hoge-dev

  # All of them, as they change
  kubectl appenv status --watch

  # Those of one team, with namespace, revision, certificates and mode
  kubectl appenv status -l team=hoge -o wide`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, names []string) error { return o.run(command.Context(), streams, names) },
	}
	command.Flags().StringVarP(&o.selector, "selector", "l", "", "label selector of the environments to show")
	command.Flags().BoolVarP(&o.watch, "watch", "w", false, "go on showing what changes, until interrupted")
	command.Flags().StringVarP(&o.output, "output", "o", "", "wide, name, json or yaml")
	completeFlag(command, "output", statusFormats...)
	return command
}

func (o *statusOptions) run(ctx context.Context, streams Streams, names []string) error {
	switch {
	case len(names) == 1 && o.selector != "":
		return errors.New("a name and a selector exclude each other")
	case o.output != "" && !slices.Contains(statusFormats, o.output):
		return fmt.Errorf("--output %q: use wide, name, json or yaml", o.output)
	case o.watch && (o.output == "json" || o.output == "yaml"):
		return fmt.Errorf("--watch and --output %s exclude each other", o.output)
	}
	if err := o.cluster.connect(); err != nil {
		return err
	}
	selection := metav1.ListOptions{LabelSelector: o.selector}
	if len(names) == 1 {
		selection = named(names[0])
	}
	if o.watch {
		return o.follow(ctx, streams, selection, names)
	}
	list, err := o.cluster.list(ctx, selection)
	if err != nil {
		return err
	}
	if len(names) == 1 && len(list.Items) == 0 {
		return missing(names[0])
	}
	out, err := o.show(streams, list.Items, len(names) == 1)
	if err != nil {
		return err
	}
	_, err = streams.Out.Write(out)
	return err
}

// show is what is printed of the environments; one says that it is about one of that name.
func (o *statusOptions) show(streams Streams, environments []v1alpha1.AppEnvironment, one bool) ([]byte, error) {
	switch {
	case o.output == "json" || o.output == "yaml":
		return asObjects(environments, one, o.output)
	case o.output == "name":
		var text bytes.Buffer
		for _, env := range environments {
			fmt.Fprintf(&text, "appenvironment.%s/%s\n", v1alpha1.GroupVersion.Group, env.Name)
		}
		return text.Bytes(), nil
	case one && o.output == "":
		var text bytes.Buffer
		for i := range environments {
			lookOf(streams).draw(&text, tree(&environments[i]))
		}
		return text.Bytes(), nil
	}
	return fleetTable(environments, lookOf(streams), o.now(), o.output == "wide"), nil
}

// asObjects are the objects themselves, several as a List.
func asObjects(environments []v1alpha1.AppEnvironment, one bool, format string) ([]byte, error) {
	for i := range environments {
		environments[i].SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("AppEnvironment"))
		environments[i].ManagedFields = nil
	}
	var value any = map[string]any{"apiVersion": "v1", "kind": "List", "items": environments}
	if one && len(environments) == 1 {
		value = environments[0]
	}
	if format == "yaml" {
		return yaml.Marshal(value)
	}
	out, err := json.MarshalIndent(value, "", "    ")
	return append(out, '\n'), err
}

func lookOf(streams Streams) look {
	if streams.Terminal {
		return terminal
	}
	return piped
}

// fleetTable is a table, as kubectl get prints it, and a line that counts.
func fleetTable(environments []v1alpha1.AppEnvironment, l look, now time.Time, wide bool) []byte {
	var text bytes.Buffer
	if len(environments) == 0 {
		return []byte("no AppEnvironments\n")
	}
	slices.SortFunc(environments, func(a, b v1alpha1.AppEnvironment) int { return strings.Compare(a.Name, b.Name) })
	table := tabwriter.NewWriter(&text, 0, 0, 3, ' ', 0)
	columns := "  \tNAME\tREADY\tAPPS\tSECRETS\tCERTS\tAGE\t"
	if wide {
		columns += "NAMESPACE\tREVISION\tCERT EXPIRES\tMODE\t"
	}
	fmt.Fprintln(table, columns+"BLOCKED ON")
	counts := map[mark]int{}
	var states []mark
	for i := range environments {
		env := &environments[i]
		held := condition(env, v1alpha1.ConditionReady)
		ready, state := "", stateOf(env)
		if held != nil {
			ready = string(held.Status)
		}
		counts[state]++
		states = append(states, state)
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t", l.marks[state], env.Name, ready, env.Status.AppsReady, env.Status.SecretsReady,
			env.Status.CertificatesReady, duration.HumanDuration(now.Sub(env.CreationTimestamp.Time)))
		if wide {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t", component.NamespaceOf(env, nil), env.Status.Revision, env.Status.CertificateExpires, env.Spec.Mode)
		}
		fmt.Fprintln(table, env.Status.BlockedOn)
	}
	fmt.Fprintf(table, "\n")
	if err := table.Flush(); err != nil {
		return nil
	}
	painted := l.paintRows(text.String(), states)
	text.Reset()
	text.WriteString(painted)
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

// paintRows colours the sign and the state of each row of a table, below its head. A tabwriter would have counted the
// escapes as letters.
func (l look) paintRows(table string, states []mark) string {
	lines := strings.SplitAfter(table, "\n")
	at := strings.Index(lines[0], "READY")
	if l.colour == nil || len(lines) != len(states)+3 { // head, rows, an empty line and what comes after it
		return table // a text that somebody else has put into a status has line breaks
	}
	for i, state := range states {
		row := []rune(lines[i+1])
		sign := len([]rune(l.marks[state]))
		word := at + slices.Index(row[at:], ' ')
		lines[i+1] = l.paint(state, string(row[:sign])) + string(row[sign:at]) + l.paint(state, string(row[at:word])) + string(row[word:])
	}
	return strings.Join(lines, "")
}

// follow shows what there is and what comes, until it is interrupted. A terminal is written over; what is piped gets
// each state below the last.
func (o *statusOptions) follow(ctx context.Context, streams Streams, selection metav1.ListOptions, names []string) error {
	var last []byte
	first := true
	err := o.cluster.follow(ctx, selection, func(environments []v1alpha1.AppEnvironment) (bool, error) {
		if len(names) == 1 && len(environments) == 0 {
			if first {
				return false, missing(names[0])
			}
			return false, fmt.Errorf("AppEnvironment %s is gone", names[0])
		}
		first = false
		text, err := o.show(streams, environments, len(names) == 1)
		if err != nil || bytes.Equal(text, last) {
			return false, err
		}
		last = text
		if streams.Terminal {
			text = append([]byte("\x1b[H\x1b[2J"), text...)
		}
		_, err = streams.Out.Write(text)
		return false, err
	})
	if ctx.Err() != nil {
		return nil //nolint:nilerr // that the user has ended it is a good end
	}
	return err
}
