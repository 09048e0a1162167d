package boundary

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
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

// inNamespaces are the kinds that an end has in the environment's namespace: what the operator makes, what
// Argo CD and External Secrets make from it, and anything that would be orphaned.
var inNamespaces = []schema.GroupVersionKind{
	quotaGVK, serviceAccountGVK, networkPolicyGVK,
	corev1.SchemeGroupVersion.WithKind("LimitRange"), corev1.SchemeGroupVersion.WithKind("ConfigMap"), corev1.SchemeGroupVersion.WithKind("Secret"),
	rbacv1.SchemeGroupVersion.WithKind("RoleBinding"),
	fixture.SecretStoreGVK, fixture.ExternalSecretGVK, fixture.ManagedCertificateGVK, fixture.CertificateGVK, fixture.DNSEndpointGVK,
}

// An end is where a journey leads: by kind and name all objects of an environment, but for what differs from
// run to run.
type end map[string]any

// uids are the objects that are there, by kind and name as in an end.
type uids map[string]types.UID

// look returns everything that there is of an environment.
func look(name string) ([]unstructured.Unstructured, error) {
	var all []unstructured.Unstructured
	for _, gvk := range inNamespaces {
		objects, err := list(gvk, client.InNamespace(fixture.NamespaceOf(name)))
		if err != nil {
			return nil, err
		}
		all = append(all, slices.DeleteFunc(objects, isKubernetesOwn)...)
	}
	for _, gvk := range []schema.GroupVersionKind{fixture.AppProjectGVK, fixture.ApplicationSetGVK, fixture.ApplicationGVK} {
		objects, err := list(gvk, client.InNamespace(fixture.ArgoCDNamespace))
		if err != nil {
			return nil, err
		}
		all = append(all, slices.DeleteFunc(objects, isOfAnother(name))...)
	}
	for _, gvk := range []schema.GroupVersionKind{namespaceGVK, environmentGVK} {
		objects, err := list(gvk)
		if err != nil {
			return nil, err
		}
		all = append(all, slices.DeleteFunc(objects, isOfAnother(name))...)
	}
	return all, nil
}

func list(gvk schema.GroupVersionKind, options ...client.ListOption) ([]unstructured.Unstructured, error) {
	found := &unstructured.UnstructuredList{}
	found.SetGroupVersionKind(gvk)
	if err := plane.Client.List(context.Background(), found, options...); err != nil {
		return nil, fmt.Errorf("listing %s: %w", gvk.Kind, err)
	}
	return found.Items, nil
}

// isKubernetesOwn says whether Kubernetes itself puts the object into every namespace.
func isKubernetesOwn(u unstructured.Unstructured) bool {
	return u.GetKind() == "ServiceAccount" && u.GetName() == "default" || u.GetKind() == "ConfigMap" && u.GetName() == "kube-root-ca.crt"
}

func isOfAnother(name string) func(unstructured.Unstructured) bool {
	return func(u unstructured.Unstructured) bool { return !strings.Contains(u.GetName(), name) }
}

// uidsOf are the objects that are there now.
func uidsOf(name string) (uids, error) {
	objects, err := look(name)
	if err != nil {
		return nil, err
	}
	found := uids{}
	for _, u := range objects {
		found[titleOf(u, name)] = u.GetUID()
	}
	return found, nil
}

func titleOf(u unstructured.Unstructured, name string) string {
	return strings.ReplaceAll(u.GetKind()+" "+u.GetNamespace()+"/"+u.GetName(), name, "RUN")
}

// endOf is the end at which an environment is now. Before are the objects that were there when its journey began.
func endOf(name string, before uids) (end, error) {
	objects, err := look(name)
	if err != nil {
		return nil, err
	}
	live := map[types.UID]bool{}
	for _, u := range objects {
		live[u.GetUID()] = true
	}
	reached := end{}
	for _, u := range objects {
		title := titleOf(u, name)
		fields := level(u.Object, name, live).(map[string]any)
		fields["managers"] = managersOf(u, name)
		if uid, was := before[title]; was {
			fields["the one it was"] = u.GetUID() == uid
		}
		if u.GetKind() != environmentGVK.Kind {
			delete(fields, "status") // others write it
		}
		reached[title] = fields
	}
	return reached, nil
}

var anyUID = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// managersOf are who owns which fields of an object.
func managersOf(u unstructured.Unstructured, name string) []string {
	var all []string
	for _, entry := range u.GetManagedFields() {
		if entry.Subresource != "" {
			continue
		}
		fields := anyUID.ReplaceAllString(string(entry.FieldsV1.GetRawBytes()), "UID") // of owner references
		all = append(all, strings.ReplaceAll(fmt.Sprint(entry.Manager, " ", entry.Operation, " ", fields), name, "RUN"))
	}
	slices.Sort(all)
	return all
}

// fleeting are fields that differ from run to run.
var fleeting = []string{"resourceVersion", "generation", "observedGeneration", "managedFields", "creationTimestamp", "lastTransitionTime", "since"}

// level is a value without what differs from run to run. Of a UID remains whether it is that of an object that is
// there.
func level(value any, name string, live map[types.UID]bool) any {
	switch value := value.(type) {
	case string:
		return strings.ReplaceAll(value, name, "RUN")
	case []any:
		all := make([]any, len(value))
		for i := range value {
			all[i] = level(value[i], name, live)
		}
		return all
	case map[string]any:
		fields := map[string]any{}
		for key, field := range value {
			uid, isText := field.(string)
			switch {
			case slices.Contains(fleeting, key):
			case isText && (key == "uid" || key == v1alpha1.AnnotationOwnerUID):
				fields[key] = map[bool]string{true: "of an object that is there", false: "of nothing that is there"}[live[types.UID(uid)]]
			default:
				fields[strings.ReplaceAll(key, name, "RUN")] = level(field, name, live)
			}
		}
		return fields
	}
	return value
}

// clearAway takes away everything that is left of an environment, so that the caches of operators yet to start do
// not grow with every run.
func clearAway(name string) error {
	objects, err := look(name)
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
func isReady(name string) error {
	env := &v1alpha1.AppEnvironment{}
	if err := plane.Client.Get(context.Background(), client.ObjectKey{Name: name}, env); err != nil {
		return err
	}
	if env.Status.ObservedGeneration != env.Generation || meta.FindStatusCondition(env.Status.Conditions, v1alpha1.ConditionReconciling) != nil {
		return fmt.Errorf("is not looked at, or is being worked on: %s", fixture.Describe(env))
	}
	if err := fixture.Ready(env); err != nil {
		return fmt.Errorf("%w: %s", err, fixture.Describe(env))
	}
	return nil
}

// isGone is an error while the environment exists.
func isGone(name string) error {
	env := &v1alpha1.AppEnvironment{}
	err := plane.Client.Get(context.Background(), client.ObjectKey{Name: name}, env)
	if err == nil {
		return fmt.Errorf("still exists: %s", fixture.Describe(env))
	}
	return client.IgnoreNotFound(err)
}
