// Command demo runs the operator on this machine among the real components it drives: Kubernetes,
// Argo CD, External Secrets and external-dns, built from their modules. Only what Google's and
// Cloudflare's services would do is played by stand-ins.
//
//	demo up      starts everything, or what does not run yet, and shows what becomes of the samples
//	demo check   asserts what the demo promises and prints each figure
//	demo down    stops everything and removes its state
//
// Everything it makes is in bin/ and .demo/ at the root of the checkout.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/appenv/appenv-operator/hack/demo/internal/check"
	"github.com/appenv/appenv-operator/hack/local/checkout"
	"github.com/appenv/appenv-operator/hack/local/stack"
)

const usage = "usage: demo up [-without-operator] | check | down"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	interrupted := ctx.Err() != nil
	stop()
	if interrupted && err != nil {
		fmt.Fprintln(os.Stderr, "demo: interrupted")
		os.Exit(130)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New(usage)
	}
	dir, err := checkout.Find(".demo")
	if err != nil {
		return err
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	withoutOperator := flags.Bool("without-operator", false, "up: everything but the operator and its samples")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	unlock, err := stack.Lock(ctx, dir)
	if err != nil {
		return err
	}
	defer unlock()
	switch args[0] {
	case "up":
		return up(ctx, dir, *withoutOperator)
	case "check":
		return check.Run(ctx, dir, os.Stdout)
	case "down":
		return stack.Down(dir, os.Stdout)
	}
	return errors.New(usage)
}
