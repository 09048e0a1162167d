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

const allChildren = "all children (s)"

// targets are what is to be reached.
var targets = []target{
	{"burst: times the floor", 0, true, 1.5, ratio("burst", allChildren, operator, floor)},
	{"burst: times faster than kro", 0, false, 4, ratio("burst", allChildren, kro, operator)},
	{"burst: writes per environment beyond one per child", 0, true, 3, value("burst", "writes beyond one per child")},
	{"idle: requests in 60 s", 0, true, 0, value("idle", "requests in 60 s")},
	{"idle: share of a core (%)", 0, true, 1, value("idle", "share of a core (%)")},
	{"idle: resident (MB)", 200, true, 60, value("idle", "resident (MB)")},
	{"idle: resident (MB)", 1000, true, 120, value("idle", "resident (MB)")},
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

// section is everything that one kind of cell measured, a column for each number of environments.
func (r *Report) section(b *strings.Builder, name, subject string) {
	values := r.valuesOf(name, subject)
	if len(values) == 0 {
		return
	}
	fmt.Fprintf(b, "\n## %s: %s\n\n| |", name, subject)
	for _, n := range r.numbers() {
		fmt.Fprintf(b, " %d |", n)
	}
	fmt.Fprintf(b, "\n|---|%s\n", strings.Repeat("---:|", len(r.numbers())))
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
