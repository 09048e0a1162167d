// Package stack runs the operator and everything around it on this machine, as processes of one folder of
// state: Kubernetes, Argo CD, External Secrets and external-dns, built from their modules. Only what
// Google's and Cloudflare's services would do is played by stand-ins.
package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/appenv/appenv-operator/hack/local/cluster"
	"github.com/appenv/appenv-operator/hack/local/component"
	"github.com/appenv/appenv-operator/hack/local/launch"
	"github.com/appenv/appenv-operator/hack/local/process"
	"github.com/appenv/appenv-operator/hack/local/progress"
)

// servedLimit is how long the API server may take to serve new APIs.
const servedLimit = 2 * time.Minute

// Stack is a stack being brought up, or running.
type Stack struct {
	Site     component.Site
	Launcher launch.Launcher
	Cluster  *cluster.Cluster // nil until the API server runs
}

// New chooses ports and begins new logs, unless something runs already with those of an earlier run.
// The site tells the folder of state and the major version of Argo CD.
func New(site component.Site) (*Stack, error) {
	dir := site.Dir
	table := process.NewTable(dir.State())
	running, err := table.Running()
	if err != nil {
		return nil, err
	}
	choose := component.LoadPorts
	if !running {
		choose = component.ChoosePorts
		if err := os.RemoveAll(dir.State("logs")); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(dir.State("logs"), 0o755); err != nil {
		return nil, err
	}
	if site.Ports, err = choose(dir.State("ports.json")); err != nil {
		return nil, err
	}
	return &Stack{Site: site, Launcher: launch.Launcher{Dir: dir, Table: table}}, nil
}

// Steps bring up everything but the operator and its manifests. What runs already is left running; what a
// failure leaves behind is stopped by Down or reused the next time.
func (s *Stack) Steps() []progress.Step {
	steps := []progress.Step{{Name: "identities and folders", Run: s.prepare}}
	for _, c := range s.Site.ControlPlane() {
		steps = append(steps, s.Launcher.Step(c))
		if c.Name == "kube-apiserver" {
			steps = append(steps, progress.Step{Name: "Kubernetes API", Log: s.Site.Dir.Log(c.Name), Run: s.connect})
		}
	}
	steps = append(steps, progress.Step{Name: "CRDs, a fake node, Argo CD's settings", Run: s.installBase})
	for _, c := range s.Site.Environment() {
		steps = append(steps, s.Launcher.Step(c))
	}
	return steps
}

func (s *Stack) prepare(context.Context, *progress.Reporter) error {
	for _, folder := range append(s.Site.ArgoCDFolders(), s.Site.Dir.State("kubeconfigs")) {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	return cluster.Prepare(s.Site.Dir, component.Users)
}

// connect waits for the API server and makes everybody's kubeconfig.
func (s *Stack) connect(ctx context.Context, r *progress.Reporter) error {
	return r.Until(ctx, time.Minute, func(ctx context.Context) (string, error) {
		if _, alive := s.Launcher.Table.Find("kube-apiserver"); !alive {
			return "", process.ErrGone
		}
		err := cluster.WriteKubeconfigs(s.Site.Dir, s.Site.Ports["kube-apiserver"])
		switch {
		case errors.Is(err, os.ErrNotExist):
			return "the API server's certificate", nil
		case err != nil:
			return "", err
		}
		if s.Cluster, err = cluster.Connect(s.Site.Dir); err != nil {
			return "", err
		}
		return s.Cluster.Ready(ctx), nil
	})
}

func (s *Stack) installBase(ctx context.Context, r *progress.Reporter) error {
	if err := s.Cluster.InstallBase(ctx, s.Site.CRDs()); err != nil {
		return err
	}
	return r.Until(ctx, servedLimit, s.Cluster.Established)
}

// AllAlive fails when a component, the operator included, has ended since it was started.
func (s *Stack) AllAlive() error {
	all := append(s.Site.ControlPlane(), s.Site.Environment()...)
	for _, c := range append(all, s.Site.OperatorProcess()) {
		if _, alive := s.Launcher.Table.Find(c.Name); !alive {
			return &progress.FailureError{Err: fmt.Errorf("%s: %w", c.Name, process.ErrGone), Log: s.Site.Dir.Log(c.Name)}
		}
	}
	return nil
}
