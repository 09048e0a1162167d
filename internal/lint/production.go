package lint

import (
	"slices"
	"strings"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/overlay"
)

var productionWithoutProtectionRule = Rule{
	ID: "production-without-protection", Severity: Warning,
	Summary: "A production environment can be deleted without a confirmation.",
	Explanation: `With spec.protection: Confirm, deleting the environment, or removing a namespace, app, secret or certificate from it,
waits until somebody confirms just that removal. An environment counts as production when prod, prd, production or live is a
word of spec.environment.`,
	check: func(set *Set, report reporter) {
		for _, env := range set.Valid() {
			if isProduction(env) && env.Env.Spec.Protection != v1alpha1.ProtectionConfirm {
				report(env, "spec.protection", "%s is a production environment without protection; set spec.protection to Confirm", env.Env.Spec.Environment)
			}
		}
	},
}

var fakeStoreRule = Rule{
	ID: "fake-store", Severity: Warning,
	Summary: "A production environment keeps its secrets in the AppEnvironment itself.",
	Explanation: `The values of spec.secrets.store.fake are in the object, and in Git with it: whoever can read it has them. Keep them in
a secret manager (gcpSecretManager, azureKeyVault, storeRef).`,
	check: func(set *Set, report reporter) {
		for _, env := range set.Valid() {
			if isProduction(env) && env.Env.Spec.Secrets != nil && env.Env.Spec.Secrets.Store.Fake != nil {
				report(env, "spec.secrets.store.fake", "the values are readable by everybody who can read the AppEnvironment; use a secret manager")
			}
		}
	},
}

// isProduction goes by the words of the environment's name.
func isProduction(env *Environment) bool {
	return slices.ContainsFunc(strings.Split(env.Env.Spec.Environment, "-"), func(word string) bool {
		return slices.Contains([]string{"prod", "prd", "production", "live"}, word)
	})
}

var floatingTagRule = Rule{
	ID: "floating-tag", Severity: Warning,
	Summary: "An image is named by a tag that moves.",
	Explanation: `What runs under a tag such as latest or main depends on when a node pulled it: two Pods of one Deployment may differ, a
rollback changes nothing, and nobody can tell what is deployed. Use a tag that is written once, or a digest. With --repo the
images of the manifests that no override names are looked at, too.`,
	check: func(set *Set, report reporter) {
		for _, env := range set.Valid() {
			for i, app := range env.Env.Spec.Apps {
				for j, image := range app.Images {
					if image.NewTag != nil && floats(*image.NewTag) {
						report(env, index(index("spec.apps", i)+".images", j)+".newTag", "tag %s of image %s moves; use a tag that is written once, or a digest", *image.NewTag, image.Name)
					}
				}
			}
		}
		forEachApp(set, func(env *Environment, i int, o *overlay.Overlay) { reportManifests(env, i, o, report) })
	},
}

// reportManifests looks at the images of the manifests that no override names. An image without tag is latest.
func reportManifests(env *Environment, i int, o *overlay.Overlay, report reporter) {
	app := env.Env.Spec.Apps[i]
	for _, workload := range o.Workloads() {
		for _, image := range workload.Images() {
			name, tag := overlay.SplitImage(image)
			overridden := slices.ContainsFunc(app.Images, func(override v1alpha1.Image) bool {
				return override.Name == name || o.Images[override.Name] == name // it takes the place of the kustomization's own
			})
			if !overridden && (tag == "" || floats(tag)) {
				report(env, appPath(i), "app %s: %s %s runs %s, whose tag moves; use a tag that is written once, or a digest",
					app.Name, workload.Object.GetKind(), workload.Object.GetName(), image)
			}
		}
	}
}

// floats says whether a tag is one of those that are moved by habit.
func floats(tag string) bool {
	return slices.Contains([]string{
		"latest", "main", "master", "trunk", "head", "develop", "development", "dev", "test", "qa", "stage", "staging", "prod",
		"production", "live", "stable", "edge", "nightly", "canary", "snapshot", "current", "release", "rolling", "next", "lts",
	}, strings.ToLower(tag))
}

var suspendedRule = Rule{
	ID: "suspended", Severity: Info,
	Summary: "The operator does not keep the environment.",
	Explanation: `With spec.mode Paused or Observe nothing is created, repaired or removed. It is meant for a while; in Git it tends to
stay. Set spec.mode to Enforce when the reason is gone.`,
	check: func(set *Set, report reporter) {
		for _, env := range set.Valid() {
			if mode := env.Env.Spec.Mode; mode == v1alpha1.ModePaused || mode == v1alpha1.ModeObserve {
				report(env, "spec.mode", "mode is %s: nothing is created, repaired or removed", mode)
			}
		}
	},
}
