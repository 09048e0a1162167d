package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/appenv/appenv-operator/hack/demo/internal/adopted"
	"github.com/appenv/appenv-operator/hack/demo/internal/checkout"
	"github.com/appenv/appenv-operator/hack/demo/internal/cluster"
	"github.com/appenv/appenv-operator/hack/demo/internal/component"
	"github.com/appenv/appenv-operator/hack/demo/internal/launch"
	"github.com/appenv/appenv-operator/hack/demo/internal/process"
	"github.com/appenv/appenv-operator/hack/demo/internal/progress"
	"github.com/appenv/appenv-operator/hack/demo/internal/repository"
	"github.com/appenv/appenv-operator/hack/demo/internal/sample"
)

const (
	// servedLimit is how long the API server may take to serve new APIs.
	servedLimit = 2 * time.Minute
	// settleLimit is how long the samples may take to show what they are meant to show.
	settleLimit = 5 * time.Minute
)

// demo is a demo being brought up.
type demo struct {
	dir      checkout.Dir
	site     component.Site
	launcher launch.Launcher
	cluster  *cluster.Cluster // nil until the API server runs
}

// up brings everything up and tells what there is to see. What runs already is left running; what a
// failure leaves behind is stopped by down or reused by the next up.
func up(ctx context.Context, dir checkout.Dir, withoutOperator bool) error {
	if err := build(ctx, dir, withoutOperator); err != nil {
		return err
	}
	d, err := newDemo(dir)
	if err != nil {
		return err
	}
	if err := progress.Run(ctx, os.Stdout, d.steps(withoutOperator)); err != nil {
		return fmt.Errorf("%w\nwhat was started keeps running: `make demo` goes on from here, `make demo-down` stops it", err)
	}
	if withoutOperator {
		fmt.Printf("\nEverything but the operator runs. Its kubeconfig: %s\n", dir.Relative(dir.KubeconfigOf(component.Operator)))
		return nil
	}
	return d.summary(ctx)
}

// newDemo chooses ports and begins new logs, unless something runs already with those of an earlier
// run.
func newDemo(dir checkout.Dir) (*demo, error) {
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
	ports, err := choose(dir.State("ports.json"))
	if err != nil {
		return nil, err
	}
	return &demo{
		dir:      dir,
		site:     component.Site{Dir: dir, Ports: ports},
		launcher: launch.Launcher{Dir: dir, Table: table},
	}, nil
}

// steps is the demo from beginning to end.
func (d *demo) steps(withoutOperator bool) []progress.Step {
	steps := []progress.Step{
		{Name: "Git repository", Run: d.publish},
		{Name: "identities and folders", Run: d.prepare},
	}
	for _, c := range d.site.ControlPlane() {
		steps = append(steps, d.launcher.Step(c))
		if c.Name == "kube-apiserver" {
			steps = append(steps, progress.Step{Name: "Kubernetes API", Log: d.dir.Log(c.Name), Run: d.connect})
		}
	}
	steps = append(steps, progress.Step{Name: "CRDs, a fake node, Argo CD's settings", Run: d.installBase})
	for _, c := range d.site.Environment() {
		steps = append(steps, d.launcher.Step(c))
	}
	steps = append(steps, progress.Step{Name: "the operator's CRD, RBAC and policies", Run: d.installOperator})
	if withoutOperator {
		return steps
	}
	return append(steps,
		d.launcher.Step(d.site.OperatorProcess()),
		progress.Step{Name: "an environment that a team made by hand", Log: d.dir.Log("argocd-application-controller"), Run: d.makeByHand},
		progress.Step{Name: "the team's consent that hoge-qa adopts it", Run: d.consent},
		progress.Step{Name: "samples", Run: d.applySamples},
		progress.Step{Name: "samples settled", Log: d.dir.Log(component.Operator), Run: d.settle},
	)
}

func (d *demo) publish(ctx context.Context, r *progress.Reporter) error {
	commit, changed, err := repository.Publish(ctx, d.dir)
	if err != nil {
		return err
	}
	verb := "unchanged"
	if changed {
		verb = "published"
	}
	r.Done("%s %s at %s", commit[:12], verb, repository.URL(d.dir))
	return nil
}

func (d *demo) prepare(context.Context, *progress.Reporter) error {
	for _, folder := range append(d.site.ArgoCDFolders(), d.dir.State("kubeconfigs")) {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	return cluster.Prepare(d.dir, component.Users)
}

// connect waits for the API server and makes everybody's kubeconfig.
func (d *demo) connect(ctx context.Context, r *progress.Reporter) error {
	return r.Until(ctx, time.Minute, func(ctx context.Context) (string, error) {
		if _, alive := d.launcher.Table.Find("kube-apiserver"); !alive {
			return "", process.ErrGone
		}
		err := cluster.WriteKubeconfigs(d.dir, d.site.Ports["kube-apiserver"])
		switch {
		case errors.Is(err, os.ErrNotExist):
			return "the API server's certificate", nil
		case err != nil:
			return "", err
		}
		if d.cluster, err = cluster.Connect(d.dir); err != nil {
			return "", err
		}
		return d.cluster.Ready(ctx), nil
	})
}

func (d *demo) installBase(ctx context.Context, r *progress.Reporter) error {
	if err := d.cluster.InstallBase(ctx); err != nil {
		return err
	}
	return r.Until(ctx, servedLimit, d.cluster.Established)
}

// installOperator installs the operator's manifests and makes its kubeconfig.
func (d *demo) installOperator(ctx context.Context, r *progress.Reporter) error {
	if err := d.cluster.InstallOperator(ctx); err != nil {
		return err
	}
	r.Done("from config/default, without its Deployment: the operator runs as a process here")
	if err := r.Until(ctx, servedLimit, d.cluster.Established); err != nil {
		return err
	}
	return d.cluster.WriteOperatorKubeconfig(ctx, d.site.Ports["kube-apiserver"], component.Operator)
}

// makeByHand makes and runs what hoge-qa adopts.
func (d *demo) makeByHand(ctx context.Context, r *progress.Reporter) error {
	if err := adopted.Make(ctx, d.cluster); err != nil {
		return err
	}
	return r.Until(ctx, settleLimit, func(ctx context.Context) (string, error) { return adopted.Runs(ctx, d.cluster) })
}

func (d *demo) consent(ctx context.Context, _ *progress.Reporter) error {
	return adopted.Consent(ctx, d.cluster)
}

func (d *demo) applySamples(ctx context.Context, r *progress.Reporter) error {
	r.Done("config/samples with %s for %s", repository.URL(d.dir), sample.PlaceholderURL)
	return sample.Apply(ctx, d.cluster)
}

// settle waits until each sample shows what it is meant to show.
func (d *demo) settle(ctx context.Context, r *progress.Reporter) error {
	return r.Until(ctx, settleLimit, func(ctx context.Context) (string, error) {
		if err := d.allAlive(); err != nil {
			return "", err
		}
		for _, name := range sample.Names {
			state, err := sample.Read(ctx, d.cluster, name)
			if err != nil {
				return "", err
			}
			if !state.Settled() {
				return state.String(), nil
			}
		}
		return "", nil
	})
}

// allAlive fails when a component has ended since it was started.
func (d *demo) allAlive() error {
	all := append(d.site.ControlPlane(), d.site.Environment()...)
	for _, c := range append(all, d.site.OperatorProcess()) {
		if _, alive := d.launcher.Table.Find(c.Name); !alive {
			return &progress.FailureError{Err: fmt.Errorf("%s: %w", c.Name, process.ErrGone), Log: d.dir.Log(c.Name)}
		}
	}
	return nil
}
