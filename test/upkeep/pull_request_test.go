package upkeep

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// hub plays GitHub's command line: it writes down what it is asked for, and knows at most one pull request.
const hub = `#!/usr/bin/env bash
printf '%s\n' "$*" >>"$HUB/asked"
case "$1 $2" in
  "pr list") cat "$HUB/open" ;;
  "pr create") echo https://example.com/pull/1 ;;
  *) exit 3 ;;
esac
`

// withHub is the shell with a remote to push to and the stand-in for GitHub's command line.
func withHub(t *testing.T, s *shell) *shell {
	t.Helper()
	remote := t.TempDir()
	s.must(t, "git", "init", "--quiet", "--bare", "--initial-branch=main", remote)
	s.must(t, "git", "remote", "add", "origin", remote)
	s.must(t, "git", "push", "--quiet", "origin", "main")
	bin := newShell(t)
	bin.write(t, "gh", hub)
	bin.write(t, "open", "")
	bin.write(t, "asked", "")
	bin.must(t, "chmod", "+x", "gh")
	path, _ := strings.CutPrefix(s.env[0], "PATH=")
	return s.with("PATH="+bin.dir+":"+path, "HUB="+bin.dir, "GH_TOKEN=token", "BASE=main", "FILE=environments/hoge-dev.yaml")
}

// open runs the step that opens the pull request, on a fresh copy of main with the file edited, and returns
// what GitHub was asked for.
func (s *shell) open(t *testing.T, o order) (got result, asked []string) {
	t.Helper()
	s.must(t, "git", "switch", "--quiet", "--discard-changes", "main")
	if edited, _ := s.edit(t, o); edited.code != 0 {
		t.Fatal(edited.stdout, edited.stderr)
	}
	text, env := script(t, "image.yml", "image", "open")
	s = s.with(append(env, o.env()...)...)
	s.must(t, "bash", "-c", `: >"$HUB/asked"`)
	got = s.step(t, text)
	return got, strings.Split(strings.TrimSpace(s.must(t, "bash", "-c", `cat "$HUB/asked"`)), "\n")
}

func TestAPullRequestHasTheEditAndNothingElse(t *testing.T) {
	s := withHub(t, platform(t, ""))
	o := order{"hoge-dev", "app1", "app1", "4a5b6c7", ""}
	got, asked := s.open(t, o)
	if got.code != 0 || len(asked) != 2 {
		t.Fatalf("ended with %d, asked for %q:\n%s%s", got.code, asked, got.stdout, got.stderr)
	}
	branches := s.must(t, "git", "for-each-ref", "--format=%(refname:short)", "refs/heads/image")
	branch := strings.TrimSpace(branches)
	if !strings.HasPrefix(branch, "image/hoge-dev-app1-") || strings.Contains(branch, "\n") {
		t.Fatalf("the branches are %q", branches)
	}
	want := []string{
		"pr list --head " + branch + " --base main --state open --json url --jq .[].url",
		"pr create --head " + branch + " --base main --title hoge-dev: app1 runs app1 4a5b6c7" +
			" --body Argo CD applies it once this is merged. To go back, revert this pull request.",
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("(-want +asked for):\n%s", diff)
	}
	show := s.must(t, "git", "show", "--format=%s <%ae>", "--stat=100", "--no-renames", "origin/"+branch)
	if !strings.HasPrefix(show, "hoge-dev: app1 runs app1 4a5b6c7 <41898282+") || !strings.Contains(show, "1 file changed, 1 insertion(+), 1 deletion(-)") {
		t.Errorf("what was pushed is\n%s", show)
	}
	if got := s.must(t, "git", "rev-parse", "origin/"+branch+"^", "origin/main"); got[:40] != got[41:81] {
		t.Error("the branch does not begin at main")
	}
}

func TestAChangeHasOneBranchAndOnePullRequest(t *testing.T) {
	s := withHub(t, platform(t, ""))
	o := order{"hoge-dev", "app1", "app1", "4a5b6c7", ""}
	heads := func() string { return s.must(t, "git", "ls-remote", "--heads", "origin") }
	if got, _ := s.open(t, o); got.code != 0 {
		t.Fatal(got.stdout, got.stderr)
	}
	first := heads()

	// An earlier run ended between the push and the pull request, and main has moved on since.
	s.must(t, "git", "switch", "--quiet", "main")
	s.must(t, "bash", "-c", "git branch --quiet -D $(git branch --list 'image/*' --format '%(refname:short)')")
	s.write(t, "README.md", "new\n")
	s.must(t, "git", "add", "README.md")
	s.must(t, "git", "commit", "--quiet", "--message", "more")
	got, asked := s.open(t, o)
	second := heads()
	if got.code != 0 || len(asked) != 2 || first == second || strings.Count(first, "\n") != strings.Count(second, "\n") {
		t.Errorf("ended with %d, asked for %q, heads %s then %s%s", got.code, asked, first, second, got.stderr)
	}

	s.must(t, "bash", "-c", `echo https://example.com/pull/1 >"$HUB/open"`)
	got, asked = s.open(t, o)
	if got.code != 0 || len(asked) != 1 || heads() != second || !strings.Contains(got.stdout, "it waits already: https://example.com/pull/1") {
		t.Errorf("with an open pull request it ends with %d, asks for %q, says %s", got.code, asked, got.stdout)
	}

	s.must(t, "bash", "-c", `: >"$HUB/open"`)
	o.tag = "other"
	if got, _ = s.open(t, o); got.code != 0 || strings.Count(heads(), "\n") != strings.Count(second, "\n")+1 {
		t.Errorf("another tag has no branch of its own: %s", heads())
	}
}

func TestResultsOfTheSabotageAreCommittedWhenTheyDiffer(t *testing.T) {
	s := newShell(t)
	s.write(t, "hack/sabotage/RESULTS.md", "old\n")
	s.commit(t, "first")
	s = withHub(t, s)
	text, env := script(t, "sabotage.yml", "results", "keep")
	s = s.with(env...)
	for _, step := range []struct {
		content string
		commits string
	}{{"old\n", "1\n"}, {"new\n", "2\n"}, {"new\n", "2\n"}} {
		s.write(t, "hack/sabotage/RESULTS.md", step.content)
		if got := s.step(t, text); got.code != 0 {
			t.Fatal(got.stdout, got.stderr)
		}
		if got := s.must(t, "git", "rev-list", "--count", "origin/main"); got != step.commits {
			t.Errorf("with %q main has %s commits, want %s", step.content, got, step.commits)
		}
	}
}
