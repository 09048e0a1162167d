package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/appenv/appenv-operator/test/bench/internal/plane"
)

// workers are how many requests the plain client has under way, and how many environments the operator and kro
// work on, at once.
const workers = 10

// cellLimit is how long one cell may take once its control plane runs.
const cellLimit = 8 * time.Minute

// Who is measured.
const (
	floor    = "floor" // a plain client that knows everything beforehand
	operator = "operator"
	kro      = "kro"
)

// A cell is one measurement of one subject with n environments, on a control plane of its own.
type cell struct {
	name, subject string
	audited       bool // the API server keeps an audit log
	run           func(context.Context, *trial) error
	n             int
}

// String is as in "burst of the operator, 200 environments".
func (c cell) String() string { return fmt.Sprintf("%s, %s, %d environments", c.name, c.subject, c.n) }

// cells are all cells, in the order in which they run: those that are compared follow one another.
var cells = []cell{
	{name: "burst", subject: floor, run: burstOfFloor},
	{name: "burst", subject: operator, run: burstOfOperator},
	{name: "burst", subject: kro, run: burstOfKro},
	{name: "ready", subject: operator, audited: true, run: readiness},
	{name: "drift", subject: operator, run: driftOfOperator},
	{name: "drift", subject: kro, run: driftOfKro},
	{name: "idle", subject: operator, audited: true, run: idleness},
	{name: "restart", subject: operator, audited: true, run: restart},
	{name: "teardown", subject: operator, audited: true, run: teardown},
}

func names() []string {
	var all []string
	for _, c := range cells {
		if !slices.Contains(all, c.name) {
			all = append(all, c.name)
		}
	}
	return all
}

// A trial is a cell that runs.
type trial struct {
	plane  *plane.Plane
	n      int
	values map[string]float64 // what was measured, by name and unit
}

func (t *trial) record(name string, value float64) { t.values[name] = value }

// seconds and milliseconds are durations in the units that the names of values end with.
func seconds(d time.Duration) float64      { return d.Seconds() }
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
