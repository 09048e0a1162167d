package controller

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
)

// stallLimit is how long a watch may deliver nothing. The API server sends a bookmark about once a minute to who
// allows for them, as all watches of the operator do, so that three in a row were missed then.
const stallLimit = 200 * time.Second

var errStalled = errors.New("the watch delivered nothing for too long")

// noticeStalls is a transport that ends watches which deliver nothing any more though they are connected, as behind a
// proxy that has lost its other side. The watch is then begun again where it ended, and misses nothing. Without that
// an environment would rest on what was, until the API server ends the watch itself after up to ten minutes.
func noticeStalls(limit time.Duration) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper { return stallNoticing{next, limit} }
}

type stallNoticing struct {
	next  http.RoundTripper
	limit time.Duration
}

// RoundTrip sends the request.
func (n stallNoticing) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := n.next.RoundTrip(request)
	if err == nil && response.StatusCode == http.StatusOK && request.URL.Query().Get("watch") != "" {
		response.Body = watchBody(response.Body, n.limit, request.URL.Path)
	}
	return response, err
}

// A stream is the body of a watch.
type stream struct {
	io.ReadCloser
	limit   time.Duration
	silence *time.Timer

	mutex   sync.Mutex
	stalled bool
}

func watchBody(body io.ReadCloser, limit time.Duration, path string) io.ReadCloser {
	s := &stream{ReadCloser: body, limit: limit}
	s.silence = time.AfterFunc(limit, func() {
		s.mutex.Lock()
		s.stalled = true
		s.mutex.Unlock()
		measured.stalls.Inc()
		ctrl.Log.WithName("watch").Info("a watch delivers nothing; beginning it again", "path", path, "limit", limit.String())
		_ = body.Close() // so that what waits for it goes on
	})
	return s
}

// Read gives errStalled once the watch was ended for its silence.
func (s *stream) Read(b []byte) (int, error) {
	n, err := s.ReadCloser.Read(b)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	switch {
	case s.stalled:
		return n, errStalled
	case err != nil:
		s.silence.Stop()
	case n > 0:
		s.silence.Reset(s.limit)
	}
	return n, err
}

// Close ends the watch.
func (s *stream) Close() error {
	s.silence.Stop()
	return s.ReadCloser.Close()
}
