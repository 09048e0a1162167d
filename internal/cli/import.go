package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/infer"
)

type importOptions struct {
	files
	infer.Options
	check bool
}

func newImport(streams Streams, c *cluster) *cobra.Command {
	o := &importOptions{}
	command := &cobra.Command{
		Use:   "import (namespace NAME | applicationset NAME | -f FILE|FOLDER|-)",
		Short: "Write the environment that a team has made by hand",
		Long: `Write the AppEnvironment that amounts to what a team has made by hand: its namespaces with quotas, limits, policies,
accounts and bindings, its Argo CD project and ApplicationSet, its secrets, certificates and DNS records.

It is read from the cluster: from a namespace, with the ApplicationSet that deploys into it, or from an ApplicationSet,
with the namespaces that it deploys into. Or it is read from files, without a cluster; a kind and a name then choose among
the objects in them. Secrets are never read.

The environment is printed with a comment for everything that it does not say and everything that taking over would change.
What it cannot express stays as it is, beside it. Nothing is written to the cluster. The name, the application and the
environment are read from names and from paths in Git: look at them first, they can never be changed.

With --check only what taking over would change is printed, on standard error what would not and may matter. Every object
is rendered and held against the one that there is; in a cluster the operator's own pass is made, too, by dry runs. The
marks of ownership are no change, neither is an ApplicationSet of another form that generates the same Applications, and
neither are kinds that the project would deny from then on, unless an Application is known to have one of them. An object
that would be created is a change. Exit codes: 0 taking over changes nothing, 1 it would change something, 2 it could not
be told.`,
		Example: `  # What a team runs in its namespace
  kubectl appenv import namespace hoge > hoge-dev.yaml

  # Would taking it over change anything?
  kubectl appenv import namespace hoge --check

  # From a repository of manifests, without a cluster
  kubectl appenv import -f manifests/hoge --environment dev`,
		Args: func(_ *cobra.Command, arguments []string) error {
			if _, err := targetOf(arguments); err != nil {
				return o.failed(err)
			}
			return nil
		},
		RunE: func(command *cobra.Command, arguments []string) error {
			target, err := targetOf(arguments)
			if err == nil {
				err = o.run(command.Context(), streams, c, target)
			}
			return o.failed(err)
		},
	}
	command.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &exitError{cannotCompare, err} })
	flags := command.Flags()
	o.bind(flags)
	flags.StringVar(&o.Name, "name", "", "name of the AppEnvironment; by default the one that most objects have")
	flags.StringVar(&o.Application, "application", "", "spec.application; by default read from names")
	flags.StringVar(&o.Environment, "environment", "", "spec.environment, such as dev; by default read from paths and names")
	flags.BoolVar(&o.check, "check", false, "print what taking over would change, and nothing else")
	bindSettings(flags, &o.Settings)
	command.ValidArgsFunction = completeTargets
	return command
}

// failed gives an error of a check the exit code that says so.
func (o *importOptions) failed(err error) error {
	if exit := (&exitError{}); err == nil || !o.check || errors.As(err, &exit) {
		return err
	}
	return &exitError{cannotCompare, err}
}

// targetKinds are what an environment is read from, as kubectl lets them be written.
var targetKinds = map[string]string{
	"namespace": "namespace", "namespaces": "namespace", "ns": "namespace",
	"applicationset": "applicationset", "applicationsets": "applicationset", "appset": "applicationset", "appsets": "applicationset",
}

// targetOf reads a kind and a name; nil of nothing.
func targetOf(arguments []string) (*infer.Target, error) {
	if len(arguments) == 1 {
		arguments = strings.SplitN(arguments[0], "/", 2)
	}
	switch {
	case len(arguments) == 0:
		return nil, nil
	case len(arguments) == 2 && targetKinds[arguments[0]] != "" && arguments[1] != "":
		return &infer.Target{Kind: targetKinds[arguments[0]], Name: arguments[1]}, nil
	}
	return nil, fmt.Errorf("%q: name one namespace or one applicationset, as in namespace hoge; files and folders are named with -f", strings.Join(arguments, " "))
}

func (o *importOptions) run(ctx context.Context, streams Streams, c *cluster, target *infer.Target) error {
	offline := len(o.names) > 0
	objects, err := o.objects(ctx, streams, c, target)
	if err != nil {
		return err
	}
	result, err := infer.Environment(objects, o.Options)
	if err != nil {
		return err
	}
	env, err := accept(ctx, result)
	if err != nil {
		return err
	}
	changes, err := infer.Check(env, objects, o.Settings)
	if err != nil {
		return err
	}
	if !o.check {
		text, err := importText(result, changes, len(objects))
		if err != nil {
			return err
		}
		_, err = streams.Out.Write(text)
		return err
	}
	if !offline {
		if err := o.foresee(ctx, c, env, changes); err != nil {
			return err
		}
	}
	for _, note := range slices.Concat(changes.Notes, result.Remarks) {
		fmt.Fprintln(streams.Err, note)
	}
	for _, change := range changes.Changes {
		if _, err := fmt.Fprintln(streams.Out, change); err != nil {
			return err
		}
	}
	if len(changes.Changes) > 0 {
		return &exitError{differs, nil}
	}
	return nil
}

// objects are what the environment is read from, in files or in the cluster.
func (o *importOptions) objects(ctx context.Context, streams Streams, c *cluster, target *infer.Target) ([]unstructured.Unstructured, error) {
	if target != nil && target.Kind == "namespace" {
		o.Namespace = target.Name
	}
	if len(o.names) == 0 {
		if target == nil {
			return nil, errors.New("nothing to import: name a namespace or an applicationset, as in kubectl appenv import namespace hoge, or files with -f")
		}
		return o.live(ctx, c, *target)
	}
	read, unreadable, err := o.read(streams.In)
	if err != nil {
		return nil, err
	}
	var failures []error
	for _, failure := range unreadable {
		failures = append(failures, failure)
	}
	if err := errors.Join(failures...); err != nil {
		return nil, err
	}
	var objects []unstructured.Unstructured
	for _, object := range read {
		objects = append(objects, *object.Unstructured)
	}
	if len(objects) == 0 {
		return nil, fmt.Errorf("there are no Kubernetes objects in %s", strings.Join(o.names, ", "))
	}
	if target == nil {
		return objects, nil
	}
	scope, err := infer.ScopeOf(objects, *target, o.Settings)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(objects, func(u unstructured.Unstructured) bool { return !scope.Holds(&u) }), nil
}

// accept is the environment with its defaults, as the API server would store it. What it would refuse is an error that
// names the object which says so.
func accept(ctx context.Context, result *infer.Result) (*v1alpha1.AppEnvironment, error) {
	kind, err := environmentKind()
	if err != nil {
		return nil, err
	}
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(result.Env)
	if err != nil {
		return nil, err
	}
	verdict := kind.Create(ctx, object)
	var failures []error
	for _, problem := range verdict.Errors {
		if strings.HasPrefix(problem.Field, "spec.secrets.store") {
			problem.BadValue = "(not shown)"
		}
		from := ""
		if key, ok := result.Origin(problem.Field); ok {
			from = key.String() + ": "
		}
		message := problem.Error()
		if problem.Field == "" || problem.Field == "<nil>" { // it is about the whole object
			message = problem.ErrorBody()
		}
		failures = append(failures, errors.New(infer.OneLine(from+"the API server would refuse what becomes of it: "+message)))
	}
	if len(failures) > 0 {
		return nil, errors.Join(failures...)
	}
	env := &v1alpha1.AppEnvironment{}
	return env, runtime.DefaultUnstructuredConverter.FromUnstructured(object, env)
}

// importText is the environment, with what it does not say before it, and what to do next after it.
func importText(result *infer.Result, changes *infer.Changes, count int) ([]byte, error) {
	env := result.Env
	document, err := writtenByHand(env)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "# Read from %d objects. Look at the names first: name, application, environment and the names of Argo CD's\n", count)
	fmt.Fprintf(&out, "# objects can never be changed; --name, --application and --environment say otherwise.\n")
	comments(&out, "What stays as it is, and what is not taken over:", result.Remarks)
	comments(&out, "What taking over would change:", changes.Changes)
	comments(&out, "What else would be different:", changes.Notes)
	out.Write(document)
	fmt.Fprintf(&out, "# Next, with this in FILE:\n")
	for _, step := range []struct{ command, what string }{
		{"apply -f FILE", "nothing is touched: every object that exists waits for a consent"},
		{"appenv diff -f FILE", "what the operator would do to each object"},
		{"appenv adopt " + env.Name, "which objects would be taken over; with --yes they are"},
		{"appenv status " + env.Name, "until it is Ready"},
	} {
		fmt.Fprintf(&out, "#   kubectl %-*s  # %s\n", len("appenv status ")+len(env.Name), step.command, step.what)
	}
	return out.Bytes(), alone(out.Bytes())
}

// alone is an error unless a text is one document, and what stands in comments stands in comments.
func alone(text []byte) error {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	documents := 0
	for {
		var document any
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("what would be written is no YAML: %w", err)
		}
		documents++
	}
	if documents != 1 {
		return fmt.Errorf("what would be written is %d documents, and not one", documents)
	}
	return nil
}

func comments(out *bytes.Buffer, title string, remarks []infer.Remark) {
	if len(remarks) == 0 {
		return
	}
	fmt.Fprintf(out, "#\n# %s\n", title)
	for _, remark := range remarks {
		fmt.Fprintf(out, "# %s\n", remark)
	}
}

// writtenByHand is an environment as people write it: fields in the order of the API, without what others fill in.
func writtenByHand(env *v1alpha1.AppEnvironment) ([]byte, error) {
	document, err := json.Marshal(struct {
		APIVersion string                      `json:"apiVersion"`
		Kind       string                      `json:"kind"`
		Metadata   map[string]string           `json:"metadata"`
		Spec       v1alpha1.AppEnvironmentSpec `json:"spec"`
	}{env.APIVersion, env.Kind, map[string]string{"name": env.Name}, env.Spec})
	if err != nil {
		return nil, err
	}
	return blockYAML(document)
}
