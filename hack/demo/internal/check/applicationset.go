package check

import (
	"context"
	"fmt"
	"maps"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/appenv/appenv-operator/hack/demo/internal/sample"
	"github.com/appenv/appenv-operator/hack/local/cluster"
	"github.com/appenv/appenv-operator/hack/local/progress"
)

// devSet is the ApplicationSet of hoge-dev.
var devSet = target{applicationSets, cluster.ArgoCDNamespace, "hoge-namespace-dev-application-set"}

// applicationSet compares the Applications that Argo CD made of the ApplicationSet with those of the
// hand-written one that it replaces.
func (c *check) applicationSet(ctx context.Context) error {
	generated, err := c.generated(ctx)
	if err != nil {
		return err
	}
	paths := map[string]string{
		"app1-dev":         "deployment/k8s/manifests/app1/overlays/dev",
		"db-migration-dev": "deployment/k8s/jobs/db-migration/overlays/dev",
	}
	c.equal(devSet.name+" generates", len(generated), len(paths))
	for name, path := range paths {
		application, found := generated[name]
		if !found {
			c.expect(false, "%s generates no Application %s", devSet.name, name)
			continue
		}
		for _, field := range []struct {
			path []string
			want any
		}{
			{[]string{"source", "repoURL"}, sample.Repository(c.dir).URL()},
			{[]string{"source", "path"}, path},
			{[]string{"source", "targetRevision"}, "development"},
			{[]string{"destination", "namespace"}, "hoge-namespace"},
			{[]string{"project"}, "hoge-namespace-dev"},
			{[]string{"syncPolicy", "automated"}, map[string]any{"prune": true, "selfHeal": true}},
		} {
			got, _, _ := unstructured.NestedFieldCopy(application.Object, append([]string{"spec"}, field.path...)...)
			c.equal(fmt.Sprintf("%s %s", name, field.path[len(field.path)-1]), got, field.want)
		}
	}
	return nil
}

// generated are the Applications that belong to hoge-dev's ApplicationSet as it is now, by name.
func (c *check) generated(ctx context.Context) (map[string]unstructured.Unstructured, error) {
	set, err := c.client(devSet).Get(ctx, devSet.name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	list, err := c.client(target{applications, cluster.ArgoCDNamespace, ""}).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	found := map[string]unstructured.Unstructured{}
	for _, application := range list.Items {
		for _, owner := range application.GetOwnerReferences() {
			if owner.UID == set.GetUID() {
				found[application.GetName()] = application
			}
		}
	}
	return found, nil
}

// deletedByHand deletes hoge-dev's ApplicationSet, as a person would, and looks for lost Applications.
func (c *check) deletedByHand(ctx context.Context) error {
	before, err := c.generated(ctx)
	if err != nil {
		return err
	}
	set, err := c.observe(ctx, devSet)
	if err != nil {
		return err
	}
	defer set.stop()
	apps, err := c.observe(ctx, target{applications, cluster.ArgoCDNamespace, ""})
	if err != nil {
		return err
	}
	defer apps.stop()
	asked := time.Now()
	if err := c.deleteByHand(ctx, devSet, metav1.DeleteOptions{}); err != nil {
		return err
	}
	gone, err := set.await(ctx, seenLimit, "gone", isDeleted)
	if err != nil {
		return err
	}
	back, err := set.await(ctx, seenLimit, "back", isAdded)
	if err != nil {
		return err
	}
	c.within(fmt.Sprintf("back after it was gone, which took %s", progress.Seconds(gone.at.Sub(asked))), back.at.Sub(gone.at), repairLimit)
	return c.nothingLost(ctx, before, apps)
}

// nothingLost waits until the new ApplicationSet has taken its Applications back, and compares them.
func (c *check) nothingLost(ctx context.Context, before map[string]unstructured.Unstructured, apps *observer) error {
	var after map[string]unstructured.Unstructured
	err := until(ctx, seenLimit, func(ctx context.Context) (waitingFor string, err error) {
		after, err = c.generated(ctx)
		if err == nil && len(after) < len(before) {
			waitingFor = fmt.Sprintf("the ApplicationSet to take %d Applications back; it has %d", len(before), len(after))
		}
		return waitingFor, err
	})
	if err != nil {
		return err
	}
	if _, err := c.settled(ctx, sample.Dev, time.Minute); err != nil {
		return err
	}
	c.equal("UIDs of the Applications, before and after", uids(after), uids(before))
	for {
		select {
		case e := <-apps.events:
			if _, ours := before[e.object.GetName()]; ours && (isDeleted(e) || e.object.GetDeletionTimestamp() != nil) {
				c.expect(false, "Application %s was deleted", e.object.GetName())
			}
		default:
			return nil
		}
	}
}

// uids are the UIDs of objects by name.
func uids(objects map[string]unstructured.Unstructured) map[string]types.UID {
	found := map[string]types.UID{}
	for name := range maps.Keys(objects) {
		object := objects[name]
		found[name] = object.GetUID()
	}
	return found
}
