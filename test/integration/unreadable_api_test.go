package integration

import (
	"errors"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

// The Role in Argo CD's namespace, and what binds the operator to it: the installation
// cannot create them before that namespace exists.
var (
	roleGVK           = rbacv1.SchemeGroupVersion.WithKind("Role")
	argoCDRole        = argocd("argocd-manager-role")
	argoCDRoleBinding = argocd("appenv-controller-manager-argocd-manager-role")
)

// It takes permissions away from the operator, so it has a plane of its own.
func TestAnAPIThatMayNotBeReadIsNamedTheRestGoesOnAndItIsPickedUpOnceItMay(t *testing.T) {
	t.Parallel()
	own := startPlane(t, fixture.Options{})
	if err := own.Operator.Stop(); err != nil {
		t.Fatal(err)
	}
	binding := own.Get(t, roleBindingGVK, argoCDRoleBinding)
	own.Delete(t, binding)
	if err := own.Operator.Start(); err != nil {
		t.Fatal(err)
	}

	own.Run(t, fixture.Full("unreadable"))
	own.WaitFor(t, "unreadable",
		fixture.Has(v1alpha1.ConditionProjectReady, metav1.ConditionFalse, v1alpha1.ReasonForbidden),
		fixture.Has(v1alpha1.ConditionApplicationsReady, metav1.ConditionFalse, v1alpha1.ReasonForbidden),
		fixture.Has(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonForbidden),
		fixture.BlockedOn("AppProject argocd/unreadable", "cannot list resource"),
		fixture.Has(v1alpha1.ConditionNamespacesReady, metav1.ConditionTrue, v1alpha1.ReasonReady),
		fixture.Has(v1alpha1.ConditionSecretsReady, metav1.ConditionTrue, v1alpha1.ReasonReady),
		fixture.Has(v1alpha1.ConditionCertificatesReady, metav1.ConditionTrue, v1alpha1.ReasonReady),
		fixture.Has(v1alpha1.ConditionDNSReady, metav1.ConditionTrue, v1alpha1.ReasonReady))

	binding.SetResourceVersion("")
	own.Create(t, binding)
	own.WaitReady(t, "unreadable")
}

func TestARescueThatIsRefusedIsNamedTheRestGoesOnAndItSucceedsLater(t *testing.T) {
	t.Parallel()
	own := startPlane(t, fixture.Options{})
	own.RunReady(t, fixture.Full("unrescued"))
	before := map[string]types.UID{}
	for _, app := range []string{"web", "worker"} {
		before[app] = own.Get(t, fixture.ApplicationGVK, application("unrescued", app)).GetUID()
	}
	role := own.Get(t, roleGVK, argoCDRole)
	setRules := func(rules []any) {
		own.Change(t, roleGVK, argoCDRole, func(u *unstructured.Unstructured) { u.Object["rules"] = rules })
	}
	setRules(withoutVerb(t, role, "applications", "patch"))
	awaitForbidden(t, own, authorizationv1.ResourceAttributes{
		Verb: "patch", Group: "argoproj.io", Resource: "applications", Namespace: fixture.ArgoCDNamespace,
	})
	own.Delete(t, own.Get(t, fixture.ApplicationSetGVK, argocd("unrescued")))
	own.WaitFor(t, "unrescued",
		fixture.Has(v1alpha1.ConditionApplicationsReady, metav1.ConditionFalse, v1alpha1.ReasonForbidden),
		fixture.Has(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonForbidden),
		fixture.BlockedOn("ApplicationSet argocd/unrescued", "cannot patch resource"),
		fixture.Has(v1alpha1.ConditionProjectReady, metav1.ConditionTrue, v1alpha1.ReasonReady),
		fixture.Has(v1alpha1.ConditionDNSReady, metav1.ConditionTrue, v1alpha1.ReasonReady))
	own.Delete(t, own.Get(t, quotaGVK, inside("unrescued", "unrescued")))
	fixture.Eventually(t, soon, own.Exists(quotaGVK, inside("unrescued", "unrescued")))

	// Nobody tells the operator that it may again: touching the environment makes it try.
	setRules(role.Object["rules"].([]any))
	own.Edit(t, "unrescued", func(env *v1alpha1.AppEnvironment) { env.Spec.Labels = map[string]string{"owner": "team-other"} })
	own.WaitReady(t, "unrescued")
	for app, uid := range before {
		if now := own.Get(t, fixture.ApplicationGVK, application("unrescued", app)); now.GetUID() != uid || now.GetDeletionTimestamp() != nil {
			t.Errorf("Application %s was lost", app)
		}
	}
}

// awaitForbidden waits until the API server no longer allows the operator something: a
// change of a role takes a moment.
func awaitForbidden(t *testing.T, own *fixture.Plane, what authorizationv1.ResourceAttributes) {
	t.Helper()
	fixture.Eventually(t, soon, func() error {
		review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
			User: fixture.OperatorUser, ResourceAttributes: &what,
		}}
		own.Create(t, review)
		if review.Status.Allowed {
			return errors.New("it is still allowed")
		}
		return nil
	})
}
