package status

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
)

// children are the entries on record, each with the state of its worst verdict.
// One that nobody judged keeps the state it had.
func (s *survey) children() []v1alpha1.Child {
	children := slices.Clone(s.Children)
	for i := range children {
		child := &children[i]
		gk := groupKind(*child)
		key := component.Key{Group: gk.Group, Kind: gk.Kind, Namespace: child.Namespace, Name: child.Name}
		if v, ok := s.worst[key]; ok {
			child.State, child.Reason = v.childState(), v.Reason
		}
		if child.State == v1alpha1.ChildReady {
			child.Reason = ""
		}
		child.State = cmp.Or(child.State, v1alpha1.ChildProgressing)
	}
	slices.SortFunc(children, compareChildren)
	return children
}

func (v verdict) childState() v1alpha1.ChildState {
	if v.removing {
		if v.Reason == ReasonPendingRemoval {
			return v1alpha1.ChildPendingRemoval
		}
		return v1alpha1.ChildDeleting
	}
	switch v.State {
	case component.OK:
		return v1alpha1.ChildReady
	case component.Failing:
		return v1alpha1.ChildFailing
	case component.Stalled:
		return v1alpha1.ChildStalled
	}
	return v1alpha1.ChildProgressing
}

func groupKind(child v1alpha1.Child) schema.GroupKind {
	return schema.FromAPIVersionAndKind(child.APIVersion, child.Kind).GroupKind()
}

func compareChildren(a, b v1alpha1.Child) int {
	aAt, bAt := locate(groupKind(a)), locate(groupKind(b))
	return cmp.Or(
		cmp.Compare(aAt.component, bAt.component),
		cmp.Compare(aAt.kind, bAt.kind),
		cmp.Compare(a.APIVersion, b.APIVersion),
		cmp.Compare(a.Kind, b.Kind),
		cmp.Compare(a.Namespace, b.Namespace),
		cmp.Compare(a.Name, b.Name),
		cmp.Compare(a.UID, b.UID),
	)
}
