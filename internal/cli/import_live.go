package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/controller"
	"github.com/appenv/appenv-operator/internal/foreign/argocd"
	"github.com/appenv/appenv-operator/internal/infer"
)

// live reads what belongs to the target: first what Argo CD deploys, which tells the namespaces, then what is in those. That
// there is no such namespace, or that an environment has the target already, comes before all else that could be said.
func (o *importOptions) live(ctx context.Context, c *cluster, target infer.Target) ([]unstructured.Unstructured, error) {
	if err := c.connect(); err != nil {
		return nil, err
	}
	client, err := dynamic.NewForConfig(c.config)
	if err != nil {
		return nil, err
	}
	if err := o.checkNamespace(ctx, c, client, target); err != nil {
		return nil, err
	}
	var objects []unstructured.Unstructured
	for _, kind := range component.Kinds() {
		if kind.Group == argocd.Group {
			found, err := c.objectsOf(ctx, client, kind, o.Settings.ArgoCDNamespace)
			if err != nil {
				return nil, err
			}
			objects = append(objects, found...)
		}
	}
	if err := o.checkHolder(ctx, c, objects, target); err != nil {
		return nil, err
	}
	scope, err := infer.ScopeOf(objects, target, o.Settings)
	if err != nil {
		return nil, err
	}
	objects = slices.DeleteFunc(objects, func(u unstructured.Unstructured) bool { return !scope.Holds(&u) })
	for _, namespace := range scope.Namespaces() {
		for _, kind := range component.Kinds() {
			if kind.Group == argocd.Group {
				continue
			}
			found, err := c.objectsOf(ctx, client, kind, namespace)
			if err != nil {
				return nil, err
			}
			objects = append(objects, found...)
		}
	}
	return objects, nil
}

// checkNamespace says whether the namespace to be imported exists, and is nobody's.
func (o *importOptions) checkNamespace(ctx context.Context, c *cluster, client dynamic.Interface, target infer.Target) error {
	kind, known := component.KindOf(schema.GroupKind{Kind: "Namespace"})
	if target.Kind != "namespace" || !known {
		return nil
	}
	found, err := c.objectsOf(ctx, client, kind, target.Name)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("there is no namespace %s", target.Name)
	}
	if err != nil {
		return err
	}
	return o.checkHolder(ctx, c, found, target)
}

// checkHolder says whether an environment has the target already. Asked what taking it over would change, the API server
// would only refuse what that environment can never change, in words about fields.
func (o *importOptions) checkHolder(ctx context.Context, c *cluster, objects []unstructured.Unstructured, target infer.Target) error {
	for i := range objects {
		holder := objects[i].GetLabels()[v1alpha1.LabelEnvironment]
		isTarget := strings.EqualFold(objects[i].GetKind(), target.Kind) && objects[i].GetName() == target.Name
		if !o.check || !isTarget || checkName(holder) != nil {
			continue
		}
		env, err := c.find(ctx, holder)
		if err != nil {
			return err
		}
		if env != nil {
			return fmt.Errorf("%s %s belongs to AppEnvironment %s already, which says what import would: kubectl get appenv %s -o yaml", target.Kind, target.Name, holder, holder)
		}
	}
	return nil
}

// objectsOf are the objects of a kind in a namespace, or the namespace itself. A kind that the cluster does not serve has
// none.
func (c *cluster) objectsOf(ctx context.Context, client dynamic.Interface, kind component.Kind, namespace string) ([]unstructured.Unstructured, error) {
	resource := client.Resource(kind.GroupVersion().WithResource(kind.Resource))
	if kind.ClusterScoped {
		found, err := resource.Get(ctx, namespace, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading %s %s: %w", kind.Kind, namespace, c.explain(err, namespace))
		}
		return []unstructured.Unstructured{*found}, nil
	}
	list, err := resource.Namespace(namespace).List(ctx, metav1.ListOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the objects of kind %s in namespace %s: %w", kind.Kind, namespace, c.explain(err, ""))
	}
	return list.Items, nil
}

// foresee adds what the operator itself would do, if every object consented to be taken over.
func (o *importOptions) foresee(ctx context.Context, c *cluster, env *v1alpha1.AppEnvironment, changes *infer.Changes) error {
	existing, err := c.find(ctx, env.Name)
	if err != nil {
		return err
	}
	if env, err = c.try(ctx, merge(env, existing)); err != nil {
		return err
	}
	foreseer, err := controller.NewForeseer(c.config, o.Settings)
	if err != nil {
		return c.explain(err, "")
	}
	foresight, err := foreseer.Foresee(ctx, env, true)
	if err != nil {
		return c.explain(err, env.Name)
	}
	for _, change := range foresight.Changes {
		o.foreseen(change, changes)
	}
	for _, app := range foresight.Held {
		key := component.Key{Group: argocd.Group, Kind: "Application", Namespace: o.Settings.ArgoCDNamespace, Name: app.Application}
		changes.Changes = append(changes.Changes, infer.Remark{Key: key, Text: "would be held back: " + app.Why.Message})
	}
	return nil
}

// cannotBeTaken begins what is said of an object whose adoption would be refused.
const cannotBeTaken = "cannot be taken over: "

// foreseen adds what would become of an object, unless that is known already.
func (o *importOptions) foreseen(change controller.Change, changes *infer.Changes) {
	var found []infer.Remark
	switch change.Action {
	case v1alpha1.ActionRefuse:
		changes.Changes = slices.DeleteFunc(changes.Changes, func(known infer.Remark) bool {
			return known.Key == change.Key && strings.HasPrefix(known.Text, cannotBeTaken)
		})
		if change.Key.Name == "" { // it is about the component as a whole
			change.Key = component.Key{Kind: "component", Name: change.Component}
		}
		found = []infer.Remark{{Key: change.Key, Text: cannotBeTaken + change.Why.Message}}
	case v1alpha1.ActionCreate:
		found = []infer.Remark{{Key: change.Key, Text: "would be created"}}
	case v1alpha1.ActionDelete, v1alpha1.ActionRelease:
		found = []infer.Remark{{Key: change.Key, Text: "would be deleted or given up: it is the AppEnvironment's already, which would not ask for it any more"}}
	default:
		if change.Key.Kind != "ApplicationSet" { // its Applications have been compared
			found = infer.Differences(change.Live, change.After, o.Settings)
		}
	}
	for _, remark := range found {
		known := func(other infer.Remark) bool {
			return other == remark || other.Key == remark.Key && other.Field == remark.Field && remark.Field != ""
		}
		if !slices.ContainsFunc(changes.Changes, known) && !slices.ContainsFunc(changes.Notes, known) {
			changes.Changes = append(changes.Changes, remark)
		}
	}
}
