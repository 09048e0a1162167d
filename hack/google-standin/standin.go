package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
)

var (
	certificates = schema.GroupVersionResource{Group: "networking.gke.io", Version: "v1", Resource: "managedcertificates"}
	ingresses    = schema.GroupVersionResource{Group: "networking.k8s.io", Version: "v1", Resource: "ingresses"}
)

// standIn watches Ingresses and ManagedCertificates and works one namespace at a time. It writes
// only when something has to change and reads only from its caches, so that it is idle otherwise.
type standIn struct {
	client    dynamic.Interface
	informers dynamicinformer.DynamicSharedInformerFactory
	queue     workqueue.TypedRateLimitingInterface[string]
}

func newStandIn(client dynamic.Interface) *standIn {
	return &standIn{
		client:    client,
		informers: dynamicinformer.NewDynamicSharedInformerFactory(client, 0),
		queue:     workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[string]()),
	}
}

// run works until ctx ends.
func (s *standIn) run(ctx context.Context) error {
	for _, resource := range []schema.GroupVersionResource{certificates, ingresses} {
		if _, err := s.informers.ForResource(resource).Informer().AddEventHandler(s.enqueue()); err != nil {
			return fmt.Errorf("watching %s: %w", resource.Resource, err)
		}
	}
	s.informers.Start(ctx.Done())
	for resource, synced := range s.informers.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("reading %s: interrupted", resource.Resource)
		}
	}
	log.Print("ready: gives Ingresses an address and makes ManagedCertificates Active")
	go func() {
		<-ctx.Done()
		s.queue.ShutDown()
	}()
	for s.next(ctx) {
	}
	return nil
}

// enqueue puts the namespace of whatever changed into the queue.
func (s *standIn) enqueue() cache.ResourceEventHandler {
	add := func(object any) {
		if key, err := cache.DeletionHandlingMetaNamespaceKeyFunc(object); err == nil {
			namespace, _, _ := cache.SplitMetaNamespaceKey(key)
			s.queue.Add(namespace)
		}
	}
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    add,
		UpdateFunc: func(_, object any) { add(object) },
		DeleteFunc: add,
	}
}

// next works on one namespace; false when the queue has been shut down.
func (s *standIn) next(ctx context.Context) bool {
	namespace, shutdown := s.queue.Get()
	if shutdown {
		return false
	}
	defer s.queue.Done(namespace)
	again, err := s.reconcile(ctx, namespace)
	switch {
	case err != nil:
		log.Printf("namespace %s: %v", namespace, err)
		s.queue.AddRateLimited(namespace)
	case again > 0:
		s.queue.AddAfter(namespace, again)
	default:
		s.queue.Forget(namespace)
	}
	return true
}

// reconcile gives the Ingresses of a namespace an address and moves its certificates one step on.
// It returns when it wants to look again, 0 for not at all.
func (s *standIn) reconcile(ctx context.Context, namespace string) (time.Duration, error) {
	inNamespace, err := s.list(ingresses, namespace)
	if err != nil {
		return 0, err
	}
	var errs []error
	for _, ingress := range inNamespace {
		if patch := addressPatch(ingress); patch != nil {
			errs = append(errs, s.patch(ctx, ingresses, ingress, patch, "status"))
		}
	}
	certs, err := s.list(certificates, namespace)
	if err != nil {
		return 0, errors.Join(append(errs, err)...)
	}
	var again time.Duration
	for _, cert := range certs {
		patch, wait := certificatePatch(cert, attached(cert.GetName(), inNamespace))
		if patch != nil {
			// The CRD has no status subresource, so the status is patched like any other field.
			errs = append(errs, s.patch(ctx, certificates, cert, patch))
		}
		again = max(again, wait)
	}
	return again, errors.Join(errs...)
}

// list reads the objects of a namespace that are not being deleted from the cache.
func (s *standIn) list(resource schema.GroupVersionResource, namespace string) ([]*unstructured.Unstructured, error) {
	objects, err := s.informers.ForResource(resource).Lister().ByNamespace(namespace).List(labels.Everything())
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", resource.Resource, err)
	}
	var live []*unstructured.Unstructured
	for _, object := range objects {
		if u, ok := object.(*unstructured.Unstructured); ok && u.GetDeletionTimestamp() == nil {
			live = append(live, u)
		}
	}
	return live, nil
}
