package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/apply"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/controller"
	"github.com/appenv/appenv-operator/internal/infer"
)

type adoptOptions struct {
	settings component.Settings
	yes      bool
}

func newAdopt(streams Streams, c *cluster) *cobra.Command {
	o := &adoptOptions{}
	command := &cobra.Command{
		Use:   "adopt NAME",
		Short: "Let an environment take over what exists",
		Long: `Let an environment take over what exists and bears the names that it asks for.

Without --yes it lists what would be taken over, and which fields the operator would change; what would break something, and
why; and what somebody else has. With --yes it gives the environment everything that is safe to take over, by the annotation
` + v1alpha1.AnnotationAdoptBy + `, and leaves the rest alone. An object that has changed since it was looked at is not given away.

It makes the pass that the operator makes, with dry runs in its name, and needs its permissions. The exit code is 0 if there
was nothing that is not safe, 1 otherwise.`,
		Example: `  # What would be taken over, and is it safe?
  kubectl appenv adopt hoge-dev

  # Take it over
  kubectl appenv adopt hoge-dev --yes && kubectl appenv wait hoge-dev`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error {
			return o.run(command.Context(), arguments[0], streams, c)
		},
	}
	flags := command.Flags()
	flags.BoolVar(&o.yes, "yes", false, "give the environment what is safe to take over")
	bindSettings(flags, &o.settings)
	return command
}

func (o *adoptOptions) run(ctx context.Context, name string, streams Streams, c *cluster) error {
	if err := c.connect(); err != nil {
		return err
	}
	env, err := c.get(ctx, name)
	if err != nil {
		return err
	}
	if !env.DeletionTimestamp.IsZero() {
		return fmt.Errorf("AppEnvironment %s is being deleted and takes nothing over", name)
	}
	client, err := dynamic.NewForConfig(c.config)
	if err != nil {
		return err
	}
	foreseer, err := controller.NewForeseer(c.config, o.settings)
	if err != nil {
		return c.explain(err, name)
	}
	foresight, err := foreseer.Foresee(ctx, env, true)
	if err != nil {
		return err
	}
	candidates, err := o.candidates(env, foresight)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	unsafe := listCandidates(&out, env, candidates, o.yes)
	if _, err := streams.Out.Write(out.Bytes()); err != nil {
		return err
	}
	if o.yes {
		if err := c.give(ctx, client, streams, env, candidates); err != nil {
			return err
		}
	}
	if unsafe {
		return &exitError{1, nil}
	}
	return nil
}

// A candidate exists, and bears a name that the environment asks for.
type candidate struct {
	key  component.Key
	live *unstructured.Unstructured
	// former says that an earlier environment of the name has left it behind: the environment itself says whether it takes
	// that back.
	former bool
	// fields are what the operator would change.
	fields []string
	// unsafe is why it is not given away; empty when it is safe.
	unsafe string
}

// candidates are what would be taken over, or would if it were safe, or if it were not somebody's, in the order of the
// components.
func (o *adoptOptions) candidates(env *v1alpha1.AppEnvironment, foresight *controller.Foresight) ([]candidate, error) {
	var all []candidate
	for _, change := range foresight.Changes {
		each := candidate{key: change.Key, live: change.Live}
		if change.Live != nil && change.After != nil {
			each.fields = apply.Changed(unmarked(change.Live), unmarked(change.After))
		}
		switch {
		case change.Action == v1alpha1.ActionAdopt && change.Live.GetAnnotations()[v1alpha1.AnnotationAdoptBy] == env.Name:
			continue // it is given already
		case change.Action == v1alpha1.ActionAdopt:
			each.unsafe = losesSecret(change)
		case change.Action == v1alpha1.ActionUpdate && isFormer(change.Live, env):
			each.former, each.unsafe = true, losesSecret(change)
		case change.Action == v1alpha1.ActionRefuse && !comesByItself(change.Why):
			each.unsafe = change.Why.Message
		default:
			continue
		}
		all = append(all, each)
	}
	for _, live := range foresight.Applications {
		if live.GetAnnotations()[v1alpha1.AnnotationAdoptBy] == env.Name {
			continue
		}
		changes, err := infer.Joining(env, live, o.settings)
		if err != nil {
			return nil, err
		}
		each := candidate{key: component.KeyOf(live), live: live, fields: []string{"metadata.ownerReferences"}}
		for _, change := range changes {
			each.fields = append(each.fields, change.Field)
		}
		slices.Sort(each.fields)
		all = append(all, each)
	}
	for _, app := range foresight.Held {
		if isAboutNames(app.Why) {
			all = append(all, candidate{key: component.Key{Kind: "Application", Name: app.Application}, unsafe: app.Why.Message})
		}
	}
	return all, nil
}

// comesByItself says whether something is refused for what is yet to come, and not for what exists.
func comesByItself(why component.Health) bool {
	return slices.Contains([]string{v1alpha1.ReasonAPINotInstalled, v1alpha1.ReasonWaitingForNamespace, v1alpha1.ReasonWaitingForProject, v1alpha1.ReasonWaitingForSecrets}, why.Reason)
}

// isAboutNames says whether something is refused for whose it is, or because taking it over would break it.
func isAboutNames(why component.Health) bool {
	return why.Reason == v1alpha1.ReasonAdoptionUnsafe || why.Reason == v1alpha1.ReasonNameTaken
}

// isFormer says whether an object bears the environment's name and another's UID.
func isFormer(live *unstructured.Unstructured, env *v1alpha1.AppEnvironment) bool {
	uid := live.GetAnnotations()[v1alpha1.AnnotationOwnerUID]
	return live.GetLabels()[v1alpha1.LabelEnvironment] == env.Name && uid != "" && uid != string(env.UID)
}

// unmarked is an object without the marks of ownership.
func unmarked(object *unstructured.Unstructured) *unstructured.Unstructured {
	object = object.DeepCopy()
	for set, others := range map[string]map[string]string{
		"labels": component.WithoutMarks(object.GetLabels()), "annotations": component.WithoutMarks(object.GetAnnotations()),
	} {
		if len(others) == 0 {
			unstructured.RemoveNestedField(object.Object, "metadata", set)
			continue
		}
		_ = unstructured.SetNestedStringMap(object.Object, others, "metadata", set) // metadata is a map
	}
	return object
}

// losesSecret says that taking an ExternalSecret back would lose the Secret that it has made.
func losesSecret(change controller.Change) string {
	if change.Key.Kind != "ExternalSecret" || change.After == nil {
		return ""
	}
	return strings.Join(component.AdoptExternalSecret(change.Live, change.After), "; ")
}

// listCandidates writes what would become of each, and says whether something is not safe.
func listCandidates(out *bytes.Buffer, env *v1alpha1.AppEnvironment, candidates []candidate, yes bool) (unsafe bool) {
	safe := 0
	for _, each := range candidates {
		switch {
		case each.unsafe != "":
			unsafe = true
			fmt.Fprintf(out, "no  %s: %s\n", each.key, each.unsafe)
			continue
		case len(each.fields) > 0:
			fmt.Fprintf(out, "yes %s: the operator changes %s\n", each.key, strings.Join(each.fields, ", "))
		default:
			fmt.Fprintf(out, "yes %s: it stays as it is\n", each.key)
		}
		safe++
	}
	switch {
	case len(candidates) == 0:
		fmt.Fprintf(out, "%s: there is nothing to take over\n", env.Name)
	case !yes && safe > 0:
		fmt.Fprintf(out, "kubectl appenv adopt %s --yes takes over what is safe, %d of %d; what else would change, kubectl appenv diff shows\n", env.Name, safe, len(candidates))
	}
	return unsafe
}

// resourceOf is where an object of a component is.
func resourceOf(client dynamic.Interface, key component.Key) dynamic.ResourceInterface {
	kind, known := component.KindOf(key.GroupKind())
	if !known {
		panic("no component has " + key.String())
	}
	resource := client.Resource(kind.GroupVersion().WithResource(kind.Resource))
	if kind.ClusterScoped {
		return resource
	}
	return resource.Namespace(key.Namespace)
}

// give annotates what is safe. What an earlier environment left behind is taken back as a whole.
func (c *cluster) give(ctx context.Context, client dynamic.Interface, streams Streams, env *v1alpha1.AppEnvironment, candidates []candidate) error {
	var failures []error
	var former []candidate
	for _, each := range candidates {
		switch {
		case each.former:
			former = append(former, each)
			continue
		case each.unsafe != "":
			continue
		}
		if err := annotate(ctx, resourceOf(client, each.key), each, env.Name); err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", each.key, err))
			continue
		}
		if _, err := fmt.Fprintf(streams.Out, "%s: given to %s\n", each.key, env.Name); err != nil {
			failures = append(failures, err)
		}
	}
	return errors.Join(append(failures, c.takeBack(ctx, client, streams, env, former))...)
}

// takeBack takes back what an earlier environment of the name has left behind, all of it or nothing, as it was looked at.
func (c *cluster) takeBack(ctx context.Context, client dynamic.Interface, streams Streams, env *v1alpha1.AppEnvironment, former []candidate) error {
	for _, each := range former {
		if each.unsafe != "" {
			return fmt.Errorf("%s is not safe to take back, and what an earlier AppEnvironment of the name has left is taken back as a whole", each.key)
		}
		now, err := resourceOf(client, each.key).Get(ctx, each.key.Name, metav1.GetOptions{})
		if err != nil {
			return fmt.Errorf("reading %s: %w", each.key, err)
		}
		if !isSame(each.live, now) {
			return fmt.Errorf("%s: %w", each.key, errChanged)
		}
	}
	if len(former) == 0 {
		return nil
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"resourceVersion": env.ResourceVersion, "annotations": map[string]any{v1alpha1.AnnotationReAdopt: env.UID},
	}})
	if err != nil {
		return err
	}
	if err := c.patch(ctx, env.Name, patch); err != nil {
		return err
	}
	_, err = fmt.Fprintf(streams.Out, "%s: takes back what an earlier AppEnvironment of its name left behind\n", env.Name)
	return err
}

var errChanged = errors.New("it has changed since it was looked at, and is not given away; look again")

// isSame says whether an object is the one that was looked at, as it was. Its status may have changed.
func isSame(before, now *unstructured.Unstructured) bool {
	return now.GetUID() == before.GetUID() && len(apply.Changed(before, now)) == 0 && equality.Semantic.DeepEqual(now.GetOwnerReferences(), before.GetOwnerReferences())
}

// annotate gives an object away, if it is the one that was looked at, as it was. Its status may have changed.
func annotate(ctx context.Context, resource dynamic.ResourceInterface, each candidate, name string) error {
	live := each.live
	for range 10 {
		patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
			"uid": live.GetUID(), "resourceVersion": live.GetResourceVersion(), "annotations": map[string]any{v1alpha1.AnnotationAdoptBy: name},
		}})
		if err != nil {
			return err
		}
		_, err = resource.Patch(ctx, live.GetName(), types.MergePatchType, patch, metav1.PatchOptions{FieldManager: pluginManager})
		if !apierrors.IsConflict(err) {
			return err
		}
		now, err := resource.Get(ctx, live.GetName(), metav1.GetOptions{})
		if err != nil {
			return err
		}
		if !isSame(each.live, now) {
			return errChanged
		}
		live = now
	}
	return errors.New("its status changes all the time, and it is not given away; try again")
}
