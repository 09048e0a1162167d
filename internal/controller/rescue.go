package controller

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/apply"
	"github.com/appenv/appenv-operator/internal/component"
)

// rescueApplications saves the Applications of an ApplicationSet that somebody else
// deleted: garbage collection would delete them, and their workloads, as soon as
// the ApplicationSet is gone. Our finalizer holds it until its owner references are
// off; created again, it takes the Applications back.
func (p *pass) rescueApplications(ctx context.Context) {
	key := p.applicationSetKey()
	set := p.live[key]
	if set == nil || set.GetDeletionTimestamp() == nil || !p.isOurs(key) || !slices.Contains(set.GetFinalizers(), v1alpha1.ApplicationSetFinalizer) {
		return
	}
	if uid := p.records[key].UID; uid != "" && uid != set.GetUID() {
		return // the cache still shows the one that was rescued already
	}
	if err := p.rescueFrom(ctx, set); err != nil {
		p.unreadable(key, err)
	}
}

// rescueFrom takes the ApplicationSet's owner references off its Applications, and then
// lets it go. Those that the spec no longer asks for go with it, unless that would be
// all of them.
func (p *pass) rescueFrom(ctx context.Context, set *unstructured.Unstructured) error {
	applications, err := p.listApplications(ctx, func(app *unstructured.Unstructured) bool {
		return ownedBy(app, set.GetUID()) >= 0
	})
	if err != nil {
		return err
	}
	wanted := p.wantedApplications()
	unwanted := func(app unstructured.Unstructured) bool { return !slices.Contains(wanted, app.GetName()) }
	if asked := slices.DeleteFunc(slices.Clone(applications), unwanted); len(asked) > 0 {
		applications = asked
	}
	for i := range applications {
		if err := p.disown(ctx, &applications[i], set.GetUID()); err != nil {
			return err
		}
	}
	ctrl.LoggerFrom(ctx).Info("ApplicationSet was deleted by somebody else; keeping its Applications and creating it again",
		"applicationSet", set.GetName(), "applications", len(applications))
	if err := p.dropFinalizer(ctx, set); err != nil {
		return err
	}
	p.live[component.KeyOf(set)], err = p.applier.Get(ctx, set)
	return err
}

// disown removes the owner reference with the UID from the Application.
func (p *pass) disown(ctx context.Context, app *unstructured.Unstructured, uid types.UID) error {
	path := fmt.Sprintf("/metadata/ownerReferences/%d", ownedBy(app, uid))
	return p.applier.PatchJSON(ctx, app, []map[string]any{
		{"op": "test", "path": "/metadata/uid", "value": string(app.GetUID())},
		{"op": "test", "path": path + "/uid", "value": string(uid)},
		{"op": "remove", "path": path},
	})
}

// dropFinalizer lets an ApplicationSet go.
func (p *pass) dropFinalizer(ctx context.Context, set *unstructured.Unstructured) error {
	i := slices.Index(set.GetFinalizers(), v1alpha1.ApplicationSetFinalizer)
	if i < 0 {
		return nil
	}
	path := fmt.Sprintf("/metadata/finalizers/%d", i)
	return p.applier.PatchJSON(ctx, set, []map[string]any{
		{"op": "test", "path": "/metadata/uid", "value": string(set.GetUID())},
		{"op": "test", "path": path, "value": v1alpha1.ApplicationSetFinalizer},
		{"op": "remove", "path": path},
	})
}

func ownedBy(app *unstructured.Unstructured, uid types.UID) int {
	for i, owner := range app.GetOwnerReferences() {
		if owner.UID == uid {
			return i
		}
	}
	return -1
}

// listApplications lists Applications past the cache, since what follows may destroy.
func (p *pass) listApplications(ctx context.Context, keep func(*unstructured.Unstructured) bool) ([]unstructured.Unstructured, error) {
	kept, err := p.applications.ask(ctx, keep)
	if apply.IsUnserved(err) && !p.apis.serves(applicationKind()) {
		return nil, nil // without the API there are none
	}
	if err != nil {
		return nil, fmt.Errorf("listing Applications: %w", err)
	}
	return kept, nil
}

// readApplications reads all Applications from the API server, some at a time.
func (r *Reconciler) readApplications(ctx context.Context, each func(*unstructured.Unstructured)) error {
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(applicationKind().GroupVersionKind)
	for {
		err := r.reader.List(ctx, list, client.InNamespace(r.settings.ArgoCDNamespace), client.Limit(500), client.Continue(list.GetContinue()))
		if err != nil {
			return err
		}
		for i := range list.Items {
			each(&list.Items[i])
		}
		if list.GetContinue() == "" {
			return nil
		}
	}
}
