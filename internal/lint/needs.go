package lint

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"

	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/overlay"
)

var secretMissingRule = Rule{
	ID: "secret-missing", Severity: Error, NeedsRepository: true,
	Summary: "An app's Pods need a Secret that nobody provides.",
	Explanation: `The Pods would wait in CreateContainerConfigError or ContainerCreating. Add an item under spec.secrets.items, or mark
the reference as optional. Secrets of the manifests, of ExternalSecrets and SealedSecrets in them, and of cert-manager
certificates count as provided, and so does a Secret that any other object of the manifests names: it may make it. Secrets with
which images are pulled are not looked at: Pods start without them where the node may pull.`,
	check: func(set *Set, report reporter) {
		provided := providers(set)
		forEachUse(set, func(env *Environment, app int, namespace string, needed overlay.Use) {
			secret := name{namespace, needed.Secret}
			if _, ok := provided[env][secret]; !ok && !mentioned(set, env, secret) {
				report(env, appPath(app), "app %s: %s needs Secret %s/%s, which nothing provides; add an item under spec.secrets.items",
					env.Env.Spec.Apps[app].Name, needed.By, namespace, needed.Secret)
			}
		})
	},
}

var secretKeyMissingRule = Rule{
	ID: "secret-key-missing", Severity: Error, NeedsRepository: true,
	Summary: "An app's Pods need a key of a Secret that its item does not write.",
	Explanation: `The item names its keys one by one (data), and the one that is needed is not among them: the Pods would wait in
CreateContainerConfigError. What extract brings is known to the secret manager only; such items are taken to have every key.`,
	check: func(set *Set, report reporter) {
		provided := providers(set)
		forEachUse(set, func(env *Environment, app int, namespace string, needed overlay.Use) {
			keys, ok := provided[env][name{namespace, needed.Secret}]
			if ok && keys != nil && needed.Key != "" && !slices.Contains(keys, needed.Key) {
				report(env, appPath(app), "app %s: %s needs key %s of Secret %s/%s, whose item has %s",
					env.Env.Spec.Apps[app].Name, needed.By, needed.Key, namespace, needed.Secret, joined(keys))
			}
		})
	},
}

var secretUnusedRule = Rule{
	ID: "secret-unused", Severity: Warning, NeedsRepository: true,
	Summary: "A secret is provided and no app's Pods use it.",
	Explanation: `Every new app waits for every secret of the environment, and whoever reads the namespace reads it. Remove the item, or
suppress the rule if something beyond the manifests uses it. It is reported only where all apps' folders could be read.`,
	check: func(set *Set, report reporter) {
		used := map[use]bool{}
		forEachUse(set, func(env *Environment, _ int, namespace string, needed overlay.Use) {
			used[use{env, name{namespace, needed.Secret}}] = true
		})
		forEachApp(set, func(env *Environment, i int, o *overlay.Overlay) {
			for _, workload := range o.Workloads() {
				for _, pull := range workload.PullSecrets() {
					used[use{env, name{namespaceOf(env, i, workload.Object), pull}}] = true
				}
			}
		})
		for _, env := range set.Valid() {
			if env.Env.Spec.Secrets == nil || !allRead(set, env) {
				continue
			}
			for i, item := range env.Env.Spec.Secrets.Items {
				secret := name{component.NamespaceOf(env.Env, item.Namespace), ptr.Deref(item.SecretName, item.Name)}
				if !used[use{env, secret}] && !mentioned(set, env, secret) {
					report(env, index("spec.secrets.items", i)+".name", "no app uses Secret %s/%s", secret.namespace, secret.name)
				}
			}
		}
	},
}

// A name is of an object in a namespace.
type name struct{ namespace, name string }

// A use is of an object by an environment.
type use struct {
	by *Environment
	of name
}

// forEachUse goes through the Secrets that Pods need, each once per app and object.
func forEachUse(set *Set, visit func(env *Environment, app int, namespace string, needed overlay.Use)) {
	forEachApp(set, func(env *Environment, i int, o *overlay.Overlay) {
		for _, workload := range o.Workloads() {
			namespace := namespaceOf(env, i, workload.Object)
			for _, needed := range sortedUses(workload.SecretUses()) {
				visit(env, i, namespace, needed)
			}
		}
	})
}

func sortedUses(uses []overlay.Use) []overlay.Use {
	slices.SortFunc(uses, func(a, b overlay.Use) int { return cmp.Or(cmp.Compare(a.Secret, b.Secret), cmp.Compare(a.Key, b.Key)) })
	return slices.Compact(uses)
}

// providers are the Secrets that each environment provides.
func providers(set *Set) map[*Environment]map[name][]string {
	all := map[*Environment]map[name][]string{}
	for _, env := range set.Valid() {
		all[env] = provided(set, env)
	}
	return all
}

// provided are the Secrets that the environment and its apps' manifests make, with their keys; nil keys are unknown.
func provided(set *Set, env *Environment) map[name][]string {
	all := map[name][]string{}
	for i := range env.Env.Spec.Apps {
		o := set.Overlays[env][env.Env.Spec.Apps[i].Name]
		if o == nil {
			continue
		}
		for _, object := range o.Objects {
			if secret := madeSecret(object); secret != "" {
				all[name{namespaceOf(env, i, object), secret}] = nil
			}
		}
	}
	for _, certificate := range env.Env.Spec.Certificates {
		if certificate.CertManager != nil {
			all[name{component.NamespaceOf(env.Env, certificate.Namespace), ptr.Deref(certificate.CertManager.SecretName, certificate.Name)}] = nil
		}
	}
	if env.Env.Spec.Secrets == nil {
		return all
	}
	for _, item := range env.Env.Spec.Secrets.Items {
		var keys []string
		if len(item.Extract) == 0 {
			for _, data := range item.Data {
				keys = append(keys, data.Key)
			}
		}
		all[name{component.NamespaceOf(env.Env, item.Namespace), ptr.Deref(item.SecretName, item.Name)}] = keys
	}
	return all
}

// madeSecret is the name of the Secret that an object is or makes.
func madeSecret(object *unstructured.Unstructured) string {
	switch object.GetKind() {
	case "Secret":
		return object.GetName()
	case "ExternalSecret":
		if target, _, _ := unstructured.NestedString(object.Object, "spec", "target", "name"); target != "" {
			return target
		}
		return object.GetName()
	case "SealedSecret":
		if target, _, _ := unstructured.NestedString(object.Object, "spec", "template", "metadata", "name"); target != "" {
			return target
		}
		return object.GetName()
	case "Certificate":
		secret, _, _ := unstructured.NestedString(object.Object, "spec", "secretName")
		return secret
	}
	return ""
}

// mentioned says whether an object of the manifests that makes no Pods by itself has the name as a value: what reads or makes
// Secrets, or runs as an account, names them so, such as an Ingress or the kinds of an operator.
func mentioned(set *Set, env *Environment, wanted name) bool {
	for i, app := range env.Env.Spec.Apps {
		o := set.Overlays[env][app.Name]
		if o == nil {
			continue
		}
		workloads := o.Workloads()
		for _, object := range o.Objects {
			makesPods := slices.ContainsFunc(workloads, func(w overlay.Workload) bool { return w.Object == object })
			if makesPods || object.GetName() == wanted.name || namespaceOf(env, i, object) != wanted.namespace {
				continue
			}
			if holds(object.Object, wanted.name) {
				return true
			}
		}
	}
	return false
}

func holds(value any, text string) bool {
	switch value := value.(type) {
	case string:
		return value == text || strings.HasSuffix(value, "/"+text) // with its namespace, in annotations
	case []any:
		return slices.ContainsFunc(value, func(entry any) bool { return holds(entry, text) })
	case map[string]any:
		for entry := range maps.Values(value) {
			if holds(entry, text) {
				return true
			}
		}
	}
	return false
}

// allRead says whether the folders of all apps could be read.
func allRead(set *Set, env *Environment) bool {
	for _, app := range env.Env.Spec.Apps {
		if o := set.Overlays[env][app.Name]; o == nil || o.Err != nil {
			return false
		}
	}
	return true
}

var serviceAccountMissingRule = Rule{
	ID: "service-account-missing", Severity: Error, NeedsRepository: true,
	Summary:     "An app's Pods run as a ServiceAccount that nobody provides.",
	Explanation: `No Pod would be created: "serviceaccount not found". Add it under the namespace's serviceAccounts, or to the manifests.`,
	check: func(set *Set, report reporter) {
		forEachApp(set, func(env *Environment, i int, o *overlay.Overlay) {
			for _, workload := range o.Workloads() {
				account := name{namespaceOf(env, i, workload.Object), workload.ServiceAccount()}
				if account.name != "default" && !hasAccount(set, env, account) {
					report(env, appPath(i), "app %s: %s %s runs as ServiceAccount %s/%s, which nothing provides; add it under serviceAccounts of the namespace",
						env.Env.Spec.Apps[i].Name, workload.Object.GetKind(), workload.Object.GetName(), account.namespace, account.name)
				}
			}
		})
	},
}

func hasAccount(set *Set, env *Environment, account name) bool {
	for _, namespace := range env.Env.Spec.Namespaces {
		for _, each := range namespace.ServiceAccounts {
			if namespace.Name == account.namespace && each.Name == account.name {
				return true
			}
		}
	}
	return inManifests(set, env, "ServiceAccount", account)
}

// inManifests says whether an object of that kind and name is in the manifests of the environment's apps.
func inManifests(set *Set, env *Environment, kind string, wanted name) bool {
	for i, app := range env.Env.Spec.Apps {
		o := set.Overlays[env][app.Name]
		if o == nil {
			continue
		}
		for _, object := range o.Objects {
			if object.GetKind() == kind && object.GetName() == wanted.name && namespaceOf(env, i, object) == wanted.namespace {
				return true
			}
		}
	}
	return false
}

var serviceAccountUnusedRule = Rule{
	ID: "service-account-unused", Severity: Warning, NeedsRepository: true,
	Summary: "A ServiceAccount is provided and nothing runs as it.",
	Explanation: `Who may make Pods in the namespace can run as it, with its cloud identity. Remove it, or suppress the rule if something
beyond the manifests uses it. The account that the secret store uses counts as used.`,
	check: checkUnusedAccounts,
}

func checkUnusedAccounts(set *Set, report reporter) {
	used := map[use]bool{}
	forEachApp(set, func(env *Environment, i int, o *overlay.Overlay) {
		for _, workload := range o.Workloads() {
			used[use{env, name{namespaceOf(env, i, workload.Object), workload.ServiceAccount()}}] = true
		}
	})
	for _, env := range set.Valid() {
		if !allRead(set, env) {
			continue
		}
		for i, namespace := range env.Env.Spec.Namespaces {
			for j, account := range namespace.ServiceAccounts {
				each := name{namespace.Name, account.Name}
				if used[use{env, each}] || account.Name == storeAccount(env) || mentioned(set, env, each) {
					continue
				}
				report(env, index(index("spec.namespaces", i)+".serviceAccounts", j)+".name", "nothing runs as ServiceAccount %s/%s", namespace.Name, account.Name)
			}
		}
	}
}

// storeAccount is the ServiceAccount with which the secret store is read.
func storeAccount(env *Environment) string {
	if env.Env.Spec.Secrets == nil {
		return ""
	}
	switch store := env.Env.Spec.Secrets.Store; {
	case store.GCPSecretManager != nil:
		return store.GCPSecretManager.ServiceAccount
	case store.AzureKeyVault != nil:
		return store.AzureKeyVault.ServiceAccount
	}
	return ""
}

func joined(keys []string) string {
	if len(keys) == 0 {
		return "no keys"
	}
	sorted := slices.Sorted(slices.Values(keys))
	return "only " + join(sorted)
}
