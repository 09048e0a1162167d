package check

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
)

// The terminal session of the README stands between these lines.
const (
	sessionBegins = "<!-- session: written by `UPDATE=1 make check-demo` -->\n```console\n"
	sessionEnds   = "```\n<!-- end of session -->\n"
)

// prompt begins a line that is typed.
const prompt = "$ "

// session types what the README's terminal session types, and compares what the plugin prints. With UPDATE=1 it writes that
// into the README.
func (c *check) session(ctx context.Context) error {
	path := c.dir.Path("README.md")
	readme, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(readme), sessionBegins)
	told, after, ended := strings.Cut(rest, sessionEnds)
	if !found || !ended {
		return errors.New("the README has no terminal session")
	}
	var printed strings.Builder
	typed := 0
	for line := range strings.Lines(told) {
		command, isCommand := strings.CutPrefix(strings.TrimSuffix(line, "\n"), prompt)
		if !isCommand {
			continue
		}
		typed++
		answer, err := c.typed(ctx, command)
		if err != nil {
			return err
		}
		printed.WriteString(line + answer)
	}
	if os.Getenv("UPDATE") == "1" {
		return os.WriteFile(path, []byte(before+sessionBegins+printed.String()+sessionEnds+after), 0o644)
	}
	if want, got := lasting(told), lasting(printed.String()); want != got {
		c.expect(false, "the README says\n%s\nand the plugin prints\n%s", want, got)
		return nil
	}
	c.expect(typed > 0, "%d commands print what the README says", typed)
	return nil
}

// typed is what a command prints, both outputs as they come, as a user has the plugin and kubectl on the PATH.
func (c *check) typed(ctx context.Context, command string) (string, error) {
	shell := exec.CommandContext(ctx, "bash", "-o", "pipefail", "-c", command)
	shell.Dir = c.dir.Path(".")
	shell.Env = append(os.Environ(), "PATH="+c.dir.Path("bin")+string(os.PathListSeparator)+os.Getenv("PATH"), "KUBECONFIG="+c.dir.Kubeconfig(), "NO_COLOR=1")
	out, err := shell.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return "", fmt.Errorf("%s: %w", command, err)
	}
	return strings.ReplaceAll(string(out), "file://"+c.dir.State(""), "file://..."), nil
}

// fleeting are words that are others at each run: commits, ages.
var fleeting = []*regexp.Regexp{regexp.MustCompile(`\b[0-9a-f]{7}\b`), regexp.MustCompile(`\b([0-9]+[smhdy])+\b`), regexp.MustCompile(` +`)}

// lasting is a text without what is another at each run. Columns are as wide as what stands in them.
func lasting(text string) string {
	for i, word := range fleeting {
		text = word.ReplaceAllString(text, []string{"COMMIT", "AGE", " "}[i])
	}
	return text
}
