package controller

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/apply"
	"github.com/appenv/appenv-operator/internal/component"
)

// records are the entries of status.children, by object.
type records map[component.Key]v1alpha1.Child

func recordsOf(env *v1alpha1.AppEnvironment) records {
	r := records{}
	for _, child := range env.Status.Children {
		r[keyOfChild(child)] = child
	}
	return r
}

func keyOfChild(child v1alpha1.Child) component.Key {
	gv, _ := schema.ParseGroupVersion(child.APIVersion)
	return component.Key{Group: gv.Group, Kind: child.Kind, Namespace: child.Namespace, Name: child.Name}
}

// identify fills in the UIDs of objects whose creation no pass has lived to see: what is on record
// and bears our marks is ours.
func (p *pass) identify() {
	for key, live := range p.live {
		record, recorded := p.records[key]
		if live != nil && recorded && record.UID == "" && marks.Standing(live, p.owner) == apply.Ours {
			record.UID = live.GetUID()
			p.records[key] = record
		}
	}
}

// children are the entries, sorted by component, kind, namespace and name.
func (r records) children() []v1alpha1.Child {
	keys := slices.SortedFunc(maps.Keys(r), compareKeys)
	children := make([]v1alpha1.Child, 0, len(keys))
	for _, key := range keys {
		children = append(children, r[key])
	}
	return children
}

func compareKeys(a, b component.Key) int {
	return slices.Compare(sortKey(a), sortKey(b))
}

// A kindInfo is a kind of children with its place among all of them.
type kindInfo struct {
	component.Kind
	component string
	position  string // sorts like component.All and Kinds
}

// childKinds are the kinds of children by group and kind.
var childKinds = func() map[schema.GroupKind]kindInfo {
	kinds := map[schema.GroupKind]kindInfo{}
	position := byte('a')
	for _, c := range component.All {
		for _, kind := range c.Kinds {
			kinds[kind.GroupKind()] = kindInfo{kind, c.Name, string(position)}
			position++
		}
	}
	return kinds
}()

func kindOf(key component.Key) (kindInfo, bool) {
	info, ok := childKinds[schema.GroupKind{Group: key.Group, Kind: key.Kind}]
	return info, ok
}

func sortKey(key component.Key) []string {
	info, _ := kindOf(key)
	return []string{info.position, key.Kind, key.Namespace, key.Name}
}
