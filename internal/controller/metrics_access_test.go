package controller

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/go-logr/logr"
	authenticationv1 "k8s.io/api/authentication/v1"
)

// guarded are metrics that the API server lets prometheus read, and nobody else.
type guarded struct {
	access *metricsAccess
	now    time.Time
	down   bool // the API server
	asked  int
}

func newGuarded() *guarded {
	g := &guarded{access: newMetricsAccess(), now: time.Unix(0, 0)}
	g.access.now = func() time.Time { return g.now }
	g.access.identify = func(_ context.Context, token string) (*authenticationv1.UserInfo, error) {
		g.asked++
		switch {
		case g.down:
			return nil, errors.New("no answer")
		case token == "prometheus" || token == "other":
			return &authenticationv1.UserInfo{Username: token}, nil
		}
		return nil, nil
	}
	g.access.allowed = func(_ context.Context, user *authenticationv1.UserInfo, verb, path string) (bool, error) {
		return user.Username == "prometheus" && verb == "get" && path == "/metrics", nil
	}
	return g
}

// ask is the answer to a request.
func (g *guarded) ask(t *testing.T, method, path, authorization string) int {
	t.Helper()
	handler, err := g.access.filter(logr.Discard(), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	if err != nil {
		t.Fatal(err)
	}
	request := httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody)
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	response := httptest.NewRecorder()
	handler.ServeHTTP(response, request)
	return response.Code
}

func TestMetricsAreReadByWhomTheAPIServerAllows(t *testing.T) {
	for name, test := range map[string]struct {
		method, path, authorization string
		want                        int
	}{
		"who may":                          {http.MethodGet, "/metrics", "Bearer prometheus", http.StatusOK},
		"who may, in small letters":        {http.MethodGet, "/metrics", "bearer prometheus", http.StatusOK},
		"nobody":                           {http.MethodGet, "/metrics", "", http.StatusUnauthorized},
		"an empty token":                   {http.MethodGet, "/metrics", "Bearer ", http.StatusUnauthorized},
		"a token of nobody":                {http.MethodGet, "/metrics", "Bearer x", http.StatusUnauthorized},
		"a name and a password":            {http.MethodGet, "/metrics", "Basic cHJvbWV0aGV1cw==", http.StatusUnauthorized},
		"the token without its scheme":     {http.MethodGet, "/metrics", "prometheus", http.StatusUnauthorized},
		"who may not":                      {http.MethodGet, "/metrics", "Bearer other", http.StatusForbidden},
		"who may, for another path":        {http.MethodGet, "/metrics/x", "Bearer prometheus", http.StatusForbidden},
		"who may, to do something else":    {http.MethodPost, "/metrics", "Bearer prometheus", http.StatusForbidden},
		"who may, with a query of no role": {http.MethodGet, "/metrics?x=y", "Bearer prometheus", http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			if got := newGuarded().ask(t, test.method, test.path, test.authorization); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}

func TestAPermissionIsRememberedForAMinuteAndARefusalIsNot(t *testing.T) {
	g := newGuarded()
	get := func(token string, want int) {
		t.Helper()
		if got := g.ask(t, http.MethodGet, "/metrics", "Bearer "+token); got != want {
			t.Errorf("%s gets %d, want %d", token, got, want)
		}
	}
	get("prometheus", http.StatusOK)
	get("other", http.StatusForbidden)
	g.down = true
	get("prometheus", http.StatusOK)
	get("other", http.StatusServiceUnavailable)
	if g.asked != 3 {
		t.Errorf("the API server was asked %d times, want 3", g.asked)
	}
	if got := g.ask(t, http.MethodPost, "/metrics", "Bearer prometheus"); got != http.StatusServiceUnavailable {
		t.Errorf("the permission counts for another verb: %d", got)
	}
	g.now = g.now.Add(accessMemory)
	get("prometheus", http.StatusServiceUnavailable)
	g.down = false
	get("prometheus", http.StatusOK)
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	a := newMetricsAccess()
	for i := range 3*accessCallers + 1 {
		var key [32]byte
		copy(key[:], strconv.Itoa(i))
		a.remember(key)
		if !a.remembers(key) {
			t.Fatalf("%d is forgotten at once", i)
		}
	}
	if len(a.permitted) > accessCallers {
		t.Errorf("%d are remembered, want at most %d", len(a.permitted), accessCallers)
	}
}
