package e2e

import (
	"fmt"
	"strings"
	"time"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

var lifecycle = []scenario{
	{name: "nothing-to-ready", run: nothingToReady},
	{name: "application-added-and-removed", run: applicationAddedAndRemoved},
	{name: "image-changed-in-environment", run: imageChangedInEnvironment},
	{name: "image-changed-in-git-and-reverted", run: imageChangedInGit},
	{name: "synced-by-hand-in-a-deny-window", run: syncedByHand},
}

// domain is a name in the zone that Cloudflare's stand-in serves.
func (s *stage) domain() string { return s.name + ".example.com" }

// nothingToReady makes an environment with something of every component.
func nothingToReady(s *stage) {
	env := s.environment("front")
	env.Spec.Access = []v1alpha1.Access{{Group: "team@example.com", Role: v1alpha1.RoleEdit}}
	env.Spec.Secrets = secretsFrom(sharedStore, "given")
	env.Spec.Certificates = []v1alpha1.Certificate{
		{Name: "web", Google: &v1alpha1.GoogleCertificate{Domains: []string{s.domain()}}},
	}
	env.Spec.DNS = &v1alpha1.DNS{Records: []v1alpha1.DNSRecord{
		{Name: s.domain(), Type: v1alpha1.RecordTypeA, Targets: []string{"203.0.113.10"}},
	}}
	s.apply(env)
	env = s.ready()
	for condition, status := range map[string]string{"APPS": env.Status.AppsReady, "SECRETS": env.Status.SecretsReady, "CERTS": env.Status.CertificatesReady} {
		if status != "1/1" {
			s.Errorf("%s is %s, want 1/1", condition, status)
		}
	}
	if got := s.secretValue("env", "TOKEN"); got != "value of given" {
		s.Errorf("the Secret holds %q", got)
	}
}

// applicationAddedAndRemoved adds an app and removes the other; what stays is not touched.
func applicationAddedAndRemoved(s *stage) {
	s.apply(s.environment("web"))
	s.ready()
	first := s.uid(applications, argoNamespace, s.application("web"))
	s.change(func(env *v1alpha1.AppEnvironment) {
		env.Spec.Apps = append(env.Spec.Apps, v1alpha1.App{Name: "worker"})
	})
	if env := s.ready(); env.Status.AppsReady != "2/2" {
		s.Errorf("APPS is %s, want 2/2", env.Status.AppsReady)
	}
	second := s.uid(applications, argoNamespace, s.application("worker"))
	if now := s.uid(applications, argoNamespace, s.application("web")); now != first {
		s.Errorf("the first Application was made anew: %s, then %s", first, now)
	}
	s.change(func(env *v1alpha1.AppEnvironment) { env.Spec.Apps = env.Spec.Apps[1:] })
	s.until(func() string {
		if s.get(applications, argoNamespace, s.application("web")) != nil || s.image("web") != "" {
			return "the removed app and its Deployment to go"
		}
		return ""
	})
	if env := s.ready(); env.Status.AppsReady != "1/1" {
		s.Errorf("APPS is %s, want 1/1", env.Status.AppsReady)
	}
	if now := s.uid(applications, argoNamespace, s.application("worker")); now != second {
		s.Errorf("the Application that stayed was made anew: %s, then %s", second, now)
	}
}

func imageChangedInEnvironment(s *stage) {
	env := s.environment("web")
	image := v1alpha1.Image{Name: "web", NewName: new("registry.example.com/web"), NewTag: new("1.0.0")}
	env.Spec.Apps[0].Images = []v1alpha1.Image{image}
	s.apply(env)
	s.runs("web", "registry.example.com/web:1.0.0")
	s.change(func(env *v1alpha1.AppEnvironment) { env.Spec.Apps[0].Images[0].NewTag = new("2.0.0") })
	s.runs("web", "registry.example.com/web:2.0.0")
}

func imageChangedInGit(s *stage) {
	s.apply(s.environment("web"))
	s.runs("web", "web:v1")
	before := s.ready().Status.Revision
	commit, err := s.repository.Commit(s.ctx, branch, "web v2", map[string]string{
		"apps/web/overlays/dev/kustomization.yaml": `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- ../../base
images:
- {name: web, newTag: v2}
`})
	s.must(err)
	s.noticed("web")
	s.runs("web", "web:v2")
	s.revision(commit)
	reverted, err := s.repository.Revert(s.ctx, branch)
	s.must(err)
	s.noticed("web")
	s.runs("web", "web:v1")
	s.revision(reverted)
	s.note("revisions: %s, then %s, reverted by %s", short(before), short(commit), short(reverted))
}

// revision waits until the status names a commit.
func (s *stage) revision(commit string) {
	s.Helper()
	s.until(func() string {
		if now := s.read().Status.Revision; now == "" || !strings.HasPrefix(commit, now) {
			return fmt.Sprintf("REVISION %s; it is %q", commit, now)
		}
		return ""
	})
}

func short(commit string) string { return commit[:min(len(commit), 8)] }

// syncedByHand: a production environment. Nothing runs before somebody syncs; a deny window holds that
// back; afterwards a difference from Git is mentioned and blocks nothing.
func syncedByHand(s *stage) {
	env := s.environment("web")
	env.Spec.Sync = &v1alpha1.Sync{Windows: []v1alpha1.SyncWindow{
		{Kind: "deny", Schedule: "* * * * *", Duration: "1h", TimeZone: new("UTC")},
	}}
	s.apply(env)
	s.blocked("is synced by hand and never has been")
	s.syncByHand("web")
	s.note("%s", s.blocked("sync window"))
	s.never(3*time.Second, func() string {
		if s.image("web") != "" {
			return "it was synced within the deny window"
		}
		return ""
	})
	elsewhen := fmt.Sprintf("0 %d * * *", (time.Now().UTC().Hour()+12)%24)
	s.change(func(env *v1alpha1.AppEnvironment) { env.Spec.Sync.Windows[0].Schedule = elsewhen })
	s.runs("web", "web:v1")
	_, err := s.repository.Commit(s.ctx, branch, "two of web", map[string]string{
		"apps/web/overlays/dev/kustomization.yaml": `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- ../../base
replicas:
- {name: web, count: 2}
`})
	s.must(err)
	s.noticed("web")
	s.until(func() string {
		env := s.read()
		ready := apimeta.FindStatusCondition(env.Status.Conditions, v1alpha1.ConditionReady)
		sync, _, _ := unstructured.NestedString(s.get(applications, argoNamespace, s.application("web")).Object, "status", "sync", "status")
		if sync != "OutOfSync" || ready.Status != "True" || !strings.Contains(ready.Message, "OutOfSync") {
			return "Ready, with a mention of OutOfSync; now " + describe(env)
		}
		return ""
	})
	s.syncByHand("web") // a new one, outside any window
	s.until(func() string {
		deployment := s.get(deployments, s.name, "web")
		if replicas, _, _ := unstructured.NestedInt64(deployment.Object, "spec", "replicas"); replicas != 2 {
			return fmt.Sprintf("two replicas; there are %d", replicas)
		}
		return ""
	})
	s.runs("web", "web:v1")
}
