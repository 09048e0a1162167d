package apply

import (
	"errors"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func TestClassify(t *testing.T) {
	secrets := schema.GroupResource{Group: "external-secrets.io", Resource: "externalsecrets"}
	terminating := apierrors.NewForbidden(schema.GroupResource{Resource: "resourcequotas"}, "q", errors.New("namespace is being terminated"))
	terminating.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: corev1.NamespaceTerminatingCause}}
	unserved := &apierrors.StatusError{ErrStatus: metav1.Status{Reason: metav1.StatusReasonNotFound, Code: 404, Message: "the server could not find the requested resource", Details: &metav1.StatusDetails{}}}
	wrongUID := apierrors.NewInvalid(schema.GroupKind{Kind: "ResourceQuota"}, "q", field.ErrorList{field.Invalid(field.NewPath("metadata", "uid"), "x", "field is immutable")})
	cases := map[string]struct {
		err    error
		reason string
		final  bool
		backs  bool // leaves the delay to the back-off
	}{
		"the kind is not known":                    {&meta.NoKindMatchError{GroupKind: schema.GroupKind{Kind: "ExternalSecret"}}, ReasonAPINotInstalled, false, true},
		"the resource is not served":               {unserved, ReasonAPINotInstalled, false, true},
		"the object is missing":                    {apierrors.NewNotFound(secrets, "a"), ReasonRetrying, false, true},
		"the object exists":                        {apierrors.NewAlreadyExists(secrets, "a"), ReasonNameTaken, true, true},
		"the role does not allow it":               {apierrors.NewForbidden(secrets, "a", errors.New("no")), ReasonForbidden, true, false},
		"the namespace is terminating":             {terminating, ReasonTerminating, false, true},
		"the server refuses the object":            {apierrors.NewInvalid(schema.GroupKind{Kind: "ExternalSecret"}, "a", nil), ReasonRejected, true, false},
		"another object has the name":              {wrongUID, ReasonRetrying, false, true},
		"somebody was faster":                      {apierrors.NewConflict(secrets, "a", errors.New("changed")), ReasonRetrying, false, true},
		"a webhook is down":                        {apierrors.NewInternalError(errors.New("failed calling webhook")), ReasonRetrying, false, true},
		"the server is busy":                       {apierrors.NewTooManyRequests("slow down", 1), ReasonRetrying, false, true},
		"the network is down":                      {errors.New("connection refused"), ReasonRetrying, false, true},
		"what was being done is wrapped around it": {fmt.Errorf("creating: %w", apierrors.NewForbidden(secrets, "a", errors.New("no"))), ReasonForbidden, true, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := Classify(c.err)
			if got.Reason != c.reason || got.Final != c.final || (got.Recheck == 0) != c.backs {
				t.Errorf("Classify = %+v, want reason %s, final %v, backs off %v", got, c.reason, c.final, c.backs)
			}
			if got.Message == "" {
				t.Error("no message")
			}
		})
	}
}
