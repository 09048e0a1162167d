package controller

import (
	"context"
	"fmt"
	"strings"

	"github.com/appenv/appenv-operator/internal/component"
)

// refreshAnnotation makes Argo CD look at an ApplicationSet at once; it removes the annotation.
const refreshAnnotation = "argocd.argoproj.io/application-set-refresh"

// nudge makes Argo CD look again at an ApplicationSet that it looked at before its own cache had the
// AppProject, which was written a moment earlier. By itself it would do so after three minutes.
func (p *pass) nudge(ctx context.Context) {
	key := p.applicationSetKey()
	set := p.live[key]
	early := set != nil && p.isOurs(key) && set.GetDeletionTimestamp() == nil && component.MissesProject(p.in, set)
	if !early {
		p.memory.nudge = nil
		return
	}
	if p.memory.nudge == nil {
		p.memory.nudge = &cause{next: p.now()}
	}
	p.refresh(ctx, p.memory.nudge, func() error {
		if _, asked := set.GetAnnotations()[refreshAnnotation]; asked {
			return nil
		}
		err := p.applier.PatchJSON(ctx, set, []map[string]any{
			{"op": "test", "path": "/metadata/uid", "value": string(set.GetUID())},
			{"op": "add", "path": "/metadata/annotations/" + strings.ReplaceAll(refreshAnnotation, "/", "~1"), "value": "true"},
		})
		if err != nil {
			return fmt.Errorf("asking Argo CD to look at ApplicationSet %s again: %w", set.GetName(), err)
		}
		return nil
	})
}
