package controller

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"k8s.io/client-go/rest"
)

// talker answers every request with so many events, a moment apart, and then says nothing more.
func talker(t *testing.T, events int) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for range events {
			_, _ = io.WriteString(w, "{}\n")
			w.(http.Flusher).Flush()
			time.Sleep(20 * time.Millisecond)
		}
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	return server
}

// ask asks as the operator does, but gives watches so long.
func ask(t *testing.T, url string, limit time.Duration) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	connection, err := rest.HTTPClientFor(connected(&rest.Config{Host: url}, limit))
	if err != nil {
		t.Fatal(err)
	}
	response, err := connection.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

func TestAWatchThatOutlivesItsTimeIsEnded(t *testing.T) {
	before := testutil.ToFloat64(measured.stalls)
	server := talker(t, 10)
	response := ask(t, server.URL+"/api/v1/namespaces?watch=true&timeoutSeconds=0", 2*time.Second)
	content, err := io.ReadAll(response.Body)
	if !errors.Is(err, io.ErrUnexpectedEOF) || len(content) != 10*len("{}\n") {
		t.Errorf("it ended with %v after %q", err, content)
	}
	if err := response.Body.Close(); err != nil {
		t.Error(err)
	}
	if now := testutil.ToFloat64(measured.stalls); now != before+1 {
		t.Errorf("%v watches were counted as stalled", now-before)
	}
}

func TestAWatchThatIsEndedByTheOtherSideIsNotCounted(t *testing.T) {
	before := testutil.ToFloat64(measured.stalls)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }))
	defer server.Close()
	response := ask(t, server.URL+"/api/v1/namespaces?watch=true&timeoutSeconds=0", time.Second)
	if content, err := io.ReadAll(response.Body); string(content) != "{}" || err != nil {
		t.Errorf("it is %q, %v", content, err)
	}
	time.Sleep(1100 * time.Millisecond)
	if now := testutil.ToFloat64(measured.stalls); now != before {
		t.Error("it was counted as stalled")
	}
	if err := response.Body.Close(); err != nil {
		t.Error(err)
	}
}

func TestWhatIsNoWatchMayTakeAsLongAsItDoes(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.(http.Flusher).Flush()
		time.Sleep(200 * time.Millisecond)
		_, _ = io.WriteString(w, "late")
	}))
	defer server.Close()
	response := ask(t, server.URL+"/api/v1/namespaces", 50*time.Millisecond)
	defer func() { _ = response.Body.Close() }()
	if content, err := io.ReadAll(response.Body); string(content) != "late" || err != nil {
		t.Errorf("it is %q, %v", content, err)
	}
}
