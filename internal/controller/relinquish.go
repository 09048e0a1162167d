package controller

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/apply"
	"github.com/appenv/appenv-operator/internal/component"
)

// release gives up an object and its entry, so that nobody takes it for ours later. One
// of ours keeps the consent that lets this environment take it back.
func (p *pass) release(ctx context.Context, key component.Key, cached *unstructured.Unstructured) (gone bool, err error) {
	live, err := p.applier.Get(ctx, cached)
	if err != nil {
		return false, err
	}
	if live != nil && key.Kind == "ApplicationSet" && live.GetDeletionTimestamp() != nil && p.standing(key, live) == apply.Ours {
		// Somebody deleted it a moment ago. Without our finalizer its Applications would go with it.
		if err := p.rescueFrom(ctx, live); err != nil {
			return false, err
		}
		if p.live[key] != nil {
			p.unseen = true
			return false, nil
		}
		live = nil
	}
	if live != nil && p.standing(key, live) == apply.Ours {
		err := p.applier.Release(ctx, live, apply.Release{
			Drop:       []string{v1alpha1.LabelManagedBy, v1alpha1.LabelEnvironment, v1alpha1.AnnotationOwnerUID, v1alpha1.AnnotationOrigin},
			Finalizers: []string{v1alpha1.ApplicationSetFinalizer},
			Leave:      map[string]string{v1alpha1.AnnotationAdoptBy: p.env.Name},
		})
		if err != nil {
			return false, err
		}
	}
	p.dropEntry(key)
	return true, nil
}

// isReleased says whether an adopted Namespace on record bears none of our marks but the consent that a
// release leaves: it was released, and the entry is of a status that was read before that was written. Its
// labels were not taken off by somebody, and must not come back.
func (p *pass) isReleased(key component.Key, live *unstructured.Unstructured) bool {
	annotations := live.GetAnnotations()
	return key.Kind == "Namespace" && p.records[key].Origin == v1alpha1.OriginAdopted && marks.HolderOf(live) == "" &&
		annotations[v1alpha1.AnnotationOwnerUID] == "" && annotations[v1alpha1.AnnotationOrigin] == "" &&
		annotations[v1alpha1.AnnotationAdoptBy] == p.env.Name
}
