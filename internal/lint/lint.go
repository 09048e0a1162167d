// Package lint finds what is wrong with environments before a cluster sees them: what the API server would refuse, in
// its own words; what it would accept, and would not work, because no schema sees two objects at once; and, where the
// application's repository is at hand, what its manifests use and the environment does not provide.
//
// A rule is a struct of plain values and one function in the list Rules. It looks at the whole set of environments and
// reports what it finds, with the path of the field; the place in the file, severities and suppressions are common
// to all. A rule reads no cluster, no file and no clock: what the repositories hold is read before, by package overlay.
package lint

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	convert "k8s.io/apimachinery/pkg/runtime"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/crd"
	"github.com/appenv/appenv-operator/internal/manifest"
	"github.com/appenv/appenv-operator/internal/overlay"
)

// Severity is how bad a finding is.
type Severity int

// The severities. An error does not work; a warning works and will hurt; info is worth knowing.
const (
	Info Severity = iota
	Warning
	Error
)

// severities are the names, as on command lines.
var severities = []string{"info", "warning", "error"}

// String is info, warning or error.
func (s Severity) String() string { return severities[s] }

// ParseSeverity reads info, warning or error.
func ParseSeverity(name string) (Severity, error) {
	if i := slices.Index(severities, name); i >= 0 {
		return Severity(i), nil
	}
	return 0, fmt.Errorf("%q is no severity; use %s", name, strings.Join(severities, ", "))
}

// A Rule is one thing that can be wrong.
type Rule struct {
	// ID names the rule in output and suppressions. It never changes.
	ID string
	// Severity is that of its findings.
	Severity Severity
	// Summary is one line: what is wrong.
	Summary string
	// Explanation is what happens if it stays, and what to write instead.
	Explanation string
	// NeedsRepository says that the rule is asked only where the application's repository is at hand.
	NeedsRepository bool

	check func(*Set, reporter)
}

// A reporter takes a finding about a field of an environment.
type reporter func(env *Environment, path, format string, args ...any)

// A Finding is one thing that is wrong.
type Finding struct {
	// Rule is the ID of the rule.
	Rule     string
	Severity Severity
	// Position is where the field stands.
	Position manifest.Position
	// Environment is the name of the AppEnvironment, empty where the file is none.
	Environment string
	// Path is the field, such as spec.apps[0].images[0].newTag; empty for the object as a whole.
	Path    string
	Message string
	// Suppressed is the reason for which the finding does not count, empty when it counts.
	Suppressed string
}

// An Environment is an AppEnvironment in a file.
type Environment struct {
	manifest.Object
	// Env is the object with its defaults. Nil when the API server would refuse it: then only that is reported.
	Env *v1alpha1.AppEnvironment

	verdict crd.Verdict
}

// A Set is what is looked at together: environments of one cluster.
type Set struct {
	// Environments are in the order of the files.
	Environments []*Environment
	// Unreadable is what stands in the files and could not be read.
	Unreadable []*manifest.Error
	// Settings are those of the cluster's operator.
	Settings component.Settings
	// Overlays are what the applications' repositories hold, by environment and app; nil when none is at hand. Apps of
	// other repositories have none.
	Overlays map[*Environment]map[string]*overlay.Overlay

	known func(id string) bool
}

// NewSet judges the objects and makes a set of them. old are the objects as they are in the cluster, by name: what may
// not change is held against them. Objects of other kinds are left out.
func NewSet(ctx context.Context, kind *crd.Kind, objects []manifest.Object, old map[string]map[string]any, settings component.Settings) *Set {
	set := &Set{Settings: settings, known: func(id string) bool { _, known := Find(id); return known }}
	var judging errgroup.Group // most of the time goes into the rules of the schema
	judging.SetLimit(runtime.GOMAXPROCS(0))
	for _, object := range objects {
		if object.GroupVersionKind() != kind.GroupVersionKind {
			if mistaken := misspelt(object, kind); mistaken != nil {
				set.Unreadable = append(set.Unreadable, mistaken)
			}
			continue
		}
		env := &Environment{Object: object}
		set.Environments = append(set.Environments, env)
		judging.Go(func() error { env.judge(ctx, kind, old[object.GetName()]); return nil })
	}
	_ = judging.Wait() // a verdict is no error
	return set
}

// misspelt is an error when an object of another kind can only be meant to be of this one: its group or its kind is the same.
func misspelt(object manifest.Object, kind *crd.Kind) *manifest.Error {
	right := kind.GroupVersionKind
	group, _, _ := strings.Cut(object.GetAPIVersion(), "/")
	if group != right.Group && object.GetKind() != right.Kind {
		return nil
	}
	field := "apiVersion"
	if object.GetAPIVersion() == right.GroupVersion().String() {
		field = "kind"
	}
	return &manifest.Error{Position: object.At(field), Err: fmt.Errorf(
		"there is no %s of %s; the kind is %s of %s", object.GetKind(), object.GetAPIVersion(), right.Kind, right.GroupVersion())}
}

// judge asks what the API server would. before is the object as it is in the cluster, nil where there is none.
func (e *Environment) judge(ctx context.Context, kind *crd.Kind, before map[string]any) {
	stored := e.DeepCopy().Object
	if before != nil {
		e.verdict = kind.Update(ctx, stored, before)
	} else {
		e.verdict = kind.Create(ctx, stored)
	}
	if !e.verdict.OK() {
		return
	}
	typed := &v1alpha1.AppEnvironment{}
	if err := convert.DefaultUnstructuredConverter.FromUnstructured(stored, typed); err == nil {
		e.Env = typed
	}
}

// Valid are the environments that the API server would accept.
func (s *Set) Valid() []*Environment {
	return slices.DeleteFunc(slices.Clone(s.Environments), func(env *Environment) bool { return env.Env == nil })
}

// Check asks every rule. Findings are in the order of the files and lines.
func (s *Set) Check() []Finding {
	var findings []Finding
	for _, failure := range s.Unreadable {
		findings = append(findings, Finding{
			Rule: unreadableRule.ID, Severity: unreadableRule.Severity, Position: failure.Position, Message: failure.Err.Error(),
		})
	}
	for _, rule := range Rules {
		if rule.NeedsRepository && s.Overlays == nil {
			continue
		}
		rule.check(s, func(env *Environment, path, format string, args ...any) {
			findings = append(findings, Finding{
				Rule: rule.ID, Severity: rule.Severity, Position: env.At(path), Environment: env.GetName(), Path: path,
				Message: fmt.Sprintf(format, args...), Suppressed: env.suppression(rule.ID),
			})
		})
	}
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Position.File, b.Position.File), cmp.Compare(a.Position.Line, b.Position.Line),
			cmp.Compare(a.Position.Column, b.Position.Column), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message),
		)
	})
	return slices.Compact(findings)
}

// Find is the rule of that ID.
func Find(id string) (Rule, bool) {
	i := slices.IndexFunc(Rules, func(rule Rule) bool { return rule.ID == id })
	if i < 0 {
		return Rule{}, false
	}
	return Rules[i], true
}
