package integration

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

func TestClearedStatusIsRecordedAgainAndNothingIsReplaced(t *testing.T) {
	t.Parallel()
	plane.RunReady(t, fixture.Full("cleared"))
	before := uidsOf(t, "cleared")
	plane.EditStatus(t, "cleared", func(status *v1alpha1.AppEnvironmentStatus) {
		*status = v1alpha1.AppEnvironmentStatus{ObservedGeneration: -1}
	})
	plane.WaitFor(t, "cleared", fixture.Ready, recorded(len(before)))
	if diff := cmp.Diff(before, uidsOf(t, "cleared")); diff != "" {
		t.Errorf("UIDs of the children (-before +after):\n%s", diff)
	}
	for _, entry := range plane.Environment(t, "cleared").Status.Children {
		if entry.Origin != v1alpha1.OriginCreated {
			t.Errorf("%s %s is recorded as %q", entry.Kind, entry.Name, entry.Origin)
		}
	}
}

// Not parallel: it stops the operator, so that the status is not recorded again
// before the deletion.
func TestADeletionAfterTheStatusWasClearedWaitsForReAdoption(t *testing.T) {
	plane.RunReady(t, fixture.Full("unrecorded"))
	stopOperator(t)
	plane.Delete(t, plane.Environment(t, "unrecorded"))
	plane.EditStatus(t, "unrecorded", func(status *v1alpha1.AppEnvironmentStatus) {
		*status = v1alpha1.AppEnvironmentStatus{ObservedGeneration: -1}
	})
	startOperator(t)
	fixture.Eventually(t, soon, func() error {
		env := plane.Environment(t, "unrecorded")
		if err := fixture.Has(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonUnrecordedChildren)(env); err != nil {
			return fmt.Errorf("%w: %s", err, fixture.Describe(env))
		}
		return fixture.BlockedOn(v1alpha1.AnnotationReAdopt, string(env.UID))(env)
	})
	for _, child := range childrenOf("unrecorded") {
		if live := plane.Get(t, child.GroupVersionKind, child.ObjectKey); live.GetDeletionTimestamp() != nil {
			t.Errorf("%s %s is deleted, though it is on no record", child.Kind, child.ObjectKey)
		}
	}

	plane.Edit(t, "unrecorded", func(env *v1alpha1.AppEnvironment) {
		env.Annotations = map[string]string{v1alpha1.AnnotationReAdopt: string(env.UID)}
	})
	fixture.Eventually(t, soon, plane.Gone(fixture.ApplicationGVK, application("unrecorded", "web")))
	plane.WaitGone(t, "unrecorded")
	// Re-adopted children count as adopted, and an adopted namespace stays.
	if live := plane.Get(t, namespaceGVK, cluster(fixture.NamespaceOf("unrecorded"))); live.GetDeletionTimestamp() != nil {
		t.Error("an adopted namespace is being deleted")
	} else {
		plane.Delete(t, live)
	}
	if live := plane.Find(t, fixture.AppProjectGVK, argocd("unrecorded")); live != nil {
		t.Error("the project is left behind")
	}
}

func TestChildrenOfAnEnvironmentOfTheSameNameAreTakenBackByConsentOnly(t *testing.T) {
	t.Parallel()
	plane.RunReady(t, fixture.Small("restored"))
	// As after a restore: a child bears the UID of an AppEnvironment of the past.
	key := inside("restored", "restored")
	quota := foreign(quotaGVK, key, map[string]any{"hard": map[string]any{"pods": "1"}})
	quota.SetLabels(map[string]string{v1alpha1.LabelManagedBy: v1alpha1.ManagedByValue, v1alpha1.LabelEnvironment: "restored"})
	quota.SetAnnotations(map[string]string{v1alpha1.AnnotationOwnerUID: "00000000-0000-0000-0000-000000000000", v1alpha1.AnnotationOrigin: "created"})
	createForeign(t, quota)
	before := settled(t, quota)
	plane.Edit(t, "restored", func(env *v1alpha1.AppEnvironment) {
		env.Spec.Namespaces[0].Quota = fixture.Full("restored").Spec.Namespaces[0].Quota
	})
	plane.WaitFor(t, "restored", taken, fixture.BlockedOn("ResourceQuota", v1alpha1.AnnotationReAdopt))
	if diff := cmp.Diff(before, bytesOf(t, quota)); diff != "" {
		t.Errorf("the quota was touched (-before +after):\n%s", diff)
	}

	plane.Edit(t, "restored", func(env *v1alpha1.AppEnvironment) {
		env.Annotations = map[string]string{v1alpha1.AnnotationReAdopt: string(env.UID)}
	})
	env := plane.WaitReady(t, "restored")
	entry, live := entryOf(t, "restored", child{quotaGVK, key}), plane.Get(t, quotaGVK, key)
	if entry == nil || entry.UID != live.GetUID() || entry.Origin != v1alpha1.OriginAdopted {
		t.Errorf("entry %v of the re-adopted quota %s", entry, live.GetUID())
	}
	if live.GetAnnotations()[v1alpha1.AnnotationOwnerUID] != string(env.UID) {
		t.Errorf("the quota still bears %s", live.GetAnnotations()[v1alpha1.AnnotationOwnerUID])
	}
}
