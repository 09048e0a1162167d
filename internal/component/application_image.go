package component

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/foreign/argocd"
)

// unusedImage is about an image override that names no image of the manifests: kustomize ignores it
// without a word, and the old image runs on. Argo CD tells the images of Pods alone, so this says nothing
// unless every container of the app must have one there.
func unusedImage(_ Input, element argocd.Element, app argocd.Application) *Health {
	running := app.Status.Summary.Images
	if app.Status.Health.Status != "Healthy" || app.Status.Sync.Status != syncedStatus || !allImagesKnown(app) {
		return nil
	}
	for override := range strings.SplitSeq(element[argocd.ElementImages], ",") {
		name, reference, _ := strings.Cut(override, "=")
		used := slices.ContainsFunc(running, func(image string) bool { return mayBe(image, reference) })
		if name == "" || used {
			continue
		}
		return &Health{
			State: Failing, Reason: v1alpha1.ReasonImageNotUsed,
			Message: withCause(fmt.Sprintf("images: %q names no image of its manifests; its Pods run ", name), strings.Join(running, ", "), "; correct the name in spec.apps"),
		}
	}
	return nil
}

// allImagesKnown says whether Argo CD names an image for every container: the app is one Deployment, whose
// Pods run, no hook, and nothing that may run Pods at other times or in ways unknown here.
func allImagesKnown(app argocd.Application) bool {
	images := len(app.Status.Summary.Images)
	if images == 0 || images >= argocd.MaxImages || app.Status.OperationState.RanHooks() {
		return false
	}
	deployments := 0
	for _, resource := range app.Status.Resources {
		switch {
		case resource.Kind == "Deployment":
			deployments++
		case resource.RunsPods() || !builtIn(resource.Group):
			return false
		}
	}
	return deployments == 1
}

// builtIn says whether an API group is Kubernetes' own.
func builtIn(group string) bool {
	return !strings.Contains(group, ".") || strings.HasSuffix(group, ".k8s.io")
}

// mayBe says whether a running image may be what an override asks for. The registry may be another one, a
// mirror, and a digest may stand for a tag: admission webhooks do that.
func mayBe(running, asked string) bool {
	name, tag, digest := splitImage(running)
	askedName, askedTag, askedDigest := splitImage(asked)
	return path.Base(name) == path.Base(askedName) &&
		(askedDigest == "" || digest == askedDigest) &&
		(askedTag == "" || tag == askedTag || tag == "" && digest != "")
}

// splitImage takes an image reference apart; tag and digest may be empty.
func splitImage(reference string) (name, tag, digest string) {
	name, digest, _ = strings.Cut(reference, "@")
	if colon := strings.LastIndex(name, ":"); colon > strings.LastIndex(name, "/") {
		name, tag = name[:colon], name[colon+1:]
	}
	return name, tag, digest
}
