package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/jsonmergepatch"
	"k8s.io/client-go/rest"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/apply"
	"github.com/appenv/appenv-operator/internal/lint"
)

// applied is what an environment will be once its file has been applied, as the API server answers a dry run of that. The
// error is a refusal where the server, its rules or its policies do not take it.
//
// What a file leaves out goes or stays by how the environment has been applied so far: by server-side apply, it is applied
// so again, for the same manager; with an annotation of what was applied last, as kubectl and Argo CD write it, the three
// are merged as kubectl apply does it; else the file replaces what is there, as merge says.
func (c *cluster) applied(ctx context.Context, file *lint.Environment, live *v1alpha1.AppEnvironment) (*v1alpha1.AppEnvironment, error) {
	if live == nil {
		return c.try(ctx, merge(file.Env, nil))
	}
	last := live.Annotations[corev1.LastAppliedConfigAnnotation]
	if manager := applier(live); manager != "" {
		body, err := json.Marshal(asApplied(file.Unstructured))
		if err != nil {
			return nil, err
		}
		return c.tried(ctx, c.rest.Patch(types.ApplyPatchType).Param("force", "true").Param("fieldManager", manager).Name(live.Name).Body(body), live.Name)
	} else if last != "" {
		patch, err := threeWay(last, file.Unstructured, live)
		if err != nil {
			return nil, fmt.Errorf("annotation %s: %w", corev1.LastAppliedConfigAnnotation, err)
		}
		return c.tried(ctx, c.rest.Patch(types.MergePatchType).Param("fieldManager", pluginManager).Name(live.Name).Body(patch), live.Name)
	}
	return c.try(ctx, merge(file.Env, live))
}

// pluginManager is the field manager of what the plugin itself writes, or asks to write in a dry run.
const pluginManager = "kubectl-appenv"

// applier is who has applied the spec by server-side apply, the last one of several; empty if nobody has. Who has applied some
// fields only, without one that no file can leave out, does not apply this file.
func applier(live *v1alpha1.AppEnvironment) string {
	var found metav1.ManagedFieldsEntry
	for _, entry := range live.ManagedFields {
		var owned struct {
			Spec map[string]any `json:"f:spec"`
		}
		if entry.Operation != metav1.ManagedFieldsOperationApply || entry.Subresource != "" || entry.FieldsV1 == nil ||
			json.Unmarshal(entry.FieldsV1.GetRawBytes(), &owned) != nil || owned.Spec["f:application"] == nil {
			continue
		}
		if found.Manager == "" || found.Time.Before(entry.Time) {
			found = entry
		}
	}
	return found.Manager
}

// asApplied is the object of a file as tools apply it: without what only the API server writes, which is in files that
// were read from a cluster.
func asApplied(file *unstructured.Unstructured) map[string]any {
	object := file.DeepCopy().Object
	delete(object, "status")
	metadata := map[string]any{"name": file.GetName()}
	for _, written := range []string{"labels", "annotations", "finalizers", "ownerReferences"} {
		if value, ok, _ := unstructured.NestedFieldNoCopy(object, "metadata", written); ok {
			metadata[written] = value
		}
	}
	object["metadata"] = metadata
	unstructured.RemoveNestedField(object, "metadata", "annotations", corev1.LastAppliedConfigAnnotation)
	return object
}

// threeWay is the patch by which kubectl apply makes of the live object what stands in the file: fields of the file are
// set, fields that were applied last and are in the file no more are taken away, and all others stay.
func threeWay(last string, file *unstructured.Unstructured, live *v1alpha1.AppEnvironment) ([]byte, error) {
	before := &unstructured.Unstructured{}
	if err := json.Unmarshal([]byte(last), &before.Object); err != nil {
		return nil, err
	}
	if before.Object == nil {
		return nil, errors.New("it is null")
	}
	next := &unstructured.Unstructured{Object: asApplied(file)}
	annotations := next.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[corev1.LastAppliedConfigAnnotation] = last // as in the live object: what kubectl would write there is shown to nobody
	next.SetAnnotations(annotations)
	modified, err := json.Marshal(next)
	if err != nil {
		return nil, err
	}
	now := live.DeepCopy()
	now.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("AppEnvironment"))
	current, err := json.Marshal(now)
	if err != nil {
		return nil, err
	}
	original, err := json.Marshal(asApplied(before))
	if err != nil {
		return nil, err
	}
	return jsonmergepatch.CreateThreeWayJSONMergePatch(original, modified, current)
}

// merge is the live environment as it would be once the file has been applied; that in the file where there is none. A mode
// that somebody has set by hand, as kubectl appenv pause does, stays where the file has none.
func merge(env, live *v1alpha1.AppEnvironment) *v1alpha1.AppEnvironment {
	if live == nil {
		merged := env.DeepCopy()
		merged.UID, merged.ResourceVersion, merged.Status = "", "", v1alpha1.AppEnvironmentStatus{} // of another cluster, or another time
		return merged
	}
	merged := live.DeepCopy()
	merged.Spec = *env.Spec.DeepCopy()
	if merged.Spec.Mode == "" {
		merged.Spec.Mode = live.Spec.Mode
	}
	for key, value := range env.Labels {
		metav1.SetMetaDataLabel(&merged.ObjectMeta, key, value)
	}
	for key, value := range env.Annotations {
		metav1.SetMetaDataAnnotation(&merged.ObjectMeta, key, value)
	}
	return merged
}

// try is the environment as the API server, with its admission policies, takes it. A new one stays without the UID and the
// generation that only the dry run has given it.
func (c *cluster) try(ctx context.Context, env *v1alpha1.AppEnvironment) (*v1alpha1.AppEnvironment, error) {
	sent := env.DeepCopy()
	sent.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("AppEnvironment"))
	if env.UID != "" {
		return c.tried(ctx, c.rest.Put().Name(env.Name).Param("fieldManager", pluginManager).Body(sent), env.Name)
	}
	_, err := c.tried(ctx, c.rest.Post().Param("fieldManager", pluginManager).Body(sent), env.Name)
	return env, err
}

// tried is the answer to a dry run of a request about an environment; the error is a refusal where the server has one.
func (c *cluster) tried(ctx context.Context, request *rest.Request, name string) (*v1alpha1.AppEnvironment, error) {
	answer := &v1alpha1.AppEnvironment{}
	err := request.Resource(resource).Param("dryRun", metav1.DryRunAll).
		Param("fieldValidation", metav1.FieldValidationStrict).Do(ctx).Into(answer)
	switch {
	case err == nil:
		return answer, nil
	case refuses(err):
		return nil, &refusal{err}
	}
	return nil, c.explain(err, name)
}

// refuses says whether an error is the API server's judgement of the object, and neither of who asks nor of its own state.
// Policies and permissions both answer that something is forbidden.
func refuses(err error) bool {
	return !apply.LacksPermission(err) &&
		(apierrors.IsForbidden(err) || apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) || apierrors.IsRequestEntityTooLargeError(err))
}

// A refusal is what the API server has to say against an environment.
type refusal struct{ err error }

func (r *refusal) Error() string { return "the API server refuses it: " + r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }
