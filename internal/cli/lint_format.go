package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/appenv/appenv-operator/internal/config"
	"github.com/appenv/appenv-operator/internal/lint"
)

// lintFormats are the values of lint's --output.
var lintFormats = []string{"text", "json", "sarif", "github"}

// A lintReport is what lint found.
type lintReport struct {
	findings     []lint.Finding
	environments int
}

// counting are the findings that are not suppressed.
func (r lintReport) counting() []lint.Finding {
	var counting []lint.Finding
	for _, finding := range r.findings {
		if finding.Suppressed == "" {
			counting = append(counting, finding)
		}
	}
	return counting
}

// worst is the severity of the worst finding that counts; -1 when there is none.
func (r lintReport) worst() lint.Severity {
	worst := lint.Severity(-1)
	for _, finding := range r.counting() {
		worst = max(worst, finding.Severity)
	}
	return worst
}

// summary is one line: how many of what.
func (r lintReport) summary() string {
	counts := map[lint.Severity]int{}
	counting := r.counting()
	for _, finding := range counting {
		counts[finding.Severity]++
	}
	line := counted(r.environments, "environment", "environments") + ": "
	if len(counting) == 0 {
		line += "nothing found"
	} else {
		var parts []string
		if n := counts[lint.Error]; n > 0 {
			parts = append(parts, counted(n, "error", "errors"))
		}
		if n := counts[lint.Warning]; n > 0 {
			parts = append(parts, counted(n, "warning", "warnings"))
		}
		if n := counts[lint.Info]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d for information", n))
		}
		line += strings.Join(parts, ", ")
	}
	if suppressed := len(r.findings) - len(counting); suppressed > 0 {
		line += fmt.Sprintf("; %d suppressed", suppressed)
	}
	return line
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func (r lintReport) format(format string, coloured bool) ([]byte, error) {
	switch format {
	case "json":
		return r.json()
	case "sarif":
		return r.sarif()
	case "github":
		return r.github(), nil
	}
	return r.text(coloured), nil
}

// text is a line per finding, as compilers write them.
func (r lintReport) text(coloured bool) []byte {
	var out bytes.Buffer
	for _, finding := range r.counting() {
		severity := finding.Severity.String()
		if coloured {
			colour := map[lint.Severity]string{lint.Error: "31", lint.Warning: "33", lint.Info: "36"}[finding.Severity]
			severity = "\x1b[" + colour + "m" + severity + "\x1b[0m"
		}
		fmt.Fprintf(&out, "%s: %s: %s [%s]\n", finding.Position, severity, oneLine(finding.Message), finding.Rule)
	}
	return out.Bytes()
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// jsonFinding is a finding in lint's JSON.
type jsonFinding struct {
	Rule        string `json:"rule"`
	Severity    string `json:"severity"`
	File        string `json:"file"`
	Line        int    `json:"line,omitempty"`
	Column      int    `json:"column,omitempty"`
	Environment string `json:"environment,omitempty"`
	Path        string `json:"path,omitempty"`
	Message     string `json:"message"`
	Suppressed  string `json:"suppressed,omitempty"`
}

func (r lintReport) json() ([]byte, error) {
	findings := make([]jsonFinding, len(r.findings))
	for i, f := range r.findings {
		findings[i] = jsonFinding{
			Rule: f.Rule, Severity: f.Severity.String(), File: f.Position.File, Line: f.Position.Line, Column: f.Position.Column,
			Environment: f.Environment, Path: f.Path, Message: f.Message, Suppressed: f.Suppressed,
		}
	}
	out, err := json.MarshalIndent(map[string]any{"environments": r.environments, "findings": findings}, "", "  ")
	return append(out, '\n'), err
}

// github is GitHub's workflow commands, which show each finding at its line in a pull request.
// https://docs.github.com/actions/reference/workflow-commands-for-github-actions
func (r lintReport) github() []byte {
	level := map[lint.Severity]string{lint.Error: "error", lint.Warning: "warning", lint.Info: "notice"}
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	var out bytes.Buffer
	for _, f := range r.counting() {
		fmt.Fprintf(&out, "::%s file=%s,line=%d,col=%d,title=%s::%s\n", level[f.Severity], property.Replace(f.Position.File),
			max(f.Position.Line, 1), max(f.Position.Column, 1), property.Replace(f.Rule), data.Replace(f.Message))
	}
	return out.Bytes()
}

// sarif is SARIF 2.1.0, which code scanning reads. Suppressed findings are in it, with their reasons.
func (r lintReport) sarif() ([]byte, error) {
	level := map[lint.Severity]string{lint.Error: "error", lint.Warning: "warning", lint.Info: "note"}
	var rules []any
	for _, rule := range lint.Rules {
		rules = append(rules, map[string]any{
			"id":                   rule.ID,
			"shortDescription":     map[string]any{"text": rule.Summary},
			"fullDescription":      map[string]any{"text": oneLine(rule.Explanation)},
			"defaultConfiguration": map[string]any{"level": level[rule.Severity]},
		})
	}
	results := make([]any, len(r.findings))
	for i, f := range r.findings {
		result := map[string]any{
			"ruleId":  f.Rule,
			"level":   level[f.Severity],
			"message": map[string]any{"text": f.Message},
			"locations": []any{map[string]any{"physicalLocation": map[string]any{
				"artifactLocation": map[string]any{"uri": fileURI(f.Position.File)},
				"region":           map[string]any{"startLine": max(f.Position.Line, 1), "startColumn": max(f.Position.Column, 1)},
			}}},
		}
		if f.Suppressed != "" {
			result["suppressions"] = []any{map[string]any{"kind": "inSource", "justification": f.Suppressed}}
		}
		results[i] = result
	}
	out, err := json.MarshalIndent(map[string]any{
		"$schema": "https://json.schemastore.org/sarif-2.1.0.json",
		"version": "2.1.0",
		"runs": []any{map[string]any{
			"tool":    map[string]any{"driver": map[string]any{"name": "kubectl-appenv", "version": config.Build().Version, "rules": rules}},
			"results": results,
		}},
	}, "", "  ")
	return append(out, '\n'), err
}

// fileURI is a relative reference for a file named from the current folder, so that code scanning finds it in the repository.
func fileURI(file string) string {
	uri := url.URL{Path: filepath.ToSlash(file)}
	if filepath.IsAbs(file) {
		uri.Scheme, uri.Path = "file", "/"+strings.TrimPrefix(uri.Path, "/") // a path of Windows begins with its drive
	}
	return uri.String()
}

// explainRule prints what a rule is about; all rules, a line each, for "all".
func explainRule(streams Streams, id string) error {
	var out bytes.Buffer
	if id == "all" {
		for _, rule := range lint.Rules {
			repository := ""
			if rule.NeedsRepository {
				repository = " (with --repo)"
			}
			fmt.Fprintf(&out, "%-28s %-8s %s%s\n", rule.ID, rule.Severity, rule.Summary, repository)
		}
	} else {
		rule, known := lint.Find(id)
		if !known {
			return &exitError{2, fmt.Errorf("%s is no rule; --explain all lists them", id)}
		}
		fmt.Fprintf(&out, "%s (%s)\n%s\n\n%s\n", rule.ID, rule.Severity, rule.Summary, rule.Explanation)
		if !lint.Suppressible(rule.ID) {
			fmt.Fprintf(&out, "\nIt cannot be suppressed.\n")
		} else {
			fmt.Fprintf(&out, "\nTo suppress it for an environment, give the reason in an annotation of the AppEnvironment:\n  %s%s: \"...\"\n", lint.SuppressionPrefix, rule.ID)
		}
	}
	_, err := streams.Out.Write(out.Bytes())
	return err
}
