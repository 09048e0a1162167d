package cli

import (
	"errors"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

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
		"a policy":      {apierrors.NewForbidden(envs, "a", errors.New(`ValidatingAdmissionPolicy 'x' with binding 'x' denied request: you cannot do that`)), true},
		"a webhook":     {apierrors.NewForbidden(envs, "a", errors.New(`admission webhook "x" denied the request: user "y" cannot`)), true},
		"no permission": {apierrors.NewForbidden(envs, "a", errors.New(`User "nobody" cannot patch resource "appenvironments" in API group "platform.appenv.dev" at the cluster scope`)), false},
		"a rule":        {apierrors.NewInvalid(schema.GroupKind{}, "a", nil), true},
		"the schema":    {apierrors.NewBadRequest(`strict decoding error: unknown field "spec.a"`), true},
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
