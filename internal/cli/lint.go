package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/crd"
	"github.com/appenv/appenv-operator/internal/lint"
	"github.com/appenv/appenv-operator/internal/manifest"
	"github.com/appenv/appenv-operator/internal/overlay"
)

type lintOptions struct {
	files
	old          []string
	repositories []string
	output       string
	failOn       string
	explain      string
	settings     component.Settings
}

func newLint(streams Streams) *cobra.Command {
	o := &lintOptions{}
	command := &cobra.Command{
		Use:   "lint -f FILE|FOLDER|-",
		Short: "Find what is wrong with environments, without a cluster",
		Long: `Find what is wrong with AppEnvironments, without a cluster.

Schema, defaults and rules are those of the API server, evaluated with its own libraries: the messages are the ones that
the cluster would give. Beyond them it finds what no schema sees, such as two environments that claim one namespace, and,
with --repo, what does not fit the application's repository. Give it the environments of one cluster at a time.

A finding about one environment is suppressed by an annotation with a reason:
  metadata: {annotations: {lint.platform.appenv.dev/floating-tag: dev follows the branch}}

Exit codes: 0 nothing at or above --fail-on, 1 findings, 2 it could not run.`,
		Example: `  # A folder of environments, in a pull request
  kubectl appenv lint -f environments/ -o github

  # Together with the application's repository (its working tree, whatever targetRevision says)
  kubectl appenv lint -f hoge-dev.yaml --repo ../hoge

  # Several repositories
  kubectl appenv lint -f environments/ --repo https://github.com/example/hoge=../hoge --repo https://github.com/example/fuga=../fuga

  # What may not change, held against what is in the cluster
  kubectl get appenv -o yaml | kubectl appenv lint -f environments/ --old -

  # What a rule is about; all rules
  kubectl appenv lint --explain quota-too-small
  kubectl appenv lint --explain all`,
		Args: func(_ *cobra.Command, arguments []string) error {
			if len(arguments) > 0 {
				return &exitError{2, fmt.Errorf("files and folders are named with -f, as in -f %s", arguments[0])}
			}
			return nil
		},
		RunE: func(command *cobra.Command, _ []string) error {
			if o.explain != "" {
				return explainRule(streams, o.explain)
			}
			err := o.run(command.Context(), streams)
			if exit := (&exitError{}); err != nil && !errors.As(err, &exit) {
				return &exitError{2, err}
			}
			return err
		},
	}
	command.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &exitError{2, err} })
	flags := command.Flags()
	o.bind(flags)
	flags.StringSliceVar(&o.old, "old", nil, "the environments as they are in the cluster: file, folder or -")
	flags.StringArrayVar(&o.repositories, "repo", nil, "the application's repository: FOLDER, or URL=FOLDER where environments name several")
	flags.StringVarP(&o.output, "output", "o", "text", strings.Join(lintFormats, ", "))
	flags.StringVar(&o.failOn, "fail-on", "error", "end with 1 if there is a finding of this severity or a worse one: info, warning, error")
	flags.StringVar(&o.explain, "explain", "", "print what a rule is about, or all")
	bindSettings(flags, &o.settings)
	completeFlag(command, "output", lintFormats...)
	return command
}

func (o *lintOptions) run(ctx context.Context, streams Streams) error {
	if !slices.Contains(lintFormats, o.output) {
		return fmt.Errorf("--output %q: use one of %s", o.output, strings.Join(lintFormats, ", "))
	}
	failOn, err := lint.ParseSeverity(o.failOn)
	if err != nil {
		return fmt.Errorf("--fail-on: %w", err)
	}
	set, err := load(ctx, &o.files, o.old, streams, o.settings)
	if err != nil {
		return err
	}
	if len(o.repositories) > 0 {
		if err := readOverlays(set, o.repositories); err != nil {
			return err
		}
	}
	report := lintReport{findings: set.Check(), environments: len(set.Environments)}
	out, err := report.format(o.output, streams.Terminal)
	if err != nil {
		return err
	}
	if _, err := streams.Out.Write(out); err != nil {
		return err
	}
	if o.output == "text" {
		fmt.Fprintln(streams.Err, report.summary())
	}
	if report.worst() >= failOn {
		return &exitError{1, nil}
	}
	return nil
}

// load reads and judges the files. Having no environment in them is an error, unless something could not be read.
func load(ctx context.Context, f *files, old []string, streams Streams, settings component.Settings) (*lint.Set, error) {
	objects, unreadable, err := f.read(streams.In)
	if err != nil {
		return nil, err
	}
	kind, err := environmentKind()
	if err != nil {
		return nil, err
	}
	if slices.Contains(f.names, manifest.Stdin) && slices.Contains(old, manifest.Stdin) {
		return nil, errors.New("standard input can be read once: --filename - and --old - exclude each other")
	}
	before, err := readOld(old, streams, kind)
	if err != nil {
		return nil, fmt.Errorf("--old: %w", err)
	}
	set := lint.NewSet(ctx, kind, objects, before, settings)
	set.Unreadable = append(set.Unreadable, unreadable...)
	if len(set.Environments) == 0 && len(set.Unreadable) == 0 {
		return nil, fmt.Errorf("no AppEnvironment of %s in %s; %d other objects are there", kind.GroupVersionKind.GroupVersion(), strings.Join(f.names, ", "), len(objects))
	}
	return set, nil
}

// readOld are the environments as the cluster has them, by name.
func readOld(names []string, streams Streams, kind *crd.Kind) (map[string]map[string]any, error) {
	before := map[string]map[string]any{}
	if len(names) == 0 {
		return before, nil
	}
	objects, unreadable, err := (&files{names: names}).read(streams.In)
	if err != nil {
		return nil, err
	}
	if len(unreadable) > 0 {
		return nil, unreadable[0]
	}
	for _, object := range objects {
		if object.GroupVersionKind() == kind.GroupVersionKind {
			kind.Stored(object.Object)
			before[object.GetName()] = object.Object
		}
	}
	if len(before) == 0 && len(objects) > 0 {
		return nil, fmt.Errorf("no AppEnvironment of %s in %s", kind.GroupVersionKind.GroupVersion(), strings.Join(names, ", "))
	}
	return before, nil
}

// readOverlays reads the folders of the apps, each once.
func readOverlays(set *lint.Set, repositories []string) error {
	folders, err := foldersOf(set, repositories)
	if err != nil {
		return err
	}
	set.Overlays = map[*lint.Environment]map[string]*overlay.Overlay{}
	read := map[[2]string]*overlay.Overlay{}
	for _, env := range set.Valid() {
		set.Overlays[env] = map[string]*overlay.Overlay{}
		for _, app := range env.Env.Spec.Apps {
			url, path := component.SourceOf(env.Env, app)
			folder, ok := folders[url]
			if !ok {
				set.Overlays[env][app.Name] = &overlay.Overlay{Path: path, Err: fmt.Errorf("%w: its repository %s was not given with --repo", overlay.ErrNotRead, url)}
				continue
			}
			place := [2]string{folder, path}
			if read[place] == nil {
				read[place] = overlay.Read(folder, path)
			}
			set.Overlays[env][app.Name] = read[place]
		}
	}
	return nil
}

// foldersOf is where the repositories are, by URL. A folder without URL stands for the only repository there is.
func foldersOf(set *lint.Set, repositories []string) (map[string]string, error) {
	var urls []string
	for _, env := range set.Valid() {
		for _, app := range env.Env.Spec.Apps {
			url, _ := component.SourceOf(env.Env, app)
			urls = append(urls, url)
		}
	}
	slices.Sort(urls)
	urls = slices.Compact(urls)
	folders := map[string]string{}
	for _, given := range repositories {
		url, folder, named := strings.Cut(given, "=")
		if !named {
			folder = given
			if len(urls) > 1 {
				return nil, fmt.Errorf("--repo %s: the environments name %d repositories; say which it is, as in --repo %s=%s", given, len(urls), urls[0], given)
			}
			if len(urls) == 1 {
				url = urls[0]
			}
		} else if !slices.Contains(urls, url) && len(urls) > 0 {
			return nil, fmt.Errorf("--repo %s: no environment names that repository; there %s", given, strings.Join(urls, ", "))
		}
		if _, err := os.ReadDir(folder); err != nil {
			return nil, fmt.Errorf("--repo: %w", err)
		}
		if other, twice := folders[url]; twice && other != folder {
			return nil, fmt.Errorf("--repo: %s and %s are both given for repository %s", other, folder, url)
		}
		folders[url] = folder
	}
	return folders, nil
}
