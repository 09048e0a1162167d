package controller

import (
	"context"
	"errors"

	"k8s.io/client-go/rest"

	"github.com/appenv/appenv-operator/internal/config"
)

// Standby starts an operator that does not get its lease: its caches are filled, and it works only when it is
// called. It ends with ctx.
func Standby(ctx context.Context, restConfig *rest.Config, cfg config.Config) (*Reconciler, error) {
	mgr, r, err := prepare(ctx, restConfig, cfg)
	if err != nil {
		return nil, err
	}
	go func() { _ = mgr.Start(ctx) }() // it ends because ctx does
	if !mgr.GetCache().WaitForCacheSync(ctx) {
		return nil, errors.New("the caches were not filled")
	}
	return r, nil
}
