package integration

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

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
	quota := fixture.Foreign(quotaGVK, key, map[string]any{"hard": map[string]any{"pods": "1"}})
	quota.SetLabels(map[string]string{v1alpha1.LabelManagedBy: v1alpha1.ManagedByValue, v1alpha1.LabelEnvironment: "restored"})
	quota.SetAnnotations(map[string]string{v1alpha1.AnnotationOwnerUID: "00000000-0000-0000-0000-000000000000", v1alpha1.AnnotationOrigin: "created"})
	plane.CreateForeign(t, quota)
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

// As after a restore that brought back the status, but not the UID of the AppEnvironment.
func TestAnObjectOnRecordThatBearsAnotherOwnersUIDIsTakenBackByConsentOnly(t *testing.T) {
	t.Parallel()
	plane.RunReady(t, fixture.Full("reborn"))
	key := inside("reborn", "reborn")
	quota := plane.Change(t, quotaGVK, key, func(u *unstructured.Unstructured) {
		annotations := u.GetAnnotations()
		annotations[v1alpha1.AnnotationOwnerUID] = "00000000-0000-0000-0000-000000000000"
		u.SetAnnotations(annotations)
	})
	plane.WaitFor(t, "reborn", taken, fixture.BlockedOn("ResourceQuota", v1alpha1.AnnotationReAdopt))
	if live := plane.Get(t, quotaGVK, key); live.GetResourceVersion() != quota.GetResourceVersion() {
		t.Error("the quota was touched")
	}

	plane.Edit(t, "reborn", func(env *v1alpha1.AppEnvironment) {
		env.Annotations = map[string]string{v1alpha1.AnnotationReAdopt: string(env.UID)}
	})
	plane.WaitReady(t, "reborn")
	if entry := entryOf(t, "reborn", child{quotaGVK, key}); entry == nil || entry.UID != quota.GetUID() || entry.Origin != v1alpha1.OriginAdopted {
		t.Errorf("entry %v of the re-adopted quota %s", entry, quota.GetUID())
	}
}

// As after a restore, or when an AppEnvironment was lost and is made again: everything
// that runs is taken back as it is, and nothing is taken from it by the way. Not
// parallel: it stops the operator, so that there is no teardown.
func TestAnEnvironmentMadeAgainTakesBackWhatRunsAndNothingIsLost(t *testing.T) {
	plane.RunReady(t, fixture.Full("again"))
	stopOperator(t)
	before := running(t, "again")
	plane.Edit(t, "again", func(env *v1alpha1.AppEnvironment) { env.Finalizers = nil })
	plane.Delete(t, plane.Environment(t, "again"))
	plane.WaitGone(t, "again")

	// The new one asks for one more app, which has no gate to wait for, and not for the
	// domains of the certificate.
	again := fixture.Full("again")
	again.Spec.Apps = append(again.Spec.Apps, v1alpha1.App{Name: "later"})
	again.Spec.Sync.Gate = v1alpha1.GateNone
	again.Spec.Certificates[0].Google.Domains = []string{"other.hoge.example.com"}
	startOperator(t)
	t.Cleanup(func() { // an adopted namespace stays
		plane.WaitGone(t, "again")
		plane.Delete(t, plane.Get(t, namespaceGVK, cluster(fixture.NamespaceOf("again"))))
	})
	plane.Run(t, again)
	plane.WaitFor(t, "again", taken, fixture.BlockedOn("Namespace", v1alpha1.AnnotationReAdopt))
	checkUnchanged(t, before)

	plane.Edit(t, "again", func(env *v1alpha1.AppEnvironment) {
		env.Annotations = map[string]string{v1alpha1.AnnotationReAdopt: string(env.UID)}
	})
	plane.WaitFor(t, "again", fixture.BlockedOn("ManagedCertificate", "domains"),
		fixture.Has(v1alpha1.ConditionApplicationsReady, metav1.ConditionTrue, v1alpha1.ReasonReady))
	checkUnchanged(t, before)
	if diff := cmp.Diff([]string{"later", "web", "worker"}, plane.Environment(t, "again").Status.AdmittedApps); diff != "" {
		t.Errorf("admitted apps (-want +got):\n%s", diff)
	}
}

// running are the children and Applications of an environment, with their UIDs.
func running(t *testing.T, name string) map[child]types.UID {
	t.Helper()
	objects := childrenOf(name)
	for _, app := range []string{"web", "worker"} {
		objects = append(objects, child{fixture.ApplicationGVK, application(name, app)})
	}
	return uidsNow(t, objects)
}

// uidsNow are the UIDs of objects that exist.
func uidsNow(t *testing.T, objects []child) map[child]types.UID {
	t.Helper()
	uids := map[child]types.UID{}
	for _, object := range objects {
		uids[object] = plane.Get(t, object.GroupVersionKind, object.ObjectKey).GetUID()
	}
	return uids
}

// checkUnchanged checks that each of the objects is the one it was, and stays.
func checkUnchanged(t *testing.T, before map[child]types.UID) {
	t.Helper()
	for object, uid := range before {
		live := plane.Find(t, object.GroupVersionKind, object.ObjectKey)
		if live == nil || live.GetUID() != uid || live.GetDeletionTimestamp() != nil {
			t.Errorf("%s is no longer the one it was", object)
		}
	}
}
