package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	yaml "go.yaml.in/yaml/v2"
	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/lint"
	"github.com/appenv/appenv-operator/internal/render"
)

var renderFormats = []string{"yaml", "json"}

type renderOptions struct {
	files
	settings   component.Settings
	output     string
	components []string
	iam        iamOptions
}

func newRender(streams Streams) *cobra.Command {
	o := &renderOptions{}
	command := &cobra.Command{
		Use:   "render -f FILE|FOLDER|-",
		Short: "Print what the operator makes of an environment",
		Long: `Print what the operator makes of AppEnvironments, in the order in which it applies it, without a cluster.

It is what stands in a cluster in which nothing is in the way: no name is taken, every secret is there, every app has
passed the gate. What only a cluster knows is left out: the UID of the AppEnvironment on each object (it is there if the
file has one), and whether an object was created or adopted. The list of AppEnvironments must be one that the API server
accepts; otherwise nothing is printed, and the messages are those of lint.`,
		Example: `  # What a change in a pull request changes
  diff <(git show main:hoge-dev.yaml | kubectl appenv render -f -) <(kubectl appenv render -f hoge-dev.yaml)

  # Only the Argo CD objects, as JSON
  kubectl appenv render -f hoge-dev.yaml --component project,applications -o json

  # The bindings that the environment's workload identities and secret store need
  kubectl appenv render -f hoge-dev.yaml --iam --cluster-project my-gke-project`,
		Args: func(_ *cobra.Command, arguments []string) error {
			if len(arguments) > 0 {
				return fmt.Errorf("files and folders are named with -f, as in -f %s", arguments[0])
			}
			return nil
		},
		RunE: func(command *cobra.Command, _ []string) error {
			out, err := o.run(command, streams)
			if err != nil {
				return err
			}
			_, err = streams.Out.Write(out)
			return err
		},
	}
	flags := command.Flags()
	o.bind(flags)
	flags.StringVarP(&o.output, "output", "o", "yaml", "yaml or json (a List)")
	flags.StringSliceVar(&o.components, "component", nil, "only these components: "+strings.Join(componentNames(), ", "))
	o.iam.bind(flags)
	bindSettings(flags, &o.settings)
	completeFlag(command, "output", renderFormats...)
	return command
}

func componentNames() []string {
	var names []string
	for _, c := range component.All {
		names = append(names, c.Name)
	}
	return names
}

func (o *renderOptions) run(command *cobra.Command, streams Streams) ([]byte, error) {
	if !slices.Contains(renderFormats, o.output) {
		return nil, fmt.Errorf("--output %q: use yaml or json", o.output)
	}
	for _, name := range o.components {
		if !slices.Contains(componentNames(), name) {
			return nil, fmt.Errorf("--component %q: use one or more of %s", name, strings.Join(componentNames(), ", "))
		}
	}
	if err := o.iam.check(command.Flags()); err != nil {
		return nil, err
	}
	environments, err := accepted(command, &o.files, streams, o.settings)
	if err != nil {
		return nil, err
	}
	if o.iam.print {
		return o.iam.render(environments)
	}
	perEnvironment := make([][]any, len(environments))
	var rendering errgroup.Group
	rendering.SetLimit(runtime.GOMAXPROCS(0))
	for i, env := range environments {
		rendering.Go(func() error {
			documents, err := o.documents(env)
			perEnvironment[i] = documents
			return err
		})
	}
	if err := rendering.Wait(); err != nil {
		return nil, err
	}
	documents := slices.Concat(perEnvironment...)
	if o.output == "json" {
		out, err := json.MarshalIndent(map[string]any{"apiVersion": "v1", "kind": "List", "items": append([]any{}, documents...)}, "", "    ")
		return append(out, '\n'), err
	}
	var out bytes.Buffer
	for _, document := range documents {
		out.WriteString("---\n")
		out.Write(document.([]byte))
	}
	return out.Bytes(), nil
}

// documents are the objects of an environment, as YAML already where that is asked for.
func (o *renderOptions) documents(env *v1alpha1.AppEnvironment) ([]any, error) {
	children, err := render.Children(render.Input(env, o.settings))
	if err != nil {
		return nil, fmt.Errorf("AppEnvironment %s: %w", env.Name, err)
	}
	var documents []any
	for _, child := range children {
		if len(o.components) > 0 && !slices.Contains(o.components, child.Component) {
			continue
		}
		if o.output == "json" {
			documents = append(documents, child.Object.Object)
			continue
		}
		document, err := yaml.Marshal(child.Object.Object)
		if err != nil {
			return nil, err
		}
		documents = append(documents, document)
	}
	return documents, nil
}

// accepted are the environments in the files, all accepted by the API server and allowed by the operator.
func accepted(command *cobra.Command, f *files, streams Streams, settings component.Settings) ([]*v1alpha1.AppEnvironment, error) {
	var environments []*v1alpha1.AppEnvironment
	found, _, err := acceptedFiles(command, f, streams, settings)
	for _, file := range found {
		environments = append(environments, file.Env)
	}
	return environments, err
}

// acceptedFiles are those environments with the files that they stand in. One whose file has no mode has none: what it is in
// the cluster, if it is there, only the cluster knows. Each is accepted by itself: warnings say what they claim of one another.
func acceptedFiles(command *cobra.Command, f *files, streams Streams, settings component.Settings) (found []*lint.Environment, warnings []string, err error) {
	set, err := load(command.Context(), f, nil, streams, settings)
	if err != nil {
		return nil, nil, err
	}
	var failures []error
	for _, finding := range set.Check() {
		switch {
		case finding.Severity == lint.Error && slices.Contains([]string{"unreadable", "schema", "unknown-field", "not-allowed"}, finding.Rule):
			failures = append(failures, fmt.Errorf("%s: %s", finding.Position, finding.Message))
		case finding.Suppressed != "":
		case finding.Rule == "claimed-twice" || finding.Rule == "duplicate-environment":
			warnings = append(warnings, fmt.Sprintf("%s: %s", finding.Position, finding.Message))
		}
	}
	if len(failures) > 0 {
		return nil, nil, errors.Join(failures...)
	}
	for _, file := range set.Valid() {
		if _, set, _ := unstructured.NestedFieldNoCopy(file.Object.Object, "spec", "mode"); !set {
			file.Env.Spec.Mode = ""
		}
	}
	return set.Valid(), warnings, nil
}
