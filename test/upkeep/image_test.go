package upkeep

import (
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	digest      = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	otherDigest = "sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
)

// An order is what somebody asks the image workflow for.
type order struct{ environment, app, image, tag, digest string }

func (o order) env() []string {
	return []string{"ENVIRONMENT=" + o.environment, "APP=" + o.app, "IMAGE=" + o.image, "TAG=" + o.tag, "DIGEST=" + o.digest}
}

// platform is a platform repository with the samples, and one more file where content is given.
func platform(t *testing.T, content string) *shell {
	t.Helper()
	s := newShell(t)
	for _, path := range glob(t, "config/samples/*.yaml") {
		s.write(t, "environments/"+filepath.Base(path), read(t, path))
	}
	if content != "" {
		s.write(t, "environments/more.yaml", content)
	}
	s.commit(t, "environments")
	return s
}

// edit runs the step that edits. output is what it hands on to the next one.
func (s *shell) edit(t *testing.T, o order) (got result, output string) {
	t.Helper()
	text, env := script(t, "image.yml", "image", "edit")
	s.write(t, "output", "")
	got = s.with(append(append(env, o.env()...), "GITHUB_OUTPUT="+s.path("output"))...).step(t, text)
	return got, read(t, s.path("output"))
}

// changed are the lines that differ: those that went with -, those that came with +.
func changed(before, after string) string {
	old, now := strings.SplitAfter(before, "\n"), strings.SplitAfter(after, "\n")
	for len(old) > 0 && len(now) > 0 && old[0] == now[0] {
		old, now = old[1:], now[1:]
	}
	for len(old) > 0 && len(now) > 0 && old[len(old)-1] == now[len(now)-1] {
		old, now = old[:len(old)-1], now[:len(now)-1]
	}
	var out strings.Builder
	for _, line := range old {
		out.WriteString("-" + line)
	}
	for _, line := range now {
		out.WriteString("+" + line)
	}
	return out.String()
}

// environment is a small one, called more, with the lines of its apps.
func environment(apps string) string {
	return `# Ours.
apiVersion: platform.appenv.dev/v1alpha1
kind: AppEnvironment
metadata:
  name: more   # a comment
spec:
  apps:
` + apps + `  # The end.
  sync:
    automated: {}
`
}

func TestAnImageIsSetAndNothingElseChanges(t *testing.T) {
	const registry = "asia-northeast1-docker.pkg.dev/p/r/app1"
	for name, test := range map[string]struct {
		file    string // more.yaml when empty
		content string // of more.yaml
		order   order
		diff    string
	}{
		"a tag within an entry of one line": {file: "hoge-dev.yaml", order: order{"hoge-dev", "app1", "app1", "4a5b6c7", ""}, diff: `
-    - {name: app1, newName: ` + registry + `, newTag: 3f2c1ab}
+    - {name: app1, newName: ` + registry + `, newTag: "4a5b6c7"}
`},
		"a tag that was quoted": {file: "hoge-prod.yaml", order: order{"hoge-prod", "app1", "app1", "1.10", ""}, diff: `
-    - {name: app1, newName: ` + registry + `, newTag: "1.0"}
+    - {name: app1, newName: ` + registry + `, newTag: "1.10"}
`},
		"a digest instead of a tag": {file: "hoge-prod.yaml", order: order{"hoge-prod", "app1", "app1", "", digest}, diff: `
-    - {name: app1, newName: ` + registry + `, newTag: "1.0"}
+    - {name: app1, newName: ` + registry + `, digest: ` + digest + `}
`},
		"the first image of an app": {file: "hoge-dev.yaml", order: order{"hoge-dev", "db-migration", "registry.example.com:5000/p/db", "1", ""}, diff: `
+    images: [{name: registry.example.com:5000/p/db, newTag: "1"}]
`},
		"one more image of an app": {file: "hoge-dev.yaml", order: order{"hoge-dev", "app1", "sidecar", "2", ""}, diff: `
+    - {name: sidecar, newTag: "2"}
`},
		"a tag on a line of its own, with a comment": {
			content: environment("  - name: web\n    images:\n    # Built elsewhere.\n    - name: web\n      newTag: v1   # set by the build\n      newName: r/web\n"),
			order:   order{"more", "web", "web", "v2", ""}, diff: `
-      newTag: v1   # set by the build
+      newTag: "v2"   # set by the build
`},
		"a tag instead of a digest that stands first": {
			content: environment("  - name: web\n    images:\n    - digest: '" + digest + "'\n      name: web\n"),
			order:   order{"more", "web", "web", "v2", ""}, diff: `
-    - digest: '` + digest + `'
+    - newTag: "v2"
`},
		"another digest": {
			content: environment("  - name: web\n    images:\n    - {name: web, digest: " + digest + "}\n"),
			order:   order{"more", "web", "web", "", otherDigest}, diff: `
-    - {name: web, digest: ` + digest + `}
+    - {name: web, digest: ` + otherDigest + `}
`},
		"an entry without tag and digest": {
			content: environment("  - name: web\n    images:\n    - name: web # ours\n      newName: r/web\n"),
			order:   order{"more", "web", "web", "v2", ""}, diff: `
+      newTag: "v2"
`},
		"an entry of one line without tag and digest": {
			content: environment("  - name: web\n    images:\n    - {name: 'web', newName: r/web}\n"),
			order:   order{"more", "web", "web", "v2", ""}, diff: `
-    - {name: 'web', newName: r/web}
+    - {name: 'web', newTag: "v2", newName: r/web}
`},
		"a list in brackets": {
			content: environment("  - name: web\n    images: [{name: web, newTag: v1}]\n"),
			order:   order{"more", "web", "other", "v2", ""}, diff: `
-    images: [{name: web, newTag: v1}]
+    images: [{name: other, newTag: "v2"}, {name: web, newTag: v1}]
`},
		"an empty list": {
			content: environment("  - name: web\n    images: []\n"),
			order:   order{"more", "web", "web", "v2", ""}, diff: `
-    images: []
+    images: [{name: web, newTag: "v2"}]
`},
		"an app of one line": {
			content: environment("  - {path: p, name: \"web\", targetRevision: main}\n"),
			order:   order{"more", "web", "web", "v2", ""}, diff: `
-  - {path: p, name: "web", targetRevision: main}
+  - {path: p, name: "web", images: [{name: web, newTag: "v2"}], targetRevision: main}
`},
		"a list that is indented, below a comment": {
			content: environment("    - name: web\n      images:\n        # Kept with its entry.\n        -   name: web\n            newTag: v1\n"),
			order:   order{"more", "web", "other", "v2", ""}, diff: `
+        - {name: other, newTag: "v2"}
`},
		"an app between others with the same image": {
			content: environment("  - name: a\n    images: [{name: x, newTag: v1}]\n  - name: b\n    images: [{name: x, newTag: v1}]\n  - name: c\n    images: [{name: x, newTag: v1}]\n"),
			order:   order{"more", "b", "x", "v2", ""}, diff: `
-    images: [{name: x, newTag: v1}]
+    images: [{name: x, newTag: "v2"}]
`},
		"letters of more than one byte before it": {
			content: environment("  - {path: \"päß/環境\", name: web, images: [{name: web, newTag: v1}]}\n"),
			order:   order{"more", "web", "web", "v2", ""}, diff: `
-  - {path: "päß/環境", name: web, images: [{name: web, newTag: v1}]}
+  - {path: "päß/環境", name: web, images: [{name: web, newTag: "v2"}]}
`},
		"a tag that looks like a number": {
			content: environment("  - name: web\n    images:\n    - {name: web, newTag: 1.0}\n"),
			order:   order{"more", "web", "web", "1234e56", ""}, diff: `
-    - {name: web, newTag: 1.0}
+    - {name: web, newTag: "1234e56"}
`},
		"a tag that repeats another": {
			content: environment("  - name: web\n    images:\n    - {name: web, newTag: &tag v1}\n  - name: worker\n    images:\n    - {name: worker, newTag: *tag}\n"),
			order:   order{"more", "worker", "worker", "v2", ""}, diff: `
-    - {name: worker, newTag: *tag}
+    - {name: worker, newTag: "v2"}
`},
		"the second document of a file": {
			content: "---\nkind: ConfigMap\nmetadata: {name: more}\n---\n# Ours.\n" + environment("  - name: web\n    images:\n    - {name: web, newTag: v1}\n"),
			order:   order{"more", "web", "web", "v2", ""}, diff: `
-    - {name: web, newTag: v1}
+    - {name: web, newTag: "v2"}
`},
		"a file with the line ends of Windows": {
			content: strings.ReplaceAll(environment("  - name: web\n    images:\n    - {name: web, newTag: v1}\n"), "\n", "\r\n"),
			order:   order{"more", "web", "web", "v2", ""}, diff: "\n-    - {name: web, newTag: v1}\r\n+    - {name: web, newTag: \"v2\"}\r\n"},
		"a file without a last line end": {
			content: "kind: AppEnvironment\nmetadata: {name: more}\nspec: {apps: [{name: web, images: [{name: web, newTag: v1}]}]}",
			order:   order{"more", "web", "web", "v2", ""}, diff: "\n-spec: {apps: [{name: web, images: [{name: web, newTag: v1}]}]}+spec: {apps: [{name: web, images: [{name: web, newTag: \"v2\"}]}]}"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := platform(t, test.content)
			if test.file == "" {
				test.file = "more.yaml"
			}
			before := s.environments(t)
			got, output := s.edit(t, test.order)
			if got.code != 0 {
				t.Fatalf("ended with %d:\n%s%s", got.code, got.stdout, got.stderr)
			}
			after := s.environments(t)
			if diff := cmp.Diff(strings.TrimPrefix(test.diff, "\n"), changed(before[test.file], after[test.file])); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if want := "file=environments/" + test.file + "\n"; output != want {
				t.Errorf("hands on %q, want %q", output, want)
			}
			again, output := s.edit(t, test.order)
			if again.code != 0 || output != "" || !strings.Contains(again.stdout, "already") {
				t.Errorf("the second time it ends with %d, says %q and hands on %q", again.code, again.stdout, output)
			}
			if diff := cmp.Diff(after, s.environments(t)); diff != "" {
				t.Errorf("the second time changes (-after the first +now):\n%s", diff)
			}
			before[test.file] = after[test.file]
			if !maps.Equal(before, after) {
				t.Error("other files changed")
			}
		})
	}
}

func TestTheExamplesOfAPlatformRepositoryCanBeEdited(t *testing.T) {
	s := newShell(t)
	s.write(t, "environments/README.md", "")
	if got, _ := s.edit(t, order{"hoge-dev", "web", "web", "v2", ""}); got.code != 1 || !strings.Contains(got.stdout, "no file in environments has an AppEnvironment hoge-dev") {
		t.Errorf("without an environment it ends with %d and says %s", got.code, got.stdout)
	}
	for _, path := range glob(t, "config/argocd/platform/examples/*.yaml") {
		s.write(t, "environments/"+filepath.Base(path), read(t, path))
	}
	s.commit(t, "environments")
	before := s.environments(t)
	got, _ := s.edit(t, order{"hoge-dev", "web", "web", "2.0.0", ""})
	diff := changed(before["hoge-dev.yaml"], s.environments(t)["hoge-dev.yaml"])
	if got.code != 0 || strings.Count(diff, "\n") != 2 || !strings.Contains(diff, `newTag: "2.0.0"}`) {
		t.Errorf("ended with %d and changed\n%s%s", got.code, diff, got.stdout)
	}
}
