package integration

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

// edits are changes that somebody makes by hand to a field that the operator owns.
var edits = map[string]struct {
	path  []string
	value any
}{
	"Namespace":          {[]string{"metadata", "labels", "pod-security.kubernetes.io/enforce"}, "privileged"},
	"ResourceQuota":      {[]string{"spec", "hard", "pods"}, "5000"},
	"LimitRange":         {[]string{"spec", "limits"}, []any{map[string]any{"type": "Container", "default": map[string]any{"cpu": "64"}}}},
	"NetworkPolicy":      {[]string{"spec", "ingress"}, []any{map[string]any{}}},
	"ServiceAccount":     {[]string{"metadata", "annotations", "iam.gke.io/gcp-service-account"}, "other@allowed-project.iam.gserviceaccount.com"},
	"RoleBinding":        {[]string{"subjects"}, []any{map[string]any{"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": "everyone"}}},
	"AppProject":         {[]string{"spec", "sourceRepos"}, []any{"*"}},
	"SecretStore":        {[]string{"spec", "provider", "fake", "data"}, []any{map[string]any{"key": "other", "value": "x"}}},
	"ExternalSecret":     {[]string{"spec", "refreshInterval"}, "5m0s"},
	"ApplicationSet":     {[]string{"spec", "goTemplateOptions"}, []any{"missingkey=default"}},
	"ManagedCertificate": {[]string{"metadata", "labels", "owner"}, "somebody-else"},
	"Certificate":        {[]string{"spec", "issuerRef", "name"}, "other"},
	"DNSEndpoint":        {[]string{"spec", "endpoints"}, []any{map[string]any{"dnsName": "drift.hoge.example.com", "recordType": "A", "targets": []any{"198.51.100.1"}}}},
}

// Not parallel: repairs are timed.
func TestWhatSomebodyElseDoesToAChildIsRepairedWithinASecond(t *testing.T) {
	plane.RunReady(t, fixture.Full("drift"))
	for _, child := range childrenOf("drift") {
		name := child.Kind + " " + child.Name
		t.Run(name+" changed", func(t *testing.T) { checkChanged(t, child) })
		t.Run(name+" without our label", func(t *testing.T) { checkStripped(t, "drift", child) })
		// A namespace takes seconds to go, and an ApplicationSet has rules of its own.
		if child.Kind != "Namespace" && child.Kind != "ApplicationSet" {
			t.Run(name+" deleted", func(t *testing.T) { checkDeleted(t, child) })
		}
	}
	plane.WaitReady(t, "drift")
	checkEntries(t, "drift")
}

func checkChanged(t *testing.T, child child) {
	edit, known := edits[child.Kind]
	if !known {
		t.Fatalf("no edit for kind %s: add one to edits", child.Kind)
	}
	before := plane.Get(t, child.GroupVersionKind, child.ObjectKey)
	want, _, _ := unstructured.NestedFieldCopy(before.Object, edit.path...)
	edited := plane.Change(t, child.GroupVersionKind, child.ObjectKey, func(u *unstructured.Unstructured) {
		if err := unstructured.SetNestedField(u.Object, edit.value, edit.path...); err != nil {
			t.Fatal(err)
		}
	})
	if got, _, _ := unstructured.NestedFieldCopy(edited.Object, edit.path...); cmp.Equal(want, got) {
		t.Fatalf("the edit changes nothing: %v is %v already", edit.path, got)
	}
	start := time.Now()
	fixture.Eventually(t, second, func() error {
		live := plane.Get(t, child.GroupVersionKind, child.ObjectKey)
		got, _, _ := unstructured.NestedFieldCopy(live.Object, edit.path...)
		if diff := cmp.Diff(want, got); diff != "" {
			return fmt.Errorf("%v (-want +got):\n%s", edit.path, diff)
		}
		return nil
	})
	t.Logf("repaired after %s", time.Since(start).Round(time.Millisecond))
}

func checkStripped(t *testing.T, environment string, child child) {
	t.Helper()
	plane.Change(t, child.GroupVersionKind, child.ObjectKey, func(u *unstructured.Unstructured) {
		labels := u.GetLabels()
		delete(labels, v1alpha1.LabelManagedBy)
		delete(labels, v1alpha1.LabelEnvironment)
		u.SetLabels(labels)
	})
	fixture.Eventually(t, second, func() error {
		labels := plane.Get(t, child.GroupVersionKind, child.ObjectKey).GetLabels()
		if labels[v1alpha1.LabelManagedBy] != v1alpha1.ManagedByValue || labels[v1alpha1.LabelEnvironment] != environment {
			return fmt.Errorf("labels are %v", labels)
		}
		return nil
	})
}

func checkDeleted(t *testing.T, child child) {
	old := plane.Get(t, child.GroupVersionKind, child.ObjectKey)
	plane.Delete(t, old)
	fixture.Eventually(t, second, func() error {
		live := plane.Find(t, child.GroupVersionKind, child.ObjectKey)
		if live == nil || live.GetUID() == old.GetUID() {
			return fmt.Errorf("%s %s is not back", child.Kind, child.ObjectKey)
		}
		return nil
	})
}

// Not parallel: it counts the operator's requests.
func TestWhatIsCreatedAgainInARowIsReportedTogether(t *testing.T) {
	const name = "drift-in-a-row"
	plane.RunReady(t, fixture.Full(name))
	waitForSilence(t)
	mark := plane.Operator.Requests.Mark()
	deleted := 0
	for _, child := range childrenOf(name) {
		switch child.Kind { // nobody else writes these
		case "LimitRange", "NetworkPolicy", "RoleBinding", "ServiceAccount":
			checkDeleted(t, child)
			checkStripped(t, name, child) // its entry does not have its new UID yet
			deleted++
		}
	}
	checkEntries(t, name)
	writes := plane.Operator.Requests.Since(mark, func(r fixture.Request) bool {
		return r.Resource == "appenvironments" && r.Name == name && r.Writes()
	})
	if reports := len(writes) - deleted; deleted < 4 || reports > 2 { // one before each creation
		t.Errorf("%d reports of %d objects that were created again: %v", reports, deleted, writes)
	}
}

func TestADeletedNamespaceComesBackWithItsContent(t *testing.T) {
	t.Parallel()
	plane.RunReady(t, fixture.Full("namespace-back"))
	old := plane.Get(t, namespaceGVK, cluster(fixture.NamespaceOf("namespace-back")))
	plane.Delete(t, old)
	fixture.Eventually(t, soon, func() error {
		live := plane.Find(t, namespaceGVK, cluster(old.GetName()))
		if live == nil || live.GetUID() == old.GetUID() {
			return fmt.Errorf("namespace %s is not back", old.GetName())
		}
		return nil
	})
	for _, child := range childrenOf("namespace-back") {
		fixture.Eventually(t, soon, plane.Exists(child.GroupVersionKind, child.ObjectKey))
	}
}
