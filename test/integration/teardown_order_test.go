package integration

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/test/fixture"
)

// ranks are the steps of a teardown, and the kinds of each.
var ranks = map[string]int{
	"DNSEndpoint":    0,
	"ApplicationSet": 1, "Application": 1,
	"AppProject":         2,
	"ManagedCertificate": 3, "Certificate": 3,
	"ExternalSecret": 4, "SecretStore": 4,
	"ResourceQuota": 5, "LimitRange": 5, "NetworkPolicy": 5, "ServiceAccount": 5, "RoleBinding": 5, "Namespace": 5,
}

func TestTeardownRemovesEachStepBeforeItBeginsTheNext(t *testing.T) {
	t.Parallel()
	plane.RunReady(t, fixture.Full("teardown"))
	ends := watchEnds(t, "teardown")
	plane.Delete(t, plane.Environment(t, "teardown"))
	plane.WaitGone(t, "teardown")
	checkNothingLeft(t, "teardown")
	ends.check(t)
}

// checkNothingLeft checks that every child, Application and workload is gone.
func checkNothingLeft(t *testing.T, name string) {
	t.Helper()
	left := append(childrenOf(name), child{fixture.ApplicationGVK, application(name, "web")}, child{configMapGVK, inside(name, application(name, "web").Name)})
	for _, child := range left {
		if live := plane.Find(t, child.GroupVersionKind, child.ObjectKey); live != nil {
			t.Errorf("%s %s is left behind", child.Kind, child.ObjectKey)
		}
	}
}

// An end is how an object went: the revisions of the store at which its deletion
// began and ended. Unlike times, they have no ties.
type end struct {
	kind, name  string
	began, gone int64
}

// ends are those of an environment's children and Applications.
type ends struct {
	mutex   sync.Mutex
	objects map[string]*end
	total   int
	watched sync.WaitGroup
}

// watchEnds watches the children and Applications of an environment from now on.
func watchEnds(t *testing.T, name string) *ends {
	t.Helper()
	e := &ends{objects: map[string]*end{}}
	watched := childrenOf(name)
	for _, app := range []string{"web", "worker"} {
		watched = append(watched, child{fixture.ApplicationGVK, application(name, app)})
	}
	e.total = len(watched)
	for _, child := range watched {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(child.GroupVersionKind)
		watcher, err := plane.Client.Watch(t.Context(), list, client.InNamespace(child.Namespace), client.MatchingFields{"metadata.name": child.Name})
		if err != nil {
			t.Fatalf("watching %s %s: %v", child.Kind, child.ObjectKey, err)
		}
		t.Cleanup(watcher.Stop)
		e.watched.Add(1)
		go e.follow(child, watcher)
	}
	return e
}

func (e *ends) follow(child child, watcher watch.Interface) {
	defer e.watched.Done()
	for event := range watcher.ResultChan() {
		u, ok := event.Object.(*unstructured.Unstructured)
		if !ok {
			return
		}
		revision, _ := strconv.ParseInt(u.GetResourceVersion(), 10, 64)
		e.mutex.Lock()
		known := e.objects[child.String()]
		if known == nil && (u.GetDeletionTimestamp() != nil || event.Type == watch.Deleted) {
			known = &end{kind: child.Kind, name: child.ObjectKey.String(), began: revision}
			e.objects[child.String()] = known
		}
		if event.Type == watch.Deleted {
			known.gone = revision
			e.mutex.Unlock()
			return
		}
		e.mutex.Unlock()
	}
}

// check checks that no object's deletion began before every object of the steps
// before it was gone. What a namespace takes along with itself goes with its step.
func (e *ends) check(t *testing.T) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		e.watched.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(soon): // what is there still was reported already
	}
	e.mutex.Lock()
	defer e.mutex.Unlock()
	gone := 0
	for _, object := range e.objects {
		if object.gone > 0 {
			gone++
		}
	}
	if gone != e.total {
		t.Fatalf("saw %d of %d objects go", gone, e.total)
	}
	for _, later := range e.objects {
		for _, earlier := range e.objects {
			if ranks[earlier.kind] < ranks[later.kind] && earlier.gone >= later.began {
				t.Errorf("the deletion of %s %s began at revision %d, before %s %s was gone at %d",
					later.kind, later.name, later.began, earlier.kind, earlier.name, earlier.gone)
			}
		}
	}
}
