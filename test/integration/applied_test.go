package integration

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

const appliedFile = `
apiVersion: platform.appenv.dev/v1alpha1
kind: AppEnvironment
metadata:
  name: NAME
  annotations: {example.com/ticket: "1"}
spec:
  application: NAME
  environment: dev
  labels: {owner: team-hoge}
  namespaces:
  - name: it-NAME
  source: {repoURL: REPOSITORY, targetRevision: development, path: "deploy/{app}"}
  apps:
  - name: web
  sync: {automated: {prune: true}}
`

// A diff foretells what kubectl apply makes of the environment itself: what the file leaves out goes if a file has had it,
// and stays if somebody has set it by hand.
func TestADiffForetellsWhatKubectlApplyDoes(t *testing.T) {
	t.Parallel()
	want := []string{ // no line of what was set by hand
		`-    example.com/ticket: "1"`, "-  - name: web", "+  - name: worker", "-  labels:", "-    owner: team-hoge"}
	for way, c := range map[string]struct {
		name    string
		command []string
	}{
		"client-side": {"applied-by-client", []string{"apply", "-f", "-"}},
		"server-side": {"applied-by-server", []string{"apply", "--server-side", "-f", "-"}},
	} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			text, without := appliedFiles(c.name)
			kubectl(t, text, c.command...)
			t.Cleanup(func() { removeProtected(t, c.name) })
			plane.WaitReady(t, c.name)
			kubectl(t, "", "patch", "appenv", c.name, "--type=merge", "-p", setByHand)
			kubectl(t, "", "annotate", "appenv", c.name, "example.com/by-hand=1")

			code, out, failures := plugin(t, without, "diff", "-f", "-")
			if diff := cmp.Diff(want, ownLines(out)); code != 1 || diff != "" {
				t.Errorf("ended with %d, and tells of the environment itself (-want +got):\n%s%s", code, diff, failures)
			}
			kubectl(t, without, c.command...)
			if code, out, failures := plugin(t, without, "diff", "-f", "-"); len(ownLines(out)) > 0 {
				t.Errorf("of what has been applied: %d\n%s%s", code, out, failures)
			}
			if env := plane.Environment(t, c.name); env.Spec.Protection != v1alpha1.ProtectionConfirm || env.Spec.Mode != v1alpha1.ModeObserve || env.Spec.Labels != nil {
				t.Errorf("it has become %+v", env.Spec)
			}
		})
	}
}

// An environment that nobody has applied becomes what the file says. Its mode stays where the file has none, but the
// protection that the file does not have would end, which the policies refuse.
func TestADiffOfWhatNobodyHasAppliedReplacesIt(t *testing.T) {
	t.Parallel()
	const name = "created-only"
	text, without := appliedFiles(name)
	kubectl(t, text, "create", "-f", "-")
	t.Cleanup(func() { removeProtected(t, name) })
	plane.WaitReady(t, name)
	kubectl(t, "", "patch", "appenv", name, "--type=merge", "-p", `{"spec":{"mode":"Observe"}}`)
	want := []string{"-  - name: web", "+  - name: worker", "-  labels:", "-    owner: team-hoge"}
	code, out, failures := plugin(t, without, "diff", "-f", "-")
	if diff := cmp.Diff(want, ownLines(out)); code != 1 || diff != "" {
		t.Errorf("ended with %d, and tells of the environment itself (-want +got):\n%s%s", code, diff, failures)
	}
	kubectl(t, "", "patch", "appenv", name, "--type=merge", "-p", setByHand)
	code, out, failures = plugin(t, without, "diff", "-f", "-")
	if code != 1 || !strings.Contains(out, "AppEnvironment "+name+": refused\n") || !strings.Contains(out, "protection") {
		t.Errorf("the end of the protection is not refused: %d\n%s%s", code, out, failures)
	}
}

func removeProtected(t *testing.T, name string) {
	t.Helper()
	kubectl(t, "", "patch", "appenv", name, "--type=merge", "-p", `{"spec":{"mode":"Enforce"}}`)
	plane.WaitFor(t, name) // for what waits to be known
	pluginSays(t, 0, nil, "confirm", name, "deletion")
	kubectl(t, "", "delete", "appenv", name, "--wait=false")
}

const setByHand = `{"spec":{"protection":"Confirm","mode":"Observe"}}`

// appliedFiles are a file, and the same without some of it.
func appliedFiles(name string) (whole, without string) {
	whole = strings.NewReplacer("NAME", name, "REPOSITORY", fixture.Repository).Replace(appliedFile)
	return whole, strings.NewReplacer("\n  labels: {owner: team-hoge}", "", "\n  annotations: {example.com/ticket: \"1\"}", "", "- name: web", "- name: worker").Replace(whole)
}

// ownLines are the lines that are taken away and added in the first part of a diff, that of the environment itself.
func ownLines(diff string) []string {
	var lines []string
	for line := range strings.Lines(diff) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case slices.ContainsFunc([]string{"change ", "create ", "delete ", "refuse "}, func(verb string) bool { return strings.HasPrefix(line, verb) }):
			return lines
		case strings.HasPrefix(line, "--- "), strings.HasPrefix(line, "+++ "):
		case strings.HasPrefix(line, "-"), strings.HasPrefix(line, "+"):
			lines = append(lines, line)
		}
	}
	return lines
}

// kubectl is the real one.
func kubectl(t *testing.T, in string, arguments ...string) {
	t.Helper()
	if out, err := runKubectl(t, in, arguments...); err != nil {
		t.Fatalf("kubectl %s: %v\n%s", strings.Join(arguments, " "), err, out)
	}
}

func runKubectl(t *testing.T, in string, arguments ...string) (string, error) {
	t.Helper()
	command := exec.CommandContext(context.WithoutCancel(t.Context()), filepath.Join(os.Getenv("KUBEBUILDER_ASSETS"), "kubectl"), //nolint:gosec // the binary that the tests build
		append([]string{"--kubeconfig", kubeconfigOf(t, plane.Admin())}, arguments...)...)
	command.Stdin = strings.NewReader(in)
	out, err := command.CombinedOutput()
	return string(out), err
}
