package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
)

// An answer of a server to whatever it is asked.
type answer struct {
	code       int
	kind, text string
	silent     bool
}

// serve starts a server that has one answer, and gives its address.
func serve(t *testing.T, a answer) string {
	t.Helper()
	ended := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.silent {
			select {
			case <-r.Context().Done():
			case <-ended:
			}
			return
		}
		w.Header().Set("Content-Type", a.kind)
		w.WriteHeader(a.code)
		_, _ = w.Write([]byte(a.text))
	}))
	t.Cleanup(func() { close(ended); server.Close() })
	return server.URL
}

// runWith runs a command line until it ends or the context does.
func runWith(ctx context.Context, t *testing.T, words ...string) (code int, out, failures string) {
	t.Helper()
	t.Setenv("KUBECONFIG", os.DevNull)
	var o, f bytes.Buffer
	code = Run(ctx, words, Streams{In: strings.NewReader(""), Out: &o, Err: &f})
	return code, o.String(), f.String()
}

// That a cluster does not answer is said of one that does not.
func TestWhatIsWrongWithAnAnswerIsSaidOfIt(t *testing.T) {
	for name, each := range map[string]answer{
		"an environment of another shape": {code: 200, kind: "application/json", text: `{"apiVersion":"platform.appenv.dev/v1alpha1","kind":"AppEnvironment","metadata":{"name":"a"},"spec":{"apps":"none"}}`},
		"a page":                          {code: 200, kind: "text/html", text: "<html>"},
		"no JSON":                         {code: 200, kind: "application/json", text: "{"},
	} {
		server := serve(t, each)
		for _, line := range []string{"explain a", "status a", "wait a --timeout 5s"} {
			code, out, failures := runWith(t.Context(), t, append(strings.Fields(line), "--server", server)...)
			if code != 1 || out != "" || !strings.HasPrefix(failures, "error: the cluster's answer cannot be read: ") {
				t.Errorf("%s, %s: %d, %q, %q", name, line, code, out, failures)
			}
		}
	}
	for _, line := range []string{"explain a", "status a", "wait a", "explain a --request-timeout 100ms --server " + serve(t, answer{silent: true})} {
		code, out, failures := runWith(t.Context(), t, strings.Fields("--server http://127.0.0.1:1 "+line)...)
		if code != 1 || out != "" || !strings.HasPrefix(failures, "error: the cluster does not answer: ") {
			t.Errorf("%s: %d, %q, %q", line, code, out, failures)
		}
	}
}

// An empty name is that of no environment, and neither is a path: a list that selects it is empty, as if it were deleted.
func TestANameIsOneThatAnEnvironmentCanHave(t *testing.T) {
	server := serve(t, answer{code: 200, kind: "application/json", text: `{"apiVersion":"platform.appenv.dev/v1alpha1","kind":"AppEnvironmentList","items":[]}`})
	for _, line := range [][]string{
		{"explain"}, {"status"}, {"wait"}, {"wait", "--for", "deleted"}, {"pause"}, {"observe"}, {"resume"}, {"confirm"}, {"adopt"},
	} {
		for _, name := range []string{"", "a/b", "..", "A", "a b"} {
			code, out, failures := runWith(t.Context(), t, append(line, name, "--server", server)...)
			if code != 1 || out != "" || !strings.Contains(failures, "is no name of an AppEnvironment") {
				t.Errorf("%s %q: %d, %q, %q", strings.Join(line, " "), name, code, out, failures)
			}
		}
	}
}

func TestWaitingForAClusterThatDoesNotAnswer(t *testing.T) {
	server := serve(t, answer{silent: true})
	code, _, failures := runWith(t.Context(), t, "wait", "a", "--timeout", "100ms", "--server", server)
	if want := "error: a is not ready after 100ms: the cluster did not answer\n"; code != 1 || failures != want {
		t.Errorf("got %d, %q, want 1, %q", code, failures, want)
	}
	ctx, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer stop()
	interruptible, interrupt := context.WithCancel(t.Context())
	context.AfterFunc(ctx, interrupt)
	code, out, failures := runWith(interruptible, t, "wait", "a", "--server", server)
	if code != interrupted || out != "" || failures != "" {
		t.Errorf("interrupted: got %d, %q, %q, want %d and not a word", code, out, failures, interrupted)
	}
}

// Errors of the network are those of a cluster that does not answer; others say themselves what is wrong.
func TestOnlyErrorsOfTheNetworkAreSilence(t *testing.T) {
	c := &cluster{}
	for _, silence := range []error{
		&url.Error{Op: "Get", URL: "https://cluster", Err: errors.New("no")}, &net.OpError{Op: "dial", Err: errors.New("no")},
		fmt.Errorf("waiting: %w", context.DeadlineExceeded), fmt.Errorf("reading: %w", io.ErrUnexpectedEOF),
	} {
		if got := c.explain(silence, "a").Error(); got != "the cluster does not answer: "+silence.Error() {
			t.Errorf("got %q of %v", got, silence)
		}
	}
	other := errors.New("resource name may not be empty")
	if got := c.explain(other, ""); !errors.Is(got, other) || got.Error() != other.Error() {
		t.Errorf("got %v, want it as it is", got)
	}
}
