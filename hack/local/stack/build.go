package stack

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/appenv/appenv-operator/hack/local/checkout"
	"github.com/appenv/appenv-operator/hack/local/component"
	"github.com/appenv/appenv-operator/hack/local/progress"
)

// program is one that is built from this repository.
type program struct {
	name     string
	module   string // folder of its module
	pkg      string
	operator bool // the operator itself
}

var programs = []program{
	{name: "manager", module: ".", pkg: "./cmd", operator: true},
	{name: "google-standin", module: "hack/google-standin", pkg: "."},
	{name: "redis", module: "hack/local", pkg: "./redis"},
	{name: "cloudflare", module: "hack/local", pkg: "./cloudflare"},
}

// Build builds what is missing or has changed of what runs with a major version of Argo CD.
func Build(ctx context.Context, out io.Writer, dir checkout.Dir, argocd component.ArgoCD, withoutOperator bool) error {
	began := time.Now()
	fmt.Fprintln(out, "components, pinned in hack/components:")
	builder := exec.CommandContext(ctx, dir.Path("hack", "components", "build.sh"), "base", argocd.Step())
	builder.Stdout, builder.Stderr = out, out
	// The builder cleans up when it is asked to stop.
	builder.Cancel = func() error { return builder.Process.Signal(syscall.SIGTERM) }
	builder.WaitDelay = 10 * time.Second
	if err := builder.Run(); err != nil {
		return fmt.Errorf("building the components: %w", err)
	}
	for _, p := range programs {
		if p.operator && withoutOperator {
			continue
		}
		if err := p.build(ctx, dir); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "programs of this repository: built (%s in all)\n\n", progress.Seconds(time.Since(began)))
	return nil
}

// build builds a program into bin/, and leaves the file alone when nothing changed.
func (p program) build(ctx context.Context, dir checkout.Dir, variables ...string) error {
	built := dir.Bin("." + p.name + ".new")
	flags := "-ldflags=" + strings.Join(append([]string{"-s", "-w"}, variables...), " ")
	cmd := exec.CommandContext(ctx, "go", "-C", dir.Path(p.module), "build", "-trimpath", flags, "-o", built, p.pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "GOWORK=off")
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s from %s: %w\n%s", p.name, p.module, err, output)
	}
	fresh, err := os.ReadFile(built)
	if err != nil {
		return err
	}
	if current, err := os.ReadFile(dir.Bin(p.name)); err == nil && bytes.Equal(current, fresh) {
		return os.Remove(built)
	}
	return os.Rename(built, dir.Bin(p.name))
}

// buildOperator builds the operator as a release, and returns the name of the program.
func buildOperator(ctx context.Context, dir checkout.Dir, release string) (string, error) {
	p := program{name: "manager-" + release, module: ".", pkg: "./cmd"}
	return p.name, p.build(ctx, dir, "-X", "github.com/appenv/appenv-operator/internal/config.Version="+release)
}
