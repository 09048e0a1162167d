package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A target is what a cell has to reach, and of which numbers of environments.
type target struct {
	what    string
	n       int // 0 for each
	most    bool
	limit   float64
	measure func(*Report, int) (float64, bool)
}

// value is what a cell of the operator measured.
func value(cell, name string) func(*Report, int) (float64, bool) {
	return func(r *Report, n int) (float64, bool) { return r.find(cell, operator, n, name) }
}

// ratio is a value of one subject's burst to that of another.
func ratio(cell, name, of, to string) func(*Report, int) (float64, bool) {
	return func(r *Report, n int) (float64, bool) {
		a, ok := r.find(cell, of, n, name)
		b, ok2 := r.find(cell, to, n, name)
		return a / b, ok && ok2 && b > 0
	}
}

const (
	allChildren = "all children (s)"
	resident    = "resident (MB)"
)

// targets are what is to be reached.
var targets = []target{
	{"burst: times the floor", 0, true, 1.5, ratio("burst", allChildren, operator, floor)},
	{"burst: times faster than kro", 0, false, 4, ratio("burst", allChildren, kro, operator)},
	{"burst: writes per environment beyond one per child", 0, true, 3, value("burst", "writes beyond one per child")},
	{"idle: requests in 60 s", 0, true, 0, value("idle", "requests in 60 s")},
	{"idle: share of a core (%)", 0, true, 1, value("idle", "share of a core (%)")},
	{"idle: resident (MB)", 200, true, 60, value("idle", resident)},
	{"idle: resident (MB)", 1000, true, 120, value("idle", resident)},
	{"drift: p50 (ms)", 0, true, 20, value("drift", "p50 (ms)")},
	{"drift: p99 (ms)", 50, true, 50, value("drift", "p99 (ms)")},
	{"drift: p99 (ms)", 200, true, 50, value("drift", "p99 (ms)")},
	{"drift: p99 (ms)", 1000, true, 100, value("drift", "p99 (ms)")},
	{"drift: times faster than kro, p50", 0, false, 1, ratio("drift", "p50 (ms)", kro, operator)},
	{"restart: drift repaired after start (s)", 0, true, 5, value("restart", "drift repaired after start (s)")},
	{"restart: writes to other environments", 0, true, 0, value("restart", "writes to other environments")},
}

// text is the whole report for people.
func (r *Report) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Results\n\n`%s` on %s, %.1f minutes.\n\n- Machine: %s\n", r.Command, r.Date, r.Seconds/60, r.Machine)
	for _, name := range slices.Sorted(maps.Keys(r.Versions)) {
		fmt.Fprintf(&b, "- %s: %s\n", name, r.Versions[name])
	}
	fmt.Fprintf(&b, "\nEach cell has a control plane of its own (etcd without fsync, kube-apiserver) on the same machine; %d workers everywhere. "+
		"The cells that are compared ran one after the other. MB is 10^6 bytes.\n", workers)
	r.targets(&b)
	r.growth(&b)
	for _, name := range names() {
		for _, subject := range []string{floor, operator, kro} {
			r.section(&b, name, subject)
		}
	}
	return b.String()
}

// targets says what was reached of what is to be.
func (r *Report) targets(b *strings.Builder) {
	fmt.Fprintf(b, "\n## Targets\n\n| | environments | target | measured | |\n|---|---:|---:|---:|---|\n")
	for _, t := range targets {
		for _, n := range r.numbers() {
			measured, ok := t.measure(r, n)
			if !ok || t.n != 0 && t.n != n {
				continue
			}
			bound, verdict := "at least ", "missed"
			if t.most {
				bound = "at most "
			}
			if t.most && measured <= t.limit || !t.most && measured >= t.limit {
				verdict = "reached"
			}
			fmt.Fprintf(b, "| %s | %d | %s%s | %s | %s |\n", t.what, n, bound, number(t.limit), number(measured), verdict)
		}
	}
}

// A rate is what one environment more costs.
type rate struct {
	what    string
	measure func(r *Report, n, before int) (float64, bool)
}

// perEnvironment is a value that is one environment's already.
func perEnvironment(part, name string) func(*Report, int, int) (float64, bool) {
	return func(r *Report, n, _ int) (float64, bool) { return r.find(part, operator, n, name) }
}

// rates are what grows, or should not.
var rates = []rate{
	{"requests until Ready", perEnvironment("ready", "requests per environment")},
	{"operator's processor time until Ready (ms)", perEnvironment("ready", "CPU per environment (ms)")},
	{"resident, idle (KB more for each than with the number before)", func(r *Report, n, before int) (float64, bool) {
		now, ok := r.find("idle", operator, n, resident)
		then, ok2 := r.find("idle", operator, before, resident)
		return 1000 * (now - then) / float64(n-before), ok && ok2
	}},
	{"requests for a change of all its objects", perEnvironment("change", "requests per environment")},
	{"operator's processor time for that change (ms)", perEnvironment("change", "CPU per environment (ms)")},
	{"such changes per second", perEnvironment("change", "environments changed per second")},
	{"such changes per second, if the operator had a core and the API server did not matter", func(r *Report, n, _ int) (float64, bool) {
		cpu, ok := r.find("change", operator, n, "CPU per environment (ms)")
		return 1000 / cpu, ok && cpu > 0
	}},
	{"requests for its deletion", perEnvironment("teardown", "requests per environment")},
	{"operator's processor time for its deletion (ms)", perEnvironment("teardown", "CPU per environment (ms)")},
}

// growth says what one environment costs where there are few and where there are many.
func (r *Report) growth(b *strings.Builder) {
	var rows strings.Builder
	for _, rate := range rates {
		row, known, before := "", false, 0
		for _, n := range r.numbers() {
			measured, ok := rate.measure(r, n, before)
			if before, known = n, known || ok; ok {
				row += " " + number(measured) + " |"
			} else {
				row += " |"
			}
		}
		if known {
			fmt.Fprintf(&rows, "| %s |%s\n", rate.what, row)
		}
	}
	if rows.Len() > 0 {
		fmt.Fprintf(b, "\n## Growth: one environment's part of the whole\n\n%s%s", r.header(), rows.String())
	}
}

// header is the head of a table with a column for each number of environments.
func (r *Report) header() string {
	var b strings.Builder
	b.WriteString("| |")
	for _, n := range r.numbers() {
		fmt.Fprintf(&b, " %d |", n)
	}
	fmt.Fprintf(&b, "\n|---|%s\n", strings.Repeat("---:|", len(r.numbers())))
	return b.String()
}

// section is everything that one part measured, a column for each number of environments.
func (r *Report) section(b *strings.Builder, name, subject string) {
	values := r.valuesOf(name, subject)
	if len(values) == 0 {
		return
	}
	fmt.Fprintf(b, "\n## %s: %s\n\n%s", name, subject, r.header())
	for _, value := range values {
		fmt.Fprintf(b, "| %s |", value)
		for _, n := range r.numbers() {
			if measured, ok := r.find(name, subject, n, value); ok {
				fmt.Fprintf(b, " %s |", number(measured))
			} else {
				b.WriteString(" |")
			}
		}
		b.WriteString("\n")
	}
}
