package integration

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

// Of an object that comes and goes while the watch of its kind is interrupted, no event ever comes. Nobody may wait
// for one: neither the environment itself, nor any other.
func TestAnObjectThatCameAndWentUnseenHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	own := startPlane(t, fixture.Options{})
	withDNS := fixture.Full("unseen").Spec.DNS
	env := fixture.Full("unseen")
	env.Spec.DNS = nil
	own.RunReady(t, env)
	own.RunReady(t, fixture.Full("beside"))
	at := inside("unseen", "unseen")

	for _, c := range []struct {
		name string
		goes func()
	}{
		{"the operator deletes it", func() {
			own.Edit(t, "unseen", func(env *v1alpha1.AppEnvironment) { env.Spec.DNS = nil })
		}},
		{"somebody deletes it after the operator has changed it", func() {
			own.Edit(t, "unseen", func(env *v1alpha1.AppEnvironment) { env.Spec.DNS.Records[0].Targets = []string{"203.0.113.77"} })
			fixture.Eventually(t, soon, func() error {
				if live := own.Get(t, fixture.DNSEndpointGVK, at); !strings.Contains(fmt.Sprint(live.Object["spec"]), "203.0.113.77") {
					return fmt.Errorf("it is still %v", live.Object["spec"])
				}
				return nil
			})
			own.Delete(t, own.Get(t, fixture.DNSEndpointGVK, at))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			hide(t, own, "dnsendpoints")
			own.Edit(t, "unseen", func(env *v1alpha1.AppEnvironment) { env.Spec.DNS = withDNS.DeepCopy() })
			fixture.Eventually(t, soon, own.Exists(fixture.DNSEndpointGVK, at))
			c.goes()
			fixture.Eventually(t, soon, own.Gone(fixture.DNSEndpointGVK, at))
			own.Operator.View.Show()

			own.Edit(t, "unseen", func(env *v1alpha1.AppEnvironment) { env.Spec.DNS = withDNS.DeepCopy() })
			own.Edit(t, "beside", func(env *v1alpha1.AppEnvironment) { env.Spec.Labels["owner"] = "team-" + c.name[:3] })
			for _, name := range []string{"unseen", "beside"} {
				fixture.Eventually(t, time.Minute, func() error { return own.InPlace(name) })
			}
			own.Edit(t, "unseen", func(env *v1alpha1.AppEnvironment) { env.Spec.DNS = nil })
			own.WaitReady(t, "unseen")
		})
	}
}

// hide lets the operator's caches see nothing more of a resource.
func hide(t *testing.T, own *fixture.Plane, resource string) {
	t.Helper()
	select {
	case <-own.Operator.View.Hide(func(r fixture.Request) bool { return r.Resource == resource }):
	case <-time.After(30 * time.Second):
		t.Fatalf("no cache has noticed that there are no %s to see", resource)
	}
}

// No event of the object leads back to the environment, and no edit. That a look of its own does, should nothing else, is
// held by TestWhatTheCacheIsYetToShowIsLookedAtAgain.
func TestAnObjectThatSomebodyDeletedBeforeItWasSeenComesBack(t *testing.T) {
	t.Parallel()
	own := startPlane(t, fixture.Options{})
	env := fixture.Full("unwatched")
	records := env.Spec.DNS
	env.Spec.DNS = nil
	own.RunReady(t, env)
	at := inside("unwatched", "unwatched")
	hide(t, own, "dnsendpoints")
	own.Edit(t, "unwatched", func(env *v1alpha1.AppEnvironment) { env.Spec.DNS = records })
	fixture.Eventually(t, soon, own.Exists(fixture.DNSEndpointGVK, at))
	first := own.Get(t, fixture.DNSEndpointGVK, at)
	// The report of its UID, and the look that the report itself brings back.
	fixture.Eventually(t, time.Minute, func() error {
		last := own.Operator.Requests.Last(func(r fixture.Request) bool { return r.Resource == "dnsendpoints" && r.Verb == "get" })
		if since := time.Since(last); since < 15*time.Second {
			return fmt.Errorf("the operator has looked at it %s ago", since)
		}
		return nil
	})
	own.Delete(t, first)
	own.Operator.View.Show()
	fixture.Eventually(t, 100*time.Second, func() error {
		if live := own.Find(t, fixture.DNSEndpointGVK, at); live == nil || live.GetUID() == first.GetUID() {
			return errors.New("it is not made again")
		}
		return nil
	})
	own.WaitReady(t, "unwatched")
}

// The operator's finalizer alone keeps the garbage collector from the Applications: it must not come off a set which
// somebody has deleted, seen or not.
func TestReleasingASetWhoseDeletionWasNotSeenKeepsItsApplications(t *testing.T) {
	t.Parallel()
	own := startPlane(t, fixture.Options{})
	env := fixture.TwoApps("let-go")
	env.Spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain
	own.RunReady(t, env)
	before := own.Get(t, fixture.ApplicationGVK, application("let-go", "web"))
	hide(t, own, "applicationsets")
	own.Delete(t, own.Get(t, fixture.ApplicationSetGVK, fixture.InArgoCD("let-go")))
	own.Delete(t, own.Environment(t, "let-go"))
	own.WaitGone(t, "let-go")
	own.Operator.View.Show()
	fixture.Eventually(t, soon, own.Gone(fixture.ApplicationSetGVK, fixture.InArgoCD("let-go")))
	fixture.Consistently(t, 2*time.Second, func() error {
		for _, app := range []string{"web", "worker"} {
			live := own.Get(t, fixture.ApplicationGVK, application("let-go", app))
			if live.GetDeletionTimestamp() != nil || len(live.GetOwnerReferences()) > 0 || app == "web" && live.GetUID() != before.GetUID() {
				return fmt.Errorf("application %s is being deleted, is another one, or belongs to what is gone", live.GetName())
			}
		}
		return nil
	})
}
