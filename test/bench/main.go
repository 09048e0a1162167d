package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"github.com/appenv/appenv-operator/hack/local/checkout"
	"github.com/appenv/appenv-operator/hack/local/progress"
	"github.com/appenv/appenv-operator/test/bench/internal/plane"
)

// state is the folder that holds the control plane of the cell that runs.
const state = ".bench/plane"

// profiles and results are what a run leaves behind.
const (
	profiles = ".bench/profiles"
	results  = ".bench/results.json"
)

// limit is how long everything may take. It ends a run that hangs.
const limit = 25 * time.Minute

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("more than %s", limit))
	defer cancel()
	dir, err := checkout.Find(state)
	if err != nil {
		return err
	}
	chosen, err := choose(os.Getenv("RUN"), os.Getenv("N"))
	if err != nil {
		return err
	}
	if err := build(ctx, dir); err != nil {
		return err
	}
	report := newReport(dir, os.Getenv("RUN"), os.Getenv("N"))
	began := time.Now()
	for i, c := range chosen {
		fmt.Printf("[%2d of %d] %s (%s so far)\n", i+1, len(chosen), c, progress.Seconds(time.Since(began)))
		measured, err := c.measure(ctx, dir)
		for _, result := range measured {
			fmt.Printf("            %s: %s\n", result.Name, result.line())
		}
		report.Cells = append(report.Cells, measured...)
		if err != nil {
			err = fmt.Errorf("%s: %w; logs are in %s", c, err, dir.Relative(dir.State("logs")))
			return errors.Join(err, report.save())
		}
	}
	report.Seconds = time.Since(began).Seconds()
	return report.write()
}

// build builds what is measured: the operator as its image has it, and the components.
func build(ctx context.Context, dir checkout.Dir) error {
	builder := exec.CommandContext(ctx, dir.Path("hack", "components", "build.sh"), "bench")
	builder.Stdout, builder.Stderr = os.Stdout, os.Stderr
	// The builder cleans up when it is asked to stop.
	builder.Cancel = func() error { return builder.Process.Signal(syscall.SIGTERM) }
	builder.WaitDelay = 10 * time.Second
	if err := builder.Run(); err != nil {
		return fmt.Errorf("building the components: %w", err)
	}
	operator := exec.CommandContext(ctx, "go", "-C", dir.Path(), "build", "-trimpath", "-ldflags=-s -w", "-o", dir.Bin(plane.Program), "./cmd")
	operator.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "GOWORK=off")
	if output, err := operator.CombinedOutput(); err != nil {
		return fmt.Errorf("building the operator: %w\n%s", err, output)
	}
	return nil
}
