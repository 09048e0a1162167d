package chaos

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
)

// outcome is what a storm leaves to be told.
type outcome struct {
	before, after footprint
	settled       time.Duration
	failures      []string
}

// A report is what came of a storm, for people.
type report struct {
	storm *storm
	lines []string
}

func newReport(s *storm) *report {
	r := &report{storm: s}
	r.line("seed %d, %d environments, %s", *seed, *environments, *duration)
	r.line("")
	r.line("WHAT BROKE")
	for _, name := range slices.Sorted(maps.Keys(s.counts)) {
		r.line("  %-32s %6d", name, s.counts[name])
	}
	r.line("  %-32s %6d", "namespace held", s.holds.Load())
	r.mustHave("namespace held", int(s.holds.Load()))
	for _, name := range slices.Sorted(maps.Keys(s.proxy.counts)) {
		r.line("  %-32s %6d", "requests "+name, s.proxy.counts[name])
	}
	r.line("")
	r.line("AFTER IT")
	r.line("  all in place after               %6.0fs", s.settled.Seconds())
	r.line("  memory of the operator           %6.1f MB, before %.1f MB", s.after.bytes/1e6, s.before.bytes/1e6)
	r.line("  goroutines                       %6.0f, before %.0f", s.after.goroutines, s.before.goroutines)
	lines, err := linesIn(s.operators.log.Name())
	perSecond := float64(lines) / (*duration + s.settled).Seconds()
	r.line("  lines in the operator's log      %6d, %.0f per second", lines, perSecond)
	if err != nil || perSecond > maxLines {
		s.failures = append(s.failures, fmt.Sprintf("the operator logs %.0f lines per second: %v", perSecond, err))
	}
	if s.after.goroutines > 1.2*s.before.goroutines {
		s.failures = append(s.failures, fmt.Sprintf("the operator has %.0f goroutines, before %.0f", s.after.goroutines, s.before.goroutines))
	}
	if s.after.bytes > 2*s.before.bytes {
		s.failures = append(s.failures, fmt.Sprintf("the operator takes %.1f MB, before %.1f MB", s.after.bytes/1e6, s.before.bytes/1e6))
	}
	return r
}

// maxLines is how much the operator may log in a second, of fifty environments that change all the time while
// everything breaks.
const maxLines = 100

func linesIn(name string) (int, error) {
	content, err := os.ReadFile(name)
	return bytes.Count(content, []byte("\n")), err
}

func (r *report) line(format string, values ...any) {
	r.lines = append(r.lines, fmt.Sprintf(format, values...))
}

// compare counts what is missing, too much and different.
func (r *report) compare(want, got end) {
	var missing, orphaned, different int
	for name := range want {
		if _, found := got[name]; !found {
			missing++
		} else if fmt.Sprint(want[name]) != fmt.Sprint(got[name]) {
			different++
		}
	}
	for name := range got {
		if _, found := want[name]; !found {
			orphaned++
		}
	}
	r.line("  objects in place                 %6d, missing %d, orphaned %d, different %d", len(got), missing, orphaned, different)
}

// judge adds what the audit log says.
func (r *report) judge(v *invariants) {
	r.line("")
	r.line("WHAT THE API SERVER TOLD THE OPERATOR OF IT")
	for _, what := range slices.Sorted(maps.Keys(symptoms)) {
		r.line("  %-32s %6d", what, v.effects[what])
		r.mustHave(what, v.effects[what])
	}
	for _, refusal := range refusals {
		what := refusedWith(refusal.code)
		r.mustHave(what, r.storm.proxy.counts[what])
	}
	r.line("")
	r.line("%-68s %8s %10s", "INVARIANT", "CHECKS", "VIOLATIONS")
	for _, name := range []string{onlyOurs, consentedFirst, askedDeletion, fewerElements, teardownOrder, projectLast, ownFinalizers} {
		violations := 0
		for _, violation := range v.violations {
			if strings.HasPrefix(violation, name) {
				violations++
			}
		}
		r.line("%-68s %8d %10d", name, v.checks[name], violations)
		r.mustHave(name, v.checks[name])
	}
}

// mustHave fails the test when something never happened, though there was time and room.
func (r *report) mustHave(what string, times int) {
	if times == 0 && *duration >= 3*time.Minute && *environments >= 50 {
		r.storm.failures = append(r.storm.failures, "it never happened: "+what)
	}
}

// keep adds the report to a file, if there is one.
func (r *report) keep(name string) error {
	if name == "" {
		return nil
	}
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(file, "\n```\n%s\n```\n", strings.Join(r.lines, "\n"))
	return errors.Join(err, file.Close())
}

func (r *report) text() string { return "\n" + strings.Join(r.lines, "\n") + "\n\n" }
