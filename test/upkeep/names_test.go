package upkeep

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

var (
	makeTarget = regexp.MustCompile("(?m)(?:^|[` ])make ([a-z][a-z0-9-]*)")
	repoPath   = regexp.MustCompile(`(?:^|[^A-Za-z0-9_./-])((?:hack|config|internal|test|api|\.github)/[A-Za-z0-9_./-]*)`)
	mdLink     = regexp.MustCompile(`\]\(([^):#]+)(?:#[^)]*)?\)`)
	span       = regexp.MustCompile("`[^`\n]+`")
)

// targets are those of the Makefile.
func targets(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, match := range regexp.MustCompile(`(?m)^([a-z0-9-]+):`).FindAllStringSubmatch(read(t, filepath.Join(root, "Makefile")), -1) {
		found[match[1]] = true
	}
	return found
}

// code is what a page puts between backticks or into blocks of code: elsewhere "make" is a verb.
func code(page string) string {
	var out strings.Builder
	for i, part := range strings.Split(page, "```") {
		if i%2 == 1 {
			out.WriteString(part + "\n")
			continue
		}
		for _, found := range span.FindAllString(part, -1) {
			out.WriteString(strings.Trim(found, "`") + "\n")
		}
	}
	return out.String()
}

// pages are the texts that name targets and files, by their path below root.
func pages(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, path := range glob(t, ".github/*.md", ".github/workflows/*", ".github/ISSUE_TEMPLATE/*") {
		name, err := filepath.Rel(root, path)
		if err != nil {
			t.Fatal(err)
		}
		found[name] = read(t, path)
	}
	return found
}

func TestTargetsThatAreNamedExist(t *testing.T) {
	known, seen := targets(t), 0
	for name, page := range pages(t) {
		if strings.HasSuffix(name, ".md") {
			page = code(page)
		}
		for _, match := range makeTarget.FindAllStringSubmatch(page, -1) {
			seen++
			if !known[match[1]] {
				t.Errorf("%s: the Makefile has no target %s", name, match[1])
			}
		}
	}
	if seen < 20 {
		t.Errorf("found only %d targets", seen)
	}
}

// placeholders stand for a name of your choice, as in COMPONENT/CASE.
var placeholders = regexp.MustCompile(`(/[A-Z]+)+$`)

func TestFilesThatAreNamedExist(t *testing.T) {
	seen := 0
	for name, page := range pages(t) {
		for _, match := range repoPath.FindAllStringSubmatch(page, -1) {
			if strings.Contains(match[1], "...") {
				continue // any of them
			}
			seen++
			path := strings.TrimRight(placeholders.ReplaceAllString(match[1], ""), "./")
			if _, err := os.Stat(filepath.Join(root, path)); err != nil {
				t.Errorf("%s: there is no %s", name, path)
			}
		}
		for _, match := range mdLink.FindAllStringSubmatch(page, -1) {
			if _, err := os.Stat(filepath.Join(root, filepath.Dir(name), match[1])); err != nil {
				t.Errorf("%s: the link leads nowhere: %s", name, match[1])
			}
		}
	}
	if seen < 25 {
		t.Errorf("found only %d files", seen)
	}
}

func TestNamesThatLeadNowhereAreSeen(t *testing.T) {
	page := "make it, then `make nothing` and `hack/none.sh`; run:\n```sh\nmake none\n```\n[x](none.md#a)"
	var got []string
	for _, match := range makeTarget.FindAllStringSubmatch(code(page), -1) {
		got = append(got, match[1])
	}
	slices.Sort(got)
	if want := []string{"none", "nothing"}; !slices.Equal(got, want) {
		t.Errorf("targets are %q", got)
	}
	if repoPath.FindStringSubmatch(page)[1] != "hack/none.sh" || mdLink.FindStringSubmatch(page)[1] != "none.md" {
		t.Error("a file or a link is not seen")
	}
}

// A form is an issue form.
type form struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Labels      []string `json:"labels"`
	Body        []struct {
		Type       string `json:"type"`
		ID         string `json:"id"`
		Attributes struct {
			Label       string   `json:"label"`
			Description string   `json:"description"`
			Value       string   `json:"value"`
			Render      string   `json:"render"`
			Options     []string `json:"options"`
		} `json:"attributes"`
		Validations struct {
			Required bool `json:"required"`
		} `json:"validations"`
	} `json:"body"`
}

func TestIssueFormsAreWhatGitHubAccepts(t *testing.T) {
	for _, path := range glob(t, ".github/ISSUE_TEMPLATE/*.yml") {
		if filepath.Base(path) == "config.yml" {
			continue
		}
		var f form
		if err := yaml.UnmarshalStrict([]byte(read(t, path)), &f); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if f.Name == "" || f.Description == "" || len(f.Labels) == 0 {
			t.Errorf("%s lacks a name, a description or labels", path)
		}
		ids := map[string]bool{}
		for _, field := range f.Body {
			if !slices.Contains([]string{"markdown", "textarea", "dropdown"}, field.Type) {
				t.Errorf("%s: %s is no type", path, field.Type)
			}
			if field.Type == "markdown" {
				continue
			}
			if field.ID == "" || ids[field.ID] || field.Attributes.Label == "" || (field.Type == "dropdown") != (len(field.Attributes.Options) > 0) {
				t.Errorf("%s: %+v needs an id of its own, a label, and options if it is a dropdown", path, field)
			}
			ids[field.ID] = true
		}
	}
	var config struct {
		Blank bool `json:"blank_issues_enabled"`
		Links []struct {
			Name, URL, About string
		} `json:"contact_links"`
	}
	if err := yaml.UnmarshalStrict([]byte(read(t, filepath.Join(root, ".github/ISSUE_TEMPLATE/config.yml"))), &config); err != nil {
		t.Fatal(err)
	}
	for _, link := range config.Links {
		if !strings.HasPrefix(link.URL, "https://github.com/appenv/appenv-operator") || link.Name == "" || link.About == "" {
			t.Errorf("link %+v", link)
		}
	}
}

func TestABugReportAsksForWhatExplainsIt(t *testing.T) {
	text := read(t, filepath.Join(root, ".github/ISSUE_TEMPLATE/bug.yml"))
	for _, want := range []string{"kubectl get appenv NAME -o yaml", "kubectl -n appenv-system logs", "kubectl version", "Argo CD:", "External Secrets:", "external-dns:"} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not ask for %q", want)
		}
	}
}
