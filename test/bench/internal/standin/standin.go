// Package standin plays everybody whom the children wait for, as fast as it can: Argo CD generates and syncs
// Applications, External Secrets syncs, Google provisions, Kubernetes empties namespaces. What is measured with
// it is the operator's part.
package standin

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"

	"github.com/appenv/appenv-operator/test/bench/internal/observe"
)

// workers is how many objects are played at once.
const workers = 10

// A part is a kind of objects and what becomes of one when it changes.
type part struct {
	schema.GroupVersionResource
	play func(context.Context, *unstructured.Unstructured) error
}

// Everybody plays until ctx ends. What goes wrong stops it, and is sent once.
func Everybody(ctx context.Context, client dynamic.Interface) (<-chan error, error) {
	s := standin{client}
	failures := make(chan error, 1)
	for _, part := range s.parts() {
		of := client.Resource(part.GroupVersionResource)
		before, err := of.List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, fmt.Errorf("listing %s: %w", part.Resource, err)
		}
		w, err := observe.Watch(ctx, part.Resource, before.GetResourceVersion(), of.Watch, metav1.ListOptions{})
		if err != nil {
			return nil, err
		}
		queue := make(chan *unstructured.Unstructured, 8192)
		go func() {
			defer w.Stop()
			defer close(queue)
			for e := range w.ResultChan() {
				if object, ok := e.Object.(*unstructured.Unstructured); ok && e.Type != watch.Deleted {
					queue <- object
				}
			}
		}()
		for range workers {
			go func() {
				for object := range queue {
					if err := part.play(ctx, object); ignorable(err) != nil && ctx.Err() == nil {
						select {
						case failures <- fmt.Errorf("playing %s %s: %w", object.GetKind(), object.GetName(), err):
						default:
						}
					}
				}
			}()
		}
	}
	return failures, nil
}

// ignorable drops what happens when an object has changed or gone meanwhile: the next event of it is played.
func ignorable(err error) error {
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

type standin struct{ client dynamic.Interface }

var (
	applications    = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "applications"}
	applicationSets = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "applicationsets"}
	externalSecrets = schema.GroupVersionResource{Group: "external-secrets.io", Version: "v1", Resource: "externalsecrets"}
	secretStores    = schema.GroupVersionResource{Group: "external-secrets.io", Version: "v1", Resource: "secretstores"}
	certificates    = schema.GroupVersionResource{Group: "networking.gke.io", Version: "v1", Resource: "managedcertificates"}
	namespaces      = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}
)

func (s standin) parts() []part {
	return []part{
		{applicationSets, s.applicationSet}, {externalSecrets, s.externalSecret}, {secretStores, s.secretStore},
		{certificates, s.certificate}, {namespaces, s.namespace},
	}
}

func (s standin) secretStore(ctx context.Context, store *unstructured.Unstructured) error {
	return s.once(ctx, secretStores, store, map[string]any{"conditions": []any{ready("Valid")}}, "status")
}

func (s standin) externalSecret(ctx context.Context, secret *unstructured.Unstructured) error {
	return s.once(ctx, externalSecrets, secret, map[string]any{
		"refreshTime": now(), "syncedResourceVersion": "1", "conditions": []any{ready("SecretSynced")},
	}, "status")
}

func ready(reason string) map[string]any {
	return map[string]any{"type": "Ready", "status": "True", "reason": reason, "message": reason, "lastTransitionTime": now()}
}

func (s standin) certificate(ctx context.Context, certificate *unstructured.Unstructured) error {
	domains, _, _ := unstructured.NestedStringSlice(certificate.Object, "spec", "domains")
	var rows []any
	for _, domain := range domains {
		rows = append(rows, map[string]any{"domain": domain, "status": "Active"})
	}
	return s.once(ctx, certificates, certificate, map[string]any{
		"certificateName": "mcrt-" + string(certificate.GetUID()), "certificateStatus": "Active", "domainStatus": rows,
		"expireTime": time.Now().Add(90 * 24 * time.Hour).UTC().Format(time.RFC3339),
	})
}

// once sets the status of an object that has none.
func (s standin) once(ctx context.Context, resource schema.GroupVersionResource, object *unstructured.Unstructured, status map[string]any, subresource ...string) error {
	if _, has := object.Object["status"]; has || object.GetDeletionTimestamp() != nil {
		return nil
	}
	return s.merge(ctx, resource, object, map[string]any{"status": status}, subresource...)
}

func (s standin) merge(ctx context.Context, resource schema.GroupVersionResource, object *unstructured.Unstructured, patch map[string]any, subresource ...string) error {
	data, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	_, err = s.client.Resource(resource).Namespace(object.GetNamespace()).Patch(
		ctx, object.GetName(), types.MergePatchType, data, metav1.PatchOptions{FieldManager: "standin"}, subresource...)
	return err
}

// namespace plays the namespace controller: what stood in the namespace the operator has deleted before.
func (s standin) namespace(ctx context.Context, namespace *unstructured.Unstructured) error {
	if namespace.GetDeletionTimestamp() == nil {
		return nil
	}
	unstructured.RemoveNestedField(namespace.Object, "spec", "finalizers")
	_, err := s.client.Resource(namespaces).Update(ctx, namespace, metav1.UpdateOptions{}, "finalize")
	return err
}

func now() string { return time.Now().UTC().Format(time.RFC3339) }
