// Package cli is the kubectl plugin: one file per command. A command reads its flags, asks the packages that the
// operator is made of, and prints. What it prints is made as a whole before the first byte is written, so that a command
// that fails has written nothing.
//
// Errors are for people: what is wrong, where (file, line and column, or object), and what to do. Exit codes are 0, 1 for
// a failure, and what a command says of its own.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/appenv/appenv-operator/internal/config"
)

// Streams are where a command reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	// Terminal says that Out is one: then there are colours, and what is watched is written over.
	Terminal bool
}

// Standard are the streams of the process. NO_COLOR (https://no-color.org) makes a terminal an ordinary file.
func Standard() Streams {
	return Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		Terminal: os.Getenv("NO_COLOR") == "" && term.IsTerminal(int(os.Stdout.Fd())),
	}
}

// An exitError ends the program with a code of its own. A nil error ends it without another word.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// Main runs a command line until it ends or is interrupted, and gives the exit code.
func Main(arguments []string, streams Streams) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ended := make(chan int, 1)
	go func() { ended <- Run(ctx, arguments, streams) }()
	select {
	case code := <-ended:
		return code
	case <-ctx.Done():
	}
	select { // what reads or computes does not look whether it was interrupted
	case code := <-ended:
		return code
	case <-time.After(time.Second):
		return interrupted
	}
}

// interrupted is the exit code of a program that SIGINT has ended, as shells have it.
const interrupted = 130

// Run runs a command line until it ends or the context does, and gives the exit code.
func Run(ctx context.Context, arguments []string, streams Streams) int {
	root := newRoot(streams)
	root.SetArgs(arguments)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	code, exit := 1, &exitError{}
	if errors.As(err, &exit) {
		code = exit.code
	}
	if text := err.Error(); text != "" {
		fmt.Fprintln(streams.Err, "error: "+text)
	}
	return code
}

func newRoot(streams Streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "kubectl-appenv",
		Short: "Plan, check and explain AppEnvironments",
		Long: `Plan, check and explain AppEnvironments.

render and lint work on files alone and need no cluster, and so does import where it is given files. They ask what the operator and the API server ask, so that a
pull request sees what the cluster would say. The other commands take kubectl's flags (--context, --kubeconfig and so on;
kubectl options lists them).`,
		Example: `  # What would the operator make of this file?
  kubectl appenv render -f hoge-dev.yaml

  # Is everything in this folder right, and does it fit the application's repository?
  kubectl appenv lint -f environments/ --repo ../hoge`,
		Version:       config.Build().String(),
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl appenv"},
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	c := newCluster(root.PersistentFlags())
	root.AddCommand(newImport(streams, c), newRender(streams), newLint(streams), newDiff(streams, c), newVersion(streams))
	root.AddCommand(c.withNames(newStatus(streams, c), newExplain(streams, c), newWait(streams, c), newPause(streams, c), newObserve(streams, c),
		newResume(streams, c), newConfirm(streams, c), newAdopt(streams, c))...)
	completeNoFiles(root.Commands()...)
	refuseUnknownTopics(root)
	return root
}

// refuseUnknownTopics has Cobra's own commands end with an error where it would print help and be content: completion for a
// shell that it does not know, help about a command that there is not.
func refuseUnknownTopics(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, command := range root.Commands() {
		switch command.Name() {
		case "completion": // arguments are looked at where a command does something
			command.RunE = func(command *cobra.Command, _ []string) error { return command.Help() }
		case "help":
			command.Args = func(_ *cobra.Command, words []string) error {
				found, rest, err := root.Find(words)
				if err == nil && len(rest) > 0 {
					err = fmt.Errorf("unknown command %q for %q", rest[0], found.CommandPath())
				}
				return err
			}
		}
	}
}

func newVersion(streams Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of the plugin",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(streams.Out, config.Build())
			return err
		},
	}
}
