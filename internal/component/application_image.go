package component

import (
	"fmt"
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
		used := slices.ContainsFunc(running, func(image string) bool { return imageName(image) == imageName(reference) })
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

// allImagesKnown says whether Argo CD names an image for every container: the app has one workload, whose
// Pods run, and nothing that may run Pods at other times or in ways unknown here.
func allImagesKnown(app argocd.Application) bool {
	images := len(app.Status.Summary.Images)
	if images == 0 || images >= argocd.MaxImages {
		return false
	}
	workloads := 0
	for _, resource := range app.Status.Resources {
		switch {
		case resource.Kind == "CronJob" || !builtIn(resource.Group):
			return false
		case resource.RunsPods():
			workloads++
		}
	}
	return workloads == 1
}

// builtIn says whether an API group is Kubernetes' own.
func builtIn(group string) bool {
	return !strings.Contains(group, ".") || strings.HasSuffix(group, ".k8s.io")
}

// imageName is an image reference without tag and digest.
func imageName(reference string) string {
	name, _, _ := strings.Cut(reference, "@")
	if tag := strings.LastIndex(name, ":"); tag > strings.LastIndex(name, "/") {
		return name[:tag]
	}
	return name
}
