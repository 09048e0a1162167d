package arch

import (
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/config"
)

var update = flag.Bool("update", false, "write the generated parts of the README")

var readme = filepath.Join(root, "README.md")

// reasonTable is the reasons of conditions.go with their sentences, a table per group.
func reasonTable(t *testing.T) string {
	t.Helper()
	path := filepath.Join(root, "api/v1alpha1/conditions.go")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, declaration := range parse(t, path, text).Decls {
		group, ok := declaration.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST || !strings.HasPrefix(group.Doc.Text(), "Reasons ") {
			continue
		}
		title := strings.TrimSuffix(strings.TrimSpace(strings.ReplaceAll(group.Doc.Text(), "\n", " ")), ".")
		fmt.Fprintf(&out, "\n| %s | |\n|---|---|\n", title)
		for _, spec := range group.Specs {
			constant, ok := spec.(*ast.ValueSpec)
			if !ok {
				continue
			}
			fmt.Fprintf(&out, "| `%s` | %s |\n", nameOf(constant.Values[0]), sentence(t, constant))
		}
	}
	return out.String()
}

// sentence is what the comment of a reason says after its name.
func sentence(t *testing.T, constant *ast.ValueSpec) string {
	t.Helper()
	comment := strings.Join(strings.Fields(constant.Doc.Text()), " ")
	text, ok := strings.CutPrefix(comment, constant.Names[0].Name+": ")
	if !ok || text == "" {
		t.Errorf("%s has no comment of the form %q", constant.Names[0].Name, constant.Names[0].Name+": what a user needs")
		return ""
	}
	return strings.TrimSuffix(strings.ToUpper(text[:1])+text[1:], ".")
}

// flagText is the operator's own usage.
func flagText(t *testing.T) string {
	t.Helper()
	var out strings.Builder
	if _, err := config.Parse([]string{"-h"}, &out); !errors.Is(err, config.ErrPrinted) {
		t.Fatal(err)
	}
	return "```text\n" + out.String() + "```\n"
}

func TestReadmeHoldsWhatIsGenerated(t *testing.T) {
	for name, want := range map[string]string{"reasons": reasonTable(t), "flags": flagText(t), "releases": versionTable(t)} {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(readme)
			if err != nil {
				t.Fatal(err)
			}
			part := regexp.MustCompile(`(?s)(<!-- ` + name + `: [^\n]*-->\n)(.*?)(<!-- end of ` + name + ` -->)`)
			found := part.FindSubmatch(text)
			if found == nil {
				t.Fatalf("the README has no part called %s", name)
			}
			if *update {
				text = part.ReplaceAllLiteral(text, []byte(string(found[1])+want+string(found[3])))
				if err := os.WriteFile(readme, text, 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, string(found[2])); diff != "" {
				t.Errorf("run `go test ./test/arch -update`; -want +got:\n%s", diff)
			}
		})
	}
}

func TestEveryReasonIsInTheTable(t *testing.T) {
	path := filepath.Join(root, "api/v1alpha1/conditions.go")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	table := reasonTable(t)
	reasons := regexp.MustCompile(`\bReason\w+\s+= ("\w+")`).FindAllSubmatch(text, -1)
	if len(reasons) < 30 {
		t.Fatalf("found only %d reasons", len(reasons))
	}
	for _, reason := range reasons {
		if name, _ := strconv.Unquote(string(reason[1])); !strings.Contains(table, "| `"+name+"` | ") {
			t.Errorf("reason %s stands in no group that begins with %q", name, "Reasons ")
		}
	}
}

func TestReadmeExampleIsAnEnvironment(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)<!-- example -->\n```yaml\n(.*?)```").FindSubmatch(text)
	if found == nil {
		t.Fatal("the README has no example")
	}
	var env v1alpha1.AppEnvironment
	if err := yaml.UnmarshalStrict(found[1], &env); err != nil {
		t.Errorf("reading the example: %v", err)
	}
	if env.Name != "hoge-dev" || len(env.Spec.Apps) != 2 {
		t.Errorf("the example is %s with %d apps", env.Name, len(env.Spec.Apps))
	}
}

// stalledReasons are the reasons that need a human.
var stalledReasons = regexp.MustCompile(`(?s)\| Reasons that need a human[^\n]*\n\|---\|---\|\n((?:\| ` + "`" + `\w+` + "`" + `[^\n]*\n)+)`)

// TestTheRunbookKnowsEveryReasonThatNeedsAHuman: an entry each, in the order of the reasons.
func TestTheRunbookKnowsEveryReasonThatNeedsAHuman(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	if left := regexp.MustCompile(`@@[A-Za-z]\w*`).FindString(string(text)); left != "" { // a diff has @@ -1 +1 @@
		t.Errorf("%s is left to fill in", left)
	}
	reasons := stalledReasons.FindStringSubmatch(reasonTable(t))
	_, rest, found := strings.Cut(string(text), "<!-- runbook -->\n")
	runbook, _, ended := strings.Cut(rest, "<!-- end of runbook -->")
	if reasons == nil || !found || !ended {
		t.Fatal("no reasons that need a human, or no runbook")
	}
	first := regexp.MustCompile("(?m)^\\| `(\\w+)` \\|")
	names := func(table string) (all []string) {
		for _, row := range first.FindAllStringSubmatch(table, -1) {
			all = append(all, row[1])
		}
		return all
	}
	want, got := names(reasons[1]), names(runbook)
	if len(want) == 0 {
		t.Fatal("found no reason")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-reasons +runbook):\n%s", diff)
	}
	for _, row := range strings.Split(strings.TrimSpace(runbook), "\n")[2:] {
		for _, cell := range strings.Split(strings.Trim(row, "| "), " | ") {
			if len(cell) == 0 {
				t.Errorf("an empty cell: %s", row)
			}
		}
	}
}

// TestTheTestsThatTheReadmeNamesExist: a statement is worth what holds it.
func TestTheTestsThatTheReadmeNamesExist(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	err = filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		content, err := os.ReadFile(path)
		for _, match := range declaredTest.FindAllSubmatch(content, -1) {
			all[string(match[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := namedTest.FindAllSubmatch(text, -1)
	for _, match := range named {
		if !all[string(match[1])] {
			t.Errorf("there is no test %s", match[1])
		}
	}
	if len(named) < 15 {
		t.Errorf("the README names only %d tests", len(named))
	}
}

var (
	declaredTest = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	namedTest    = regexp.MustCompile("`(Test[A-Z]\\w+)`")
)
