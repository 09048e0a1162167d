package controller

import (
	"context"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/apply"
	"github.com/appenv/appenv-operator/internal/component"
)

// unpermitted is what whoever asks may not read. The operator would say that it is forbidden to itself, which nobody knows.
func (p *pass) unpermitted() error {
	told := func(key component.Key, health component.Health) error {
		if health.Reason != v1alpha1.ReasonForbidden {
			return nil
		}
		return fmt.Errorf("%s: %s", key, health.Message)
	}
	for _, finding := range p.findings {
		if err := told(finding.Key, finding.Health); err != nil {
			return err
		}
	}
	for _, plan := range p.plans {
		for _, s := range plan.steps {
			if err := told(s.key, s.refusal); s.action == actionRefuse && err != nil {
				return err
			}
		}
	}
	return nil
}

// tryStep fills in what a step would do; nothing when there is nothing to do.
func (p *pass) tryStep(ctx context.Context, s *step, change *Change) error {
	var err error
	switch s.action {
	case actionNone:
		return nil
	case actionRefuse:
		change.Action, change.Why = v1alpha1.ActionRefuse, s.refusal
		return nil
	case actionCreate:
		change.Action, change.After = v1alpha1.ActionCreate, s.intent // without defaults: it is read by people
		err = p.tryCreation(ctx, s.intent)
	case actionApply:
		change.Action = v1alpha1.ActionUpdate
		change.After, err = p.tryChange(ctx, s.intent, s.live)
	case actionAdopt:
		change.Action = v1alpha1.ActionAdopt
		change.After, err = p.tryChange(ctx, s.intent, s.live)
	}
	switch {
	case err == nil:
		return nil
	case apply.LacksPermission(err) || !apply.Classify(err).Final:
		return err
	}
	change.Action, change.After, change.Why = v1alpha1.ActionRefuse, nil, p.failed(err)
	return nil
}

// tryCreation says why an object would not be created, by a dry run. One whose namespace is yet to come, that a webhook does
// not look at in a dry run, or that would be tried again, is taken to be created.
func (p *pass) tryCreation(ctx context.Context, intent *unstructured.Unstructured) error {
	_, err := p.applier.Create(ctx, intent)
	if isOfOurPolicies(err) {
		_, err = p.applier.Create(ctx, withMarksOf(&unstructured.Unstructured{}, intent))
	}
	if isOfNoDryRun(err) || err != nil && !apply.LacksPermission(err) && !apply.Classify(err).Final {
		return nil
	}
	return err
}

// tryChange is what an object would be, by a dry run. Where the operator's own policies refuse that, because they watch over
// the marks of ownership, it is tried without changing those; where they still do, the answer has no defaults.
func (p *pass) tryChange(ctx context.Context, intent, live *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	after, err := p.applier.Try(ctx, intent, live)
	if isOfOurPolicies(err) {
		if after, err = p.applier.Try(ctx, withMarksOf(live, intent), live); err == nil {
			return withMarksOf(intent, after), nil
		}
	}
	if isOfOurPolicies(err) || isOfNoDryRun(err) {
		return p.applier.Guess(intent, live), nil
	}
	return after, err
}

// isOfOurPolicies says whether one of the operator's admission policies (config/policy) refuses a person what the operator may do.
func isOfOurPolicies(err error) bool {
	return err != nil && strings.Contains(err.Error(), "ValidatingAdmissionPolicy 'appenv-")
}

// isOfNoDryRun says whether a webhook with side effects kept the API server from trying.
func isOfNoDryRun(err error) bool {
	return apierrors.IsBadRequest(err) && strings.Contains(err.Error(), "does not support dry run")
}

// withMarksOf is an object with the marks of ownership that another one has, or without if that has none.
func withMarksOf(other, object *unstructured.Unstructured) *unstructured.Unstructured {
	object = object.DeepCopy()
	labels, annotations := object.GetLabels(), object.GetAnnotations()
	for _, key := range []string{v1alpha1.LabelManagedBy, v1alpha1.LabelEnvironment} {
		labels = marked(labels, other.GetLabels(), key)
	}
	for _, key := range []string{v1alpha1.AnnotationOwnerUID, v1alpha1.AnnotationOrigin} {
		annotations = marked(annotations, other.GetAnnotations(), key)
	}
	object.SetLabels(labels)
	object.SetAnnotations(annotations)
	return object
}

func marked(all, others map[string]string, key string) map[string]string {
	delete(all, key)
	if value, ok := others[key]; ok {
		if all == nil {
			all = map[string]string{}
		}
		all[key] = value
	}
	return all
}
