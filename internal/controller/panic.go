package controller

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
)

// contain makes the steps of a pass, and reports a panic on its environment. It panics on then: the controller counts
// that, logs where it happened, and tries the environment again later, while the others go on.
func (p *pass) contain(ctx context.Context, steps func(context.Context)) {
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		if elsewhere, ok := cause.(panicError); ok { // the stack that is logged is not of the goroutine
			ctrl.LoggerFrom(ctx).Error(elsewhere, "a goroutine panicked", "stack", string(elsewhere.stack))
		}
		p.findings, p.removing, p.done, p.records = nil, nil, false, p.memory.complete(recordsOf(p.env))
		p.refuseAll(refuse(component.Stalled, v1alpha1.ReasonInternalError, fmt.Sprintf(
			"the operator has an error, to be reported with the stack from its log: %v", cause)))
		if err := p.report(ctx); err != nil {
			cause = fmt.Sprintf("%v (and reporting it failed: %v)", cause, err)
		}
		panic(cause)
	}()
	steps(ctx)
}

// errPanicked is what a panicError is.
var errPanicked = errors.New("panicked")

// A panicError is what a goroutine of a pass leaves when it panics: nobody could recover that.
type panicError struct {
	cause any
	stack []byte
}

// Error has no stack: it is for the status.
func (e panicError) Error() string { return fmt.Sprintf("panicked: %v", e.cause) }

// Unwrap is for errors.Is.
func (e panicError) Unwrap() error { return errPanicked }

// recovered turns a panic into an error, for the pass to panic with.
func recovered(err *error) {
	if cause := recover(); cause != nil {
		*err = panicError{cause, debug.Stack()}
	}
}
