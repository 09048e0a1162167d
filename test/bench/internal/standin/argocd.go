package standin

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/internal/foreign/argocd"
)

// applicationSet generates the Applications of a set, each of them synced and healthy at once, and deletes them
// with it.
func (s standin) applicationSet(ctx context.Context, set *unstructured.Unstructured) error {
	if set.GetDeletionTimestamp() != nil {
		return s.deleteSet(ctx, set)
	}
	if _, generated := set.Object["status"]; generated {
		return nil
	}
	for _, element := range argocd.Elements(set) {
		app, err := application(set, element)
		if err != nil {
			return err
		}
		_, err = s.client.Resource(applications).Namespace(set.GetNamespace()).Create(ctx, app, metav1.CreateOptions{})
		if ignorable(err) != nil {
			return err
		}
	}
	condition := func(kind, status string) any {
		return map[string]any{"type": kind, "status": status, "reason": "ApplicationSetUpToDate", "message": "generated", "lastTransitionTime": now()}
	}
	return s.merge(ctx, applicationSets, set, map[string]any{"status": map[string]any{
		"conditions": []any{condition("ErrorOccurred", "False"), condition("ResourcesUpToDate", "True")},
	}}, "status")
}

// deleteSet plays the garbage collector and the Application controller.
func (s standin) deleteSet(ctx context.Context, set *unstructured.Unstructured) error {
	for _, element := range argocd.Elements(set) {
		name := element[argocd.ElementApplication]
		of := s.client.Resource(applications).Namespace(set.GetNamespace())
		if err := of.Delete(ctx, name, metav1.DeleteOptions{}); ignorable(err) != nil {
			return err
		}
	}
	const foreground = metav1.FinalizerDeleteDependents
	if !slices.Contains(set.GetFinalizers(), foreground) {
		return nil
	}
	set.SetFinalizers(slices.DeleteFunc(set.GetFinalizers(), func(name string) bool { return name == foreground }))
	_, err := s.client.Resource(applicationSets).Namespace(set.GetNamespace()).Update(ctx, set, metav1.UpdateOptions{})
	return err
}

// application is what the ApplicationSet controller would make of an element, but for the finalizer, and the
// Application controller of that.
func application(set *unstructured.Unstructured, element argocd.Element) (*unstructured.Unstructured, error) {
	template, found, err := unstructured.NestedMap(set.Object, "spec", "template")
	if err != nil || !found {
		return nil, fmt.Errorf("reading the template of ApplicationSet %s: %w", set.GetName(), err)
	}
	filled := fill(template, element).(map[string]any)
	var running []any
	if images := element[argocd.ElementImages]; images != "" { // what the templatePatch says
		var overrides []any
		for image := range strings.SplitSeq(images, ",") {
			_, reference, _ := strings.Cut(image, "=")
			overrides, running = append(overrides, image), append(running, reference)
		}
		if err := unstructured.SetNestedSlice(filled, overrides, "spec", "source", "kustomize", "images"); err != nil {
			return nil, err
		}
	}
	metadata, _ := filled["metadata"].(map[string]any)
	delete(metadata, "finalizers")
	app := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": applications.GroupVersion().String(), "kind": "Application", "metadata": metadata, "spec": filled["spec"],
	}}
	app.SetNamespace(set.GetNamespace())
	yes := true
	app.SetOwnerReferences([]metav1.OwnerReference{{
		APIVersion: set.GetAPIVersion(), Kind: set.GetKind(), Name: set.GetName(), UID: set.GetUID(),
		Controller: &yes, BlockOwnerDeletion: &yes,
	}})
	app.Object["status"] = synced(app, running)
	return app, nil
}

// fill puts the element's values into the template's strings.
func fill(value any, element argocd.Element) any {
	switch value := value.(type) {
	case string:
		for key, text := range element {
			value = strings.ReplaceAll(value, "{{."+key+"}}", text)
			value = strings.ReplaceAll(value, "{{ ."+key+" }}", text)
		}
		return value
	case []any:
		for i := range value {
			value[i] = fill(value[i], element)
		}
		return value
	case map[string]any:
		for key := range value {
			value[key] = fill(value[key], element)
		}
		return value
	}
	return value
}

// revision is a commit.
const revision = "3f2c1ab0c1d2e3f405162738495a6b7c8d9e0f10"

// synced is the status of an Application that has just been deployed and is well.
func synced(app *unstructured.Unstructured, images []any) map[string]any {
	spec, _ := app.Object["spec"].(map[string]any)
	source, destination := spec["source"], spec["destination"]
	later := time.Now().Add(time.Second).UTC().Format(time.RFC3339)
	return map[string]any{
		"reconciledAt": later,
		"health":       map[string]any{"status": "Healthy"},
		"sync": map[string]any{
			"status": "Synced", "revision": revision,
			"comparedTo": map[string]any{"source": source, "destination": destination},
		},
		"summary": map[string]any{"images": images},
		"resources": []any{map[string]any{"group": "apps", "version": "v1", "kind": "Deployment", "name": app.GetName(),
			"namespace": app.GetName(), "status": "Synced", "health": map[string]any{"status": "Healthy"}}},
		"history": []any{map[string]any{"id": int64(0), "revision": revision, "source": source, "deployStartedAt": now(), "deployedAt": later}},
		"operationState": map[string]any{
			"phase": "Succeeded", "message": "successfully synced", "startedAt": now(), "finishedAt": later,
			"operation":  map[string]any{"sync": map[string]any{"revision": revision}},
			"syncResult": map[string]any{"revision": revision, "source": source},
		},
	}
}
