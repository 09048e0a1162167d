package boundary

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/appenv/appenv-operator/test/fixture"
)

// matrix counts what was done and how it ended.
var matrix results

type results struct {
	mu   sync.Mutex
	rows map[string]*row
}

// A row is of one journey.
type row struct {
	writes        int // of an undisturbed run
	before, after int // deaths
	missed        int // runs without the write at which the operator was to die
	equal         int // runs that ended like the undisturbed one
}

func (r *row) count(when fixture.When, died bool) {
	switch {
	case !died:
		r.missed++
	case when == fixture.Before:
		r.before++
	default:
		r.after++
	}
}

func (m *results) add(journey string, change func(*row)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rows == nil {
		m.rows = map[string]*row{}
	}
	if m.rows[journey] == nil {
		m.rows[journey] = &row{}
	}
	change(m.rows[journey])
}

// tell says from time to time how far the tests are.
func (m *results) tell(ended <-chan struct{}) {
	began := time.Now()
	for {
		select {
		case <-ended:
			return
		case <-time.After(20 * time.Second):
			m.mu.Lock()
			var all, equal int
			for _, r := range m.rows {
				all, equal = all+2*r.writes, equal+r.equal
			}
			m.mu.Unlock()
			fmt.Printf("%d of %d disturbed journeys have ended as they should, %s\n", equal, all, time.Since(began).Round(time.Second))
		}
	}
}

// table is the matrix for people.
func (m *results) table() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "%-14s %8s %14s %13s %8s %11s\n", "JOURNEY", "WRITES", "DEATHS BEFORE", "DEATHS AFTER", "NOT MET", "EQUAL ENDS")
	var sum row
	line := func(name string, r row) {
		fmt.Fprintf(&b, "%-14s %8d %14d %13d %8d %11d\n", name, r.writes, r.before, r.after, r.missed, r.equal)
	}
	for _, j := range journeys {
		if r := m.rows[j.name]; r != nil {
			line(j.name, *r)
			sum.writes, sum.before, sum.after = sum.writes+r.writes, sum.before+r.before, sum.after+r.after
			sum.missed, sum.equal = sum.missed+r.missed, sum.equal+r.equal
		}
	}
	line("all", sum)
	return b.String()
}
