package controller

import (
	"context"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// admissionPolicies are what config/policy installs. Each has a binding of its name,
// without which it does nothing.
var admissionPolicies = []string{"appenv-environment", "appenv-crd", "appenv-deletion", "appenv-ownership"}

// reportPolicies says at the operator's start which of its admission policies are not
// in force: what they refuse, the operator can only hold or repair afterwards.
func reportPolicies(ctx context.Context, reader client.Reader) error {
	log := ctrl.LoggerFrom(ctx).WithName("policies")
	var missing []string
	for _, name := range admissionPolicies {
		for _, kind := range []string{"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"} {
			policy := &metav1.PartialObjectMetadata{}
			policy.SetGroupVersionKind(schema.GroupVersionKind{Group: "admissionregistration.k8s.io", Version: "v1", Kind: kind})
			err := reader.Get(ctx, client.ObjectKey{Name: name}, policy)
			switch {
			case apierrors.IsNotFound(err), meta.IsNoMatchError(err):
				missing = append(missing, kind+" "+name)
			case err != nil: // never a reason not to work
				log.Error(err, "Cannot tell whether the admission policies are installed")
				return nil
			}
		}
	}
	if len(missing) > 0 {
		log.Info("Admission policies are not installed: unconfirmed deletions of protected environments, and deletions of "+
			"namespaces, projects and ApplicationSets by others, are not refused before they begin; apply config/default",
			"missing", strings.Join(missing, ", "))
	}
	return nil
}
