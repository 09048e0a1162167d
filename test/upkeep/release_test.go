package upkeep

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The files that say which release the tree is.
const (
	kustomization = "config/manager/kustomization.yaml"
	application   = "config/argocd/platform/appenv/operator.yaml"
	crd           = "config/crd/bases/platform.appenv.dev_appenvironments.yaml"
	released      = "test/compatibility/released.yaml"
)

// releasable is a repository with the script and this repository's own files, released as v0.9.0 and v0.10.0.
func releasable(t *testing.T) *shell {
	t.Helper()
	s := newShell(t)
	s.take(t, "hack/release.sh", kustomization, application, crd)
	s.write(t, released, "as it was\n")
	s.commit(t, "first")
	for _, tag := range []string{"v0.9.0", "v0.10.0", "v1.0.0-rc.1", "nightly"} {
		s.must(t, "git", "tag", tag)
	}
	return s
}

func TestAReleaseIsWrittenWhereTheVersionStands(t *testing.T) {
	s := releasable(t)
	before := map[string]string{}
	for _, file := range []string{kustomization, application} {
		before[file] = read(t, s.path(file))
	}
	got := s.must(t, "hack/release.sh", "v0.10.1")
	for file, key := range map[string]string{kustomization: "newTag", application: "targetRevision"} {
		lines := strings.Split(changed(before[file], read(t, s.path(file))), "\n")
		if len(lines) < 2 || !strings.Contains(lines[0], key+": v") || !strings.Contains(lines[1], key+": v0.10.1") || len(strings.TrimSpace(strings.Join(lines[2:], ""))) > 0 {
			t.Errorf("in %s changed:\n%s", file, strings.Join(lines, "\n"))
		}
	}
	if read(t, s.path(released)) != read(t, s.path(crd)) {
		t.Errorf("%s is not the CRD", released)
	}
	status := s.must(t, "git", "status", "--porcelain")
	want := " M " + application + "\n M " + kustomization + "\n M " + released + "\n"
	if diff := cmp.Diff(want, status); diff != "" {
		t.Errorf("other files changed (-want +got):\n%s", diff)
	}
	// What it prints is to be run as it stands, but for the push.
	_, commands, _ := strings.Cut(got, "\n\n")
	prepared, push, _ := strings.Cut(commands, "  git push")
	s.must(t, "bash", "-e", "-c", prepared)
	if s.must(t, "git", "status", "--porcelain") != "" || s.must(t, "git", "describe", "--exact-match") != "v0.10.1\n" {
		t.Errorf("after %s the tree is not the release", prepared)
	}
	// The tag first: until its image is there, main must not name it.
	if !strings.HasPrefix(push, " origin v0.10.1\n") || !strings.HasSuffix(push, "\n  git push origin HEAD\n") {
		t.Errorf("pushes %q", push)
	}
	if got := s.must(t, "hack/release.sh", "check", "v0.10.1"); got != "the tree is v0.10.1\n" {
		t.Errorf("says %q", got)
	}
	if subject := s.must(t, "git", "log", "-1", "--format=%s"); subject != "release: v0.10.1\n" {
		t.Errorf("the commit is called %q", subject)
	}
}

func TestATreeThatIsTheReleaseAlreadyNeedsATagOnly(t *testing.T) {
	s := releasable(t)
	s.must(t, "hack/release.sh", "v2.0.0")
	s.commit(t, "release: v2.0.0")
	if got := s.must(t, "hack/release.sh", "v2.0.0"); strings.Contains(got, "git commit") || !strings.Contains(got, "git tag -a v2.0.0") {
		t.Errorf("says\n%s", got)
	}
	first := newShell(t)
	first.take(t, "hack/release.sh", kustomization, application, crd)
	first.write(t, released, "")
	first.commit(t, "first")
	first.must(t, "hack/release.sh", "v0.0.1")
}

func TestABadReleaseIsRefusedAndNothingIsWritten(t *testing.T) {
	edit := func(file, from, to string) func(*testing.T, *shell) {
		return func(t *testing.T, s *shell) {
			text := read(t, s.path(file))
			if !strings.Contains(text, from) {
				t.Fatalf("%s has no %q", file, from)
			}
			s.write(t, file, strings.ReplaceAll(text, from, to))
			s.commit(t, "changed")
		}
	}
	remove := func(file string) func(*testing.T, *shell) {
		return func(t *testing.T, s *shell) {
			s.must(t, "git", "rm", "--quiet", file)
			s.commit(t, "removed")
		}
	}
	for name, test := range map[string]struct {
		before func(*testing.T, *shell)
		args   []string
		want   string
	}{
		"no version":                    {nil, nil, "give a version"},
		"an empty version":              {nil, []string{""}, "'' is no version"},
		"two versions":                  {nil, []string{"v1.0.0", "v1.0.1"}, "give a version"},
		"check without a tag":           {nil, []string{"check"}, "give a version, or check and a tag"},
		"a version without v":           {nil, []string{"1.0.0"}, "'1.0.0' is no version"},
		"a version of two numbers":      {nil, []string{"v1.0"}, "is no version"},
		"a leading zero":                {nil, []string{"v1.02.0"}, "is no version"},
		"a release candidate":           {nil, []string{"v1.0.0-rc.2"}, "is no version"},
		"a version with a script":       {nil, []string{"v1.0.0;touch x"}, "is no version"},
		"a version of two lines":        {nil, []string{"v1.0.0\nv1.0.1"}, "is no version"},
		"what git describe says":        {nil, []string{"v0.10.0-3-gabcdef0"}, "is no version"},
		"a tag that exists":             {nil, []string{"v0.10.0"}, "the tag v0.10.0 exists"},
		"a version that is not greater": {nil, []string{"v0.9.1"}, "v0.9.1 is not greater than v0.10.0"},
		"an untracked file": {
			func(t *testing.T, s *shell) { s.write(t, "x", "") }, []string{"v1.0.0"}, "not clean",
		},
		"a changed file": {
			func(t *testing.T, s *shell) { s.write(t, released, "other") }, []string{"v1.0.0"}, "not clean",
		},
		"no tag in the kustomization":    {edit(kustomization, "newTag:", "tag:"), []string{"v1.0.0"}, kustomization + " must have exactly one newTag"},
		"two revisions":                  {edit(application, "    path: config/default\n", "    path: config/default\n  x:\n    targetRevision: v1\n"), []string{"v1.0.0"}, application + " must have exactly one targetRevision"},
		"an application that is missing": {remove(application), []string{"v1.0.0"}, application + " is missing"},
		"a CRD that is missing":          {remove(crd), []string{"v1.0.0"}, crd + " is missing"},
		"nowhere to keep the CRD":        {remove(released), []string{"v1.0.0"}, "test/compatibility is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := releasable(t)
			if test.before != nil {
				test.before(t, s)
			}
			state := func() string { return s.must(t, "git", "status", "--porcelain") + s.must(t, "git", "diff") }
			before := state()
			got := s.run(t, "hack/release.sh", test.args...)
			if got.code != 1 || got.stdout != "" || !strings.Contains(got.stderr, test.want) {
				t.Errorf("ended with %d, says %q, not %q", got.code, got.stdout+got.stderr, test.want)
			}
			if diff := cmp.Diff(before, state()); diff != "" {
				t.Errorf("(-before +after):\n%s", diff)
			}
		})
	}
}

func TestATagMustBeWhatTheTreeSays(t *testing.T) {
	s := releasable(t)
	s.must(t, "hack/release.sh", "v1.2.3")
	for name, test := range map[string]struct {
		tag    string
		file   string // changed for this case
		change func(text string) string
		want   string
	}{
		"another tag":        {tag: "v1.2.4", want: kustomization + ": newTag is v1.2.3 and not v1.2.4\n" + application + ": targetRevision is v1.2.3 and not v1.2.4\n"},
		"no release":         {tag: "v1.2.3-rc.1", want: "v1.2.3-rc.1 is no release"},
		"an older image":     {"v1.2.3", kustomization, func(text string) string { return strings.Replace(text, "v1.2.3", "v1.2.2", 1) }, kustomization + ": newTag is v1.2.2 and not v1.2.3\n"},
		"an older revision":  {"v1.2.3", application, func(text string) string { return strings.Replace(text, "v1.2.3", "v1.2.2", 1) }, application + ": targetRevision is v1.2.2 and not v1.2.3\n"},
		"no revision":        {"v1.2.3", application, func(string) string { return "" }, application + " must have exactly one targetRevision"},
		"a CRD that went on": {"v1.2.3", crd, func(text string) string { return text + "# more\n" }, released + " is not the CRD of this release"},
	} {
		t.Run(name, func(t *testing.T) {
			if test.file != "" {
				text := read(t, s.path(test.file))
				s.write(t, test.file, test.change(text))
				defer s.write(t, test.file, text)
			}
			got := s.run(t, "hack/release.sh", "check", test.tag)
			if got.code != 1 || got.stdout != "" || !strings.Contains(got.stderr, test.want) {
				t.Errorf("ended with %d, says %q, not %q", got.code, got.stdout+got.stderr, test.want)
			}
		})
	}
	s.must(t, "hack/release.sh", "check", "v1.2.3")
}
