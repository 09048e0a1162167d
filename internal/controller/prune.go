package controller

import (
	"context"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/apply"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/status"
)

// prune removes what the spec no longer asks for, in the order of a teardown: a
// step waits until the one before it is done.
func (p *pass) prune(ctx context.Context) error {
	for _, name := range component.TeardownOrder {
		stale := p.recorded(name, p.isStale)
		if name == "applications" {
			leaving, err := p.leavingApplications(ctx)
			if err != nil {
				return err
			}
			if leaving || p.applicationsHeld() {
				return nil // they still need what the next steps would take away
			}
			continue // the ApplicationSet itself is always asked for
		}
		if len(stale) == 0 || !p.mayPrune(name) {
			continue
		}
		if gone, err := p.removeAll(ctx, name, stale, v1alpha1.ReasonPruning); err != nil || !gone {
			return err
		}
	}
	return nil
}

// mayPrune says whether the component and those before it are in place. A missing
// API of another component does not count.
func (p *pass) mayPrune(name string) bool {
	if len(p.in.Withheld) > 0 {
		return false // namespaces come before everything, and are not in place
	}
	for _, plan := range p.plans {
		if plan.component.Name == name {
			return plan.applied && !plan.blocked
		}
		if plan.blocked || plan.failed {
			return false
		}
	}
	return false
}

// applicationsHeld says whether the live list stands still because there is no app
// that could be in it.
func (p *pass) applicationsHeld() bool {
	return len(p.in.Admitted) == 0 && len(p.in.LiveElements) > 0
}

// leavingApplications says whether an Application that left the list still exists.
// It asks past the cache once something is about to be taken away from under it.
func (p *pass) leavingApplications(ctx context.Context) (bool, error) {
	if len(p.recorded("", p.isStale)) == 0 {
		return false, nil
	}
	wanted := map[string]bool{}
	names := component.ApplicationNames(p.env)
	for _, app := range p.in.Admitted {
		wanted[names[app]] = true
	}
	leaving, err := p.listApplications(ctx, func(app *unstructured.Unstructured) bool {
		return !wanted[app.GetName()] && app.GetLabels()[v1alpha1.LabelEnvironment] == p.env.Name
	})
	for i := range leaving {
		p.removing = append(p.removing, status.Finding{Component: "applications", Key: component.KeyOf(&leaving[i]),
			Health: refuse(component.Progressing, v1alpha1.ReasonPruning, applicationWords(&leaving[i]))})
	}
	return len(leaving) > 0, err
}

// isStale says whether the spec no longer asks for an object on record. What stands
// in a namespace that must get nothing is not asked for either, and stays as it is.
func (p *pass) isStale(key component.Key) bool {
	_, withheld := p.in.Withheld[key.Namespace]
	if key.Kind == "Namespace" {
		_, withheld = p.in.Withheld[key.Name]
	}
	return !withheld && !slices.ContainsFunc(p.plans, func(plan *plan) bool {
		return slices.ContainsFunc(plan.steps, func(s *step) bool { return s.key == key })
	})
}

// recorded are the objects on record of one component (all when empty), last kind
// first: what stands in a namespace goes before the namespace.
func (p *pass) recorded(name string, keep func(component.Key) bool) []component.Key {
	var keys []component.Key
	for _, key := range slices.SortedFunc(maps.Keys(p.records), compareKeys) {
		info, _ := kindOf(key)
		if (name == "" || info.component == name) && keep(key) {
			keys = append(keys, key)
		}
	}
	slices.Reverse(keys)
	return keys
}

// removeAll removes the objects, one kind after the other, and says whether all of
// them are gone.
func (p *pass) removeAll(ctx context.Context, name string, keys []component.Key, reason string) (bool, error) {
	for i, key := range keys {
		if i > 0 && keys[i-1].Kind != key.Kind && len(p.removing) > 0 {
			return false, nil
		}
		gone, err := p.remove(ctx, key)
		if err != nil {
			return false, err
		}
		if !gone {
			p.removing = append(p.removing, status.Finding{Component: name, Key: key,
				Health: refuse(component.Progressing, reason, terminatingMessage(p.live[key]))})
		}
	}
	return len(p.removing) == 0, nil
}

// remove deletes one object on record if it is ours, and drops the entry once the
// object is known to be gone, or not ours any longer.
func (p *pass) remove(ctx context.Context, key component.Key) (gone bool, err error) {
	record := p.records[key]
	live := p.live[key]
	if live == nil {
		live, err = p.applier.Get(ctx, referenceTo(record))
		if err != nil && !meta.IsNoMatchError(err) {
			return false, err
		}
	}
	if live == nil || record.UID != "" && record.UID != live.GetUID() {
		delete(p.records, key)
		p.applier.Forget(record.UID)
		return true, nil
	}
	p.live[key] = live
	if !p.mayDelete(key, live) {
		ctrl.LoggerFrom(ctx).Info("leaving an object in place that is not ours to delete", "object", key.String())
		if err := p.release(ctx, live); err != nil {
			return false, err
		}
		delete(p.records, key)
		return true, nil
	}
	if live.GetDeletionTimestamp() != nil {
		return false, nil
	}
	return false, p.applier.Delete(ctx, live, propagationOf(key))
}

// release gives up an object that carries our marks, so that nobody takes it for
// ours later, and leaves the consent that lets this environment take it back.
func (p *pass) release(ctx context.Context, cached *unstructured.Unstructured) error {
	live, err := p.applier.Get(ctx, cached)
	if err != nil || live == nil || marks.Standing(live, p.owner) != apply.Ours {
		return err
	}
	drop := []string{v1alpha1.LabelManagedBy, v1alpha1.LabelEnvironment, v1alpha1.AnnotationOwnerUID, v1alpha1.AnnotationOrigin}
	return p.applier.Release(ctx, live, drop, map[string]string{v1alpha1.AnnotationAdoptBy: p.env.Name})
}

// mayDelete says whether labels, owner's UID and entry agree that the object is
// ours, and whether it may be deleted at all: a Namespace must also say itself that
// the operator created it.
func (p *pass) mayDelete(key component.Key, live *unstructured.Unstructured) bool {
	if marks.Standing(live, p.owner) != apply.Ours {
		return false
	}
	created := string(v1alpha1.OriginCreated)
	return key.Kind != "Namespace" ||
		live.GetAnnotations()[v1alpha1.AnnotationOrigin] == created && string(p.records[key].Origin) == created
}

// propagationOf makes the ApplicationSet wait for its Applications.
func propagationOf(key component.Key) metav1.DeletionPropagation {
	if key.Kind == "ApplicationSet" {
		return metav1.DeletePropagationForeground
	}
	return metav1.DeletePropagationBackground
}

func referenceTo(record v1alpha1.Child) *unstructured.Unstructured {
	ref := &unstructured.Unstructured{}
	ref.SetAPIVersion(record.APIVersion)
	ref.SetKind(record.Kind)
	ref.SetNamespace(record.Namespace)
	ref.SetName(record.Name)
	return ref
}

// terminatingMessage says what an object that is being deleted waits for.
func terminatingMessage(live *unstructured.Unstructured) string {
	if live == nil {
		return "is being deleted"
	}
	conditions, _, _ := unstructured.NestedSlice(live.Object, "status", "conditions")
	for _, c := range conditions {
		condition, _ := c.(map[string]any)
		kind, _ := condition["type"].(string)
		if live.GetKind() == "Namespace" && condition["status"] == "True" && strings.HasPrefix(kind, "Namespace") {
			message, _ := condition["message"].(string)
			return "is being deleted: " + kind + ": " + message
		}
	}
	if finalizers := live.GetFinalizers(); len(finalizers) > 0 {
		return "is being deleted and waits for its finalizers: " + strings.Join(finalizers, ", ")
	}
	return "is being deleted"
}
