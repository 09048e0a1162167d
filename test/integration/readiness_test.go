package integration

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/appenv/appenv-operator/test/fixture"
)

// Nobody sends an operator anything, but a rollout goes on once it is ready: not before it has seen what there is.
func TestAnOperatorIsReadyOnceItsCachesAreFilled(t *testing.T) {
	t.Parallel()
	operator := plane.Operator.Another()
	operator.Config.WatchSelector = "shard=nobodys"
	address := freeAddress(t)
	operator.Config.HealthProbeBindAddress = address
	held, letGo := operator.Faults.Hold(func(r fixture.Request) bool { return r.Resource == "resourcequotas" })
	if err := operator.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		letGo()
		if err := operator.Stop(); err != nil {
			t.Error(err)
		}
	})
	<-held
	fixture.Eventually(t, soon, func() error { return answersAt(t, address, "/healthz") })
	fixture.Consistently(t, 2*time.Second, func() error {
		if answersAt(t, address, "/readyz") == nil {
			t.Fatal("it says that it is ready, and has not seen the quotas")
		}
		return nil
	})
	letGo()
	fixture.Eventually(t, soon, func() error { return answersAt(t, address, "/readyz") })
}

// answersAt is readyAt as the kubelet asks: with a time limit.
func answersAt(t *testing.T, address, path string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		return err
	}
	return answered(request)
}
