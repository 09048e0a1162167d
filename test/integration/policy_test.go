package integration

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/test/fixture"
)

// The other tests prove that the policies let the operator and Kubernetes do their
// work: they are in force in all of them.

// denied fails the test unless a policy refused the request with these words.
func denied(t *testing.T, err error, words ...string) {
	t.Helper()
	if !apierrors.IsForbidden(err) {
		t.Errorf("not refused: %v", err)
		return
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q does not say %q", err, word)
		}
	}
}

func TestThePoliciesHaveNoErrorsThatKubernetesFinds(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"appenv-environment", "appenv-crd", "appenv-deletion", "appenv-ownership"} {
		policy := &admissionregistrationv1.ValidatingAdmissionPolicy{}
		fixture.Eventually(t, soon, func() error {
			if err := plane.Client.Get(t.Context(), cluster(name), policy); err != nil {
				return err
			}
			if policy.Status.TypeChecking == nil || policy.Status.ObservedGeneration != policy.Generation {
				return fmt.Errorf("%s is not checked yet", name)
			}
			return nil
		})
		for _, warning := range policy.Status.TypeChecking.ExpressionWarnings {
			t.Errorf("%s: %s: %s", name, warning.FieldRef, warning.Warning)
		}
	}
}

func TestThePolicyRefusesTheUnconfirmedDeletionOfAProtectedEnvironment(t *testing.T) {
	t.Parallel()
	policed := protected("policed")
	policed.Labels = map[string]string{"only": "policed"}
	plane.RunReady(t, policed)
	env := plane.Environment(t, "policed")
	word := fmt.Sprintf("%s@%d", env.UID, env.Generation)
	denied(t, plane.Person.Delete(t.Context(), env), "kubectl annotate --overwrite appenv policed platform.appenv.dev/confirm="+word)
	denied(t, plane.Person.Delete(t.Context(), env, client.PropagationPolicy(metav1.DeletePropagationForeground)))
	denied(t, plane.Person.DeleteAllOf(t.Context(), env, client.MatchingLabels(policed.Labels)), word)
	// The confirmation of another environment, of a part, and of an earlier generation.
	for _, other := range []string{"other@1", fmt.Sprintf("apps/web@%d", env.Generation), fmt.Sprintf("%s@%d", env.UID, env.Generation-1), word + "0"} {
		confirm(t, "policed", other)
		denied(t, plane.Person.Delete(t.Context(), env), word)
	}
	confirm(t, "policed", "apps/web@1, "+word)
	if err := plane.Person.Delete(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	plane.WaitGone(t, "policed")
}

func TestThePolicyRefusesTheUnconfirmedEndOfAProtection(t *testing.T) {
	t.Parallel()
	plane.RunReady(t, protected("unguarded"))
	env := plane.Environment(t, "unguarded")
	word := fmt.Sprintf("protection@%d", env.Generation+1)
	for _, end := range []string{`{"spec":{"protection":"None"}}`, `{"spec":{"protection":null}}`} {
		denied(t, plane.Person.Patch(t.Context(), env, client.RawPatch(types.MergePatchType, []byte(end))),
			"kubectl annotate --overwrite appenv unguarded platform.appenv.dev/confirm="+word)
	}
	// Everything else may be changed.
	relabel := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"labels":{"a":"b"}}}`))
	if err := plane.Person.Patch(t.Context(), env, relabel); err != nil {
		t.Error(err)
	}
	// It confirms no deletion, not even after a change that makes it the word of the day.
	confirm(t, "unguarded", word)
	plane.Edit(t, "unguarded", func(env *v1alpha1.AppEnvironment) { env.Spec.Labels["owner"] = "team-other" })
	plane.WaitReady(t, "unguarded")
	denied(t, plane.Person.Delete(t.Context(), env))
	word = fmt.Sprintf("protection@%d", plane.Environment(t, "unguarded").Generation+1)
	confirm(t, "unguarded", word)
	if err := plane.Person.Patch(t.Context(), env, client.RawPatch(types.MergePatchType, []byte(`{"spec":{"protection":"None"}}`))); err != nil {
		t.Fatal(err)
	}
	unprotected := func(env *v1alpha1.AppEnvironment) error {
		if env.Status.Protection != v1alpha1.ProtectionNone {
			return fmt.Errorf("the protection in force is %q", env.Status.Protection)
		}
		return nil
	}
	plane.WaitFor(t, "unguarded", fixture.Ready, pends(), unprotected)
	// A protection on record counts as well, as where the spec lost it before the policy came.
	confirm(t, "unguarded", "nothing")
	plane.EditStatus(t, "unguarded", func(status *v1alpha1.AppEnvironmentStatus) { status.Protection = v1alpha1.ProtectionConfirm })
	env = plane.Environment(t, "unguarded")
	denied(t, plane.Person.Delete(t.Context(), env))
	confirm(t, "unguarded", fmt.Sprintf("protection@%d", env.Generation))
	plane.WaitFor(t, "unguarded", unprotected)
}

func TestThePolicyRefusesTheUnconfirmedDeletionOfTheCRD(t *testing.T) {
	t.Parallel()
	crd := &apiextensionsv1.CustomResourceDefinition{}
	get := func() {
		t.Helper()
		if err := plane.Client.Get(t.Context(), cluster("appenvironments.platform.appenv.dev"), crd); err != nil {
			t.Fatal(err)
		}
	}
	get()
	word := fmt.Sprintf("%s@%d", crd.UID, crd.Generation)
	denied(t, plane.Person.Delete(t.Context(), crd, client.DryRunAll), "Delete the AppEnvironments first",
		"kubectl annotate --overwrite crd appenvironments.platform.appenv.dev platform.appenv.dev/confirm="+word)
	denied(t, plane.Client.Delete(t.Context(), crd, client.DryRunAll)) // nobody is exempt
	denied(t, plane.Person.DeleteAllOf(t.Context(), crd, client.DryRunAll))
	annotate := func(value string) {
		t.Helper()
		patch := fmt.Sprintf(`{"metadata":{"annotations":{%q:%s}}}`, v1alpha1.AnnotationConfirm, value)
		if err := plane.Client.Patch(t.Context(), crd, client.RawPatch(types.MergePatchType, []byte(patch))); err != nil {
			t.Fatal(err)
		}
	}
	annotate(`"` + string(crd.UID) + `@0"`)
	denied(t, plane.Person.Delete(t.Context(), crd, client.DryRunAll), word)
	annotate(`"` + word + `"`)
	if err := plane.Person.Delete(t.Context(), crd, client.DryRunAll); err != nil {
		t.Error(err)
	}
	annotate("null")
}

func TestThePolicyRefusesToDeleteWhatWouldTakeWorkloadsAlong(t *testing.T) {
	t.Parallel()
	plane.RunReady(t, fixture.Full("kept"))
	before := running(t, "kept")
	for _, child := range childrenOf("kept") {
		object := fixture.New(child.GroupVersionKind)
		object.SetNamespace(child.Namespace)
		object.SetName(child.Name)
		err := plane.Person.Delete(t.Context(), object, client.DryRunAll)
		switch child.Kind {
		case "Namespace", "AppProject", "ApplicationSet":
			denied(t, err, child.Kind+" "+child.Name, "kubectl delete appenv kept", fixture.Exempt.String())
			denied(t, plane.Person.Delete(t.Context(), object, client.PropagationPolicy(metav1.DeletePropagationForeground)))
		default: // these are repaired
			if err != nil {
				t.Errorf("%s is held: %v", child, err)
			}
		}
	}
	// Nor may anybody make Argo CD or the garbage collector do it.
	for what, patch := range map[string]string{
		"its list": `{"spec":{"generators":[{"list":{"elements":[]}}]}}`, "names of its Applications": `{"spec":{"template":{"metadata":{"name":"x"}}}}`,
		"owner references": `{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"x","uid":"x"}]}}`, "our finalizer": `{"metadata":{"finalizers":null}}`,
	} {
		set := plane.Get(t, fixture.ApplicationSetGVK, argocd("kept"))
		t.Log(what)
		denied(t, plane.Person.Patch(t.Context(), set, client.RawPatch(types.MergePatchType, []byte(patch)), client.DryRunAll), "ApplicationSet kept")
	}
	set := plane.Get(t, fixture.ApplicationSetGVK, argocd("kept"))
	other := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"goTemplateOptions":["missingkey=zero"]}}`))
	if err := plane.Person.Patch(t.Context(), set, other, client.DryRunAll); err != nil {
		t.Errorf("a field that is repaired: %v", err)
	}
	checkUnchanged(t, before)
	// Of others the policy knows nothing.
	if err := plane.NewNamespace(t.Context(), "it-nobodys"); err != nil {
		t.Fatal(err)
	}
	nobodys := fixture.New(namespaceGVK)
	nobodys.SetName("it-nobodys")
	if err := plane.Person.Delete(t.Context(), nobodys); err != nil {
		t.Error(err)
	}
}

func TestThePolicyRefusesTheMarksOfOwnershipToOthers(t *testing.T) {
	t.Parallel()
	plane.RunReady(t, fixture.Full("marked"))
	for _, child := range childrenOf("marked") {
		live := plane.Get(t, child.GroupVersionKind, child.ObjectKey)
		for _, mark := range []struct{ in, key, value string }{
			{"labels", v1alpha1.LabelEnvironment, `"other"`},
			{"labels", v1alpha1.LabelEnvironment, `null`},
			{"labels", v1alpha1.LabelManagedBy, `"Helm"`},
			{"annotations", v1alpha1.AnnotationOwnerUID, `"other"`},
			{"annotations", v1alpha1.AnnotationOrigin, `"adopted"`},
			{"annotations", v1alpha1.AnnotationOrigin, `null`},
		} {
			patch := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"metadata":{%q:{%q:%s}}}`, mark.in, mark.key, mark.value))
			denied(t, plane.Person.Patch(t.Context(), live, patch, client.DryRunAll), mark.key, "AppEnvironment marked", fixture.Exempt.String())
		}
		relabel := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"labels":{"theirs":"x"}}}`))
		if err := plane.Person.Patch(t.Context(), live, relabel, client.DryRunAll); err != nil {
			t.Errorf("a label of others on %s: %v", child, err)
		}
		copied := live.DeepCopy()
		copied.SetName("copied")
		copied.SetResourceVersion("")
		copied.SetUID("")
		copied.SetManagedFields(nil)
		denied(t, plane.Person.Create(t.Context(), copied, client.DryRunAll), v1alpha1.LabelEnvironment)
	}
	// Nor can it be done by way of a subresource.
	object := plane.Get(t, namespaceGVK, cluster(fixture.NamespaceOf("marked")))
	unlabel := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"labels":{"platform.appenv.dev/environment":null}}}`))
	denied(t, plane.Person.SubResource("status").Patch(t.Context(), object, unlabel), v1alpha1.LabelEnvironment)
	// An Application has the label from its ApplicationSet; whoever writes those may go on.
	app := plane.Get(t, fixture.ApplicationGVK, application("marked", "web"))
	relabel := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"labels":{"platform.appenv.dev/environment":"other"}}}`))
	if err := plane.Person.Patch(t.Context(), app, relabel, client.DryRunAll); err != nil {
		t.Error(err)
	}
}

func TestThePoliciesKnowEveryKindThatIsOwned(t *testing.T) {
	t.Parallel()
	policy := &admissionregistrationv1.ValidatingAdmissionPolicy{}
	if err := plane.Client.Get(t.Context(), cluster("appenv-ownership"), policy); err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, rule := range policy.Spec.MatchConstraints.ResourceRules {
		for _, resource := range rule.Resources {
			if strings.Contains(resource, "/") {
				continue // a way to the same objects
			}
			got = append(got, rule.APIGroups[0]+"/"+resource)
		}
	}
	for _, comp := range component.All {
		for _, kind := range comp.Kinds {
			want = append(want, kind.Group+"/"+kind.Resource)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("config/policy/ownership.yaml is about %v, the operator owns %v", got, want)
	}
}

func TestWithoutTheirParametersThePoliciesHoldNobodyElse(t *testing.T) {
	t.Parallel()
	own := startPlane(t, fixture.Options{})
	own.RunReady(t, fixture.Full("exempted"))
	parameters := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: fixture.Exempt.Namespace, Name: fixture.Exempt.Name}}
	if err := own.Client.Get(t.Context(), fixture.Exempt, parameters); err != nil {
		t.Fatal(err)
	}
	set := fixture.New(fixture.ApplicationSetGVK)
	set.SetNamespace(fixture.ArgoCDNamespace)
	set.SetName("exempted")
	refused := func(want string) {
		t.Helper()
		fixture.Eventually(t, soon, func() error {
			if err := own.Client.Delete(t.Context(), set, client.DryRunAll); err == nil || !strings.Contains(err.Error(), want) {
				return fmt.Errorf("deleting the ApplicationSet: %w, want %q", err, want)
			}
			return nil
		})
		stranger := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "it-stranger"}}
		if err := own.Person.Create(t.Context(), stranger); err != nil {
			t.Error(err)
		}
		if err := own.Person.Delete(t.Context(), stranger); err != nil {
			t.Error(err)
		}
		fixture.Eventually(t, soon, own.Gone(namespaceGVK, cluster("it-stranger")))
	}
	emptied := parameters.DeepCopy()
	emptied.Data = map[string]string{"others": ""}
	if err := own.Client.Update(t.Context(), emptied); err != nil {
		t.Fatal(err)
	}
	refused("AppEnvironment exempted")
	if err := own.Client.Delete(t.Context(), emptied); err != nil {
		t.Fatal(err)
	}
	refused("no params found")
	// What can be repaired is not held then: every controller would be.
	quota := own.Get(t, quotaGVK, inside("exempted", "exempted"))
	relabel := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"labels":{"platform.appenv.dev/environment":"other"}}}`))
	fixture.Eventually(t, soon, func() error { return own.Person.Patch(context.Background(), quota, relabel, client.DryRunAll) })
	// Back again, and nothing is held any more.
	parameters.ResourceVersion, parameters.UID = "", ""
	if err := own.Client.Create(t.Context(), parameters); err != nil {
		t.Fatal(err)
	}
	fixture.Eventually(t, soon, func() error { return own.Client.Delete(context.Background(), set, client.DryRunAll) })
}

func TestTheOperatorSaysAtItsStartThatThePoliciesAreMissing(t *testing.T) {
	t.Parallel()
	const words = "Admission policies are not installed"
	log := filepath.Join(plane.Logs, "operator.log") // of every operator in this process
	said := func() bool {
		t.Helper()
		text, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Contains(text, []byte(words)) && bytes.Contains(text, []byte("ValidatingAdmissionPolicyBinding appenv-ownership"))
	}
	if said() {
		t.Error("it is said where they are installed")
	}
	startPlane(t, fixture.Options{WithoutPolicies: true})
	fixture.Eventually(t, soon, func() error {
		if !said() {
			return errors.New("it is not said where they are missing")
		}
		return nil
	})
}
