package status

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
)

// A placed child is one in its place among the kinds.
type placed struct {
	place component.Place
	v1alpha1.Child
}

// children are the entries on record, each with the state of its worst verdict.
// One that nobody judged keeps the state it had.
func (s *survey) children() []v1alpha1.Child {
	all := make([]placed, len(s.Children))
	for i, child := range s.Children {
		gk := groupKind(child)
		key := component.Key{Group: gk.Group, Kind: gk.Kind, Namespace: child.Namespace, Name: child.Name}
		if v, ok := s.worst[key]; ok {
			child.State, child.Reason = v.childState(), v.Reason
		}
		if child.State == v1alpha1.ChildReady {
			child.Reason = ""
		}
		child.State = cmp.Or(child.State, v1alpha1.ChildProgressing)
		all[i] = placed{component.PlaceOf(gk), child}
	}
	slices.SortFunc(all, comparePlaced)
	children := slices.Clone(s.Children)
	for i := range all {
		children[i] = all[i].Child
	}
	return children
}

func (v *verdict) childState() v1alpha1.ChildState {
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

func comparePlaced(a, b placed) int {
	return cmp.Or(
		cmp.Compare(a.place.Component, b.place.Component),
		cmp.Compare(a.place.Kind, b.place.Kind),
		cmp.Compare(a.APIVersion, b.APIVersion),
		cmp.Compare(a.Kind, b.Kind),
		cmp.Compare(a.Namespace, b.Namespace),
		cmp.Compare(a.Name, b.Name),
		cmp.Compare(a.UID, b.UID),
	)
}
