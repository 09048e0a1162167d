package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/appenv/appenv-operator/hack/local/checkout"
	"github.com/appenv/appenv-operator/test/bench/internal/plane"
)

// workers are how many requests the plain client has under way, and how many environments the operator and kro
// work on, at once.
const workers = 10

// cellLimit is how long one cell may take once its control plane runs.
const cellLimit = 10 * time.Minute

// Who is measured.
const (
	floor    = "floor" // a plain client that knows everything beforehand
	operator = "operator"
	kro      = "kro"
)

// A cell is what is measured of one subject with n environments on a control plane of its own: one part after
// the other, where the later ones need what the first has made.
type cell struct {
	subject string
	audited bool // the API server keeps an audit log
	parts   []part
	n       int
}

// A part is one measurement.
type part struct {
	name string
	run  func(context.Context, *trial) error
}

// String is as in "burst, operator, 200 environments".
func (c cell) String() string {
	var parts []string
	for _, part := range c.parts {
		parts = append(parts, part.name)
	}
	return fmt.Sprintf("%s, %s, %d environments", strings.Join(parts, "+"), c.subject, c.n)
}

// cells are all cells, in the order in which they run: those that are compared follow one another.
var cells = []cell{
	{subject: floor, parts: []part{{"burst", burstOfFloor}}},
	{subject: operator, parts: []part{{"burst", burstOfOperator}}},
	{subject: kro, parts: []part{{"burst", burstOfKro}, {"drift", driftOfKro}}},
	{subject: operator, parts: []part{{"drift", driftOfOperator}}},
	{subject: operator, audited: true, parts: []part{
		{"ready", readiness}, {"idle", idleness}, {"change", changes}, {"restart", restart}, {"teardown", teardown},
	}},
}

// names are the names of all parts.
func names() []string {
	var all []string
	for _, c := range cells {
		for _, part := range c.parts {
			if !slices.Contains(all, part.name) {
				all = append(all, part.name)
			}
		}
	}
	return all
}

// choose are the cells and of those the parts whose name, with the subject, begins with one of those in run, for
// so many environments as n says; commas separate both, and everything is chosen when they are empty.
func choose(run, n string) ([]cell, error) {
	numbers := []int{50, 200, 1000}
	if n != "" {
		numbers = nil
		for text := range strings.SplitSeq(n, ",") {
			number, err := strconv.Atoi(strings.TrimSpace(text))
			if err != nil || number < 1 || number > 5000 {
				return nil, fmt.Errorf("reading N=%q: %q is not a number from 1 to 5000", n, text)
			}
			numbers = append(numbers, number)
		}
	}
	var chosen []cell
	for _, number := range numbers {
		for _, c := range cells {
			c.n = number
			c.parts = slices.DeleteFunc(slices.Clone(c.parts), func(p part) bool {
				begins := func(name string) bool { return strings.HasPrefix(p.name+" "+c.subject, strings.TrimSpace(name)) }
				return !slices.ContainsFunc(strings.Split(run, ","), begins)
			})
			if len(c.parts) > 0 {
				chosen = append(chosen, c)
			}
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("choosing cells: none begins as RUN=%q says; there are %s", run, strings.Join(names(), ", "))
	}
	return chosen, nil
}

// measure gives the cell a control plane of its own, and stops it whatever happens. It returns what the parts have
// measured that were made.
func (c cell) measure(ctx context.Context, dir checkout.Dir) (all []Result, err error) {
	began := time.Now()
	p, err := plane.Start(ctx, dir, c.audited)
	defer func() { err = errors.Join(err, p.Stop()) }()
	if err != nil {
		return nil, err
	}
	// What the cell starts within this process ends with it.
	ctx, cancel := context.WithTimeoutCause(ctx, cellLimit, fmt.Errorf("more than %s", cellLimit))
	defer cancel()
	t := &trial{plane: p, n: c.n}
	for _, part := range c.parts {
		t.values = map[string]float64{}
		if err := part.run(ctx, t); err != nil {
			return all, fmt.Errorf("%s: %w", part.name, err)
		}
		all = append(all, Result{Name: part.name, Subject: c.subject, N: c.n, Values: t.values, Seconds: time.Since(began).Seconds()})
		began = time.Now()
	}
	return all, nil
}

// A trial is a cell that runs.
type trial struct {
	plane  *plane.Plane
	n      int
	values map[string]float64 // what the part measured, by name and unit
	life   *life              // once there is one
	// earlier are the requests that the subject had sent when it was ready to work, by method.
	earlier map[string]float64
}

func (t *trial) record(name string, value float64) { t.values[name] = value }

// seconds and milliseconds are durations in the units that the names of values end with.
func seconds(d time.Duration) float64      { return d.Seconds() }
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
