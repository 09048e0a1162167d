package integration

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

// How soon a standby leads: it tries every two seconds or little more, and a lease that nobody gives up
// lasts for 15 seconds from when the standby last saw it renewed. An idle leader crashes when it next renews
// it, the standby sees that up to a try later, and finds the end of the lease up to a try later: 20 seconds in
// all, and something for a busy machine.
const (
	afterStop  = 5 * time.Second
	afterCrash = 30 * time.Second
)

// leaderOf is who holds the only lease that is held in the operator's namespace, on a plane.
func leaderOf(p *fixture.Plane) (string, error) {
	leases := &coordinationv1.LeaseList{}
	if err := p.Client.List(context.Background(), leases); err != nil {
		return "", err
	}
	for _, lease := range leases.Items {
		if holder := ptr.Deref(lease.Spec.HolderIdentity, ""); lease.Namespace == fixture.OperatorNamespace && holder != "" {
			return holder, nil
		}
	}
	return "", errors.New("nobody leads")
}

func waitForLeader(t *testing.T, p *fixture.Plane) (leader string) {
	t.Helper()
	fixture.Eventually(t, soon, func() (err error) {
		leader, err = leaderOf(p)
		return err
	})
	return leader
}

// succeed ends the leader, and waits until the standby leads.
func succeed(t *testing.T, p *fixture.Plane, within time.Duration, end func() error) {
	t.Helper()
	before := waitForLeader(t, p)
	if err := end(); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	fixture.Eventually(t, within, func() error {
		if now, err := leaderOf(p); err != nil || now == before {
			return fmt.Errorf("the lease is held by %q: %w", now, err)
		}
		return nil
	})
	t.Logf("the standby led after %s", time.Since(start).Round(10*time.Millisecond))
}

// watches is an error until the operator watches a resource.
func watches(operator *fixture.Operator, resource string) error {
	if len(operator.Requests.Since(0, func(r fixture.Request) bool { return r.Verb == "watch" && r.Resource == resource })) == 0 {
		return fmt.Errorf("%s are not watched", resource)
	}
	return nil
}

// waitForWarmth waits until a standby watches everything that an operator watches.
func waitForWarmth(t *testing.T, standby *fixture.Operator) {
	t.Helper()
	fixture.Eventually(t, soon, func() error {
		errs := []error{watches(standby, "appenvironments"), watches(standby, "applications"), watches(standby, "customresourcedefinitions")}
		for resource := range owned {
			errs = append(errs, watches(standby, resource))
		}
		return errors.Join(errs...)
	})
}

// checkListed checks that everything was listed before the lease was won.
func checkListed(t *testing.T, standby *fixture.Operator) {
	t.Helper()
	won := standby.Requests.Since(0, func(r fixture.Request) bool { return r.Resource == "leases" && r.Writes() })
	listed := standby.Requests.Since(0, func(r fixture.Request) bool { return r.Verb == "list" })
	if len(won) == 0 || len(listed) == 0 {
		t.Fatalf("it sent %d lists and wrote the lease %d times", len(listed), len(won))
	}
	for _, request := range listed {
		if request.At.After(won[0].At) {
			t.Errorf("%s after it began to lead it sent %s", request.At.Sub(won[0].At), request)
		}
	}
}

// Not parallel, as every test with shards: see startShards.
func TestAStandbyHasItsCachesFilledBeforeItLeadsAndWritesNothingUntilThen(t *testing.T) {
	leader := startShards(t, "shard=a")[0]
	plane.RunReady(t, labelled(fixture.Full("standby"), "a"))
	standby := shardOf("shard=a")
	standby.Config.HealthProbeBindAddress = freeAddress(t)
	run(t, standby)
	waitForWarmth(t, standby)
	fixture.Eventually(t, soon, func() error { return readyAt(standby.Config.HealthProbeBindAddress) })

	// It sees all there is to do, and does nothing of it.
	plane.RunReady(t, labelled(fixture.Full("standby-later"), "a"))
	fixture.Eventually(t, soon, drift(t, quotaOf("standby")))
	waitForQuiet(t, leader)
	for _, request := range standby.Requests.Since(0, fixture.Request.Writes) {
		if request.Resource != "leases" {
			t.Errorf("the standby sent %s", request)
		}
	}
	before := map[string]map[string]string{"standby": versionsOf(t, "standby"), "standby-later": versionsOf(t, "standby-later")}
	succeed(t, plane, afterStop, leader.Stop)
	fixture.Consistently(t, 2*time.Second, func() error { return nil })
	checkListed(t, standby)
	checkIdle(t, "the new leader", standby, 0)
	for name, versions := range before {
		if diff := changed(versions, versionsOf(t, name)); len(diff) > 0 {
			t.Errorf("the takeover changed %v", diff)
		}
	}
	for name := range before {
		fixture.Eventually(t, second, drift(t, quotaOf(name)))
		plane.WaitReady(t, name)
	}
}

// Without a list of what is there, the new leader would repair nothing before it has made one.
func TestWhatChangedWhileNobodyLedIsRepairedAsSoonAsTheStandbyLeads(t *testing.T) {
	leader := startShards(t, "shard=a")[0]
	plane.RunReady(t, labelled(fixture.Full("leaderless"), "a"))
	standby := shardOf("shard=a")
	run(t, standby)
	waitForWarmth(t, standby)
	letGo := leaseKept(t, standby)
	if err := leader.Stop(); err != nil {
		t.Fatal(err)
	}
	repaired := drift(t, quotaOf("leaderless"))
	fixture.Consistently(t, time.Second, func() error {
		if repaired() == nil {
			return errors.New("somebody repaired it without leading")
		}
		return nil
	})
	letGo()
	waitForLeader(t, plane)
	start := time.Now()
	fixture.Eventually(t, second, repaired)
	t.Logf("repaired %s after the standby led", time.Since(start).Round(time.Millisecond))
}

// leaseKept keeps an operator from winning its lease until it is let go.
func leaseKept(t *testing.T, operator *fixture.Operator) (letGo func()) {
	t.Helper()
	_, letGo = operator.Faults.Hold(func(r fixture.Request) bool { return r.Resource == "leases" && r.Writes() })
	t.Cleanup(letGo)
	return letGo
}

func TestAStandbyOfALeaderThatCrashesKnowsTheAPIThatArrivedMeanwhile(t *testing.T) {
	t.Parallel()
	own := startPlane(t, fixture.Options{Without: []string{"external-secrets"}})
	if err := own.Operator.Stop(); err != nil {
		t.Fatal(err)
	}
	standby := own.Operator.Another()
	for _, operator := range []*fixture.Operator{own.Operator, standby} {
		operator.Config.LeaderElect, operator.Config.LeaderElectionNamespace = true, fixture.OperatorNamespace
		run(t, operator)
		waitForLeader(t, own)
	}
	own.Run(t, fixture.Full("arriving"))
	own.WaitFor(t, "arriving", fixture.Has(v1alpha1.ConditionSecretsReady, metav1.ConditionFalse, v1alpha1.ReasonAPINotInstalled))
	if err := own.InstallCRDs("external-secrets"); err != nil {
		t.Fatal(err)
	}
	if err := own.StartFake("external-secrets"); err != nil {
		t.Fatal(err)
	}
	own.WaitReady(t, "arriving")
	waitForWarmth(t, standby)
	version := own.Environment(t, "arriving").ResourceVersion
	succeed(t, own, afterCrash, func() error {
		own.Operator.Faults.Kill(fixture.Before, func(fixture.Request) bool { return true })
		return nil
	})
	fixture.Consistently(t, 2*time.Second, func() error {
		if env := own.Environment(t, "arriving"); env.ResourceVersion != version {
			return fmt.Errorf("the new leader wrote %s", fixture.Describe(env))
		}
		return nil
	})
	checkIdle(t, "the new leader", standby, 0)
	own.Delete(t, own.Get(t, fixture.ExternalSecretGVK, inside("arriving", "env")))
	fixture.Eventually(t, soon, own.Exists(fixture.ExternalSecretGVK, inside("arriving", "env")))
	own.Delete(t, own.Environment(t, "arriving"))
	own.WaitGone(t, "arriving")
}

// freeAddress is an address on which nothing listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// readyAt is an error until the operator whose probes are at the address is ready.
func readyAt(address string) error {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://"+address+"/readyz", nil)
	if err != nil {
		return err
	}
	return answered(request)
}

func answered(request *http.Request) error {
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", response.Status)
	}
	return nil
}
