package component

import (
	"testing"

	"github.com/appenv/appenv-operator/internal/foreign/argocd"
)

func TestAWorkloadIsKnownByItsNameOrByWhatItMade(t *testing.T) {
	var app argocd.Application
	app.Status.Resources = []argocd.Resource{
		{Group: "apps", Kind: "Deployment", Name: "web"},
		{Kind: "Service", Name: ""},
	}
	for name, want := range map[string]bool{
		"web": true, "web-6d4c8": true, "website-6d4c8": false, "worker": false, "": false,
	} {
		if got := IsOfWorkload(app, name); got != want {
			t.Errorf("%q is of the app: %v, want %v", name, got, want)
		}
	}
}

func TestAnImageIsComparedWithoutItsTagAndDigest(t *testing.T) {
	for reference, want := range map[string]string{
		"web":                        "web",
		"web:v1":                     "web",
		"registry:5000/web":          "registry:5000/web",
		"registry:5000/web:v1":       "registry:5000/web",
		"registry:5000/web@sha256:0": "registry:5000/web",
		"web:v1@sha256:0":            "web",
	} {
		if got := imageName(reference); got != want {
			t.Errorf("%s: %s, want %s", reference, got, want)
		}
	}
}
