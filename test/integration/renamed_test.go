package integration

import (
	"testing"

	"k8s.io/utils/ptr"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

// The same environment under another name: deleted and created in one go, as a tool does
// that syncs from Git. Nobody could tell that it is meant to be the same one.
func TestAnEnvironmentRenamedByDeleteAndCreateTakesNothingWithoutConsent(t *testing.T) {
	t.Parallel()
	named := func(name string) *v1alpha1.AppEnvironment {
		env := fixture.Small("renamed")
		env.Name = name
		env.Spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain
		env.Spec.ArgoCD = &v1alpha1.ArgoCD{Project: ptr.To("renamed"), ApplicationSet: ptr.To("renamed")}
		return env
	}
	plane.RunReady(t, named("renamed-before"))
	app := child{fixture.ApplicationGVK, application("renamed", "web")}
	objects := []child{{namespaceGVK, cluster(fixture.NamespaceOf("renamed"))}, {fixture.AppProjectGVK, argocd("renamed")}, {fixture.ApplicationSetGVK, argocd("renamed")}}
	before := uidsNow(t, append(objects, app))

	plane.Delete(t, plane.Environment(t, "renamed-before"))
	plane.Run(t, named("renamed-after"))
	plane.WaitGone(t, "renamed-before")
	plane.WaitFor(t, "renamed-after", taken, fixture.BlockedOn("kubectl annotate --overwrite namespace it-renamed platform.appenv.dev/adopt-by=renamed-after"))
	checkUnchanged(t, before)
	for _, object := range objects {
		plane.Consent(t, object.GroupVersionKind, object.ObjectKey, "renamed-after")
	}
	plane.WaitReady(t, "renamed-after")
	checkUnchanged(t, before)
}
