package integration

import (
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
	ofDNS := func(r fixture.Request) bool { return r.Resource == "dnsendpoints" }
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
			<-own.Operator.View.Hide(ofDNS)
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
