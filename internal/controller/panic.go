package controller

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

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

// errPanicked is what a goroutine of a pass leaves when it panics: nobody could recover that.
var errPanicked = errors.New("panicked")

// recovered turns a panic into an error, for the pass to panic with.
func recovered(err *error) {
	if cause := recover(); cause != nil {
		*err = fmt.Errorf("%w: %v\n%s", errPanicked, cause, debug.Stack())
	}
}
