package infer

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
)

// findNamespaces finds the environment's namespaces, the first one first: those that are given, and those into which
// its Applications deploy.
func (m *importer) findNamespaces() error {
	deployed := map[string]int{}
	var all []string
	for _, u := range m.of("Namespace", "") {
		all = append(all, u.GetName())
	}
	for _, app := range m.apps {
		namespace := app.decoded.Spec.Destination.Namespace
		deployed[namespace]++
		all = append(all, namespace)
	}
	first := m.o.Namespace
	if endpoints := m.of("DNSEndpoint", ""); first == "" && len(endpoints) == 1 && contains(all, endpoints[0].GetNamespace()) {
		first = endpoints[0].GetNamespace() // that is where the operator's would be
	}
	for _, namespace := range all {
		if first == "" || m.o.Namespace == "" && deployed[namespace] > deployed[first] && len(m.of("DNSEndpoint", first)) == 0 {
			first = namespace
		}
	}
	if !contains(all, first) {
		return fmt.Errorf("no Application deploys into namespace %s, and it was not given", first)
	}
	for _, namespace := range append([]string{first}, all...) {
		if !contains(m.namespaces, namespace) {
			m.namespaces = append(m.namespaces, namespace)
		}
	}
	for _, u := range m.given {
		if namespaced(u, m.o.Settings) && !contains(m.namespaces, u.GetNamespace()) {
			m.leave(u, "metadata.namespace", "its Namespace was not given, and no app deploys into it")
		}
	}
	return nil
}

// readNamespaces reads spec.namespaces.
func (m *importer) readNamespaces() {
	for i, name := range m.namespaces {
		path := fmt.Sprintf("spec.namespaces[%d]", i)
		namespace := v1alpha1.Namespace{Name: name}
		if u := m.named("Namespace", "", name); u != nil {
			m.take(u, path)
			namespace.PodSecurity = m.podSecurity(u)
			namespace.Annotations = m.annotations(u)
		}
		m.readQuota(&namespace, path)
		m.readLimits(&namespace, path)
		m.readNetworkPolicy(&namespace, path)
		m.readServiceAccounts(&namespace, path)
		m.env.Spec.Namespaces = append(m.env.Spec.Namespaces, namespace)
	}
}

func (m *importer) podSecurity(u *unstructured.Unstructured) *v1alpha1.PodSecurity {
	level, set := u.GetLabels()[component.LabelPodSecurity]
	if !set {
		return nil
	}
	known := []string{string(v1alpha1.PodSecurityPrivileged), string(v1alpha1.PodSecurityBaseline), string(v1alpha1.PodSecurityRestricted)}
	if !contains(known, level) {
		m.remark(u, "metadata.labels."+component.LabelPodSecurity, level+" is no level, and stays as it is")
		return nil
	}
	found := v1alpha1.PodSecurity(level)
	return &found
}

// maxAnnotations is how many annotations of a namespace an environment may ask for, and unwritable is what their values may
// not have: see v1alpha1.Namespace and v1alpha1.AnnotationValue. JSON is what programs keep.
const maxAnnotations = 20

var unwritable = regexp.MustCompile(`\p{C}|\{`)

// annotations are those that an environment may ask for. What programs keep in annotations stays theirs.
func (m *importer) annotations(u *unstructured.Unstructured) map[string]v1alpha1.AnnotationValue {
	found := map[string]v1alpha1.AnnotationValue{}
	given := u.GetAnnotations()
	for _, key := range slices.Sorted(maps.Keys(given)) {
		if isReserved(key) || unwritable.MatchString(given[key]) || utf8.RuneCountInString(given[key]) > 1024 {
			continue
		}
		if len(found) == maxAnnotations {
			m.remark(u, "metadata.annotations", fmt.Sprintf("an environment asks for %d at most; the others stay as they are", maxAnnotations))
			break
		}
		found[key] = given[key]
	}
	if len(found) == 0 {
		return nil
	}
	return found
}

// isReserved says whether a label or annotation is the cluster's, Argo CD's or the operator's.
func isReserved(key string) bool {
	domain, _, _ := strings.Cut(key, "/")
	return strings.Contains(key, "/") && slices.ContainsFunc(
		[]string{"kubernetes.io", "k8s.io", "argocd.argoproj.io", "platform.appenv.dev"},
		func(reserved string) bool { return domain == reserved || strings.HasSuffix(domain, "."+reserved) })
}

// guards are the guard rails of a kind in a namespace: the one with the operator's name, when the environment can express
// it as a whole. The others are left.
func (m *importer) guards(kind, namespace, field string, read func(spec map[string]any) (why string)) (u *unstructured.Unstructured) {
	m.leaveNamed(kind, namespace, m.env.Name, field)
	u = m.named(kind, namespace, m.env.Name)
	if u == nil {
		return nil
	}
	if why := read(fields(u.Object, "spec")); why != "" {
		m.leave(u, "spec", why)
		return nil
	}
	return u
}

func (m *importer) readQuota(namespace *v1alpha1.Namespace, path string) {
	var quota v1alpha1.ResourceList
	u := m.guards("ResourceQuota", namespace.Name, path+".quota", func(spec map[string]any) string {
		if other := unexpected(spec, "hard"); other != "" {
			return "an environment's quota has no " + other
		}
		return convert(spec["hard"], &quota)
	})
	if u != nil {
		namespace.Quota = quota
		m.take(u, path+".quota")
	}
}

// convert reads plain values into a field of the environment, and says why that cannot be.
func convert(from, into any) (why string) {
	data, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		return "it cannot be read: " + err.Error()
	}
	if string(data) == "null" || string(data) == "{}" || string(data) == "[]" {
		return "it says nothing"
	}
	return ""
}

// Annotations that give a ServiceAccount an identity in a cloud.
const (
	annotationGoogleAccount = "iam.gke.io/gcp-service-account"
	annotationAzureClient   = "azure.workload.identity/client-id"
)

// maxServiceAccounts is how many an environment may have in a namespace.
const maxServiceAccounts = 10

// readServiceAccounts reads the accounts of a namespace, those with an identity first: there may be too many. The order
// they are written in is that in which they were given.
func (m *importer) readServiceAccounts(namespace *v1alpha1.Namespace, path string) {
	all := m.of("ServiceAccount", namespace.Name)
	identified := func(u *unstructured.Unstructured) bool {
		return u.GetAnnotations()[annotationGoogleAccount]+u.GetAnnotations()[annotationAzureClient] != ""
	}
	var plain []*unstructured.Unstructured
	left := maxServiceAccounts
	for _, u := range all {
		if identified(u) {
			left--
		} else if u.GetName() != "default" {
			plain = append(plain, u)
		}
	}
	for _, u := range all {
		switch {
		case u.GetName() == "default":
			m.leave(u, "", "Kubernetes makes it itself")
			continue
		case len(namespace.ServiceAccounts) == maxServiceAccounts, slices.Contains(plain[min(max(left, 0), len(plain)):], u):
			m.leave(u, "", fmt.Sprintf("an environment has at most %d ServiceAccounts in a namespace", maxServiceAccounts))
			continue
		}
		m.take(u, fmt.Sprintf("%s.serviceAccounts[%d]", path, len(namespace.ServiceAccounts)))
		namespace.ServiceAccounts = append(namespace.ServiceAccounts, v1alpha1.ServiceAccount{
			Name:              u.GetName(),
			GCPServiceAccount: unless(u.GetAnnotations()[annotationGoogleAccount], ""), AzureClientID: unless(u.GetAnnotations()[annotationAzureClient], ""),
		})
	}
}
