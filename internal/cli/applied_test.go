package cli

import (
	"errors"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// A file may have been read from another cluster, or from this one before the environment was made again.
func TestAnEnvironmentThatDoesNotExistHasNothingOfAnother(t *testing.T) {
	env := &v1alpha1.AppEnvironment{}
	env.Name, env.UID, env.ResourceVersion = "hoge-dev", "of-another", "7"
	env.Status.Children = []v1alpha1.Child{{Kind: "Namespace", Name: "hoge"}}
	merged := merge(env, nil)
	if merged.UID != "" || merged.ResourceVersion != "" || merged.Status.Children != nil {
		t.Errorf("it has UID %q, version %q and %d children", merged.UID, merged.ResourceVersion, len(merged.Status.Children))
	}
}

// That an environment is refused is an answer; that nobody may ask, or that nobody answers, is none.
func TestOnlyWhatTheServerHasAgainstTheObjectIsARefusal(t *testing.T) {
	envs := schema.GroupResource{Group: v1alpha1.GroupVersion.Group, Resource: resource}
	for what, c := range map[string]struct {
		err  error
		want bool
	}{
		"a policy":                         {apierrors.NewForbidden(envs, "a", errors.New(`ValidatingAdmissionPolicy 'x' with binding 'x' denied request: you cannot do that`)), true},
		"a webhook":                        {apierrors.NewForbidden(envs, "a", errors.New(`admission webhook "x" denied the request: user "y" cannot`)), true},
		"no permission":                    {apierrors.NewForbidden(envs, "a", errors.New(`User "nobody" cannot patch resource "appenvironments" in API group "platform.appenv.dev" at the cluster scope`)), false},
		"permissions that nobody can give": {apierrors.NewForbidden(envs, "a", errors.New(`user "bob" (groups=["a"]) is attempting to grant RBAC permissions not currently held`)), false},
		"a rule":                           {apierrors.NewInvalid(schema.GroupKind{}, "a", nil), true},
		"the schema":                       {apierrors.NewBadRequest(`strict decoding error: unknown field "spec.a"`), true},
		"a webhook that is down": {
			apierrors.NewInternalError(errors.New(`failed calling webhook "x": connection refused`)), false},
		"too many requests": {apierrors.NewTooManyRequests("later", 1), false},
		"a conflict":        {apierrors.NewConflict(envs, "a", errors.New("it has been modified")), false},
	} {
		if got := refuses(c.err); got != c.want {
			t.Errorf("%s: %t, want %t (%v)", what, got, c.want, c.err)
		}
	}
}

func TestAFieldThatSomebodyAppliedDoesNotMakeItTheirEnvironment(t *testing.T) {
	entry := func(manager, fields string, minute int) metav1.ManagedFieldsEntry {
		return metav1.ManagedFieldsEntry{
			Manager: manager, Operation: metav1.ManagedFieldsOperationApply, Time: ptr.To(metav1.NewTime(time.Date(2026, 1, 1, 0, minute, 0, 0, time.UTC))),
			FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(fields),
		}
	}
	live := &v1alpha1.AppEnvironment{}
	live.ManagedFields = []metav1.ManagedFieldsEntry{entry("on-call", `{"f:spec":{"f:mode":{}}}`, 3), entry("broken", `{`, 4)}
	if got := applier(live); got != "" {
		t.Errorf("%s has applied it", got)
	}
	whole := `{"f:spec":{"f:application":{},"f:apps":{}}}`
	live.ManagedFields = append(live.ManagedFields, entry("argocd-controller", whole, 2), entry("kubectl", whole, 1))
	if got := applier(live); got != "argocd-controller" {
		t.Errorf("%q has applied it last", got)
	}
}

func TestAnnotationsOfWhatWasAppliedLastMayHoldAnything(t *testing.T) {
	file := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"application": "hoge"}}}
	for _, last := range []string{"null", "[]", `"text"`, "{", "7"} {
		if patch, err := threeWay(last, file, &v1alpha1.AppEnvironment{}); err == nil {
			t.Errorf("of %s it makes %s", last, patch)
		}
	}
	for _, last := range []string{"{}", `{"metadata": 7, "spec": null}`, `{"metadata": {"annotations": []}}`} {
		if _, err := threeWay(last, file, &v1alpha1.AppEnvironment{}); err != nil {
			t.Errorf("%s: %v", last, err)
		}
	}
}
