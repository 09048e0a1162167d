package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/appenv/appenv-operator/hack/demo/internal/adopted"
	"github.com/appenv/appenv-operator/hack/demo/internal/sample"
	"github.com/appenv/appenv-operator/hack/local/checkout"
	"github.com/appenv/appenv-operator/hack/local/component"
	"github.com/appenv/appenv-operator/hack/local/progress"
	"github.com/appenv/appenv-operator/hack/local/stack"
)

// settleLimit is how long the samples may take to show what they are meant to show.
const settleLimit = 5 * time.Minute

// demo is a demo being brought up.
type demo struct {
	*stack.Stack
}

// up brings everything up and tells what there is to see. What runs already is left running; what a
// failure leaves behind is stopped by down or reused by the next up.
func up(ctx context.Context, dir checkout.Dir, withoutOperator bool) error {
	if err := stack.Build(ctx, os.Stdout, dir, component.ArgoCD3, withoutOperator); err != nil {
		return err
	}
	s, err := stack.New(component.Site{Dir: dir, ArgoCD: component.ArgoCD3, CertManager: true})
	if err != nil {
		return err
	}
	d := &demo{s}
	if err := progress.Run(ctx, os.Stdout, d.steps(withoutOperator)); err != nil {
		return fmt.Errorf("%w\nwhat was started keeps running: `make demo` goes on from here, `make demo-down` stops it", err)
	}
	if withoutOperator {
		fmt.Printf("\nEverything but the operator runs. Its kubeconfig: %s\n", dir.Relative(dir.KubeconfigOf(component.Operator)))
		return nil
	}
	return d.summary(ctx)
}

// steps is the demo from beginning to end.
func (d *demo) steps(withoutOperator bool) []progress.Step {
	steps := append([]progress.Step{{Name: "Git repository", Run: d.publish}}, append(d.Steps(), d.InstallStep())...)
	if withoutOperator {
		return steps
	}
	logs := d.Site.Dir
	return append(steps,
		d.OperatorStep(),
		progress.Step{Name: "an environment that a team made by hand", Log: logs.Log("argocd-application-controller"), Run: d.makeByHand},
		progress.Step{Name: "the team's consent that hoge-qa adopts it", Run: d.consent},
		progress.Step{Name: "samples", Run: d.applySamples},
		progress.Step{Name: "samples settled", Log: logs.Log(component.Operator), Run: d.settle},
	)
}

// publish puts the files of hack/demo/repo into the demo's repository.
func (d *demo) publish(ctx context.Context, r *progress.Reporter) error {
	dir := d.Site.Dir
	repository := sample.Repository(dir)
	commit, changed, err := repository.Publish(ctx, os.DirFS(dir.Path("hack", "demo", "repo")), sample.Branches...)
	if err != nil {
		return err
	}
	verb := "unchanged"
	if changed {
		verb = "published"
	}
	r.Done("%s %s at %s", commit[:12], verb, repository.URL())
	return nil
}

// makeByHand makes and runs what hoge-qa adopts.
func (d *demo) makeByHand(ctx context.Context, r *progress.Reporter) error {
	if err := adopted.Make(ctx, d.Cluster); err != nil {
		return err
	}
	return r.Until(ctx, settleLimit, func(ctx context.Context) (string, error) { return adopted.Runs(ctx, d.Cluster) })
}

func (d *demo) consent(ctx context.Context, _ *progress.Reporter) error {
	return adopted.Consent(ctx, d.Cluster)
}

func (d *demo) applySamples(ctx context.Context, r *progress.Reporter) error {
	r.Done("config/samples with %s for %s", sample.Repository(d.Site.Dir).URL(), sample.PlaceholderURL)
	return sample.Apply(ctx, d.Cluster)
}

// settle waits until each sample shows what it is meant to show.
func (d *demo) settle(ctx context.Context, r *progress.Reporter) error {
	return r.Until(ctx, settleLimit, func(ctx context.Context) (string, error) {
		if err := d.AllAlive(); err != nil {
			return "", err
		}
		for _, name := range sample.Names {
			state, err := sample.Read(ctx, d.Cluster, name)
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
