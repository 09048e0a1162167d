package component

import (
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// A Kind is a kind of objects, and who serves it.
type Kind struct {
	schema.GroupVersionKind
	// Resource is the plural name that RBAC and discovery use.
	Resource string
	// ClusterScoped kinds have no namespace.
	ClusterScoped bool
	// First says that the component's objects of other kinds are applied after those of this one.
	// Apart from that, objects of one component are applied at the same time.
	First bool
	// Provider is what must be installed for the kind to be served; empty for Kubernetes itself.
	Provider string
}

// A Place is where a kind stands: the index of its component in All, and its own among
// the component's Kinds and, after them, Observes.
type Place struct{ Component, Kind int }

// Kinds are the kinds of all components, children's and observed ones, in the order of
// their places.
func Kinds() []Kind {
	var all []Kind
	for _, c := range All {
		all = append(all, slices.Concat(c.Kinds, c.Observes)...)
	}
	return all
}

// KindOf is the components' kind of objects, in the version that the operator reads and
// writes. It is false for a kind that no component has.
func KindOf(kind schema.GroupKind) (Kind, bool) {
	known, ok := byKind()[kind]
	return known.kind, ok
}

// PlaceOf is the place of a kind. Kinds that no component has come after all others.
func PlaceOf(kind schema.GroupKind) Place {
	if known, ok := byKind()[kind]; ok {
		return known.place
	}
	return Place{Component: len(All)}
}

type placedKind struct {
	kind  Kind
	place Place
}

var byKind = sync.OnceValue(func() map[schema.GroupKind]placedKind {
	all := map[schema.GroupKind]placedKind{}
	for i, c := range All {
		for j, kind := range slices.Concat(c.Kinds, c.Observes) {
			all[kind.GroupKind()] = placedKind{kind, Place{i, j}}
		}
	}
	return all
})
