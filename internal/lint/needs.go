package lint

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/overlay"
)

var secretMissingRule = Rule{
	ID: "secret-missing", Severity: Error, NeedsRepository: true,
	Summary: "An app's Pods or Ingress need a Secret that nobody provides.",
	Explanation: `The Pods would wait in CreateContainerConfigError or ContainerCreating, the Ingress would have no certificate. Add an item
under spec.secrets.items, or mark the reference as optional. Secrets of the manifests, of ExternalSecrets and SealedSecrets in
them, and of cert-manager certificates count as provided, and so does one that another object of the manifests names, or whose
name begins with that of an object of a kind that is not Kubernetes' own: it may make it. Secrets with which images are pulled
are not looked at: Pods start without them where the node may pull. Where an app of the same namespace could not be read,
nothing is said: its objects may provide the Secret.`,
	check: func(set *Set, report reporter) {
		provided := providers(set)
		forEachUse(set, func(env *Environment, app int, namespace string, needed overlay.Use) {
			secret := name{namespace, needed.Secret}
			if _, ok := provided[env][secret]; !ok && !needed.Optional && allReadIn(set, env, namespace) && !mayBeMade(set, env, secret) {
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
			if ok && keys != nil && needed.Key != "" && !needed.Optional && !slices.Contains(keys, needed.Key) {
				report(env, appPath(app), "app %s: %s needs key %s of Secret %s/%s, whose item has %s",
					env.Env.Spec.Apps[app].Name, needed.By, needed.Key, namespace, needed.Secret, joined(keys))
			}
		})
	},
}

var secretUnusedRule = Rule{
	ID: "secret-unused", Severity: Warning, NeedsRepository: true,
	Summary: "A secret is provided and no app uses it.",
	Explanation: `Every new app waits for every secret of the environment, and whoever reads the namespace reads it. Remove the item, or
suppress the rule if something beyond the manifests uses it. It is reported only where all apps' folders could be read.`,
	check: func(set *Set, report reporter) {
		used := map[use]bool{}
		forEachUse(set, func(env *Environment, _ int, namespace string, needed overlay.Use) {
			used[use{env, name{namespace, needed.Secret}}] = true
		})
		for _, env := range set.Valid() {
			if env.Env.Spec.Secrets == nil || !allRead(set, env) {
				continue
			}
			for i, item := range env.Env.Spec.Secrets.Items {
				secret := name{component.NamespaceOf(env.Env, item.Namespace), ptr.Deref(item.SecretName, item.Name)}
				if !used[use{env, secret}] && !named(set, env, "Secret", secret) {
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

// forEachUse goes through the Secrets that Pods and Ingresses use, each once per app and object.
func forEachUse(set *Set, visit func(env *Environment, app int, namespace string, needed overlay.Use)) {
	forEachApp(set, func(env *Environment, i int, o *overlay.Overlay) {
		for _, workload := range o.Workloads() {
			namespace := namespaceOf(env, i, workload.Object)
			for _, needed := range sortedUses(workload.SecretUses()) {
				visit(env, i, namespace, needed)
			}
		}
	})
	forEachIngress(set, func(env *Environment, i int, ingress *unstructured.Unstructured) {
		for _, needed := range sortedUses(overlay.IngressUses(ingress)) {
			visit(env, i, namespaceOf(env, i, ingress), needed)
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
			for _, secret := range madeSecrets(object) {
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

// madeSecrets are the names of the Secrets that an object is or makes.
func madeSecrets(object *unstructured.Unstructured) []string {
	from := func(otherwise string, path ...string) []string {
		if secret, _, _ := unstructured.NestedString(object.Object, path...); secret != "" {
			return []string{secret}
		}
		return []string{otherwise}
	}
	switch object.GetKind() {
	case "Secret":
		return []string{object.GetName()}
	case "ExternalSecret":
		return from(object.GetName(), "spec", "target", "name")
	case "SealedSecret":
		return from(object.GetName(), "spec", "template", "metadata", "name")
	case "Certificate":
		return from("", "spec", "secretName")
	case "Ingress":
		var made []string
		if overlay.AsksForCertificates(object) {
			for _, each := range overlay.IngressUses(object) {
				made = append(made, each.Secret)
			}
		}
		return made
	}
	return nil
}

// named says whether an object of the manifests that makes no Pods by itself names the Secret or ServiceAccount.
func named(set *Set, env *Environment, kind string, wanted name) bool {
	return anyBeside(set, env, wanted.namespace, func(object *unstructured.Unstructured) bool {
		return overlay.Names(object, kind, wanted.name)
	})
}

// mayBeMade says whether an object of the manifests may be what makes a Secret: it names it, or is called so.
func mayBeMade(set *Set, env *Environment, secret name) bool {
	return anyBeside(set, env, secret.namespace, func(object *unstructured.Unstructured) bool {
		return object.GetKind() != "Ingress" && (overlay.Names(object, "Secret", secret.name) || overlay.MayMake(object, secret.name))
	})
}

// anyBeside looks at the objects of the manifests in a namespace that make no Pods by themselves.
func anyBeside(set *Set, env *Environment, namespace string, is func(*unstructured.Unstructured) bool) bool {
	for i, app := range env.Env.Spec.Apps {
		o := set.Overlays[env][app.Name]
		if o == nil {
			continue
		}
		workloads := o.Workloads()
		for _, object := range o.Objects {
			makesPods := slices.ContainsFunc(workloads, func(w overlay.Workload) bool { return w.Object == object })
			if !makesPods && namespaceOf(env, i, object) == namespace && is(object) {
				return true
			}
		}
	}
	return false
}

// allRead says whether the folders of all apps could be read.
func allRead(set *Set, env *Environment) bool { return len(unread(set, env)) == 0 }

// allReadIn says whether the folders of all apps of a namespace could be read.
func allReadIn(set *Set, env *Environment, namespace string) bool {
	return !slices.ContainsFunc(unread(set, env), func(app v1alpha1.App) bool { return component.NamespaceOf(env.Env, app.Namespace) == namespace })
}

// unread are the apps whose folders could not be read.
func unread(set *Set, env *Environment) []v1alpha1.App {
	return slices.DeleteFunc(slices.Clone(env.Env.Spec.Apps), func(app v1alpha1.App) bool {
		o := set.Overlays[env][app.Name]
		return o != nil && o.Err == nil
	})
}

var serviceAccountMissingRule = Rule{
	ID: "service-account-missing", Severity: Error, NeedsRepository: true,
	Summary: "An app's Pods run as a ServiceAccount that nobody provides.",
	Explanation: `No Pod would be created: "serviceaccount not found". Add it under the namespace's serviceAccounts, or to the manifests.
Where an app of the same namespace could not be read, nothing is said.`,
	check: func(set *Set, report reporter) {
		forEachApp(set, func(env *Environment, i int, o *overlay.Overlay) {
			for _, workload := range o.Workloads() {
				account := name{namespaceOf(env, i, workload.Object), workload.ServiceAccount()}
				if account.name != "default" && !hasAccount(set, env, account) && allReadIn(set, env, account.namespace) {
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
				if used[use{env, each}] || account.Name == storeAccount(env) || named(set, env, "ServiceAccount", each) {
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
