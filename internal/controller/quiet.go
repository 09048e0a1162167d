package controller

import (
	"context"
	"hash/maphash"
	"net/http"
	"slices"
	"sync/atomic"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// A quiet pass is one that asked nothing of the API server, found no error and is not to be
// repeated: what came of it follows from what it read from the cache, and from the kinds that
// are served. While all of that is as it was, another pass would be quiet again, and is not made.
type quiet struct {
	env    string // resource version
	served int64  // see apis.revision
	reads  []look
}

// A look is one question to the cache, and a digest of the answer: which objects, in which
// versions.
type look struct {
	kind schema.GroupVersionKind
	// apiVersion is that of the kind.
	apiVersion string

	key     client.ObjectKey // of one object
	isList  bool
	options []client.ListOption
	answer  uint64
}

// looks is a client that remembers what it read from the cache.
type looks struct {
	client.Client
	made   []look
	failed bool
}

// Get reads an object.
func (l *looks) Get(ctx context.Context, key client.ObjectKey, obj client.Object, options ...client.GetOption) error {
	look := look{kind: kindOfObject(obj), key: key}
	err := l.Client.Get(ctx, key, obj, options...)
	look.answer = digest(err, obj)
	l.note(look, client.IgnoreNotFound(err))
	return err
}

// List reads a list.
func (l *looks) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	look := look{isList: true, options: options}
	if u, ok := list.(*unstructured.UnstructuredList); ok {
		look.kind = u.GroupVersionKind()
	}
	err := l.Client.List(ctx, list, options...)
	look.answer = digestList(list)
	l.note(look, err)
	return err
}

func (l *looks) note(made look, err error) {
	made.apiVersion = made.kind.GroupVersion().String()
	l.made = append(l.made, made)
	l.failed = l.failed || err != nil
}

// kindOfObject is empty for an AppEnvironment: no other typed objects are cached.
func kindOfObject(obj client.Object) schema.GroupVersionKind {
	if u, ok := obj.(*unstructured.Unstructured); ok {
		return u.GroupVersionKind()
	}
	return schema.GroupVersionKind{}
}

// again says whether the cache answers as it did, without copying anything.
func (l look) again(ctx context.Context, c client.Reader) bool {
	if !l.isList {
		var obj client.Object = &v1alpha1.AppEnvironment{}
		if !l.kind.Empty() {
			obj = &unstructured.Unstructured{Object: l.header()}
		}
		err := c.Get(ctx, l.key, obj, client.UnsafeDisableDeepCopy)
		return client.IgnoreNotFound(err) == nil && digest(err, obj) == l.answer
	}
	var list client.ObjectList = &v1alpha1.AppEnvironmentList{}
	if !l.kind.Empty() {
		list = &unstructured.UnstructuredList{Object: l.header()}
	}
	return c.List(ctx, list, l.options...) == nil && digestList(list) == l.answer
}

// header is what tells the cache which kind is asked for. Setting it field by field takes longer
// than to find the object.
func (l look) header() map[string]any {
	return map[string]any{"apiVersion": l.apiVersion, "kind": l.kind.Kind}
}

var seed = maphash.MakeSeed()

// digest identifies an object in its version, or that there is none.
func digest(err error, obj client.Object) uint64 {
	if err != nil {
		return 0
	}
	var h maphash.Hash
	h.SetSeed(seed)
	_, _ = h.WriteString(string(obj.GetUID()))
	_, _ = h.WriteString(obj.GetResourceVersion())
	return h.Sum64()
}

// digestList does not depend on the order, which a list from an index does not keep.
func digestList(list client.ObjectList) uint64 {
	var sum uint64
	switch list := list.(type) {
	case *unstructured.UnstructuredList:
		for i := range list.Items {
			sum += digest(nil, &list.Items[i])
		}
	case *v1alpha1.AppEnvironmentList:
		for i := range list.Items {
			sum += digest(nil, &list.Items[i])
		}
	}
	return sum
}

// holds says whether a pass over the environment would be as quiet as the last one.
func (q *quiet) holds(ctx context.Context, r *Reconciler, env *v1alpha1.AppEnvironment) bool {
	if q == nil || q.env != env.ResourceVersion || q.served != r.apis.revision() {
		return false
	}
	for _, look := range q.reads {
		if !look.again(ctx, r.cache) {
			return false
		}
	}
	return true
}

// askedKey marks the context of a pass, see asking.
type askedKey struct{}

// asking is a context whose requests to the API server are noticed.
func asking(ctx context.Context) (context.Context, *atomic.Bool) {
	asked := &atomic.Bool{}
	return context.WithValue(ctx, askedKey{}, asked), asked
}

// markAsked notes that the pass of the context learns something from the API server itself.
func markAsked(ctx context.Context) {
	if asked, ok := ctx.Value(askedKey{}).(*atomic.Bool); ok {
		asked.Store(true)
	}
}

// noticeRequests is a transport that notices requests of a pass. Whatever a pass learns from
// the API server itself, and whatever it changes, goes through here.
func noticeRequests(next http.RoundTripper) http.RoundTripper { return noticing{next} }

type noticing struct{ next http.RoundTripper }

// RoundTrip sends the request.
func (n noticing) RoundTrip(request *http.Request) (*http.Response, error) {
	markAsked(request.Context())
	return n.next.RoundTrip(request)
}

// remember notes that the pass was quiet, if it was.
func (p *pass) remember(asked bool) {
	p.memory.quiet = nil
	if !asked && !p.client.failed && p.recheck == 0 && p.leisure == 0 && len(p.errs) == 0 {
		p.memory.quiet = &quiet{env: p.env.ResourceVersion, served: p.served, reads: slices.Clone(p.client.made)}
	}
}
