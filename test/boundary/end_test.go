package boundary

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

var (
	environmentGVK    = v1alpha1.GroupVersion.WithKind("AppEnvironment")
	namespaceGVK      = corev1.SchemeGroupVersion.WithKind("Namespace")
	quotaGVK          = corev1.SchemeGroupVersion.WithKind("ResourceQuota")
	serviceAccountGVK = corev1.SchemeGroupVersion.WithKind("ServiceAccount")
	networkPolicyGVK  = networkingv1.SchemeGroupVersion.WithKind("NetworkPolicy")
)

// clearAway takes away everything that is left of an environment, so that the caches of operators yet to start do
// not grow with every run.
func clearAway(name string) error {
	objects, err := plane.Belongings(name)
	for i := range objects {
		u := &objects[i]
		if u.GetNamespace() == fixture.NamespaceOf(name) {
			continue // goes with the namespace
		}
		if len(u.GetFinalizers()) > 0 {
			none := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))
			err = errors.Join(err, client.IgnoreNotFound(plane.Client.Patch(context.Background(), u, none)))
		}
		err = errors.Join(err, client.IgnoreNotFound(plane.Client.Delete(context.Background(), u)))
	}
	return err
}

// isReady is an error until everything that the environment asks for now is in place and works.
func isReady(name string) error { return plane.InPlace(name) }

// isGone is an error while the environment exists.
func isGone(name string) error {
	env := &v1alpha1.AppEnvironment{}
	err := plane.Client.Get(context.Background(), client.ObjectKey{Name: name}, env)
	if err == nil {
		return fmt.Errorf("still exists: %s", fixture.Describe(env))
	}
	return client.IgnoreNotFound(err)
}
