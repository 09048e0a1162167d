package e2e

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// platform is what a platform team does in Git.
var platform = []scenario{{name: "environments-synced-from-git", run: syncedFromGit}}

// beside is a stage of another environment in the same scenario.
func (s *stage) beside(name string) *stage {
	return &stage{T: s.T, world: s.world, ctx: s.ctx, name: name, repository: s.repository}
}

// commit changes files of the platform team's repository.
func (s *stage) commit(message string, edits map[string]func(string) string) {
	s.Helper()
	_, err := s.installed.platform.Edit(s.ctx, trunk, message, edits)
	s.must(err)
	s.must(s.installed.notice(s.ctx, environmentsApp))
}

// revert reverts the last commit of that repository.
func (s *stage) revert() {
	s.Helper()
	_, err := s.installed.platform.Revert(s.ctx, trunk)
	s.must(err)
}

// parent waits until Argo CD says of the Application above the environments that it is synced, and of
// this health.
func (s *stage) parent(health string) {
	s.Helper()
	again := s.installed.noticing(environmentsApp)
	s.until(func() string {
		s.must(again(s.ctx))
		v, err := s.installed.verdict(s.ctx, environmentsApp)
		s.must(err)
		if v.sync == "Synced" && v.health == health {
			return ""
		}
		return fmt.Sprintf("the Application above to be Synced and %s; it is %+v", health, v)
	})
	s.note("the Application above it: Synced, %s", health)
}

// arrives waits until the environment is what Git says it should be: there.
func (s *stage) arrives() {
	s.Helper()
	again := s.installed.noticing(environmentsApp)
	s.until(func() string {
		s.must(again(s.ctx))
		if s.get(v1alpha1.GroupVersion.WithKind("AppEnvironment"), "", s.name) == nil {
			return "AppEnvironment " + s.name
		}
		return ""
	})
}

// text is an edit that gives a file this content.
func text(content string) func(string) string { return func(string) string { return content } }

// replaced is an edit that replaces a part of a file.
func replaced(before, after string) func(string) string {
	return func(content string) string { return strings.Replace(content, before, after, 1) }
}

// example is a file of the example's environments, with the scenario's repository for that of hoge.
func (s *stage) example(name string) string {
	content, err := os.ReadFile(s.stack.Site.Dir.Path("config", "argocd", "platform", "examples", name))
	s.must(err)
	return strings.Replace(string(content), "https://github.com/example/hoge", s.repository.URL(), 1)
}

// syncedFromGit takes the example's two environments through what Argo CD can say of them.
func syncedFromGit(s *stage) {
	dev, prod := s.beside("hoge-dev"), s.beside("hoge-prod")
	const devFile, prodFile = "environments/hoge-dev.yaml", "environments/hoge-prod.yaml"
	store := fakeStore("platform", "hoge-prod-db")
	s.must(s.client.Create(s.ctx, store))

	s.commit("hoge-dev", map[string]func(string) string{devFile: text(s.example("hoge-dev.yaml"))})
	s.parent("Progressing") // its secret is not there yet
	s.must(s.addKey(s.ctx, "platform", "hoge-dev-db"))
	dev.runs("web", "registry.example.com/hoge/web:1.0.0")
	s.parent("Healthy")
	s.commit("an image that is none", map[string]func(string) string{devFile: replaced("{name: web, newName", "{name: wep, newName")})
	s.parent("Degraded")
	s.revert()
	s.parent("Healthy")
	s.commit("pause", map[string]func(string) string{devFile: replaced("spec:\n", "spec:\n  mode: Paused\n")})
	s.parent("Suspended")
	s.revert()
	s.parent("Healthy")

	prodText := strings.Replace(s.example("hoge-prod.yaml"), "targetRevision: main", "targetRevision: "+branch, 1)
	s.commit("hoge-prod", map[string]func(string) string{prodFile: text(prodText)})
	prod.arrives()
	prod.blocked("is synced by hand and never has been")
	s.parent("Progressing")
	s.syncApplication("hoge-web-prod")
	prod.runs("web", "registry.example.com/hoge/web:1.0.0")
	s.parent("Healthy")

	removedWithTwoWords(s, prod, prodFile)
	s.parent("Healthy")
	lastOne(s, dev, devFile)
	s.must(s.client.Delete(s.ctx, store))
}

// removedWithTwoWords: production leaves Git. Argo CD asks before it deletes, and the operator before it
// lets anything go.
func removedWithTwoWords(s, prod *stage, file string) {
	prod.remember()
	s.commit("no production any more", map[string]func(string) string{file: text("")})
	again := s.installed.noticing(environmentsApp)
	s.until(func() string {
		s.must(again(s.ctx))
		v, err := s.installed.verdict(s.ctx, environmentsApp)
		s.must(err)
		if v.phase == "Running" && strings.Contains(strings.ToLower(v.message), "waiting for pruning confirmation of") {
			return ""
		}
		return fmt.Sprintf("Argo CD to ask; it says %+v", v)
	})
	env := prod.read()
	if env.DeletionTimestamp != nil {
		s.Fatal("production is being deleted without a confirmation")
	}
	s.patch(env, map[string]any{"metadata": map[string]any{"annotations": map[string]any{
		v1alpha1.AnnotationConfirm: fmt.Sprintf("%s@%d", env.UID, env.Generation),
	}}})
	s.patch(blank(applications, argoNamespace, environmentsApp), map[string]any{"metadata": map[string]any{"annotations": map[string]any{
		"argocd.argoproj.io/deletion-approved": time.Now().UTC().Format(time.RFC3339),
	}}})
	prod.gone()
	prod.nothingLeft()
}

// lastOne: Argo CD does not remove the last object of an Application by itself, and so the last
// environment is deleted by hand.
func lastOne(s, dev *stage, file string) {
	s.commit("the last one", map[string]func(string) string{file: text("")})
	again := s.installed.noticing(environmentsApp)
	s.until(func() string {
		s.must(again(s.ctx))
		v, err := s.installed.verdict(s.ctx, environmentsApp)
		s.must(err)
		if v.sync == "OutOfSync" {
			return ""
		}
		return fmt.Sprintf("Argo CD to see that the last file is gone; it says %+v", v)
	})
	uid := dev.read().UID
	s.never(5*time.Second, func() string {
		live := s.get(v1alpha1.GroupVersion.WithKind("AppEnvironment"), "", dev.name)
		if live == nil || live.GetUID() != uid || live.GetDeletionTimestamp() != nil {
			return "Argo CD removes the last environment"
		}
		return ""
	})
	dev.removed()
	s.parent("Healthy")
}
