package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/appenv/appenv-operator/test/fixture"
)

// operators are the processes of the operator: one, or two that fight for the lease.
type operators struct {
	plane      *fixture.Plane
	kubeconfig string
	log        *os.File

	mutex   sync.Mutex
	running []*process
	paired  bool
	kills   int
	stopped bool
}

// A process is one of the operator.
type process struct {
	command *exec.Cmd
	ended   chan struct{}
	metrics string
}

// newOperators makes operators that reach the API server by an address.
func newOperators(plane *fixture.Plane, server string) (*operators, error) {
	o := &operators{plane: plane, kubeconfig: filepath.Join(plane.Logs, "operator.kubeconfig")}
	config := fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: %q}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
users: [{name: u, user: {}}]
current-context: c
`, server)
	if err := os.WriteFile(o.kubeconfig, []byte(config), 0o600); err != nil {
		return nil, err
	}
	var err error
	o.log, err = os.Create(filepath.Join(plane.Logs, "operator.log"))
	return o, err
}

// flags are those of fixture.TestConfig.
func (o *operators) flags(metrics string) []string {
	config := fixture.TestConfig()
	flags := []string{
		"--kubeconfig=" + o.kubeconfig, "--argocd-namespace=" + config.ArgoCDNamespace, "--log-format=json",
		"--concurrency=" + strconv.Itoa(config.Concurrency), "--health-probe-bind-address=0",
		"--metrics-bind-address=" + metrics, "--metrics-secure=false", "--leader-election-namespace=" + fixture.OperatorNamespace,
		"--allowed-repositories=" + strings.Join(config.AllowedRepositories, ","), "--allowed-namespaces=" + strings.Join(config.AllowedNamespaces, ","),
		"--allowed-google-service-accounts=" + strings.Join(config.AllowedGoogleServiceAccounts, ","),
		"--allowed-cluster-secret-stores=" + strings.Join(config.AllowedClusterSecretStores, ","),
		"--reserved-namespaces=" + strings.Join(config.ReservedNamespaces, ","),
		"--teardown-deadline=" + config.TeardownDeadline.String(), "--recheck-interval=" + config.RecheckInterval.String(),
	}
	return append(flags, "--leader-elect="+strconv.FormatBool(o.paired))
}

// start starts as many as there should be. The caller holds the mutex.
func (o *operators) start() error {
	want := 1
	if o.paired {
		want = 2
	}
	for len(o.running) < want && !o.stopped {
		metrics, err := freeAddress()
		if err != nil {
			return err
		}
		p := &process{command: exec.CommandContext(context.Background(), filepath.Join(fixture.Binaries(), "manager"), o.flags(metrics)...), ended: make(chan struct{}), metrics: metrics}
		p.command.Stdout, p.command.Stderr = o.log, o.log
		if err := p.command.Start(); err != nil {
			return fmt.Errorf("starting the operator: %w", err)
		}
		go func() {
			_ = p.command.Wait() // killed, or ended for want of an API server
			close(p.ended)
		}()
		o.running = append(o.running, p)
		if err := o.plane.Guard(); err != nil {
			return err
		}
	}
	return nil
}

// kill kills one of them, and starts another after a while.
func (o *operators) kill(which int, after time.Duration) error {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if len(o.running) == 0 {
		return o.start()
	}
	i := which % len(o.running)
	p := o.running[i]
	if err := p.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-p.ended
	o.kills++
	o.running = append(o.running[:i], o.running[i+1:]...)
	time.Sleep(after)
	return o.start()
}

// keep starts those again that have ended by themselves, as a Deployment does.
func (o *operators) keep() error {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	var alive []*process
	for _, p := range o.running {
		select {
		case <-p.ended:
		default:
			alive = append(alive, p)
		}
	}
	o.running = alive
	return o.start()
}

// fight has two of them, or one again.
func (o *operators) fight(paired bool) error {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.end()
	o.paired = paired
	return o.start()
}

// end kills all of them. The caller holds the mutex.
func (o *operators) end() {
	for _, p := range o.running {
		_ = p.command.Process.Kill() // it may have ended
		<-p.ended
	}
	o.running = nil
}

// stop kills all of them for good.
func (o *operators) stop() error {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.stopped {
		return nil
	}
	o.stopped = true
	o.end()
	return o.log.Close()
}

// A footprint is what an operator takes.
type footprint struct{ bytes, goroutines float64 }

// footprint is that of the operator that runs alone.
func (o *operators) footprint(ctx context.Context) (footprint, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if len(o.running) != 1 {
		return footprint{}, fmt.Errorf("%d operators run", len(o.running))
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+o.running[0].metrics+"/metrics", nil)
	if err != nil {
		return footprint{}, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return footprint{}, err
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return footprint{}, err
	}
	var f footprint
	for name, value := range map[string]*float64{"process_resident_memory_bytes": &f.bytes, "go_goroutines": &f.goroutines} {
		_, after, found := bytes.Cut(content, []byte("\n"+name+" "))
		line, _, _ := bytes.Cut(after, []byte("\n"))
		if *value, err = strconv.ParseFloat(string(line), 64); err != nil || !found {
			return f, fmt.Errorf("the operator has no metric %s: %w", name, err)
		}
	}
	return f, nil
}

func listen() (net.Listener, error) {
	return (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
}

func freeAddress() (string, error) {
	listener, err := listen()
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}
