package integration

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/controller"
	"github.com/appenv/appenv-operator/test/fixture"
)

func TestAnObjectThatAPolicyRefusesStallsAndTheRestGoesOn(t *testing.T) {
	t.Parallel()
	plane.Create(t, &admissionv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: "no-quotas"},
		Spec: admissionv1.ValidatingAdmissionPolicySpec{
			MatchConstraints: &admissionv1.MatchResources{ResourceRules: named(rules("", "resourcequotas"))},
			Validations:      []admissionv1.Validation{{Expression: "false", Message: "quotas are given by the platform team"}},
		},
	})
	binding := &admissionv1.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "no-quotas"},
		Spec: admissionv1.ValidatingAdmissionPolicyBindingSpec{
			PolicyName: "no-quotas", ValidationActions: []admissionv1.ValidationAction{admissionv1.Deny},
			MatchResources: &admissionv1.MatchResources{NamespaceSelector: only("refused")},
		},
	}
	plane.Create(t, binding)
	refuses(t, "refused", &corev1.ResourceQuota{})

	plane.Run(t, fixture.Full("refused"))
	plane.WaitFor(t, "refused",
		fixture.Has(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonRejected),
		fixture.Has(v1alpha1.ConditionNamespacesReady, metav1.ConditionFalse, v1alpha1.ReasonRejected),
		fixture.BlockedOn("ResourceQuota it-refused/refused", "quotas are given by the platform team"),
		fixture.Has(v1alpha1.ConditionCertificatesReady, metav1.ConditionTrue, v1alpha1.ReasonReady),
		fixture.Has(v1alpha1.ConditionDNSReady, metav1.ConditionTrue, v1alpha1.ReasonReady))
	refused := func(change controller.Change) bool {
		return change.Key.Kind == "ResourceQuota" && change.Action == v1alpha1.ActionRefuse && strings.Contains(change.Why.Message, "quotas are given by the platform team")
	}
	if foresight := foresee(t, plane.Environment(t, "refused")); !slices.ContainsFunc(foresight.Changes, refused) {
		t.Errorf("that the quota is refused is not foreseen: %+v", foresight.Changes)
	}
	plane.Delete(t, binding)
}

func TestAWebhookThatIsDownIsWaitedForAndTheRestGoesOn(t *testing.T) {
	t.Parallel()
	webhook := &admissionv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: "down"},
		Webhooks: []admissionv1.ValidatingWebhook{{
			Name:                    "validate.down.example.com",
			AdmissionReviewVersions: []string{"v1"},
			SideEffects:             ptr.To(admissionv1.SideEffectClassNone),
			ClientConfig:            admissionv1.WebhookClientConfig{URL: ptr.To("https://127.0.0.1:1/validate")},
			NamespaceSelector:       only("webhook"),
			Rules:                   append(rules("external-secrets.io", "externalsecrets"), rules("", "limitranges")...),
		}},
	}
	plane.Create(t, webhook)
	refuses(t, "webhook", &corev1.LimitRange{})

	env := fixture.Full("webhook")
	env.Spec.Namespaces[0].Limits = nil // the rule on LimitRanges is there for the probe
	plane.Run(t, env)
	plane.WaitFor(t, "webhook",
		fixture.Has(v1alpha1.ConditionSecretsReady, metav1.ConditionFalse, v1alpha1.ReasonRetrying),
		fixture.Has(v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonRetrying),
		fixture.Lacks(v1alpha1.ConditionStalled),
		fixture.BlockedOn("ExternalSecret it-webhook/env"),
		fixture.Has(v1alpha1.ConditionNamespacesReady, metav1.ConditionTrue, v1alpha1.ReasonReady),
		fixture.Has(v1alpha1.ConditionDNSReady, metav1.ConditionTrue, v1alpha1.ReasonReady))
	plane.Delete(t, webhook)
	plane.WaitReady(t, "webhook")
}

// It takes a permission away from the operator, so it has a plane of its own.
func TestAMissingPermissionIsNamedAndTheRestGoesOn(t *testing.T) {
	t.Parallel()
	own := startPlane(t, fixture.Options{})
	role := cluster("manager-role")
	original := own.Get(t, clusterRoleGVK, role)
	setRules := func(rules []any) {
		own.Change(t, clusterRoleGVK, role, func(u *unstructured.Unstructured) { u.Object["rules"] = rules })
	}
	setRules(withoutVerb(t, original, "limitranges", "create"))
	own.Run(t, fixture.Full("forbidden"))
	own.WaitFor(t, "forbidden",
		fixture.Has(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonForbidden),
		fixture.BlockedOn("LimitRange it-forbidden/forbidden"),
		fixture.Has(v1alpha1.ConditionDNSReady, metav1.ConditionTrue, v1alpha1.ReasonReady))

	// The operator finds out by itself that it may again.
	setRules(original.Object["rules"].([]any))
	fixture.Eventually(t, 2*time.Minute, own.Exists(limitRangeGVK, inside("forbidden", "forbidden")))
	own.WaitReady(t, "forbidden")
}

// withoutVerb are the rules of a role without one verb on one resource.
func withoutVerb(t *testing.T, role *unstructured.Unstructured, resource, verb string) []any {
	t.Helper()
	found := false
	var out []any
	for _, each := range role.DeepCopy().Object["rules"].([]any) {
		rule := each.(map[string]any)
		resources, verbs := rule["resources"].([]any), rule["verbs"].([]any)
		i, j := slices.Index(resources, any(resource)), slices.Index(verbs, any(verb))
		if i >= 0 && j >= 0 {
			found = true
			narrow := maps.Clone(rule)
			narrow["resources"], narrow["verbs"] = []any{resource}, slices.Delete(slices.Clone(verbs), j, j+1)
			rule["resources"] = slices.Delete(resources, i, i+1)
			out = append(out, narrow)
		}
		if len(rule["resources"].([]any)) > 0 {
			out = append(out, rule)
		}
	}
	if !found {
		t.Fatalf("no rule allows to %s %s", verb, resource)
	}
	return out
}

// rules are about creating and changing a resource of an API group.
func rules(group, resource string) []admissionv1.RuleWithOperations {
	return []admissionv1.RuleWithOperations{{
		Operations: []admissionv1.OperationType{admissionv1.Create, admissionv1.Update},
		Rule:       admissionv1.Rule{APIGroups: []string{group}, APIVersions: []string{"*"}, Resources: []string{resource}},
	}}
}

func named(rules []admissionv1.RuleWithOperations) []admissionv1.NamedRuleWithOperations {
	var out []admissionv1.NamedRuleWithOperations
	for _, rule := range rules {
		out = append(out, admissionv1.NamedRuleWithOperations{RuleWithOperations: rule})
	}
	return out
}

// only selects the namespace of an environment, and the one that probes use.
func only(environment string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{
		Key: "kubernetes.io/metadata.name", Operator: metav1.LabelSelectorOpIn,
		Values: []string{fixture.NamespaceOf(environment), probeOf(environment)},
	}}}
}

func probeOf(environment string) string { return "probe-" + environment }

// refuses waits until the API server enforces an admission rule: it takes a moment.
func refuses(t *testing.T, environment string, probe client.Object) {
	t.Helper()
	if err := plane.NewNamespace(t.Context(), probeOf(environment)); err != nil {
		t.Fatal(err)
	}
	probe.SetNamespace(probeOf(environment))
	probe.SetName("probe")
	fixture.Eventually(t, soon, func() error {
		if err := plane.Client.Create(t.Context(), probe, client.DryRunAll); err == nil {
			return errors.New("the rule is not in force")
		}
		return nil
	})
}
