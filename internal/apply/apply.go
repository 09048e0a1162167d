// Package apply writes objects and knows whose they are: create, server-side
// apply, delete, the marks of ownership and the classes of errors.
//
// It knows objects and owners, never AppEnvironment or what a component is. Applies,
// deletions and releases are bound to the UID and the resource version in which the object was judged, other patches
// to what they test: they hit neither an object that took its place nor one that has changed hands since. A write that is not allowed to rest on what a
// cache says about something else asks first, see Guarded.
package apply

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/csaupgrade"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Applier writes objects as one field manager. It is safe for concurrent use.
type Applier struct {
	client  client.Client
	live    client.Reader
	manager string
	// hands are the labels and annotations that say whose an object is.
	hands []string

	mu sync.Mutex
	// proven holds what the server stored for an intent that it normalises, so that the
	// difference is not applied again and again.
	proven map[objectName]proof
	// previews holds what dry runs said.
	previews map[objectName]preview
}

// An objectName is what one object at a time can have.
type objectName struct {
	schema.GroupKind
	types.NamespacedName
}

func nameOf(u *unstructured.Unstructured) objectName {
	return objectName{u.GroupVersionKind().GroupKind(), types.NamespacedName{Namespace: u.GetNamespace(), Name: u.GetName()}}
}

type proof struct {
	uid             types.UID
	resourceVersion string
	intent          uint64
}

// New makes an Applier that writes through c as the field manager, and reads past
// any cache through live. Hands are the keys of the labels and annotations that say whose an object is.
func New(c client.Client, live client.Reader, manager string, hands ...string) *Applier {
	return &Applier{client: c, live: live, manager: manager, hands: hands, proven: map[objectName]proof{}, previews: map[objectName]preview{}}
}

// Get reads an object past the cache. A missing object is nil without an error.
func (a *Applier) Get(ctx context.Context, ref *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	live := &unstructured.Unstructured{}
	live.SetGroupVersionKind(ref.GroupVersionKind())
	err := a.live.Get(ctx, client.ObjectKeyFromObject(ref), live)
	if IsAbsent(err) && !IsUnserved(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s %s: %w", ref.GetKind(), ref.GetName(), err)
	}
	return live, nil
}

type guardKey struct{}

// Guarded has every write of an Applier under the context ask first. An error of the guard is returned, and nothing
// is written. The guard may be called by several goroutines at once.
func Guarded(ctx context.Context, guard func(context.Context) error) context.Context {
	return context.WithValue(ctx, guardKey{}, guard)
}

func allowed(ctx context.Context) error {
	if guard, ok := ctx.Value(guardKey{}).(func(context.Context) error); ok {
		return guard(ctx)
	}
	return nil
}

// Create sends a POST and returns what was stored. Server-side apply cannot be
// create-only: it would merge into an object that just appeared.
func (a *Applier) Create(ctx context.Context, intent *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	if err := allowed(ctx); err != nil {
		return nil, err
	}
	obj := intent.DeepCopy()
	if err := a.client.Create(ctx, obj, client.FieldOwner(a.manager)); err != nil {
		return nil, fmt.Errorf("creating %s %s: %w", intent.GetKind(), intent.GetName(), err)
	}
	return obj, nil
}

// Apply brings live to the intent by server-side apply and returns what was
// stored. An object that is gone, was replaced or has changed hands since it was live gives
// an error for which IsReplaced is true. One that has changed otherwise is applied as it is now.
func (a *Applier) Apply(ctx context.Context, intent, live *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	if err := allowed(ctx); err != nil {
		return nil, err
	}
	var stored *unstructured.Unstructured
	err := a.asItIs(ctx, live, func(live *unstructured.Unstructured) (err error) {
		stored, err = a.apply(ctx, intent, live)
		return err
	})
	if err != nil {
		return nil, err
	}
	if !a.matches(intent, stored) {
		a.remember(intent, stored)
	}
	return stored, nil
}

// asItIs makes a write that is bound to the version of the object that it is given. When that is no longer the
// present one, it is made once more with the present one, if nothing has changed about whose the object is.
func (a *Applier) asItIs(ctx context.Context, live *unstructured.Unstructured, write func(live *unstructured.Unstructured) error) error {
	err := write(live)
	if !IsOutrun(err) {
		return err
	}
	now, failure := a.Get(ctx, live)
	if failure != nil || now == nil || !a.sameHands(live, now) {
		return err
	}
	return write(now)
}

// sameHands says whether two versions are of one object that nobody has marked, or taken marks off, in between.
func (a *Applier) sameHands(before, now *unstructured.Unstructured) bool {
	return before.GetUID() == now.GetUID() && !slices.ContainsFunc(a.hands, func(key string) bool {
		return before.GetLabels()[key] != now.GetLabels()[key] || before.GetAnnotations()[key] != now.GetAnnotations()[key]
	})
}

func (a *Applier) apply(ctx context.Context, intent, live *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	if owned := ownershipOf(live, a.manager); owned.created && (owned.exceeds(intent.Object) || owned.hasKeyed()) {
		converted, err := a.convert(ctx, live)
		if err != nil {
			return nil, err
		}
		live = converted
	}
	obj := intent.DeepCopy()
	obj.SetUID(live.GetUID())
	obj.SetResourceVersion(live.GetResourceVersion())
	if err := a.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(obj), client.FieldOwner(a.manager), client.ForceOwnership); err != nil {
		return nil, fmt.Errorf("applying %s %s: %w", intent.GetKind(), intent.GetName(), err)
	}
	return obj, nil
}

// convert turns the managedFields entry that the POST left into one of Apply, and returns the object as it is then.
// Otherwise what has left the intent would stay in the object for good.
func (a *Applier) convert(ctx context.Context, live *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	patch, err := csaupgrade.UpgradeManagedFieldsPatch(live, sets.New(a.manager), a.manager)
	if err != nil || len(patch) == 0 {
		return live, err
	}
	patched := &unstructured.Unstructured{}
	patched.SetGroupVersionKind(live.GroupVersionKind())
	patched.SetNamespace(live.GetNamespace())
	patched.SetName(live.GetName())
	err = a.client.Patch(ctx, patched, client.RawPatch(types.JSONPatchType, patch), client.FieldOwner(a.manager))
	if IsAbsent(err) {
		return live, nil // the apply that follows says so
	}
	if err != nil {
		return nil, fmt.Errorf("converting managed fields of %s %s: %w", live.GetKind(), live.GetName(), err)
	}
	return patched, nil
}

// Delete deletes the very object that live is. An object that is gone already is no error. One that was replaced or
// has changed hands gives an error for which IsReplaced is true.
func (a *Applier) Delete(ctx context.Context, live *unstructured.Unstructured, propagation metav1.DeletionPropagation) error {
	if err := allowed(ctx); err != nil {
		return err
	}
	return a.asItIs(ctx, live, func(live *unstructured.Unstructured) error {
		uid, version := live.GetUID(), live.GetResourceVersion()
		err := a.client.Delete(ctx, live, client.Preconditions{UID: &uid, ResourceVersion: &version}, client.PropagationPolicy(propagation))
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("deleting %s %s: %w", live.GetKind(), live.GetName(), err)
		}
		return nil
	})
}

// PatchJSON sends a JSON patch to the object. An object that is gone is no error. One
// that is no longer as the patch tests it gives a conflict.
func (a *Applier) PatchJSON(ctx context.Context, live *unstructured.Unstructured, operations []map[string]any) error {
	return a.patchAs(ctx, a.manager, live, operations)
}

func (a *Applier) patchAs(ctx context.Context, manager string, live *unstructured.Unstructured, operations []map[string]any) error {
	if err := allowed(ctx); err != nil {
		return err
	}
	patch, err := json.Marshal(operations)
	if err != nil {
		return fmt.Errorf("encoding a patch of %s %s: %w", live.GetKind(), live.GetName(), err)
	}
	err = a.client.Patch(ctx, live.DeepCopy(), client.RawPatch(types.JSONPatchType, patch), client.FieldOwner(manager))
	if isFailedTest(err) {
		err = apierrors.NewConflict(schema.GroupResource{Group: live.GroupVersionKind().Group, Resource: live.GetKind()}, live.GetName(), err)
	}
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("patching %s %s: %w", live.GetKind(), live.GetName(), err)
	}
	return nil
}

// UpToDate says whether applying the intent to live would change nothing. It
// compares values and managedFields, so its answer survives a restart.
func (a *Applier) UpToDate(intent, live *unstructured.Unstructured) bool {
	if a.matches(intent, live) {
		return true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	known := a.proven[nameOf(live)]
	// The fingerprint costs more than the comparison: last, and only where there is a proof.
	return known.uid == live.GetUID() && known.resourceVersion == live.GetResourceVersion() && known.intent == Fingerprint(intent)
}

// Forget drops what is remembered of an object with the kind and name of ref.
func (a *Applier) Forget(ref *unstructured.Unstructured) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.proven, nameOf(ref))
	delete(a.previews, nameOf(ref))
}

func (a *Applier) remember(intent, stored *unstructured.Unstructured) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.proven[nameOf(stored)] = proof{stored.GetUID(), stored.GetResourceVersion(), Fingerprint(intent)}
}

// Fingerprint identifies what an intent asks for.
func Fingerprint(intent *unstructured.Unstructured) uint64 {
	h := fnv.New64a()
	// Encoding a map of JSON values cannot fail, and sorts its keys.
	_ = json.NewEncoder(h).Encode(intent.Object)
	return h.Sum64()
}

// IsReplaced says whether a write failed because its object is gone or another
// object has its name: the API server answers 409 or 422 to a foreign metadata.uid.
func IsReplaced(err error) bool {
	if apierrors.IsConflict(err) {
		return true
	}
	var status apierrors.APIStatus
	if !apierrors.IsInvalid(err) || !errors.As(err, &status) || status.Status().Details == nil {
		return false
	}
	for _, cause := range status.Status().Details.Causes {
		if cause.Field == "metadata.uid" {
			return true
		}
	}
	return false
}
