package validation

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// cases are edits of the example, keyed by what they stand for.
type cases map[string][]edit

// A rule is what one message of the schema stands for.
type rule struct{ accepted, refused cases }

// An update goes from one edited example to another.
type update struct{ before, after []edit }

// A transition is a rule that looks at the object before.
type transition struct{ accepted, refused map[string]update }

// rules joins the tables: message -> cases.
func rules(t *testing.T) map[string]rule {
	t.Helper()
	all := map[string]rule{}
	for _, table := range []map[string]rule{
		environmentRules, labelRules, accessRules, namespaceRules, quantityRules, identityRules, sourceRules,
		imageRules, syncRules, argocdRules, secretRules, storeRules, certificateRules, dnsRules,
	} {
		for message, r := range table {
			if _, twice := all[message]; twice {
				t.Errorf("two tables hold cases for %q", message)
			}
			all[message] = r
		}
	}
	return all
}

func TestEveryRuleAcceptsAndRefuses(t *testing.T) {
	for message, r := range rules(t) {
		t.Run(message, func(t *testing.T) {
			for name, edits := range r.accepted {
				if err := create(t.Context(), example(t, edits...), true); err != nil {
					t.Errorf("%s: should be accepted, but: %v", name, err)
				}
			}
			for name, edits := range r.refused {
				wantMessage(t, name, message, create(t.Context(), example(t, edits...), true))
			}
		})
	}
}

func TestEveryTransitionAcceptsAndRefuses(t *testing.T) {
	number := 0
	try := func(t *testing.T, u update) error {
		number++
		object := example(t, append(slices.Clone(u.before), set("metadata.name", fmt.Sprintf("update-%d", number)))...)
		if err := create(t.Context(), object, false); err != nil {
			t.Fatalf("the object before the update should be accepted, but: %v", err)
		}
		for _, e := range u.after {
			apply(object, e)
		}
		return api.Update(t.Context(), object, client.DryRunAll)
	}
	for message, r := range transitionRules {
		t.Run(message, func(t *testing.T) {
			for name, u := range r.accepted {
				if err := try(t, u); err != nil {
					t.Errorf("%s: should be accepted, but: %v", name, err)
				}
			}
			for name, u := range r.refused {
				wantMessage(t, name, message, try(t, u))
			}
		})
	}
}

// wantMessage fails unless the server refused the object with the rule's message.
func wantMessage(t *testing.T, name, message string, err error) {
	t.Helper()
	if !slices.ContainsFunc(causes(err), func(cause metav1.StatusCause) bool { return strings.HasSuffix(cause.Message, message) }) {
		t.Errorf("%s: should be refused with %q, but got: %v", name, message, err)
	}
}

// causes are the single findings of a refusal.
func causes(err error) []metav1.StatusCause {
	var status apierrors.APIStatus
	if !apierrors.IsInvalid(err) || !errors.As(err, &status) || status.Status().Details == nil {
		return nil
	}
	return status.Status().Details.Causes
}

// TestNoRuleWithoutCases walks the generated schema, so that a rule cannot be added,
// reworded or removed without its cases.
func TestNoRuleWithoutCases(t *testing.T) {
	table := rules(t)
	expressions := map[string]string{}
	walk(specSchema(t), "", func(path string, node *apiextensionsv1.JSONSchemaProps) {
		for _, r := range node.XValidations {
			if other, seen := expressions[r.Message]; seen && other != r.Rule {
				t.Errorf("%s: the message %q stands for two rules; word them differently", path, r.Message)
			}
			expressions[r.Message] = r.Rule
		}
	})
	for message, expression := range expressions {
		accepted, refused := len(table[message].accepted), len(table[message].refused)
		if strings.Contains(expression, "oldSelf") {
			accepted, refused = len(transitionRules[message].accepted), len(transitionRules[message].refused)
		}
		if accepted == 0 || refused == 0 {
			t.Errorf("%q has %d accepted and %d refused cases; add at least one of each", message, accepted, refused)
		}
	}
	for _, message := range slices.Concat(slices.Collect(maps.Keys(table)), slices.Collect(maps.Keys(transitionRules))) {
		if _, found := expressions[message]; !found {
			t.Errorf("the schema has no rule with the message %q; remove its cases", message)
		}
	}
}
