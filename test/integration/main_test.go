// Package integration says how the operator behaves, one behaviour per file. It runs
// the operator, under its generated role, on a real API server.
//
// Tests that stop, kill or time the operator run first and one by one; the others
// run in parallel, each with an environment of its own.
package integration

import (
	"fmt"
	"os"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/test/fixture"
)

var plane *fixture.Plane

func TestMain(m *testing.M) {
	os.Exit(fixture.Main(m, func(p *fixture.Plane) { plane = p }))
}

// soon is the deadline for what should happen at once while other tests keep the
// machine busy, which may be a slow one. Where the second of the design counts, tests run alone and use second.
const (
	soon   = 2 * time.Minute
	second = time.Second
)

var (
	namespaceGVK      = corev1.SchemeGroupVersion.WithKind("Namespace")
	quotaGVK          = corev1.SchemeGroupVersion.WithKind("ResourceQuota")
	limitRangeGVK     = corev1.SchemeGroupVersion.WithKind("LimitRange")
	serviceAccountGVK = corev1.SchemeGroupVersion.WithKind("ServiceAccount")
	configMapGVK      = corev1.SchemeGroupVersion.WithKind("ConfigMap")
	clusterRoleGVK    = rbacv1.SchemeGroupVersion.WithKind("ClusterRole")
	roleBindingGVK    = rbacv1.SchemeGroupVersion.WithKind("RoleBinding")
	networkPolicyGVK  = schema.GroupVersionKind{Group: "networking.k8s.io", Version: "v1", Kind: "NetworkPolicy"}
)

// A child is an object that belongs to an environment.
type child struct {
	schema.GroupVersionKind
	client.ObjectKey
}

// childrenOf are the objects of an environment made by fixture.Full.
func childrenOf(name string) []child {
	in := func(gvk schema.GroupVersionKind, object string) child {
		return child{gvk, client.ObjectKey{Namespace: fixture.NamespaceOf(name), Name: object}}
	}
	argo := func(gvk schema.GroupVersionKind) child {
		return child{gvk, client.ObjectKey{Namespace: fixture.ArgoCDNamespace, Name: name}}
	}
	return []child{
		{namespaceGVK, client.ObjectKey{Name: fixture.NamespaceOf(name)}},
		in(quotaGVK, name),
		in(limitRangeGVK, name),
		in(networkPolicyGVK, name),
		in(serviceAccountGVK, "app1"),
		in(roleBindingGVK, name+"-edit"),
		in(roleBindingGVK, name+"-view"),
		argo(fixture.AppProjectGVK),
		in(fixture.SecretStoreGVK, name),
		in(fixture.ExternalSecretGVK, "env"),
		argo(fixture.ApplicationSetGVK),
		in(fixture.ManagedCertificateGVK, "web"),
		in(fixture.CertificateGVK, "internal"),
		in(fixture.DNSEndpointGVK, name),
	}
}

func application(environment, app string) client.ObjectKey {
	return client.ObjectKey{Namespace: fixture.ArgoCDNamespace, Name: fixture.ApplicationOf(environment, app)}
}

func argocd(name string) client.ObjectKey {
	return client.ObjectKey{Namespace: fixture.ArgoCDNamespace, Name: name}
}

func inside(environment, name string) client.ObjectKey {
	return client.ObjectKey{Namespace: fixture.NamespaceOf(environment), Name: name}
}

func cluster(name string) client.ObjectKey { return client.ObjectKey{Name: name} }

func olderThanASecond(created metav1.Time) error {
	if age := time.Since(created.Time); age < time.Second {
		return fmt.Errorf("%s old", age)
	}
	return nil
}

func objectKey(namespace, name string) client.ObjectKey {
	return client.ObjectKey{Namespace: namespace, Name: name}
}

// resourceOf is the plural of a child's kind, as it stands in URLs.
func resourceOf(child child) string {
	plural, _ := meta.UnsafeGuessKindToResource(child.GroupVersionKind)
	return plural.Resource
}

func quietSince(last time.Time, silence time.Duration) error {
	if since := time.Since(last); since < silence {
		return fmt.Errorf("the last request was sent %s ago", since)
	}
	return nil
}

// String is kind, namespace and name.
func (c child) String() string { return c.Kind + " " + c.ObjectKey.String() }
