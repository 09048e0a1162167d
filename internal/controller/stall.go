package controller

import (
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
)

// stallGrace is how much longer a watch may last than it was asked for.
const stallGrace = 30 * time.Second

// noticeStalls is a transport that ends watches which nobody is behind any more though they are connected, as at a
// proxy that has lost its other side. Every watch is asked for with a time limit, ten minutes at most, at which the API
// server ends it. One that goes on is ended here, counted, and begun again where it was: without that the
// environments would rest on what was for good.
func noticeStalls(grace time.Duration) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper { return stallNoticing{next, grace} }
}

type stallNoticing struct {
	next  http.RoundTripper
	grace time.Duration
}

// RoundTrip sends the request.
func (n stallNoticing) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := n.next.RoundTrip(request)
	query := request.URL.Query()
	seconds, noLimit := strconv.Atoi(query.Get("timeoutSeconds"))
	if err == nil && response.StatusCode == http.StatusOK && query.Get("watch") != "" && noLimit == nil {
		response.Body = newStream(response.Body, time.Duration(seconds)*time.Second+n.grace, request.URL.Path)
	}
	return response, err
}

// A stream is the body of a watch.
type stream struct {
	io.ReadCloser
	end     *time.Timer
	stalled atomic.Bool
}

func newStream(body io.ReadCloser, limit time.Duration, path string) *stream {
	s := &stream{ReadCloser: body}
	s.end = time.AfterFunc(limit, func() {
		s.stalled.Store(true)
		measured.stalls.Inc()
		ctrl.Log.WithName("watch").Info("a watch has not ended in time, nobody seems to be behind it; beginning it again", "path", path, "limit", limit.String())
		_ = body.Close() // so that what waits for it goes on
	})
	return s
}

// Read gives io.ErrUnexpectedEOF once the watch was ended here: to client-go that is a connection that broke, after
// which it goes on with the version that it saw last.
func (s *stream) Read(b []byte) (int, error) {
	n, err := s.ReadCloser.Read(b)
	if err != nil {
		s.end.Stop()
		if s.stalled.Load() {
			err = io.ErrUnexpectedEOF
		}
	}
	return n, err
}

// Close ends the watch.
func (s *stream) Close() error {
	s.end.Stop()
	return s.ReadCloser.Close()
}
