package controller

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/apply"
	"github.com/appenv/appenv-operator/internal/component"
)

// A step is one desired object and what is to be done about it.
type step struct {
	key    component.Key
	intent *unstructured.Unstructured
	live   *unstructured.Unstructured
	action action
	again  bool // it was there before
	// refusal is why nothing is done.
	refusal component.Health
}

type action int

const (
	actionNone action = iota
	actionCreate
	actionApply
	actionAdopt // apply to an object that was not ours, by its consent
	actionRefuse
)

func refuse(state component.State, reason, message string) component.Health {
	return component.Health{State: state, Reason: reason, Message: message}
}

// resolve says what is to be done about a desired object: create it, apply it,
// nothing, or leave it alone and say why.
func (p *pass) resolve(ctx context.Context, intent *unstructured.Unstructured) (*step, error) {
	s := &step{key: component.KeyOf(intent), intent: intent}
	if health, refused := p.forbidden(s.key); refused {
		s.action, s.refusal = actionRefuse, health
		return s, nil
	}
	live, err := p.find(ctx, s.key, intent)
	if err != nil {
		return nil, err
	}
	p.live[s.key] = live
	s.live = live
	p.judge(ctx, s)
	return s, nil
}

// forbidden says why an object may not be looked at or written at all.
func (p *pass) forbidden(key component.Key) (component.Health, bool) {
	info, _ := kindOf(key)
	if !p.apis.serves(info.Kind) {
		return refuse(component.Progressing, v1alpha1.ReasonAPINotInstalled, fmt.Sprintf(
			"the cluster does not serve %s.%s; install %s", info.Resource, info.Group, info.Provider)), true
	}
	if key.Kind == "Namespace" {
		health, withheld := p.in.Withheld[key.Name]
		return health, withheld && health.Reason != v1alpha1.ReasonTerminating
	}
	if health, withheld := p.in.Withheld[key.Namespace]; withheld {
		return waitsForNamespace(key.Namespace, health), true
	}
	if holder, lost := p.lost.object(key); lost {
		return takenBy(holder), true
	}
	return component.Health{}, false
}

func waitsForNamespace(name string, because component.Health) component.Health {
	return refuse(component.Progressing, v1alpha1.ReasonWaitingForNamespace, fmt.Sprintf("waits for Namespace %s: %s", name, because.Message))
}

func takenBy(holder string) component.Health {
	return refuse(component.Stalled, v1alpha1.ReasonNameTaken,
		fmt.Sprintf("the name is held by AppEnvironment %s; use another name, or remove it there", holder))
}

// find looks for the object in the cache, and past it where the cache cannot
// know: it does not see objects without our label.
func (p *pass) find(ctx context.Context, key component.Key, ref *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	if live, known := p.live[key]; known {
		return live, nil
	}
	live, err := p.cached(ctx, ref)
	switch {
	case err != nil:
	case live != nil:
		live, err = p.verified(ctx, key, live)
	case p.looksPast(key):
		live, err = p.applier.Get(ctx, ref)
		p.unseen = p.unseen || p.suspended == "" && live != nil && p.standing(key, live) == apply.Ours
	}
	if live != nil {
		p.notice(ctx, key, live)
	}
	if err == nil {
		p.live[key] = live // missing, too: one answer serves the whole pass
	}
	return live, err
}

// looksPast says whether the cache alone does not tell that an object is missing: it is
// on record, was somebody else's when last looked at, or decides what else may be done.
func (p *pass) looksPast(key component.Key) bool {
	record := p.records[key]
	decides := key.Kind == "Namespace" || key == p.projectKey() || key == p.applicationSetKey()
	return record.UID != "" || p.memory.refused[key] || decides
}

// cached reads an object from the cache; nil when it is not there.
func (p *pass) cached(ctx context.Context, ref *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	if err := p.apis.readable(ref.GroupVersionKind()); err != nil {
		return nil, err
	}
	live := &unstructured.Unstructured{}
	live.SetGroupVersionKind(ref.GroupVersionKind())
	err := p.client.Get(ctx, client.ObjectKeyFromObject(ref), live, client.UnsafeDisableDeepCopy)
	if apply.IsAbsent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s %s: %w", ref.GetKind(), ref.GetName(), err)
	}
	return unfold(live)
}

// listCached lists objects of a kind from the cache, to be looked at only. An API that
// is not served has none. The list is never nil.
func (p *pass) listCached(ctx context.Context, kind component.Kind, options ...client.ListOption) (*unstructured.UnstructuredList, error) {
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(kind.GroupVersionKind)
	if !p.apis.serves(kind) {
		return list, nil
	}
	if err := p.apis.readable(kind.GroupVersionKind); err != nil {
		return list, err
	}
	if err := p.client.List(ctx, list, append(options, client.UnsafeDisableDeepCopy)...); err != nil {
		return list, fmt.Errorf("listing %s: %w", kind.Resource, err)
	}
	for i := range list.Items {
		whole, err := unfold(&list.Items[i])
		if err != nil {
			return list, err
		}
		list.Items[i] = *whole
	}
	return list, nil
}

// judge decides on the action, from whose the live object is.
func (p *pass) judge(ctx context.Context, s *step) {
	record, recorded := p.records[s.key]
	if s.live == nil {
		s.action, s.again = actionCreate, recorded && record.UID != ""
		p.stampOrigin(s, v1alpha1.OriginCreated)
		return
	}
	standing := p.standing(s.key, s.live)
	if standing != apply.Ours && !p.consenting[s.key] {
		s.action, s.refusal = actionRefuse, p.foreign(ctx, s.live, standing)
		return
	}
	delete(p.memory.refused, s.key)
	p.stampOrigin(s, p.originOf(s.key, s.live))
	switch {
	case standing != apply.Ours:
		s.action = actionAdopt
	case s.live.GetDeletionTimestamp() != nil:
		s.action, s.refusal = actionRefuse, refuse(component.Progressing, v1alpha1.ReasonTerminating, terminatingMessage(s.live))
	case p.applier.UpToDate(s.intent, s.live):
		s.action = actionNone
	default:
		s.action = actionApply
	}
}

// stampOrigin puts the origin on the object, where it survives the loss of status.
func (p *pass) stampOrigin(s *step, origin v1alpha1.Origin) {
	annotations := s.intent.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[v1alpha1.AnnotationOrigin] = string(origin)
	s.intent.SetAnnotations(annotations)
}

// foreign says whose an object is that is left alone, and what to do.
func (p *pass) foreign(ctx context.Context, live *unstructured.Unstructured, standing apply.Standing) component.Health {
	key := component.KeyOf(live)
	p.memory.refused[key] = true
	if p.records[key].UID != live.GetUID() {
		delete(p.records, key) // what was on record is gone, or was never created
	}
	p.recheckIn(p.config.RecheckInterval)
	switch standing {
	case apply.Rival:
		return p.belongsTo(ctx, key, marks.HolderOf(live))
	case apply.Former:
		return refuse(component.Stalled, v1alpha1.ReasonNameTaken, fmt.Sprintf(
			"kubectl annotate --overwrite appenv %s %s=%s takes back what an earlier AppEnvironment of this name left behind, this among it",
			p.env.Name, v1alpha1.AnnotationReAdopt, p.env.UID))
	}
	return refuse(component.Stalled, v1alpha1.ReasonNameTaken, fmt.Sprintf(
		"%s lets this environment take it over; it exists already%s, and is left untouched", p.howToConsent(key), managedBy(live)))
}

// belongsTo says how things stand with an object of another environment.
func (p *pass) belongsTo(ctx context.Context, key component.Key, holder string) component.Health {
	env := &v1alpha1.AppEnvironment{}
	err := p.client.Get(ctx, client.ObjectKey{Name: holder}, env)
	switch {
	case apply.IsAbsent(err):
		return refuse(component.Stalled, v1alpha1.ReasonNameTaken, fmt.Sprintf(
			"%s lets this environment take it over; it has the label of AppEnvironment %s, which does not exist, and is left untouched", p.howToConsent(key), holder))
	case err == nil && claimOn(key) != "" && !slices.Contains(component.Claims(env), claimOn(key)):
		return refuse(component.Stalled, v1alpha1.ReasonNameTaken, fmt.Sprintf(
			"AppEnvironment %s has it, no longer asks for it, and gives it up once the rest of what it asks for is in place; should the two wait for each other, take one of the names out, wait, and add it again", holder))
	}
	return takenBy(holder)
}

func managedBy(live *unstructured.Unstructured) string {
	if name := apply.ManagerOf(live); name != "" {
		return ", managed by " + name
	}
	return ""
}

// findLive finds an object of ours by its key, on record or not: status may have
// been cleared.
func (p *pass) findLive(ctx context.Context, key component.Key) (*unstructured.Unstructured, error) {
	info, _ := kindOf(key)
	if !p.apis.serves(info.Kind) {
		return nil, nil
	}
	live, err := p.find(ctx, key, referenceOf(info.Kind, key))
	if err == nil && live != nil {
		p.live[key] = live
	}
	return live, err
}
