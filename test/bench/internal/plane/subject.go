package plane

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/hack/local/cluster"
	"github.com/appenv/appenv-operator/hack/local/component"
	"github.com/appenv/appenv-operator/hack/local/process"
	"github.com/appenv/appenv-operator/hack/local/progress"
	"github.com/appenv/appenv-operator/test/bench/internal/measure"
	"github.com/appenv/appenv-operator/test/bench/internal/workload"
)

// Program is the operator's program in bin/, built for the benchmarks.
const Program = "manager-bench"

// Kro is the name of kro's process.
const Kro = "kro"

// StartOperator starts the operator as its Deployment does, under its own service account, with that many workers,
// and waits until it leads: it is ready before.
func (p *Plane) StartOperator(ctx context.Context, workers int, flags ...string) error {
	port := p.Site.Ports["kube-apiserver"]
	if err := p.Cluster.WriteOperatorKubeconfig(ctx, port, cluster.OperatorServiceAccount, component.Operator); err != nil {
		return err
	}
	c := p.Site.OperatorAs(Program, append([]string{
		"--argocd-namespace=" + cluster.ArgoCDNamespace,
		"--leader-elect", "--metrics-secure=false", "--concurrency=" + strconv.Itoa(workers),
		"--pprof-bind-address=" + p.pprof(),
	}, flags...))
	c.Env = environment
	if err := p.Launcher.StartQuietly(ctx, c); err != nil {
		return fmt.Errorf("starting the operator: %w", err)
	}
	return progress.Quiet().Until(ctx, servedLimit, func(ctx context.Context) (string, error) {
		metrics, err := measure.Scrape(ctx, p.OperatorMetrics())
		if err != nil || metrics.Sum("leader_election_master_status", "", "") != 1 {
			return "the operator to lead", err
		}
		return "", nil
	})
}

// environment is what config/manager sets.
var environment = []string{"GOMEMLIMIT=230MiB", "GOGC=50"}

// pprof is the address of the operator's profiles.
func (p *Plane) pprof() string { return fmt.Sprintf("127.0.0.1:%d", p.Site.Ports["kwok"]) }

// Profile writes CPU profiles of the operator and of the API server, both of the next seconds, into the folder.
func (p *Plane) Profile(ctx context.Context, folder string, seconds int) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	var server []byte
	var failure error
	var asking sync.WaitGroup
	asking.Go(func() {
		path := "/debug/pprof/profile"
		server, failure = p.Cluster.Typed.Discovery().RESTClient().Get().AbsPath(path).Param("seconds", strconv.Itoa(seconds)).DoRaw(ctx)
	})
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", p.pprof(), seconds), nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	asking.Wait()
	if err := errors.Join(err, failure); err != nil {
		return fmt.Errorf("asking for profiles: %w", err)
	}
	operator, err := io.ReadAll(response.Body)
	return errors.Join(err, response.Body.Close(),
		os.WriteFile(filepath.Join(folder, "kube-apiserver.pprof"), server, 0o644),
		os.WriteFile(filepath.Join(folder, "operator.pprof"), operator, 0o644))
}

// OperatorMetrics is the URL of the operator's metrics.
func (p *Plane) OperatorMetrics() string { return p.Site.OperatorMetrics("http") }

// KroMetrics is the URL of kro's metrics.
func (p *Plane) KroMetrics() string {
	return fmt.Sprintf("http://127.0.0.1:%d/metrics", p.Site.Ports["external-dns"])
}

// StartKro starts kro with its limits raised and that many workers, and waits until it serves the definition
// of the workload.
func (p *Plane) StartKro(ctx context.Context, workers int) error {
	folder, err := p.moduleOf(ctx, "hack/components/kro", "github.com/kubernetes-sigs/kro")
	if err != nil {
		return err
	}
	if err := p.Cluster.Apply(ctx, "", filepath.Join(folder, "helm", "crds")); err != nil {
		return err
	}
	if err := p.Established(ctx); err != nil {
		return err
	}
	probe := fmt.Sprintf("127.0.0.1:%d", p.Site.Ports["external-secrets"])
	err = p.Launcher.StartQuietly(ctx, component.Component{
		Name: Kro, Program: "kro",
		Args: []string{
			"--metrics-bind-address=127.0.0.1:" + strconv.Itoa(p.Site.Ports["external-dns"]),
			"--health-probe-bind-address=" + probe,
			"--dynamic-controller-concurrent-reconciles=" + strconv.Itoa(workers),
			"--dynamic-controller-rate-limiter-rate-limit=100000",
			"--dynamic-controller-rate-limiter-burst-limit=100000",
			"--client-qps=100000", "--client-burst=100000", "--zap-log-level=error",
		},
		Env:    []string{"KUBECONFIG=" + p.Site.Dir.KubeconfigOf(Kro)},
		Health: "http://" + probe + "/healthz",
	})
	if err != nil {
		return fmt.Errorf("starting kro: %w", err)
	}
	definition, err := workload.Definition()
	if err != nil {
		return err
	}
	definitions := p.Dynamic.Resource(workload.Definitions)
	if _, err := definitions.Create(ctx, definition, metav1.CreateOptions{FieldManager: "bench"}); err != nil {
		return fmt.Errorf("creating kro's definition: %w", err)
	}
	return progress.Quiet().Until(ctx, servedLimit, func(ctx context.Context) (string, error) {
		live, err := definitions.Get(ctx, definition.GetName(), metav1.GetOptions{})
		if err != nil {
			return "", err
		}
		state, _, _ := unstructured.NestedString(live.Object, "status", "state")
		if state != "Active" {
			conditions, _, _ := unstructured.NestedSlice(live.Object, "status", "conditions")
			return fmt.Sprintf("kro's definition to be Active: %v", conditions), nil
		}
		_, err = p.Dynamic.Resource(workload.Instances).List(ctx, metav1.ListOptions{Limit: 1})
		if apierrors.IsNotFound(err) {
			return "kro's instances to be served", nil
		}
		return "", err
	})
}

// moduleOf is where Go keeps a module that the module in the folder requires.
func (p *Plane) moduleOf(ctx context.Context, folder, module string) (string, error) {
	output, err := exec.CommandContext(ctx, "go", "-C", p.Site.Dir.Path(folder), "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		return "", fmt.Errorf("finding %s: %w", module, err)
	}
	return strings.TrimSpace(string(output)), nil
}

// PID is the process of a component.
func (p *Plane) PID(name string) (int, error) {
	record, alive := p.Launcher.Table.Find(name)
	if !alive {
		return 0, fmt.Errorf("%s: %w", name, process.ErrGone)
	}
	return record.PID, nil
}

// StopOperator stops the operator as the kubelet does, and waits until it has ended.
func (p *Plane) StopOperator() error { return p.Launcher.Table.Stop(component.Operator, servedLimit) }
