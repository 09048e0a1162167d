package check

import (
	"context"
	_ "embed"
	"fmt"
	"reflect"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/appenv/appenv-operator/hack/demo/internal/sample"
	"github.com/appenv/appenv-operator/hack/local/cluster"
)

//go:embed fresh.yaml
var freshManifest string

// seenLimit is how long a change is waited for before the check gives up on it: far beyond the
// limits, so that a figure can be printed when one is missed.
const seenLimit = 30 * time.Second

// creation applies the environment of fresh.yaml and measures when each child exists.
func (c *check) creation(ctx context.Context) error {
	// An earlier check that was interrupted may have left it behind.
	if err := c.removal(ctx); err != nil {
		return err
	}
	objects, err := cluster.Decode(sample.Substitute(c.cluster, freshManifest))
	if err != nil {
		return err
	}
	var observers []*observer
	for _, child := range children {
		o, err := c.observe(ctx, child.target)
		if err != nil {
			return err
		}
		defer o.stop()
		observers = append(observers, o)
	}
	environments := c.cluster.Dynamic.Resource(cluster.AppEnvironments)
	applied := time.Now()
	if _, err := environments.Apply(ctx, freshName, objects[0], metav1.ApplyOptions{FieldManager: "check-demo"}); err != nil {
		return fmt.Errorf("applying %s: %w", freshName, err)
	}
	accepted := time.Since(applied)
	var last time.Duration
	for i, child := range children {
		added, err := observers[i].await(ctx, seenLimit, "created", isAdded)
		if err != nil {
			return err
		}
		took := added.at.Sub(applied)
		last = max(last, took)
		c.within(fmt.Sprintf("from apply to %s", child.kind), took, creationLimit)
	}
	c.within(fmt.Sprintf("from apply to all %d children (the API server accepted it after %d ms)", len(children), accepted.Milliseconds()), last, creationLimit)
	return c.recorded(ctx)
}

// recorded compares status.children with the children that the checks know: none may escape them.
func (c *check) recorded(ctx context.Context) error {
	var want []string
	for _, child := range children {
		want = append(want, fmt.Sprintf("%s %s/%s", child.kind, child.namespace, child.name))
	}
	slices.Sort(want)
	return until(ctx, seenLimit, func(ctx context.Context) (string, error) {
		state, err := sample.Read(ctx, c.cluster, freshName)
		if err != nil {
			return "", err
		}
		var got []string
		entries, _, _ := unstructured.NestedSlice(state.Object.Object, "status", "children")
		for _, entry := range entries {
			fields, _ := entry.(map[string]any)
			namespace, _ := fields["namespace"].(string)
			got = append(got, fmt.Sprintf("%v %s/%v", fields["kind"], namespace, fields["name"]))
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			return fmt.Sprintf("status.children to be %v; it is %v", want, got), nil
		}
		c.expect(true, "status.children lists them all")
		return "", nil
	})
}

// changed changes each child and measures when the change is undone.
func (c *check) changed(ctx context.Context) error {
	for _, child := range children {
		if err := c.change(ctx, child); err != nil {
			c.expect(false, "%v", err)
		}
	}
	return nil
}

func (c *check) change(ctx context.Context, child child) error {
	o, err := c.observe(ctx, child.target)
	if err != nil {
		return err
	}
	defer o.stop()
	before, err := o.only()
	if err != nil {
		return err
	}
	value, found, _ := unstructured.NestedFieldCopy(before.Object, child.path...)
	if !found {
		return fmt.Errorf("%s has no %v", child.target, child.path)
	}
	isChanged := func(e event) bool {
		now, _, _ := unstructured.NestedFieldNoCopy(e.object.Object, child.path...)
		return !reflect.DeepEqual(now, value)
	}
	if _, err := c.client(child.target).Patch(ctx, child.name, types.MergePatchType, []byte(child.change), metav1.PatchOptions{FieldManager: "intruder"}); err != nil {
		return fmt.Errorf("changing %s: %w", child.target, err)
	}
	changed, err := o.await(ctx, seenLimit, "changed", isChanged)
	if err != nil {
		return err
	}
	repaired, err := o.await(ctx, seenLimit, "repaired", func(e event) bool { return !isChanged(e) })
	if err != nil {
		return err
	}
	c.within(child.kind, repaired.at.Sub(changed.at), repairLimit)
	return nil
}

// deleted deletes each child and measures from when it is gone until there is another.
func (c *check) deleted(ctx context.Context) error {
	for _, child := range children {
		if err := c.delete(ctx, child); err != nil {
			c.expect(false, "%v", err)
		}
	}
	return nil
}

func (c *check) delete(ctx context.Context, child child) error {
	o, err := c.observe(ctx, child.target)
	if err != nil {
		return err
	}
	defer o.stop()
	old, err := o.only()
	if err != nil {
		return err
	}
	uid := old.GetUID()
	if err := c.deleteByHand(ctx, child.target, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}}); err != nil {
		return fmt.Errorf("deleting %s: %w", child.target, err)
	}
	gone, err := o.await(ctx, time.Minute, "gone", isDeleted)
	if err != nil {
		return err
	}
	back, err := o.await(ctx, seenLimit, "back", isAdded)
	if err != nil {
		return err
	}
	c.within(child.kind, back.at.Sub(gone.at), repairLimit)
	if child.resource == namespaces {
		return c.refilled(ctx, gone.at)
	}
	return nil
}

// refilled expects back what a namespace took along when it went.
func (c *check) refilled(ctx context.Context, gone time.Time) error {
	for _, child := range children {
		if child.namespace != freshName {
			continue
		}
		err := until(ctx, seenLimit, func(ctx context.Context) (string, error) {
			object, err := c.client(child.target).Get(ctx, child.name, metav1.GetOptions{})
			if apierrors.IsNotFound(err) || (err == nil && object.GetDeletionTimestamp() != nil) {
				return child.String() + " to be back", nil
			}
			return "", err
		})
		if err != nil {
			return err
		}
	}
	c.within("what stood in the Namespace, counted from when that was gone", time.Since(gone), repairLimit)
	return nil
}

// removal deletes the environment of fresh.yaml and waits until it and its namespace are gone.
func (c *check) removal(ctx context.Context) error {
	began := time.Now()
	environment := target{resource: cluster.AppEnvironments, name: freshName}
	if err := c.client(environment).Delete(ctx, freshName, metav1.DeleteOptions{}); apierrors.IsNotFound(err) {
		return nil
	} else if err != nil {
		return err
	}
	err := until(ctx, 3*time.Minute, func(ctx context.Context) (string, error) {
		object, err := c.client(environment).Get(ctx, freshName, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		blockedOn, _, _ := unstructured.NestedString(object.Object, "status", "blockedOn")
		return fmt.Sprintf("%s to be gone; blocked on: %s", freshName, blockedOn), nil
	})
	if err != nil {
		return err
	}
	for _, child := range children {
		_, err := c.client(child.target).Get(ctx, child.name, metav1.GetOptions{})
		if !apierrors.IsNotFound(err) {
			c.expect(false, "%s remains (%v)", child.target, err)
		}
	}
	c.expect(true, "%s and its %d children are gone after %.1f s", freshName, len(children), time.Since(began).Seconds())
	return nil
}
