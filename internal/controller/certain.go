package controller

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/apply"
	"github.com/appenv/appenv-operator/internal/component"
)

// A certainty is that an environment is what a pass has read from the cache. The cache may lag behind by any time:
// the API server it watches may be a replica that does, and after a restart it may begin with what was. On an
// environment that was deleted, paused or asks for something else by now nothing may be created, changed or
// deleted.
type certainty struct {
	once  sync.Once
	asked bool
	err   error
}

// reached is called once the API server has taken a write that was bound to the environment's resource version.
func (c *certainty) reached() {
	c.once.Do(func() {})
	c.err = nil
}

// missed says why the pass must not write, if it was found out that it must not.
func (c *certainty) missed() error {
	if !c.asked {
		return nil
	}
	return c.err
}

// certain is asked before each write to an object, and asks the API server once in a pass, unless the pass has
// written to the environment itself. It gives a conflict when the environment has changed.
func (p *pass) certain(ctx context.Context) error {
	p.certainty.once.Do(func() {
		p.certainty.asked = true
		p.certainty.err = errPanicked // unless what follows comes to its end
		p.certainty.err = p.compare(ctx)
	})
	return p.certainty.err
}

func (p *pass) compare(ctx context.Context) error {
	key := types.NamespacedName{Name: p.env.Name}
	header := &metav1.PartialObjectMetadata{}
	header.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("AppEnvironment"))
	err := p.reader.Get(ctx, key, header)
	if err == nil && header.ResourceVersion == p.env.ResourceVersion {
		return nil
	}
	// Somebody may write to it all the time what does not concern us.
	now := &v1alpha1.AppEnvironment{}
	if err == nil {
		err = p.reader.Get(ctx, key, now)
	}
	switch {
	case err != nil && !apply.IsAbsent(err):
		return fmt.Errorf("reading the AppEnvironment: %w", err)
	case err != nil || !sameForUs(p.env, now):
		return apierrors.NewConflict(schema.GroupResource{Group: v1alpha1.GroupVersion.Group, Resource: "appenvironments"},
			p.env.Name, errors.New("it is no longer what the cache has"))
	}
	return nil
}

// sameForUs says whether two versions of an environment lead to the same.
func sameForUs(before, now *v1alpha1.AppEnvironment) bool {
	return before.UID == now.UID && before.Generation == now.Generation && before.DeletionTimestamp.Equal(now.DeletionTimestamp) &&
		slices.Equal(before.Finalizers, now.Finalizers) && maps.Equal(before.Labels, now.Labels) &&
		maps.Equal(oursIn(before.Annotations), oursIn(now.Annotations)) && equality.Semantic.DeepEqual(before.Status, now.Status)
}

// oursIn are the annotations that mean something to the operator.
func oursIn(annotations map[string]string) map[string]string {
	ours := maps.Clone(annotations)
	maps.DeleteFunc(ours, func(key, _ string) bool { return !strings.HasPrefix(key, v1alpha1.GroupVersion.Group+"/") })
	return ours
}

// isDue says whether a plan asks for a write.
func (p *pass) isDue() bool {
	return slices.ContainsFunc(p.plans, func(plan *plan) bool {
		return !plan.blocked && slices.ContainsFunc(plan.steps, func(s *step) bool { return s.action != actionNone && s.action != actionRefuse })
	})
}

// verified is an object from the cache, or what it is now where the cache does not show the object on record, or one
// that is not ours: what is on record must neither be lost for that, nor become another object.
func (p *pass) verified(ctx context.Context, key component.Key, cached *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	if p.memory.outdates(key, cached) {
		return p.applier.Get(ctx, cached)
	}
	agrees := marks.Standing(cached, p.owner) == apply.Ours && p.records[key].UID == cached.GetUID()
	if agrees || p.memory.verified[key] == cached.GetResourceVersion() {
		return cached, nil
	}
	now, err := p.applier.Get(ctx, cached)
	if now != nil && now.GetResourceVersion() == cached.GetResourceVersion() {
		p.memory.verified[key] = now.GetResourceVersion() // until it changes
	}
	return now, err
}

// outdates says whether an object from the cache is of before the operator's own write to it. Reads wait for the cache to
// show that, but not for ever.
func (m *memory) outdates(key component.Key, cached *unstructured.Unstructured) bool {
	written, known := m.stored[key]
	if !known {
		return false
	}
	if order, err := resourceversion.CompareResourceVersion(cached.GetResourceVersion(), written); err == nil && order < 0 {
		return true
	}
	delete(m.stored, key)
	return false
}

// lastOutrun is the longest that an environment waits which the cache does not show as it is: what it shows next has
// it looked at again anyway.
const lastOutrun = 10 * time.Second

// outrun is how long to wait after a pass that was too late: longer each time while the cache stands still.
func (m *memory) outrun(version string) time.Duration {
	if m.behind != version {
		m.behind, m.behindDelay = version, firstRetry
	} else {
		m.behindDelay = min(2*m.behindDelay, lastOutrun)
	}
	return m.behindDelay
}
