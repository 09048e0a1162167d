// Package component says what an environment consists of and whether it is well.
//
// A component is a struct of plain functions in the list All: Desired turns an
// Input into the objects that should exist, Health judges one live object. Both
// are pure: same input, same answer, nothing read, nothing written, the input
// left as it was. Watches, apply, prune, teardown, status, RBAC checks and golden
// tests all range over All, so that a new kind of child is one file, one name in
// the list and one case under testdata.
//
// This package may import api and internal/foreign, and never context, time or a
// client.
package component

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/foreign/argocd"
)

// A Component is one part of an environment, with a condition of its own.
type Component struct {
	// Name is the component's name, as in status.teardown.step: lower case, one word.
	Name string
	// Condition is the type of the component's condition.
	Condition string
	// Kinds are the kinds of the component's children. They are pruned in reverse order, and
	// shown in this one; see Kind.First for that in which they are applied.
	Kinds []Kind
	// Observes are kinds whose health counts although somebody else makes them.
	Observes []Kind
	// After names the components that must be in place as a whole before this one is
	// applied. An object waits for its own Namespace without being told.
	After []string
	// Desired is what should exist. Objects carry apiVersion, kind, name, namespace,
	// own labels and annotations, and the fields the operator owns; the marks of
	// ownership are added by Intent. An error is the spec's fault and final until
	// the spec changes.
	Desired func(Input) ([]*unstructured.Unstructured, error)
	// Observed are the objects of the kinds in Observes that should exist. Optional.
	Observed func(Input) []Key
	// Health judges one object of Kinds or Observes. live is nil when it does not exist.
	Health func(in Input, key Key, live *unstructured.Unstructured) Health
}

// All are the components, in the order in which they depend on one another:
// conditions and blockedOn follow it.
var All = []Component{namespaces, project, secrets, applications, certificates, dns}

// TeardownOrder names the components in the order in which they are removed:
// traffic first, then what runs, then what it needed.
var TeardownOrder = []string{"dns", "applications", "project", "certificates", "secrets", "namespaces"}

// A Key identifies an object: group and kind, namespace, name.
type Key struct {
	Group, Kind, Namespace, Name string
}

// KeyOf is the key of an object.
func KeyOf(u *unstructured.Unstructured) Key {
	gvk := u.GroupVersionKind()
	return Key{Group: gvk.Group, Kind: gvk.Kind, Namespace: u.GetNamespace(), Name: u.GetName()}
}

// GroupKind is the key's kind.
func (k Key) GroupKind() schema.GroupKind { return schema.GroupKind{Group: k.Group, Kind: k.Kind} }

// String is kind, then namespace and name, as in "ExternalSecret hoge/app1-env".
func (k Key) String() string {
	if k.Namespace == "" {
		return k.Kind + " " + k.Name
	}
	return k.Kind + " " + k.Namespace + "/" + k.Name
}

// Input is everything a component may look at. Nothing in it may be changed.
type Input struct {
	// Env is the AppEnvironment: spec, name and UID.
	Env *v1alpha1.AppEnvironment
	// Settings are the operator's own.
	Settings Settings
	// Admitted are the names of the apps that have passed the gate: the elements of
	// the ApplicationSet. Sorted.
	Admitted []string
	// Withheld are the namespaces of the spec that must get no child, no destination
	// and no new app, with the reason.
	Withheld map[string]Health
	// Adopted are the namespaces that the operator did not create, with the Pod
	// Security level that the operator itself put on them earlier, empty if none.
	Adopted map[string]string
	// Applications are the live Applications of this environment's project.
	Applications []argocd.Application
	// LiveProject is the spec of the live AppProject, where it is ours; nil when there is none.
	LiveProject *argocd.Project
	// LiveElements are the elements of the live ApplicationSet, where it is ours, by app name.
	LiveElements map[string]argocd.Element
	// KeptElements are elements of the live list whose apps have left the spec and may not
	// go yet. They stay in the list as they are.
	KeptElements []argocd.Element
	// KeptNamespaces are namespaces that have left the spec and may not go yet: the
	// AppProject goes on permitting them.
	KeptNamespaces []string
	// LiveDomains are the domains of the live ManagedCertificates that are ours.
	LiveDomains map[Key][]string
	// LiveSecrets are the Secrets that the live ExternalSecrets which are ours have written,
	// with the types that they have.
	LiveSecrets map[Key]WrittenSecret
	// TakenRecords are the DNS names, in lower case, that another environment holds,
	// with its name. They get no record.
	TakenRecords map[string]string
	// Causes are the true causes of failing ExternalSecrets and SecretStores, and why Pods of
	// Applications are refused, from Events.
	Causes map[Key]string
}

// Settings are the operator's settings that change what children look like.
type Settings struct {
	// ArgoCDNamespace is where Argo CD's objects are. Default argocd.
	ArgoCDNamespace string
	// CloudflareProxiedProperty is the name of external-dns's provider-specific
	// property for Cloudflare's proxy. It differs between external-dns releases:
	// domain facts stand at its flag.
	CloudflareProxiedProperty string
	// ReservedNamespaces are patterns (path.Match) of namespaces no environment may
	// use, beside those the CRD refuses.
	ReservedNamespaces []string
	// Allowed* are patterns (path.Match, "**" for everything) of what environments may name; empty means everything.
	AllowedRepositories          []string
	AllowedNamespaces            []string
	AllowedGoogleServiceAccounts []string
	AllowedClusterSecretStores   []string
}

// State is how well an object is.
type State int

// The states, from best to worst: of two findings the greater counts.
const (
	OK          State = iota // as it should be
	Progressing              // on its way, no human needed
	Failing                  // worked and works no longer, or is judged broken; may recover by itself
	Stalled                  // will not get better without a human
)

// Health is the judgement of one object.
type Health struct {
	// State is how well the object is.
	State State
	// Reason is one of the reasons in api/v1alpha1/conditions.go.
	Reason string
	// Message says what is wrong and what to do about it, without the object's name
	// and without anything that changes while nothing happens. Empty when OK, unless
	// there is something to mention.
	Message string

	// App, Secret and Certificate are the object's row in status, where it has one.
	App         *v1alpha1.AppStatus
	Secret      *v1alpha1.SecretStatus
	Certificate *v1alpha1.CertificateStatus
}

// Violation is something the spec asks for and the operator's settings forbid.
type Violation struct {
	// Component is the name of the component that must not be applied because of it.
	Component string
	// Key is what the spec asks for; for a namespace, its Namespace object.
	Key Key
	// Reason is NotAllowed or NamespaceReserved.
	Reason string
	// Message says which setting forbids it.
	Message string
}
