package controller

import (
	"context"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/apply"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/foreign/argocd"
)

// tearDown removes everything on record, one component after the other, and then
// lets the environment go. It reads nothing from the spec, so that an environment
// that could never be built can be deleted.
func (p *pass) tearDown(ctx context.Context) {
	if !controllerutil.ContainsFinalizer(p.env, v1alpha1.Finalizer) {
		p.done = true
		return
	}
	for _, name := range component.TeardownOrder {
		if !p.tearDownStep(ctx, name) {
			p.reached(name)
			return
		}
		p.letNamesGo(name)
	}
	last := component.TeardownOrder[len(component.TeardownOrder)-1]
	if p.unrecorded(ctx) {
		p.reached(last)
		return
	}
	if err := p.patchFinalizer(ctx, controllerutil.RemoveFinalizer); client.IgnoreNotFound(err) != nil {
		p.leaving("", p.selfKey(), p.failed(err))
		p.reached(last)
		p.done = apply.IsOutrun(err)
		return
	}
	p.done = true
	forget(p.env.Name)
	p.dropMemory(p.env.Name)
}

// letNamesGo gives up the names that were held by what a step has removed.
func (p *pass) letNamesGo(step string) {
	switch step {
	case "dns":
		p.held.records = nil
	case "applications":
		p.held.apps = nil
	}
}

// tearDownStep says whether nothing of the component is left. What stands in its way
// is reported.
func (p *pass) tearDownStep(ctx context.Context, name string) bool {
	if name == "applications" {
		gone, err := p.tearDownApplications(ctx)
		if err != nil {
			p.leaving(name, component.Key{}, p.failed(err))
		}
		return gone && err == nil
	}
	keys := p.recorded(name, func(component.Key) bool { return true })
	return p.removeAll(ctx, name, keys, v1alpha1.ReasonTearingDown)
}

// tearDownApplications deletes the ApplicationSet and waits until no Application is
// left that it generated or that uses the project: an Application cannot be
// finalized without its AppProject. What no entry of ours leads to is not touched.
func (p *pass) tearDownApplications(ctx context.Context) (bool, error) {
	sets := p.recorded("applications", func(component.Key) bool { return true })
	if p.retains() {
		return p.releaseSetsAsTheyRun(ctx, sets)
	}
	project, err := p.recordedProject(ctx)
	if err != nil {
		return false, err
	}
	left, err := p.listApplications(ctx, func(app *unstructured.Unstructured) bool {
		uses, _, _ := unstructured.NestedString(app.Object, "spec", "project")
		return project.Name != "" && uses == project.Name || slices.ContainsFunc(sets, func(set component.Key) bool {
			return ownedBy(app, p.records[set].UID) >= 0
		})
	})
	if err != nil {
		return false, err
	}
	if len(left) > 0 {
		if err := p.keepProject(ctx, project, left); err != nil {
			return false, err
		}
	}
	gone := p.removeAll(ctx, "applications", sets, v1alpha1.ReasonTearingDown)
	for i := range left {
		if err := p.letApplicationGo(ctx, &left[i]); err != nil {
			p.leaving("applications", component.KeyOf(&left[i]), p.failed(err))
		}
	}
	if !slices.ContainsFunc(left, func(app unstructured.Unstructured) bool { return p.isGenerated(&app) }) {
		err = p.releaseSets(ctx, sets)
	}
	return gone && len(left) == 0, err
}

// releaseSetsAsTheyRun gives ApplicationSets up with everything they run. One that is
// being deleted leaves its Applications behind.
func (p *pass) releaseSetsAsTheyRun(ctx context.Context, sets []component.Key) (bool, error) {
	for _, key := range sets {
		if set := p.live[key]; set != nil && set.GetDeletionTimestamp() != nil {
			if err := p.rescueFrom(ctx, set); err != nil {
				return false, err
			}
		}
	}
	return p.removeAll(ctx, "applications", sets, v1alpha1.ReasonTearingDown), nil
}

// letApplicationGo reports an Application that is still there, and deletes one of
// ours whose ApplicationSet is gone or on its way out: the garbage collector may take
// its finalizer off without having seen the Application.
func (p *pass) letApplicationGo(ctx context.Context, app *unstructured.Unstructured) error {
	p.leaving("applications", component.KeyOf(app), refuse(component.Progressing, v1alpha1.ReasonTearingDown, p.applicationWords(app)))
	if !p.isGenerated(app) {
		p.recheckIn(p.config.RecheckInterval) // its events do not lead here
		return nil
	}
	if app.GetDeletionTimestamp() != nil {
		return nil
	}
	for _, owner := range app.GetOwnerReferences() {
		kind := component.Kind{GroupVersionKind: schema.FromAPIVersionAndKind(owner.APIVersion, owner.Kind)}
		live, err := p.applier.Get(ctx, referenceOf(kind, component.Key{Namespace: app.GetNamespace(), Name: owner.Name}))
		if err != nil && !apply.IsUnserved(err) {
			return err
		}
		leaves := live == nil || live.GetUID() != owner.UID ||
			live.GetDeletionTimestamp() != nil && p.records[component.KeyOf(live)].UID == owner.UID
		if !leaves {
			return nil
		}
	}
	return p.applier.Delete(ctx, app, metav1.DeletePropagationBackground)
}

// releaseSets takes our finalizer off an ApplicationSet whose Applications are gone.
func (p *pass) releaseSets(ctx context.Context, sets []component.Key) error {
	for _, key := range sets {
		if set := p.live[key]; set != nil {
			live, err := p.applier.Get(ctx, set)
			if err != nil || live == nil || live.GetDeletionTimestamp() == nil {
				return err
			}
			if err := p.dropFinalizer(ctx, live); err != nil {
				return err
			}
		}
	}
	return nil
}

// recordedProject is the AppProject on record, there or missing. One of another's that
// took its place is none of ours, and neither are the Applications that use it.
func (p *pass) recordedProject(ctx context.Context) (component.Key, error) {
	for _, key := range p.recorded("project", func(component.Key) bool { return true }) {
		if p.live[key] == nil {
			live, err := p.applier.Get(ctx, referenceTo(p.records[key]))
			if err != nil && !apply.IsUnserved(err) {
				return component.Key{}, err
			}
			p.live[key] = live
		}
		if live := p.live[key]; live == nil || p.standing(key, live) == apply.Ours {
			return key, nil
		}
	}
	return component.Key{}, nil
}

// keepProject rebuilds an AppProject that is missing while Applications need it.
func (p *pass) keepProject(ctx context.Context, project component.Key, left []unstructured.Unstructured) error {
	if project.Name == "" || p.live[project] != nil {
		return nil
	}
	for i := range left {
		app, err := argocd.DecodeApplication(&left[i])
		if err != nil {
			return err
		}
		p.in.Applications = append(p.in.Applications, app)
	}
	intent, err := component.TeardownProject(p.in)
	if err != nil {
		return fmt.Errorf("rebuilding the AppProject: %w", err)
	}
	record := p.records[project]
	record.UID = ""
	p.records[project] = record
	p.env.Status.Children = p.records.children()
	if err := p.writeStatus(ctx); err != nil {
		return fmt.Errorf("recording the AppProject: %w", err)
	}
	s := &step{key: project, intent: intent}
	p.stampOrigin(s, v1alpha1.OriginCreated)
	if health := p.create(ctx, s); health.Reason != "" {
		p.leaving("project", project, health)
	}
	return nil
}

// reached notes the step in status, and since when; past the deadline it is stalled.
func (p *pass) reached(name string) {
	now := metav1.NewTime(p.now().Truncate(time.Second))
	p.teardown = &v1alpha1.Teardown{Step: name, Since: now}
	if before := p.env.Status.Teardown; before != nil && before.Step == name {
		p.teardown.Since = before.Since
	}
	left := p.config.TeardownDeadline - now.Sub(p.teardown.Since.Time)
	if left > 0 {
		p.recheckIn(left)
		return
	}
	for i := range p.removing {
		if p.removing[i].State < component.Stalled {
			p.removing[i].State, p.removing[i].Reason = component.Stalled, v1alpha1.ReasonTeardownStalled
		}
	}
}

// unrecorded looks for objects that are ours by their marks and are not on record,
// as after status was cleared. They are not deleted without consent.
func (p *pass) unrecorded(ctx context.Context) bool {
	consent := p.reAdopts()
	found := false
	for _, c := range component.All {
		for _, kind := range c.Kinds {
			if !p.apis.serves(kind) {
				continue
			}
			list := &unstructured.UnstructuredList{}
			list.SetGroupVersionKind(kind.GroupVersionKind)
			if err := p.reader.List(ctx, list, p.within(kind), client.MatchingLabels{v1alpha1.LabelEnvironment: p.env.Name}); err != nil {
				found = true
				p.leaving(c.Name, component.Key{}, p.failed(fmt.Errorf("listing %s: %w", kind.Resource, err)))
				continue
			}
			for i := range list.Items {
				if live := &list.Items[i]; p.standing(component.KeyOf(live), live) == apply.Ours {
					found = true
					p.reportUnrecorded(c.Name, live, consent)
				}
			}
		}
	}
	if found && consent {
		p.recheckIn(firstRetry)
	}
	return found
}

// within limits a list to where the role allows it.
func (r *Reconciler) within(kind component.Kind) client.InNamespace {
	if info := applicationKind(); kind.Group == info.Group {
		return client.InNamespace(r.settings.ArgoCDNamespace)
	}
	return ""
}

func (p *pass) reportUnrecorded(name string, live *unstructured.Unstructured, consent bool) {
	key := component.KeyOf(live)
	if consent {
		p.records[key] = v1alpha1.Child{
			APIVersion: live.GetAPIVersion(), Kind: live.GetKind(), Namespace: live.GetNamespace(), Name: live.GetName(),
			// What was taken back counts as adopted: a Namespace then stays.
			UID: live.GetUID(), Origin: v1alpha1.OriginAdopted, State: v1alpha1.ChildDeleting,
		}
		p.leaving(name, key, refuse(component.Progressing, v1alpha1.ReasonTearingDown, "is on record again"))
		return
	}
	p.leaving(name, key, refuse(component.Stalled, v1alpha1.ReasonUnrecordedChildren,
		fmt.Sprintf("kubectl annotate --overwrite appenv %s %s=%s lets it be removed: it carries this environment's UID and is not on record",
			p.env.Name, v1alpha1.AnnotationReAdopt, p.env.UID)))
	p.recheckIn(p.config.RecheckInterval)
}

// applicationWords says what an Application that should go waits for.
func (p *pass) applicationWords(app *unstructured.Unstructured) string {
	if !p.isGenerated(app) {
		return "it uses the AppProject of this environment and is none of its own; move it to another project, or delete it"
	}
	conditions, _, _ := unstructured.NestedSlice(app.Object, "status", "conditions")
	for _, c := range conditions {
		condition, _ := c.(map[string]any)
		if condition["type"] == "DeletionError" {
			message, _ := condition["message"].(string)
			return "Argo CD cannot delete it: " + message
		}
	}
	phase, _, _ := unstructured.NestedString(app.Object, "status", "operationState", "phase")
	if _, running, _ := unstructured.NestedMap(app.Object, "operation"); running || phase == "Running" {
		return "its sync is still running and comes before its deletion; to end it: argocd app terminate-op " + app.GetName()
	}
	if app.GetDeletionTimestamp() == nil {
		return "waits for its ApplicationSet to let it go"
	}
	return "Argo CD is deleting its workloads; if that goes on, check that argocd-application-controller runs"
}
