package operations

import (
	"slices"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

// An operation is a change that a user makes to a spec, and takes back later.
type operation struct {
	name string
	do   func(env *v1alpha1.AppEnvironment)
	// says is what blockedOn holds while a wrong operation is done, RUN for the environment's name. Empty for a right one: the environment is ready.
	says string
	// alone is an operation that changes what becomes of what other ones take away. No other is done with it.
	alone bool
}

// operations are all there are, in the order in which a spec gets them.
var operations = slices.Concat(onTheWhole, onNamespaces, onApps, onSync, onSecrets, onNetwork, wrong)

// A base is a spec before any operation.
type base func(name string) *v1alpha1.AppEnvironment

// bases are the specs to begin with. Between them they set every field that cannot be changed later.
var bases = []base{fixture.Full, named}

// named has names of its own for everything in Argo CD, and a second namespace.
func named(name string) *v1alpha1.AppEnvironment {
	env := fixture.Full(name)
	env.Spec.ArgoCD = &v1alpha1.ArgoCD{
		Project: new(name + "-project"), ApplicationSet: new(name + "-set"), ApplicationName: new("{application}-{environment}-{app}"),
	}
	jobs := fixture.NamespaceOf(name) + "-jobs"
	env.Spec.Namespaces = append(env.Spec.Namespaces, v1alpha1.Namespace{Name: jobs})
	env.Spec.Apps = append(env.Spec.Apps, v1alpha1.App{Name: "nightly", Namespace: &jobs})
	return env
}

// desired is the environment of a name with some operations done.
func desired(b base, name string, done []operation) *v1alpha1.AppEnvironment {
	env := b(name)
	for _, one := range operations {
		if slices.ContainsFunc(done, func(o operation) bool { return o.name == one.name }) {
			one.do(env)
		}
	}
	return env
}

// names are those of operations, for people.
func names(done []operation) []string {
	all := []string{}
	for _, one := range done {
		all = append(all, one.name)
	}
	return all
}
