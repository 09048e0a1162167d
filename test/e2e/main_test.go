package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/appenv/appenv-operator/hack/local/checkout"
	"github.com/appenv/appenv-operator/hack/local/component"
	"github.com/appenv/appenv-operator/hack/local/progress"
	"github.com/appenv/appenv-operator/hack/local/stack"
)

// majors are the releases of Argo CD, as the environment variable ARGOCD names them.
var majors = map[string]component.ArgoCD{"3.5": component.ArgoCD3, "2.14": component.ArgoCD2}

// teardownDeadline is how long a step of a deletion may take before it counts as stalled: short, since
// scenarios wait for it.
const teardownDeadline = 20 * time.Second

// here is where the scenarios run.
var here *world

func TestMain(m *testing.M) {
	log.SetLogger(logr.Discard()) // the suite prints what there is to say
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code, err := run(ctx, m)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

// run brings everything up, runs the scenarios, prints their table, and stops everything again, whatever
// happened.
func run(ctx context.Context, m *testing.M) (code int, err error) {
	version := os.Getenv("ARGOCD")
	argocd, known := majors[version]
	if !known {
		return 1, fmt.Errorf("ARGOCD is %q, not 3.5 or 2.14", version)
	}
	dir, err := checkout.Find(filepath.Join(".e2e", "argocd-"+version))
	if err != nil {
		return 1, err
	}
	unlock, err := stack.Lock(ctx, dir)
	if err != nil {
		return 1, err
	}
	defer unlock()
	// What an earlier run could not stop.
	if err := stack.Down(dir, os.Stderr); err != nil {
		return 1, err
	}
	if err := stack.Build(ctx, os.Stdout, dir, argocd, true); err != nil {
		return 1, err
	}
	began := time.Now()
	s, err := stack.New(component.Site{Dir: dir, ArgoCD: argocd})
	if err != nil {
		return 1, err
	}
	defer func() {
		if downErr := stack.Down(dir, os.Stdout); downErr != nil {
			code, err = 1, errors.Join(err, downErr)
		}
	}()
	installed := newInstallation(s)
	if err := progress.Run(ctx, os.Stdout, append(s.Steps(), installed.steps()...)); err != nil {
		return 1, err
	}
	if here, err = newWorld(ctx, s, installed, version); err != nil {
		return 1, err
	}
	fmt.Printf("\nscenarios on Argo CD %s, up after %s:\n", version, progress.Seconds(time.Since(began)))
	code = m.Run()
	return max(code, here.report(time.Since(began))), ctx.Err()
}
