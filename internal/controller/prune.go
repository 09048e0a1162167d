package controller

import (
	"context"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/apply"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/foreign/argocd"
	"github.com/appenv/appenv-operator/internal/status"
)

// prune removes what the spec no longer asks for, in the order of a teardown: a step
// waits until the one before it is done. What has to wait says so.
func (p *pass) prune(ctx context.Context) {
	p.reportFrozen()
	settled := false
	for i, name := range component.TeardownOrder {
		if name == "applications" {
			continue // the ApplicationSet and its project are always asked for
		}
		stale := p.recorded(name, p.isStale)
		free := slices.DeleteFunc(slices.Clone(stale), p.isOccupied)
		switch {
		case len(stale) == 0:
			continue
		case !p.mayPrune(name):
			p.postpone(name, stale, "stays until everything that it or others depend on is in place")
			continue
		case name != "dns" && !settled && !p.applicationsSettled(ctx):
			p.postponeFrom(i, "stays until the Applications that may need it are gone")
			return // they still need what would be taken away
		}
		settled = settled || name != "dns"
		p.postpone(name, slices.DeleteFunc(stale, func(key component.Key) bool { return slices.Contains(free, key) }), "stays until what stands in its namespace is gone")
		if !p.removeAll(ctx, name, free, v1alpha1.ReasonPruning) {
			p.postponeFrom(i+1, "stays until the step before it is done: "+name)
			return
		}
	}
}

// postpone reports objects that the spec no longer asks for and that cannot go yet.
func (p *pass) postpone(name string, keys []component.Key, why string) {
	for _, key := range keys {
		health := refuse(component.Progressing, v1alpha1.ReasonPruning, "the spec no longer asks for it; it "+why)
		p.removing = append(p.removing, status.Finding{Component: name, Key: key, Health: health, Waiting: true})
	}
}

// postponeFrom postpones everything from a step of the teardown order on.
func (p *pass) postponeFrom(step int, why string) {
	for _, name := range component.TeardownOrder[step:] {
		p.postpone(name, p.recorded(name, p.isStale), why)
	}
}

// isOccupied says whether an object is a Namespace, or stands in one, that leaves
// together with its content, and something of another component is still there.
func (p *pass) isOccupied(key component.Key) bool {
	info, _ := kindOf(key)
	if info.component != "namespaces" {
		return false
	}
	namespace := key.Namespace
	if key.Kind == "Namespace" {
		namespace = key.Name
	}
	for other := range p.records {
		there, _ := kindOf(other)
		if other.Namespace == namespace && there.component != info.component && p.apis.serves(there.Kind) {
			return p.isStale(component.Key{Kind: "Namespace", Name: namespace})
		}
	}
	return false
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

// applicationsSettled says whether the live list and the live Applications need
// nothing of what is about to go: it asks past the cache, since this destroys.
func (p *pass) applicationsSettled(ctx context.Context) bool {
	if len(p.in.Admitted) == 0 && len(p.in.LiveElements) > 0 {
		return false // the list stands still, because there is no app that could be in it
	}
	wanted, leaves := map[string]bool{}, map[string]bool{}
	names := component.ApplicationNames(p.env)
	for _, app := range p.in.Admitted {
		wanted[names[app]] = true
	}
	for _, app := range p.frozen.apps {
		wanted[component.ApplicationName(p.env, app)] = true
	}
	for key := range p.records {
		leaves[key.Name] = leaves[key.Name] || key.Kind == "Namespace" && p.isStale(key)
	}
	remaining, err := p.listApplications(ctx, func(app *unstructured.Unstructured) bool {
		target, _, _ := unstructured.NestedString(app.Object, "spec", "destination", "namespace")
		generated := p.isGenerated(app)
		return generated && !wanted[app.GetName()] || leaves[target] && (generated || p.usesProject(app))
	})
	if err != nil {
		p.errs = append(p.errs, err)
		return false
	}
	for i := range remaining {
		p.leaving("applications", component.KeyOf(&remaining[i]), refuse(component.Progressing, v1alpha1.ReasonPruning, p.applicationWords(&remaining[i])))
		if !p.isGenerated(&remaining[i]) {
			p.recheckIn(p.config.RecheckInterval) // its events do not lead here
		}
	}
	return len(remaining) == 0
}

// leaving reports an object that should go and is still there.
func (p *pass) leaving(name string, key component.Key, health component.Health) {
	p.removing = append(p.removing, status.Finding{Component: name, Key: key, Health: health})
}

// isStale says whether the spec no longer asks for an object on record. What stands
// in a namespace that must get nothing is not asked for either, and stays as it is;
// so does what belongs to a component that is not being applied, and a whole namespace
// that left the spec while a live element deploys into it.
func (p *pass) isStale(key component.Key) bool {
	namespace := key.Namespace
	if key.Kind == "Namespace" {
		namespace = key.Name
	}
	if _, withheld := p.in.Withheld[namespace]; withheld || p.isFrozen(key) {
		return false
	}
	inSpec := slices.ContainsFunc(p.env.Spec.Namespaces, func(n v1alpha1.Namespace) bool { return n.Name == namespace })
	for _, element := range p.in.LiveElements {
		if element[argocd.ElementNamespace] == namespace && !inSpec {
			return false
		}
	}
	info, _ := kindOf(key)
	return !slices.ContainsFunc(p.plans, func(plan *plan) bool {
		asked := slices.ContainsFunc(plan.steps, func(s *step) bool { return s.key == key })
		return asked || plan.blocked && plan.component.Name == info.component
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
// them are gone. What cannot be removed is reported; it never hides another object.
func (p *pass) removeAll(ctx context.Context, name string, keys []component.Key, reason string) bool {
	allGone := true
	for i, key := range keys {
		if i > 0 && keys[i-1].Kind != key.Kind && !allGone {
			return false
		}
		gone, err := p.remove(ctx, key)
		switch {
		case err != nil:
			p.leaving(name, key, p.failed(err))
		case !gone:
			p.leaving(name, key, refuse(component.Progressing, reason, terminatingMessage(p.live[key])))
		}
		allGone = allGone && gone
	}
	return allGone
}

// remove deletes one object on record if it is ours, and drops the entry once the
// object is known to be gone, or not ours any longer.
func (p *pass) remove(ctx context.Context, key component.Key) (gone bool, err error) {
	record := p.records[key]
	live := p.live[key]
	if live == nil || record.UID != live.GetUID() { // the cache alone does not prove that it is gone
		live, err = p.applier.Get(ctx, referenceTo(record))
		info, _ := kindOf(key)
		if err != nil && (p.apis.serves(info.Kind) || !apply.IsUnserved(err)) {
			return false, err // only the end of an API takes its objects along
		}
	}
	if live == nil || record.UID != "" && record.UID != live.GetUID() {
		p.dropEntry(key)
		return true, nil
	}
	if p.live[key] == nil {
		p.unseen = true // its end may come unseen, too
	}
	p.live[key] = live
	ours := p.standing(key, live) == apply.Ours
	switch {
	case ours && p.retains():
		return p.release(ctx, key, live)
	case p.isReleased(key, live):
		p.dropEntry(key)
		return true, nil
	case ours && marks.Standing(live, p.owner) != apply.Ours:
		return false, p.relabel(ctx, key, live)
	case !p.mayDelete(key, live):
		ctrl.LoggerFrom(ctx).Info("leaving an object in place that is not ours to delete", "object", key.String())
		return p.release(ctx, key, live)
	}
	if live.GetDeletionTimestamp() != nil {
		return false, nil
	}
	if err := p.applier.Delete(ctx, live, propagationOf(key)); err != nil {
		return false, err
	}
	return p.isGone(ctx, key, live.GetUID())
}

// isGone looks whether an object that was just deleted is gone, as those are that nobody's finalizer holds, and
// drops its entry then: what comes after it need not wait for another pass.
func (p *pass) isGone(ctx context.Context, key component.Key, deleted types.UID) (bool, error) {
	record := p.records[key]
	live, err := p.applier.Get(ctx, referenceTo(record))
	if err != nil {
		return false, err
	}
	p.live[key] = live
	if live != nil && live.GetUID() == deleted {
		p.memory.stored[key] = live.GetResourceVersion()
		p.unseen = true
		return false, nil
	}
	p.dropEntry(key)
	return true, nil
}

// dropEntry forgets an object that is gone, or no longer the environment's.
func (p *pass) dropEntry(key component.Key) {
	p.applier.Forget(referenceTo(p.records[key]))
	delete(p.records, key)
	delete(p.memory.verified, key)
	delete(p.memory.stored, key)
}

// relabel puts our marks back on an object on record that somebody took them off, and
// takes back one that an earlier environment of the name left.
func (p *pass) relabel(ctx context.Context, key component.Key, live *unstructured.Unstructured) error {
	record := p.records[key]
	record.Origin = p.originOf(key, live)
	p.records[key] = record
	labels, annotations := live.GetLabels(), live.GetAnnotations()
	if labels == nil {
		labels = map[string]string{}
	}
	if annotations == nil {
		annotations = map[string]string{}
	}
	labels[v1alpha1.LabelManagedBy], labels[v1alpha1.LabelEnvironment] = v1alpha1.ManagedByValue, p.env.Name
	annotations[v1alpha1.AnnotationOwnerUID] = string(p.env.UID)
	annotations[v1alpha1.AnnotationOrigin] = string(record.Origin)
	return p.applier.PatchJSON(ctx, live, []map[string]any{
		{"op": "test", "path": "/metadata/resourceVersion", "value": live.GetResourceVersion()},
		{"op": "add", "path": "/metadata/labels", "value": labels},
		{"op": "add", "path": "/metadata/annotations", "value": annotations},
	})
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
	if live == nil || live.GetDeletionTimestamp() == nil {
		return "is being deleted"
	}
	if held := component.HeldBy(live); held != "" {
		return "is being deleted and waits: " + held
	}
	return "is being deleted"
}
