package upkeep

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rhysd/actionlint"
)

// actions are what workflows may use, each at one version everywhere.
var actions = []string{
	"actions/cache@v5",
	"actions/checkout@v6",
	"actions/download-artifact@v8",
	"actions/setup-go@v6",
	"actions/upload-artifact@v7",
	"docker/build-push-action@v7",
	"docker/setup-buildx-action@v4",
	"sigstore/cosign-installer@v4.1.2", // publishes no moving tag of this major
}

// granted is what each job may do.
var granted = map[string]string{
	"e2e.yml e2e":                   "contents: read",
	"image.yml image":               "contents: write, pull-requests: write",
	"release.yml check":             "contents: read",
	"release.yml e2e":               "contents: read",
	"release.yml image":             "contents: read, id-token: write, packages: write",
	"release.yml release":           "contents: write",
	"release.yml supply-chain":      "contents: read",
	"release.yml test":              "contents: read",
	"sabotage.yml results":          "contents: write",
	"sabotage.yml sabotage":         "contents: read",
	"supply-chain.yml supply-chain": "contents: read",
	"test.yml test":                 "contents: read",
	"test.yml verify":               "contents: read",
}

// Folders with workflows: ours, and the one that users copy.
var workflowFolders = []string{"", "config/argocd/platform"}

// workflows are all of them, by file name.
func workflows(t *testing.T) map[string]*actionlint.Workflow {
	t.Helper()
	found := map[string]*actionlint.Workflow{}
	for _, folder := range workflowFolders {
		for _, path := range glob(t, filepath.Join(folder, ".github/workflows/*")) {
			found[filepath.Base(path)] = parse(t, read(t, path))
		}
	}
	return found
}

func parse(t *testing.T, text string) *actionlint.Workflow {
	t.Helper()
	workflow, problems := actionlint.Parse([]byte(text))
	for _, problem := range problems {
		t.Error(problem)
	}
	if workflow == nil {
		t.FailNow()
	}
	return workflow
}

func TestWorkflowsPassActionlint(t *testing.T) {
	for _, folder := range workflowFolders {
		home, err := filepath.Abs(filepath.Join(root, folder))
		if err != nil {
			t.Fatal(err)
		}
		project, err := actionlint.NewProject(home)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range glob(t, filepath.Join(folder, ".github/workflows/*")) {
			for _, problem := range lint(t, path, read(t, path), project) {
				t.Error(problem)
			}
		}
	}
}

// lint is what actionlint says. It looks into expressions and inputs, not into shell scripts.
func lint(t *testing.T, path, text string, project *actionlint.Project) []*actionlint.Error {
	t.Helper()
	linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	problems, err := linter.Lint(path, []byte(text), project)
	if err != nil {
		t.Fatal(err)
	}
	return problems
}

func TestWorkflowsAreCareful(t *testing.T) {
	for name, workflow := range workflows(t) {
		for _, finding := range careless(workflow) {
			t.Errorf("%s: %s", name, finding)
		}
	}
}

func TestJobsMayDoOnlyWhatTheyMust(t *testing.T) {
	got := map[string]string{}
	for name, workflow := range workflows(t) {
		for id, job := range workflow.Jobs {
			got[name+" "+id] = permissions(job.Permissions)
		}
	}
	if diff := cmp.Diff(granted, got); diff != "" {
		t.Errorf("(-granted here +in the workflows):\n%s", diff)
	}
}

func permissions(p *actionlint.Permissions) string {
	if p == nil {
		return "the defaults"
	}
	if p.All != nil {
		return p.All.Value
	}
	var all []string
	for _, scope := range p.Scopes {
		all = append(all, scope.Name.Value+": "+scope.Value.Value)
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// careless is what a workflow lacks.
func careless(workflow *actionlint.Workflow) []string {
	var found []string
	if permissions(workflow.Permissions) != "" {
		found = append(found, "permissions at the top must be {}: each job asks for its own")
	}
	if workflow.Concurrency == nil {
		found = append(found, "no concurrency group")
	}
	for id, job := range workflow.Jobs {
		if job.Permissions == nil {
			found = append(found, id+" has no permissions of its own")
		}
		if job.TimeoutMinutes == nil && job.WorkflowCall == nil {
			found = append(found, id+" has no timeout-minutes")
		}
		if call := job.WorkflowCall; call != nil && !strings.HasPrefix(call.Uses.Value, "./") {
			found = append(found, id+" calls a workflow of others")
		}
		for _, step := range job.Steps {
			found = append(found, carelessStep(id, step)...)
		}
	}
	return found
}

func carelessStep(job string, step *actionlint.Step) []string {
	var found []string
	switch exec := step.Exec.(type) {
	case *actionlint.ExecRun:
		// What is put into a script before it runs can be a script of its own.
		if strings.Contains(exec.Run.Value, "${{") {
			found = append(found, fmt.Sprintf("%s: an expression in a script: %q", job, exec.Run.Value))
		}
	case *actionlint.ExecAction:
		if !slices.Contains(actions, exec.Uses.Value) {
			found = append(found, job+": "+exec.Uses.Value+" is not in the list of actions")
		}
		if persist := exec.Inputs["persist-credentials"]; strings.HasPrefix(exec.Uses.Value, "actions/checkout@") && (persist == nil || persist.Value.Value != "false") {
			found = append(found, job+": the checkout leaves credentials behind")
		}
	}
	return found
}

func TestEveryListedActionIsUsed(t *testing.T) {
	used := map[string]bool{}
	for _, workflow := range workflows(t) {
		for _, job := range workflow.Jobs {
			for _, step := range job.Steps {
				if exec, ok := step.Exec.(*actionlint.ExecAction); ok {
					used[exec.Uses.Value] = true
				}
			}
		}
	}
	for _, action := range actions {
		if !used[action] {
			t.Errorf("%s is used nowhere", action)
		}
	}
}

func TestCarelessnessIsSeen(t *testing.T) {
	text := `on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
    - uses: actions/checkout@v6
    - uses: somebody/else@v1
    - run: echo ${{ github.sha }}
  b:
    uses: somebody/else/.github/workflows/x.yml@v1
`
	found := careless(parse(t, text))
	for _, want := range []string{
		"permissions at the top", "no concurrency", "a has no permissions", "b has no permissions", "a has no timeout",
		"leaves credentials", "somebody/else@v1 is not in the list", "an expression in a script", "b calls a workflow of others",
	} {
		if !slices.ContainsFunc(found, func(finding string) bool { return strings.Contains(finding, want) }) {
			t.Errorf("%q is not among %q", want, found)
		}
	}
	wrong := strings.Replace(text, "github.sha", "github.shaa", 1)
	if problems := lint(t, "wrong.yml", wrong, nil); len(problems) == 0 {
		t.Error("actionlint does not see an unknown property")
	}
}

// script is a step of a workflow that is a script, and the literal values that its environment has.
func script(t *testing.T, workflow, job, id string) (text string, env []string) {
	t.Helper()
	found := workflows(t)[workflow].Jobs[job]
	if found == nil {
		t.Fatalf("%s has no job %s", workflow, job)
	}
	i := slices.IndexFunc(found.Steps, func(s *actionlint.Step) bool { return s.ID != nil && s.ID.Value == id })
	if i < 0 {
		t.Fatalf("job %s of %s has no step %s", job, workflow, id)
	}
	exec, ok := found.Steps[i].Exec.(*actionlint.ExecRun)
	if !ok {
		t.Fatalf("step %s is no script", id)
	}
	for _, e := range []*actionlint.Env{found.Env, found.Steps[i].Env} {
		if e == nil {
			continue
		}
		for _, v := range e.Vars {
			if !strings.Contains(v.Value.Value, "${{") {
				env = append(env, v.Name.Value+"="+v.Value.Value)
			}
		}
	}
	return exec.Run.Value, env
}

// step runs a script as GitHub does where `shell: bash` stands.
func (s *shell) step(t *testing.T, text string) result {
	t.Helper()
	return s.run(t, "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", text)
}
