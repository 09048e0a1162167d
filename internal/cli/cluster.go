package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/rest"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// resource is the plural of AppEnvironments.
const resource = "appenvironments"

// A cluster is where kubectl's flags lead.
type cluster struct {
	flags  *genericclioptions.ConfigFlags
	config *rest.Config
	rest   rest.Interface
}

// newCluster binds kubectl's flags. They stand at the root, so that they may come before and after a command, and out of
// sight: they would drown those of a command.
func newCluster(flags *pflag.FlagSet) *cluster {
	c := &cluster{flags: genericclioptions.NewConfigFlags(true)}
	c.flags.Namespace = nil // AppEnvironments have none
	kubectl := pflag.NewFlagSet("kubectl", pflag.ContinueOnError)
	c.flags.AddFlags(kubectl)
	kubectl.VisitAll(func(flag *pflag.Flag) { flag.Hidden = true })
	flags.AddFlagSet(kubectl)
	return c
}

// connect makes the connection. It asks the cluster for nothing yet.
func (c *cluster) connect() error {
	config, err := c.flags.ToRESTConfig()
	if err != nil {
		return err
	}
	config.UserAgent = "kubectl-appenv"
	config.QPS = -1
	c.config = rest.CopyConfig(config)
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return err
	}
	metav1.AddToGroupVersion(scheme, metav1.SchemeGroupVersion)
	config.GroupVersion = &v1alpha1.GroupVersion
	config.APIPath = "/apis"
	config.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	c.rest, err = rest.RESTClientFor(config)
	return err
}

// get is one environment.
func (c *cluster) get(ctx context.Context, name string) (*v1alpha1.AppEnvironment, error) {
	env, err := c.find(ctx, name)
	if err == nil && env == nil {
		err = missing(name)
	}
	return env, err
}

// find is one environment; nil without an error where there is none of the name.
func (c *cluster) find(ctx context.Context, name string) (*v1alpha1.AppEnvironment, error) {
	env := &v1alpha1.AppEnvironment{}
	result := c.rest.Get().Resource(resource).Name(name).Do(ctx)
	err := result.Error()
	switch {
	case err == nil:
		return env, unreadable(result.Into(env))
	case apierrors.IsNotFound(err) && !apierrors.IsUnexpectedServerError(err):
		return nil, nil
	}
	return nil, c.explain(err, name)
}

func (c *cluster) list(ctx context.Context, selection metav1.ListOptions) (*v1alpha1.AppEnvironmentList, error) {
	list := &v1alpha1.AppEnvironmentList{}
	result := c.rest.Get().Resource(resource).VersionedParams(&selection, metav1.ParameterCodec).Do(ctx)
	if err := result.Error(); err != nil {
		return list, c.explain(err, "")
	}
	return list, unreadable(result.Into(list))
}

// named selects one environment. It is listed and watched as many are: a watch from the version of a list never is too
// old, from that of an object that nobody has changed for long it is.
func named(name string) metav1.ListOptions {
	return metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", name).String()}
}

// pause is how long to wait before asking again, after the cluster did not answer or ended a watch.
const pause = time.Second

// follow shows see what there is, and again after each change, until see is done or the context ends. The first failure to
// read is an error; later ones, as while the API server is restarted, are not.
func (c *cluster) follow(ctx context.Context, selection metav1.ListOptions, see func([]v1alpha1.AppEnvironment) (done bool, err error)) error {
	for first := true; ; first = false {
		list, err := c.list(ctx, selection)
		switch {
		case err != nil && (first || apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err)):
			return err
		case err == nil:
			done, err := c.events(ctx, selection, list, see)
			if done || err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// events shows see what there is after each event, until the watch ends.
func (c *cluster) events(ctx context.Context, selection metav1.ListOptions, list *v1alpha1.AppEnvironmentList, see func([]v1alpha1.AppEnvironment) (bool, error)) (done bool, err error) {
	known := map[string]v1alpha1.AppEnvironment{}
	for _, env := range list.Items {
		known[env.Name] = env
	}
	look := func() (bool, error) {
		all := slices.Collect(maps.Values(known))
		slices.SortFunc(all, func(a, b v1alpha1.AppEnvironment) int { return strings.Compare(a.Name, b.Name) })
		return see(all)
	}
	if done, err := look(); done || err != nil {
		return done, err
	}
	selection.Watch, selection.ResourceVersion = true, list.ResourceVersion
	watcher, err := c.rest.Get().Resource(resource).VersionedParams(&selection, metav1.ParameterCodec).Watch(ctx)
	if err != nil {
		return false, nil // it is listed again, which tells what is wrong
	}
	defer watcher.Stop()
	for event := range watcher.ResultChan() {
		env, ok := event.Object.(*v1alpha1.AppEnvironment)
		if !ok {
			return false, nil // an error, such as a version that is too old
		}
		known[env.Name] = *env
		if event.Type == watch.Deleted {
			delete(known, env.Name)
		}
		if done, err := look(); done || err != nil {
			return done, err
		}
	}
	return false, nil
}

func (c *cluster) patch(ctx context.Context, name string, patch []byte) error {
	err := c.rest.Patch(types.MergePatchType).Resource(resource).Name(name).Param("fieldManager", pluginManager).
		Param("fieldValidation", metav1.FieldValidationStrict).Body(patch).Do(ctx).Error()
	return c.explain(err, name)
}

// missing is the error that there is no environment of that name.
func missing(name string) error { return fmt.Errorf("there is no AppEnvironment %s", name) }

// explain says in words of its own what the API server says in codes.
func (c *cluster) explain(err error, name string) error {
	var status apierrors.APIStatus
	switch {
	case err == nil:
		return nil
	case apierrors.IsNotFound(err) && apierrors.IsUnexpectedServerError(err): // the path, not the object
		return fmt.Errorf("the cluster serves no AppEnvironments of %s: the operator's CustomResourceDefinition is not installed, or is of another version", v1alpha1.GroupVersion)
	case apierrors.IsNotFound(err):
		return missing(name)
	case errors.As(err, &status) || !isUnanswered(err):
		return err
	}
	return fmt.Errorf("the cluster does not answer: %w", err)
}

// isUnanswered says whether an error is one of the network, or that the time was up.
func isUnanswered(err error) bool {
	var network net.Error // url.Error is one
	return errors.As(err, &network) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// unreadable says that an answer has come and is not what was asked for.
func unreadable(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("the cluster's answer cannot be read: %w; the operator's CustomResourceDefinition may be of another version than the plugin, or the address that of something else", err)
}
