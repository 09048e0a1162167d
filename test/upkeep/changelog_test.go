package upkeep

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// history is a repository with the script, two releases and commits after them.
func history(t *testing.T) *shell {
	t.Helper()
	s := newShell(t)
	s.take(t, "hack/changelog.sh")
	s.commit(t, "api: the first version")
	s.must(t, "git", "tag", "v0.1.0")
	for _, subject := range []string{"test, hack: checks that could pass", "controller: waits", "What a review found", "release: v0.2.0"} {
		s.commit(t, subject)
	}
	s.must(t, "git", "tag", "v0.2.0")
	s.must(t, "git", "tag", "nightly")
	for _, subject := range []string{
		"e2e and explanations: what a review found", "api: a field", "config/policy: refuses `a*b` and a*b, <c> [d]",
		"status: a | b", "controller: the older", "hack/sabotage: results", "hack/sabotage: results", "controller: the newer: with a colon",
		"A sentence that has a colon: not an area", "component: what\tit wants", "apply: owner", "config: a flag", "README: more",
	} {
		s.commit(t, subject)
	}
	s.must(t, "git", "switch", "--quiet", "--create", "side", "HEAD~3")
	s.commit(t, "demo: on a branch")
	s.must(t, "git", "switch", "--quiet", "main")
	s.must(t, "git", "merge", "--quiet", "--no-ff", "--message", "api: a merge, not a change", "side")
	return s
}

func TestTheChangelogIsGroupedByArea(t *testing.T) {
	s := history(t)
	unreleased := `## Unreleased

### api

- a field

### config

- a flag

### config/policy

- refuses ` + "`a*b`" + ` and a\*b, \<c> \[d]

### component

- what	it wants

### controller

- the newer: with a colon
- the older

### status

- a | b

### apply

- owner

### README

- more

### demo

- on a branch

### e2e and explanations

- what a review found

### hack/sabotage

- results

### Everything else

- A sentence that has a colon: not an area
`
	second := "\n### controller\n\n- waits\n\n### test, hack\n\n- checks that could pass\n\n### Everything else\n\n- What a review found\n"
	first := "\n### api\n\n- the first version\n"
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"since the last release":           {nil, unreleased},
		"since the last release, spelt":    {[]string{"v0.2.0", "HEAD"}, unreleased},
		"what a release brought":           {[]string{"v0.1.0", "v0.2.0"}, "## v0.2.0\n" + second},
		"a release and the one before it":  {[]string{"", "v0.2.0"}, "## v0.2.0\n" + second},
		"the first release":                {[]string{"", "v0.1.0"}, "## v0.1.0\n" + first},
		"a tag that is no release's start": {[]string{"nightly"}, unreleased},
		"nothing":                          {[]string{"HEAD", "HEAD"}, "## Unreleased\n\nNothing changed.\n"},
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 { // the same each time
				if diff := cmp.Diff(test.want, s.must(t, "hack/changelog.sh", test.args...)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
		})
	}
	s.must(t, "git", "tag", "v0.3.0")
	if got := s.must(t, "hack/changelog.sh"); got != strings.Replace(unreleased, "Unreleased", "v0.3.0", 1) {
		t.Errorf("at a tag it prints\n%s", got)
	}
}

func TestTheChangelogRefusesWhatItCannotCompare(t *testing.T) {
	s := history(t)
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"a tag that is not there":  {[]string{"v9.9.9"}, "v9.9.9 is neither a tag nor a commit"},
		"an end that is not there": {[]string{"v0.1.0", "v9.9.9"}, "v9.9.9 is neither a tag nor a commit"},
		"an option":                {[]string{"--all"}, "--all is no tag"},
		"tags the wrong way":       {[]string{"v0.2.0", "v0.1.0"}, "v0.2.0 does not come before v0.1.0"},
		"three tags":               {[]string{"a", "b", "c"}, "at most two"},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.run(t, "hack/changelog.sh", test.args...)
			if got.code != 2 || got.stdout != "" || !strings.Contains(got.stderr, test.want) {
				t.Errorf("ended with %d, says %q, not %q", got.code, got.stdout+got.stderr, test.want)
			}
		})
	}
	shallow := newShell(t)
	shallow.must(t, "git", "fetch", "--quiet", "--depth=2", "file://"+s.dir, "main")
	shallow.must(t, "git", "switch", "--quiet", "--detach", "FETCH_HEAD")
	if got := shallow.run(t, "hack/changelog.sh"); got.code != 2 || !strings.Contains(got.stderr, "shallow") {
		t.Errorf("in a shallow clone it ends with %d: %s%s", got.code, got.stdout, got.stderr)
	}
}

func TestTheChangelogOfThisRepositoryIsWritten(t *testing.T) {
	s := &shell{dir: root, env: newShell(t).env}
	if s.run(t, "git", "rev-parse", "HEAD").code != 0 || s.must(t, "git", "rev-parse", "--is-shallow-repository") != "false\n" {
		t.Skip("there is no history here")
	}
	if got := s.must(t, "hack/changelog.sh"); !strings.HasPrefix(got, "## ") {
		t.Errorf("it is %q", got)
	}
}
