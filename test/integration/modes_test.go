package integration

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

func TestAPausedEnvironmentIsLeftAloneAndKeepsWhatItSaid(t *testing.T) {
	t.Parallel()
	plane.RunReady(t, fixture.Full("paused"))
	plane.Edit(t, "paused", func(env *v1alpha1.AppEnvironment) {
		env.Spec.Mode = v1alpha1.ModePaused
		env.Spec.Namespaces[0].Quota = nil
	})
	asItWas := []func(*v1alpha1.AppEnvironment) error{
		fixture.Ready, fixture.Has(v1alpha1.ConditionSuspended, metav1.ConditionTrue, v1alpha1.ReasonPaused),
	}
	plane.WaitFor(t, "paused", asItWas...)
	plane.Delete(t, plane.Get(t, limitRangeGVK, inside("paused", "paused")))
	fixture.Consistently(t, 2*time.Second, func() error {
		if plane.Find(t, quotaGVK, inside("paused", "paused")) == nil || plane.Find(t, limitRangeGVK, inside("paused", "paused")) != nil {
			return errors.New("a paused environment was changed")
		}
		return nil
	})

	plane.Delete(t, plane.Environment(t, "paused"))
	plane.WaitFor(t, "paused", fixture.Has(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonTeardownPaused),
		fixture.BlockedOn("spec.mode is Paused", "kubectl patch appenv paused"))
	if plane.Find(t, fixture.ApplicationGVK, application("paused", "web")) == nil {
		t.Error("a paused environment was torn down")
	}
	plane.Edit(t, "paused", func(env *v1alpha1.AppEnvironment) { env.Spec.Mode = v1alpha1.ModeEnforce })
	plane.WaitGone(t, "paused")
	checkNothingLeft(t, "paused")
}

func TestAnEnvironmentThatIsPausedFromTheBeginningIsUnknownAndCanBeDeleted(t *testing.T) {
	t.Parallel()
	env := fixture.Small("paused-new")
	env.Spec.Mode = v1alpha1.ModePaused
	plane.Run(t, env)
	plane.WaitFor(t, env.Name, fixture.Has(v1alpha1.ConditionReady, metav1.ConditionUnknown, v1alpha1.ReasonPaused))
	plane.Delete(t, plane.Environment(t, env.Name))
	plane.WaitGone(t, env.Name)
}

func TestObserveSaysWhatItWouldDoAndDoesNothing(t *testing.T) {
	t.Parallel()
	plane.RunReady(t, fixture.Full("observed"))
	plane.Edit(t, "observed", func(env *v1alpha1.AppEnvironment) {
		env.Spec.Mode = v1alpha1.ModeObserve
		env.Spec.Namespaces[0].Quota["pods"] = v1alpha1.Quantity{Quantity: resource.MustParse("51")}
		env.Spec.DNS = nil
		env.Spec.Access = append(env.Spec.Access, v1alpha1.Access{Group: "ops@example.com", Role: v1alpha1.RoleAdmin})
	})
	env := plane.WaitFor(t, "observed",
		fixture.Has(v1alpha1.ConditionReady, metav1.ConditionUnknown, v1alpha1.ReasonObserving),
		fixture.Has(v1alpha1.ConditionSuspended, metav1.ConditionTrue, v1alpha1.ReasonObserving),
		fixture.Lacks(v1alpha1.ConditionStalled), fixture.Lacks(v1alpha1.ConditionReconciling),
		planned(
			v1alpha1.PlannedAction{Object: "ResourceQuota it-observed/observed", Action: v1alpha1.ActionUpdate, Fields: []string{"spec.hard.pods"}},
			v1alpha1.PlannedAction{Object: "RoleBinding it-observed/observed-admin", Action: v1alpha1.ActionCreate},
			v1alpha1.PlannedAction{Object: "AppProject argocd/observed", Action: v1alpha1.ActionUpdate, Fields: []string{"spec.roles"}},
			v1alpha1.PlannedAction{Object: "DNSEndpoint it-observed/observed", Action: v1alpha1.ActionDelete},
		))
	if env.Status.AppsReady != "2/2" || len(env.Status.Children) != len(childrenOf("observed")) {
		t.Errorf("an observed environment forgot what it is: %s", fixture.Describe(env))
	}
	plane.Delete(t, plane.Get(t, limitRangeGVK, inside("observed", "observed")))
	plane.WaitFor(t, "observed", planned(v1alpha1.PlannedAction{Object: "LimitRange it-observed/observed", Action: v1alpha1.ActionCreate}))
	fixture.Consistently(t, time.Second, func() error {
		if plane.Find(t, limitRangeGVK, inside("observed", "observed")) != nil || plane.Find(t, fixture.DNSEndpointGVK, inside("observed", "observed")) == nil {
			return errors.New("an observed environment was changed")
		}
		return nil
	})

	plane.Delete(t, plane.Environment(t, "observed"))
	plane.WaitFor(t, "observed", fixture.Has(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonTeardownPaused), fixture.BlockedOn("spec.mode is Observe"))
	plane.Edit(t, "observed", func(env *v1alpha1.AppEnvironment) { env.Spec.Mode = v1alpha1.ModeEnforce })
	plane.WaitGone(t, "observed")
}

func TestANewEnvironmentCanBeObservedBeforeItClaimsAnything(t *testing.T) {
	t.Parallel()
	taken := fixture.Foreign(namespaceGVK, cluster("it-observed-new"), nil)
	plane.CreateForeign(t, taken)
	t.Cleanup(func() { plane.Delete(t, taken) })
	env := fixture.Small("observed-new")
	env.Spec.Mode = v1alpha1.ModeObserve
	plane.Run(t, env)
	seen := plane.WaitFor(t, env.Name, fixture.Has(v1alpha1.ConditionReady, metav1.ConditionUnknown, v1alpha1.ReasonObserving),
		planned(v1alpha1.PlannedAction{Object: "AppProject argocd/observed-new", Action: v1alpha1.ActionCreate}))
	if len(seen.Finalizers) > 0 || len(seen.Status.Children) > 0 || len(seen.Status.AdmittedApps) > 0 || len(seen.Status.DNSNames) > 0 {
		t.Errorf("it claims something: finalizers %v, %s", seen.Finalizers, fixture.Describe(seen))
	}
	for _, action := range seen.Status.Plan {
		if action.Object == "Namespace it-observed-new" && (action.Action != v1alpha1.ActionRefuse || action.Message == "") {
			t.Errorf("the plan for a namespace of somebody else's: %+v", action)
		}
	}
	plane.Delete(t, plane.Environment(t, env.Name))
	plane.WaitGone(t, env.Name)
}

// planned is a check for WaitFor: status.plan has these actions.
func planned(want ...v1alpha1.PlannedAction) func(*v1alpha1.AppEnvironment) error {
	return func(env *v1alpha1.AppEnvironment) error {
		for _, action := range want {
			found := false
			for _, got := range env.Status.Plan {
				found = found || cmp.Equal(action, got)
			}
			if !found {
				return fmt.Errorf("status.plan lacks %+v: %+v", action, env.Status.Plan)
			}
		}
		return nil
	}
}
