package observe

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
)

// A Source starts a watch.
type Source func(context.Context, metav1.ListOptions) (watch.Interface, error)

// Watch watches what comes, changes and goes from a resource version on. The API server ends watches that lag
// behind on a busy machine; they go on where they were.
func Watch(ctx context.Context, resource, version string, source Source, options metav1.ListOptions) (watch.Interface, error) {
	w, err := watchtools.NewRetryWatcherWithContext(ctx, version, &cache.ListWatch{
		WatchFuncWithContext: func(ctx context.Context, from metav1.ListOptions) (watch.Interface, error) {
			from.LabelSelector = options.LabelSelector
			return source(ctx, from)
		},
	})
	if err != nil {
		return nil, fmt.Errorf("watching %s: %w", resource, err)
	}
	return w, nil
}
