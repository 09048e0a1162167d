package controller

import (
	"context"
	"errors"
	"fmt"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/apply"
	"github.com/appenv/appenv-operator/internal/component"
)

// A certainty is that an environment is what a pass has read from the cache. The cache may lag behind by any time:
// the API server it watches may be a replica that does, and after a restart it may begin with what was. On an
// environment that was deleted, paused or asks for something else by now nothing may be created, changed or
// deleted.
type certainty struct {
	once sync.Once
	err  error
}

// reached is called once the API server has taken a write that was bound to the environment's resource version.
func (c *certainty) reached() { c.once.Do(func() {}) }

// certain is asked before each write to an object, and asks the API server once in a pass, unless the pass has
// written to the environment itself. It gives a conflict when the environment has changed.
func (p *pass) certain(ctx context.Context) error {
	p.certainty.once.Do(func() {
		now := &metav1.PartialObjectMetadata{}
		now.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("AppEnvironment"))
		err := p.reader.Get(ctx, types.NamespacedName{Name: p.env.Name}, now)
		switch {
		case err != nil && !apply.IsAbsent(err):
			p.certainty.err = fmt.Errorf("reading the AppEnvironment: %w", err)
		case err != nil || now.ResourceVersion != p.env.ResourceVersion:
			p.certainty.err = apierrors.NewConflict(schema.GroupResource{Group: v1alpha1.GroupVersion.Group, Resource: "appenvironments"},
				p.env.Name, errors.New("it is no longer what the cache has"))
		}
	})
	return p.certainty.err
}

// verified is an object from the cache, or what it is now where the cache does not show the object on record, or one
// that is not ours: what is on record must neither be lost for that, nor become another object.
func (p *pass) verified(ctx context.Context, key component.Key, cached *unstructured.Unstructured) (*unstructured.Unstructured, error) {
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
