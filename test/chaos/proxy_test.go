package chaos

import (
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"

	"k8s.io/client-go/rest"
)

// A proxy stands between the operator and the API server, and is the operator's account there.
type proxy struct {
	server  *http.Server
	address string

	mutex  sync.Mutex
	random *rand.Rand
	storm  bool
	counts map[string]int
}

// refusals are the answers that the proxy gives in the API server's place.
var refusals = []struct {
	code   int
	reason string
}{
	{http.StatusConflict, "Conflict"},
	{http.StatusGone, "Expired"},
	{http.StatusUnprocessableEntity, "Invalid"},
	{http.StatusTooManyRequests, "TooManyRequests"},
	{http.StatusInternalServerError, "InternalError"},
	{http.StatusServiceUnavailable, "ServiceUnavailable"},
}

func refusedWith(code int) string { return fmt.Sprintf("refused with %d", code) }

// startProxy starts a proxy. It has to be closed.
func startProxy(operator *rest.Config, seed uint64) (*proxy, error) {
	transport, err := rest.TransportFor(operator)
	if err != nil {
		return nil, err
	}
	target, err := url.Parse(operator.Host)
	if err != nil {
		return nil, err
	}
	listener, err := listen()
	if err != nil {
		return nil, err
	}
	p := &proxy{address: "http://" + listener.Addr().String(), random: randomOf(seed, "proxy"), counts: map[string]int{}}
	forward := httputil.NewSingleHostReverseProxy(target)
	forward.Transport = transport
	forward.FlushInterval = -1
	forward.ErrorLog = log.New(io.Discard, "", 0) // what breaks is meant to
	forward.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }
	forward.ModifyResponse = p.spoil
	p.server = &http.Server{Handler: p.handle(forward), ReadHeaderTimeout: time.Minute, ErrorLog: forward.ErrorLog}
	go func() { _ = p.server.Serve(listener) }() // until it is closed
	return p, nil
}

// set turns the storm on or off.
func (p *proxy) set(storm bool) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.storm = storm
}

// draw decides whether something with a probability of one in so many happens to a request now, and counts it
// by its name, if it has one.
func (p *proxy) draw(what string, oneIn int) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if !p.storm || p.random.IntN(oneIn) != 0 {
		return false
	}
	if what != "" {
		p.counts[what]++
	}
	return true
}

func (p *proxy) count(what string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.counts[what]++
}

func (p *proxy) number(below int) int {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.random.IntN(below)
}

func (p *proxy) handle(forward http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.draw("delayed", 5) {
			time.Sleep(time.Duration(p.number(500)) * time.Millisecond)
		}
		if p.draw("dropped before", 25) {
			panic(http.ErrAbortHandler)
		}
		if p.draw("", 12) {
			refusal := refusals[p.number(len(refusals))]
			p.count(refusedWith(refusal.code))
			w.Header().Set("Content-Type", "application/json")
			if refusal.code == http.StatusTooManyRequests {
				w.Header().Set("Retry-After", "1")
			}
			w.WriteHeader(refusal.code)
			_, _ = fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":%q,"code":%d,"message":"chaos"}`, refusal.reason, refusal.code)
			return
		}
		forward.ServeHTTP(w, r)
	})
}

// spoil drops or cuts off an answer. The API server has done what was asked.
func (p *proxy) spoil(response *http.Response) error {
	if p.draw("dropped after", 30) {
		_ = response.Body.Close()
		panic(http.ErrAbortHandler)
	}
	if p.draw("cut off", 30) {
		response.Body = &cutOff{ReadCloser: response.Body, left: p.number(4096)}
	}
	return nil
}

// cutOff is a body that breaks off.
type cutOff struct {
	io.ReadCloser
	left int
}

// Read reads until it breaks off.
func (c *cutOff) Read(b []byte) (int, error) {
	if c.left <= 0 {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := c.ReadCloser.Read(b[:min(len(b), c.left)])
	c.left -= n
	return n, err
}
