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
	for object, want := range map[[2]string]bool{
		{"Deployment", "web"}:         true,
		{"ReplicaSet", "web-6d4c8"}:   true,
		{"ReplicaSet", "web"}:         false,
		{"Job", "web-6d4c8"}:          false,
		{"ReplicaSet", "web-admin-6"}: false, // another app's
		{"ReplicaSet", "website-6d4"}: false,
		{"ReplicaSet", ""}:            false,
		{"Service", "web"}:            false,
	} {
		if got := IsOfWorkload(app, object[0], object[1]); got != want {
			t.Errorf("%v is of the app: %v, want %v", object, got, want)
		}
	}
}

func TestARunningImageMayBeWhatAnOverrideAsksFor(t *testing.T) {
	const registry = "registry:5000/team/web"
	for name, c := range map[string]struct {
		running, asked string
		want           bool
	}{
		"the very same":                {registry + ":v1", registry + ":v1", true},
		"another tag":                  {registry + ":v1", registry + ":v2", false},
		"another image":                {"sidecar:v1", registry + ":v1", false},
		"from a mirror":                {"mirror/web:v1", registry + ":v1", true},
		"its tag resolved to a digest": {registry + "@sha256:0", registry + ":v1", true},
		"another digest":               {registry + "@sha256:0", registry + "@sha256:1", false},
		"a new name without a tag":     {registry + ":v1", registry, true},
		"a port is no tag":             {"registry:5000/web", "web:5000", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := mayBe(c.running, c.asked); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}
