package controller

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/apply"
	"github.com/appenv/appenv-operator/internal/status"
)

// report writes the status when it changed, and one event and one log line for
// each condition that did.
func (p *pass) report(ctx context.Context) error {
	before := p.env.Status.DeepCopy()
	after := status.Compute(status.Report{
		Env:        p.env,
		Findings:   p.findings,
		Removing:   p.removing,
		Children:   p.records.children(),
		Admitted:   p.held.apps,
		DNSNames:   p.held.records,
		Teardown:   p.teardown,
		Keep:       p.keep,
		Suspended:  p.suspended,
		Plan:       p.foreseen,
		Pending:    p.pending,
		Protection: p.protection(),
		Now:        p.now().Truncate(time.Second),
	})
	if equality.Semantic.DeepEqual(*before, after) || p.canWait(before, after) {
		recordStatus(p.env)
		return nil
	}
	p.env.Status = after
	if err := p.writeStatus(ctx); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("writing the status: %w", err)
	}
	recordStatus(p.env)
	p.announce(ctx, before)
	return nil
}

// writeStatus replaces the status in the resource version that was read. As a patch: sent as
// an update, the whole object has to be decoded and compared again on the other side.
func (p *pass) writeStatus(ctx context.Context) error {
	patch, err := json.Marshal([]any{
		map[string]any{"op": "replace", "path": "/metadata/resourceVersion", "value": p.env.ResourceVersion},
		map[string]any{"op": "add", "path": "/status", "value": p.env.Status},
	})
	if err != nil {
		return fmt.Errorf("encoding the status: %w", err)
	}
	if err := p.client.Status().Patch(ctx, p.env, client.RawPatch(types.JSONPatchType, patch), client.FieldOwner(fieldManager)); err != nil {
		p.unwritten(err)
		return err
	}
	p.memory.unwritten = 0
	p.echoes.note(p.env)
	p.certainty.reached()
	p.memory.complete(recordsOf(p.env))
	return nil
}

// tellAfter is how many writes of a status must have failed in a row to be told: waiting seems not to help.
const tellAfter = 5

// unwritten says in an Event that the status cannot be written: there is no other place to say it. Nothing is
// created that is not on record, so the environment stands still until then.
func (p *pass) unwritten(err error) {
	if apply.IsOutrun(err) || apply.IsAbsent(err) {
		return
	}
	p.memory.unwritten++
	if p.memory.unwritten%tellAfter == 0 {
		problem := apply.Classify(err)
		p.recorder.Eventf(p.env, nil, corev1.EventTypeWarning, problem.Reason, "WriteStatus", "the status cannot be written, so nothing is done: %s", problem.Message)
	}
}

// announce logs each condition whose status or reason changed, and sends one Event when what it all comes to did:
// Ready names the one thing that the environment waits for.
func (p *pass) announce(ctx context.Context, before *v1alpha1.AppEnvironmentStatus) {
	isNew := before.ObservedGeneration < 1
	for _, condition := range p.env.Status.Conditions {
		previous := meta.FindStatusCondition(before.Conditions, condition.Type)
		if previous != nil && previous.Status == condition.Status && previous.Reason == condition.Reason {
			continue
		}
		if previous == nil && condition.Status == metav1.ConditionUnknown {
			continue
		}
		ctrl.LoggerFrom(ctx).Info("condition changed", "condition", condition.Type,
			"status", condition.Status, "reason", condition.Reason, "because", condition.Message)
		if condition.Type == v1alpha1.ConditionReady && (!isNew || previous != nil && previous.Status != condition.Status || meta.IsStatusConditionTrue(p.env.Status.Conditions, v1alpha1.ConditionStalled)) {
			p.sendEvent(condition)
		}
	}
}

// sendEvent makes an Event of a condition. That an environment is new and not ready yet is none.
func (p *pass) sendEvent(condition metav1.Condition) {
	kind := corev1.EventTypeNormal
	if condition.Status == metav1.ConditionFalse {
		kind = corev1.EventTypeWarning
	}
	message := condition.Message
	if message == "" {
		message = condition.Reason
	}
	p.recorder.Eventf(p.env, nil, kind, condition.Reason, condition.Type, "%s", message)
}
