package lint

import (
	"cmp"
	"errors"
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/foreign/argocd"
	"github.com/appenv/appenv-operator/internal/overlay"
	"github.com/appenv/appenv-operator/internal/render"
)

var overlayMissingRule = Rule{
	ID: "overlay-missing", Severity: Error, NeedsRepository: true,
	Summary: "An app's folder does not exist in the repository.",
	Explanation: `Argo CD would report "app path does not exist", and the environment waits. Correct spec.source.path or the app's path,
or add the folder. What is read is the working tree as it is, whatever targetRevision says.`,
	check: overlayFailures(func(err error) bool { return errors.Is(err, overlay.ErrMissing) }),
}

var overlayBrokenRule = Rule{
	ID: "overlay-broken", Severity: Error, NeedsRepository: true,
	Summary:     "An app's folder does not build.",
	Explanation: `The message is Kustomize's, or that of the YAML reader. Argo CD would report the same as ComparisonError.`,
	check: overlayFailures(func(err error) bool {
		return !errors.Is(err, overlay.ErrMissing) && !errors.Is(err, overlay.ErrNotRead)
	}),
}

var overlayNotReadRule = Rule{
	ID: "overlay-not-read", Severity: Info, NeedsRepository: true,
	Summary: "An app's folder was not looked into.",
	Explanation: `It holds a Helm chart or Jsonnet, which Argo CD renders and lint does not, or a base that could not be fetched, or its
repository was not given with --repo. None of the rules about manifests was asked, and what the app's objects may provide to
others is not missed there.`,
	check: overlayFailures(func(err error) bool { return errors.Is(err, overlay.ErrNotRead) }),
}

var podUnreadableRule = Rule{
	ID: "pod-unreadable", Severity: Error, NeedsRepository: true,
	Summary: "The Pods of an app's manifests cannot be read.",
	Explanation: `The API server would refuse the object, and Argo CD's sync would fail: a field has a value of another type, or a quantity
is none. None of the rules about Pods was asked of it.`,
	check: func(set *Set, report reporter) {
		forEachApp(set, func(env *Environment, i int, o *overlay.Overlay) {
			for _, pod := range o.Unreadable() {
				report(env, appPath(i), "app %s: %s %s has a Pod that cannot be read: %s", env.Env.Spec.Apps[i].Name, pod.Object.GetKind(), pod.Object.GetName(), pod.Err)
			}
		})
	},
}

func overlayFailures(concerns func(error) bool) func(*Set, reporter) {
	return func(set *Set, report reporter) {
		forEachApp(set, func(env *Environment, i int, o *overlay.Overlay) {
			if o.Err != nil && concerns(o.Err) {
				report(env, sourcePath(env, i), "app %s: %s: %s", env.Env.Spec.Apps[i].Name, o.Path, o.Err)
			}
		})
	}
}

var overlayEmptyRule = Rule{
	ID: "overlay-empty", Severity: Error, NeedsRepository: true,
	Summary:     "An app's folder gives no objects.",
	Explanation: `An Application without resources is Synced and Healthy, although nothing runs; the operator calls it failing.`,
	check: func(set *Set, report reporter) {
		forEachApp(set, func(env *Environment, i int, o *overlay.Overlay) {
			if o.Err == nil && len(o.Objects) == 0 {
				report(env, sourcePath(env, i), "app %s: %s gives no objects", env.Env.Spec.Apps[i].Name, o.Path)
			}
		})
	},
}

// forEachApp goes through the apps whose folder is at hand.
func forEachApp(set *Set, visit func(env *Environment, app int, o *overlay.Overlay)) {
	for _, env := range set.Valid() {
		for i, app := range env.Env.Spec.Apps {
			if o := set.Overlays[env][app.Name]; o != nil {
				visit(env, i, o)
			}
		}
	}
}

// sourcePath is the field that says where an app's folder is.
func sourcePath(env *Environment, app int) string {
	if env.Env.Spec.Apps[app].Path != nil {
		return index("spec.apps", app) + ".path"
	}
	return index("spec.apps", app) + ".name"
}

func appPath(app int) string { return index("spec.apps", app) + ".name" }

var kindRefusedRule = Rule{
	ID: "kind-refused", Severity: Error, NeedsRepository: true,
	Summary: "An app's manifests hold a kind that the environment's AppProject refuses.",
	Explanation: `Argo CD would not sync the app: "resource ... is not permitted in project". Guard rails (ResourceQuota, LimitRange), what
the operator makes itself and, unless spec.namespaceRBAC is Allowed, Roles and RoleBindings stay out of the manifests; of the
cluster-scoped kinds only those in spec.clusterResources may be there.`,
	check: func(set *Set, report reporter) {
		projects := map[*Environment]argocd.Project{}
		forEachApp(set, func(env *Environment, i int, o *overlay.Overlay) {
			permits, known := projects[env]
			if !known {
				permits = projectOf(set, env)
				projects[env] = permits
			}
			for _, object := range o.Objects {
				if reason := refusal(permits, set.clusterScoped(env, object), object); reason != "" {
					report(env, appPath(i), "app %s: %s %s %s", env.Env.Spec.Apps[i].Name, object.GetKind(), object.GetName(), reason)
				}
			}
		})
	},
}

const rbac = "rbac.authorization.k8s.io"

// projectOf is the AppProject that the operator would make.
func projectOf(set *Set, env *Environment) argocd.Project {
	children, err := render.Children(render.Input(env.Env, set.Settings))
	if err != nil {
		return argocd.Project{} // there is none then: render says why
	}
	for _, child := range children {
		if child.Object.GetKind() == "AppProject" {
			if project, err := argocd.DecodeProject(child.Object); err == nil {
				return project
			}
		}
	}
	return argocd.Project{}
}

// refusal says why the project does not permit an object; empty when it does.
func refusal(project argocd.Project, clusterScoped bool, object *unstructured.Unstructured) string {
	gvk := object.GroupVersionKind()
	matches := func(kind argocd.GroupKind) bool { return glob(kind.Group, gvk.Group) && glob(kind.Kind, gvk.Kind) }
	if clusterScoped {
		if slices.ContainsFunc(project.ClusterResourceWhitelist, matches) {
			return ""
		}
		if gvk.Group == rbac {
			return "is refused by the project: permissions for the whole cluster are the platform team's; remove it from the manifests"
		}
		if gvk.Group == "" && gvk.Kind == "Namespace" {
			return "is refused by the project: the operator makes the namespaces; list it under spec.namespaces"
		}
		return "is cluster-scoped and refused by the project; add its kind to spec.clusterResources, if the platform's rules allow it"
	}
	if !slices.ContainsFunc(project.NamespaceResourceBlacklist, matches) {
		return ""
	}
	if gvk.Group == rbac {
		return "is refused by the project; set spec.namespaceRBAC to Allowed, or remove it"
	}
	return "is refused by the project; remove it from the manifests, the environment's own fields are for it"
}

// glob matches as Argo CD's projects do.
func glob(pattern, value string) bool {
	matched, err := path.Match(pattern, value)
	return err == nil && matched
}

// clusterKinds are cluster-scoped kinds that teams are likely to have in their manifests, and that Kustomize's own list of
// kinds does not have: newer ones of Kubernetes, and those of well-known controllers. Group, then kinds.
var clusterKinds = map[string][]string{
	"admissionregistration.k8s.io": {"MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"},
	"argoproj.io":                  {"ClusterAnalysisTemplate", "ClusterWorkflowTemplate"},
	"cert-manager.io":              {"ClusterIssuer"},
	"certificates.k8s.io":          {"ClusterTrustBundle"},
	"cloud.google.com":             {"ComputeClass"},
	"external-secrets.io":          {"ClusterExternalSecret", "ClusterPushSecret", "ClusterSecretStore"},
	"flowcontrol.apiserver.k8s.io": {"FlowSchema", "PriorityLevelConfiguration"},
	"gateway.networking.k8s.io":    {"GatewayClass"},
	"keda.sh":                      {"ClusterTriggerAuthentication"},
	"kyverno.io":                   {"ClusterCleanupPolicy", "ClusterPolicy"},
	"monitoring.googleapis.com":    {"ClusterNodeMonitoring", "ClusterPodMonitoring", "ClusterRules", "GlobalRules"},
	"networking.k8s.io":            {"IPAddress", "ServiceCIDR"},
	"policy.networking.k8s.io":     {"AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"},
	"resource.k8s.io":              {"DeviceClass", "ResourceSlice"},
	"snapshot.storage.k8s.io":      {"VolumeSnapshotClass", "VolumeSnapshotContent"},
	"storage.k8s.io":               {"VolumeAttributesClass"},
}

// clusterScoped goes by Kubernetes' own kinds, those that are well known, and the definitions in the manifests of the
// environment's apps. Any other is taken for namespaced.
func (s *Set) clusterScoped(env *Environment, object *unstructured.Unstructured) bool {
	namespaced, known := openapi.IsNamespaceScoped(kyaml.TypeMeta{APIVersion: object.GetAPIVersion(), Kind: object.GetKind()})
	if known {
		return !namespaced
	}
	gvk := object.GroupVersionKind()
	if slices.Contains(clusterKinds[gvk.Group], gvk.Kind) {
		return true
	}
	for _, o := range s.Overlays[env] {
		for _, other := range o.Objects {
			if other.GetKind() != "CustomResourceDefinition" {
				continue
			}
			kind, _, _ := unstructured.NestedString(other.Object, "spec", "names", "kind")
			group, _, _ := unstructured.NestedString(other.Object, "spec", "group")
			scope, _, _ := unstructured.NestedString(other.Object, "spec", "scope")
			if kind == gvk.Kind && group == gvk.Group {
				return scope == "Cluster"
			}
		}
	}
	return false
}

var namespaceRefusedRule = Rule{
	ID: "namespace-refused", Severity: Error, NeedsRepository: true,
	Summary: "An app's manifests name a namespace that is not the environment's.",
	Explanation: `The AppProject permits the namespaces of spec.namespaces and no other. Leave metadata.namespace out of the manifests:
Argo CD puts them into the app's namespace. For another one, add it to spec.namespaces.`,
	check: func(set *Set, report reporter) {
		forEachApp(set, func(env *Environment, i int, o *overlay.Overlay) {
			for _, object := range o.Objects {
				namespace := object.GetNamespace()
				if namespace == "" || set.clusterScoped(env, object) || hasNamespace(env, namespace) {
					continue
				}
				report(env, appPath(i), "app %s: %s %s is in namespace %s, which is not under spec.namespaces",
					env.Env.Spec.Apps[i].Name, object.GetKind(), object.GetName(), namespace)
			}
		})
	},
}

func hasNamespace(env *Environment, name string) bool {
	return slices.ContainsFunc(env.Env.Spec.Namespaces, func(n v1alpha1.Namespace) bool { return n.Name == name })
}

// namespaceOf is where an object of an app goes.
func namespaceOf(env *Environment, app int, object *unstructured.Unstructured) string {
	if namespace := object.GetNamespace(); namespace != "" {
		return namespace
	}
	return component.NamespaceOf(env.Env, env.Env.Spec.Apps[app].Namespace)
}

var imageUnknownRule = Rule{
	ID: "image-unknown", Severity: Error, NeedsRepository: true,
	Summary: "An image override names no image of the app's manifests.",
	Explanation: `Kustomize takes such an override without a word and changes nothing: the old image goes on running. The name is the
image as the manifests have it, with its registry and without tag.`,
	check: checkImages,
}

func checkImages(set *Set, report reporter) {
	forEachApp(set, func(env *Environment, i int, o *overlay.Overlay) {
		app := env.Env.Spec.Apps[i]
		if o.Err != nil {
			return
		}
		names := o.ImageNames()
		for j, image := range app.Images {
			at := index(index("spec.apps", i)+".images", j)
			switch {
			case !o.Kustomized:
				report(env, at+".name", "app %s: %s is not a Kustomize folder, so its images cannot be overridden", app.Name, o.Path)
			case !slices.Contains(names, cmp.Or(o.Images[image.Name], image.Name)):
				report(env, at+".name", "app %s: no manifest has an image %s; there %s", app.Name, image.Name, listed(names))
			}
		}
	})
}

// listed says which names there are.
func listed(names []string) string {
	switch len(names) {
	case 0:
		return "is none"
	case 1:
		return "is " + names[0]
	}
	if rest := len(names) - 5; rest > 0 {
		names = append(slices.Clone(names[:5]), "others")
	}
	return "are " + strings.Join(names, ", ")
}
