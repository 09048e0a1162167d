package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
	flags *genericclioptions.ConfigFlags
	rest  rest.Interface
}

func newCluster(command *cobra.Command) *cluster {
	flags := genericclioptions.NewConfigFlags(true)
	flags.Namespace = nil // AppEnvironments have none
	flags.AddFlags(command.Flags())
	return &cluster{flags: flags}
}

// connect makes the connection. It asks the cluster for nothing yet.
func (c *cluster) connect() error {
	config, err := c.flags.ToRESTConfig()
	if err != nil {
		return err
	}
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return err
	}
	metav1.AddToGroupVersion(scheme, metav1.SchemeGroupVersion)
	config.GroupVersion = &v1alpha1.GroupVersion
	config.APIPath = "/apis"
	config.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	config.UserAgent = "kubectl-appenv"
	config.QPS = -1
	c.rest, err = rest.RESTClientFor(config)
	return err
}

func (c *cluster) get(ctx context.Context, name string) (*v1alpha1.AppEnvironment, error) {
	env := &v1alpha1.AppEnvironment{}
	err := c.rest.Get().Resource(resource).Name(name).Do(ctx).Into(env)
	return env, c.explain(err, name)
}

func (c *cluster) list(ctx context.Context, selector string) (*v1alpha1.AppEnvironmentList, error) {
	list := &v1alpha1.AppEnvironmentList{}
	err := c.rest.Get().Resource(resource).VersionedParams(&metav1.ListOptions{LabelSelector: selector}, metav1.ParameterCodec).Do(ctx).Into(list)
	return list, c.explain(err, "")
}

// watch gives what happens after a version.
func (c *cluster) watch(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	options.Watch = true
	watcher, err := c.rest.Get().Resource(resource).VersionedParams(&options, metav1.ParameterCodec).Watch(ctx)
	return watcher, c.explain(err, "")
}

func (c *cluster) patch(ctx context.Context, name string, patch []byte) error {
	err := c.rest.Patch(types.MergePatchType).Resource(resource).Name(name).Param("fieldManager", "kubectl-appenv").
		Param("fieldValidation", metav1.FieldValidationStrict).Body(patch).Do(ctx).Error()
	return c.explain(err, name)
}

// explain says in words of its own what the API server says in codes.
func (c *cluster) explain(err error, name string) error {
	var status apierrors.APIStatus
	switch {
	case err == nil:
		return nil
	case apierrors.IsNotFound(err) && errors.As(err, &status) && (status.Status().Details == nil || status.Status().Details.Name == ""):
		return fmt.Errorf("the cluster serves no AppEnvironments of %s: the operator's CustomResourceDefinition is not installed, or is of another version", v1alpha1.GroupVersion)
	case apierrors.IsNotFound(err):
		return fmt.Errorf("there is no AppEnvironment %s", name)
	case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err), apierrors.IsInvalid(err), errors.As(err, &status):
		return err
	}
	return fmt.Errorf("the cluster does not answer: %w", err)
}
