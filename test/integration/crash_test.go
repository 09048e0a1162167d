package integration

import (
	"fmt"
	"testing"
	"time"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

// Not parallel: it kills the operator.
func TestAnEntryIsWrittenBeforeItsObjectSoThatACrashLosesNothing(t *testing.T) {
	for _, when := range []fixture.When{fixture.Before, fixture.After} {
		name := "crash-" + string(when)
		t.Run(string(when)+" the object is created", func(t *testing.T) {
			stopOperator(t)
			plane.Run(t, fixture.Full(name))
			killAtEveryCreate(t, name, when)
			plane.WaitReady(t, name)
			checkEntries(t, name)
		})
	}
}

// killAtEveryCreate kills the operator at the first create of every resource, looks
// at what it leaves behind, and starts it again.
func killAtEveryCreate(t *testing.T, name string, when fixture.When) {
	t.Helper()
	done := map[string]bool{}
	for range childrenOf(name) {
		killed := plane.Operator.Faults.Kill(when, func(r fixture.Request) bool {
			return r.Verb == "create" && r.Subresource == "" && owned[r.Resource] && !done[r.Resource]
		})
		startOperator(t)
		select {
		case request := <-killed:
			done[request.Resource] = true
			checkBehind(t, name, request, when)
			stopOperator(t)
		case <-settledAt(t, name):
			plane.Operator.Faults.Disarm()
			for resource := range owned {
				if !done[resource] {
					t.Errorf("%s was never created with a POST", resource)
				}
			}
			return
		}
	}
	startOperator(t)
}

// owned are the resources of an environment made by fixture.Full.
var owned = map[string]bool{
	"namespaces": true, "resourcequotas": true, "limitranges": true, "networkpolicies": true,
	"serviceaccounts": true, "rolebindings": true, "appprojects": true, "secretstores": true,
	"externalsecrets": true, "applicationsets": true, "managedcertificates": true, "certificates": true,
	"dnsendpoints": true,
}

// settledAt is closed once the environment is Ready.
func settledAt(t *testing.T, name string) <-chan struct{} {
	out := make(chan struct{})
	go func() {
		defer close(out)
		for start := time.Now(); time.Since(start) < 30*time.Second; time.Sleep(20 * time.Millisecond) {
			env := &v1alpha1.AppEnvironment{}
			if err := plane.Client.Get(t.Context(), cluster(name), env); err != nil || fixture.Ready(env) == nil {
				return
			}
		}
	}()
	return out
}

// checkBehind checks that the object of a create that killed the operator has its entry.
func checkBehind(t *testing.T, name string, request fixture.Request, when fixture.When) {
	t.Helper()
	for _, child := range childrenOf(name) {
		if resourceOf(child) != request.Resource || child.Namespace != request.Namespace {
			continue
		}
		exists := plane.Find(t, child.GroupVersionKind, child.ObjectKey) != nil
		if when == fixture.Before && request.Resource != "rolebindings" && exists {
			t.Errorf("killed %s %s, yet the object is there", when, request)
		}
		if exists && entryOf(t, name, child) == nil {
			t.Errorf("killed %s %s: %s %s has no entry", when, request, child.Kind, child.ObjectKey)
		}
		if entryOf(t, name, child) == nil {
			t.Errorf("the create of %s %s was sent before its entry was written", child.Kind, child.ObjectKey)
		}
	}
}

// checkEntries checks that every child is on record with the UID it has.
func checkEntries(t *testing.T, name string) {
	t.Helper()
	for _, child := range childrenOf(name) {
		fixture.Eventually(t, soon, func() error {
			entry, live := entryOf(t, name, child), plane.Find(t, child.GroupVersionKind, child.ObjectKey)
			if entry == nil || live == nil || entry.UID != live.GetUID() || entry.Origin != v1alpha1.OriginCreated {
				return fmt.Errorf("%s %s: entry %v", child.Kind, child.ObjectKey, entry)
			}
			return nil
		})
	}
}

func entryOf(t *testing.T, environment string, child child) *v1alpha1.Child {
	t.Helper()
	for _, entry := range plane.Environment(t, environment).Status.Children {
		if entry.Kind == child.Kind && entry.Namespace == child.Namespace && entry.Name == child.Name {
			return &entry
		}
	}
	return nil
}

func startOperator(t *testing.T) {
	t.Helper()
	if err := plane.Operator.Start(); err != nil {
		t.Fatal(err)
	}
}

func stopOperator(t *testing.T) {
	t.Helper()
	if err := plane.Operator.Stop(); err != nil {
		t.Error(err)
	}
}
