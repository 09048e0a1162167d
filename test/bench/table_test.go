package main

import (
	"strings"
	"testing"
)

func TestTargetsAreJudgedByTheFigures(t *testing.T) {
	r := &Report{Command: "make bench", Cells: []Result{
		{Name: "burst", Subject: floor, N: 200, Values: map[string]float64{allChildren: 2}},
		{Name: "burst", Subject: operator, N: 200, Values: map[string]float64{allChildren: 3.1, "writes beyond one per child": 3}},
		{Name: "burst", Subject: kro, N: 200, Values: map[string]float64{allChildren: 12.4}},
		{Name: "idle", Subject: operator, N: 200, Values: map[string]float64{"resident (MB)": 59.9, "requests in 60 s": 1}},
		{Name: "idle", Subject: operator, N: 1000, Values: map[string]float64{"resident (MB)": 120.5}},
		{Name: "change", Subject: operator, N: 1000, Values: map[string]float64{"CPU per environment (ms)": 20}},
	}}
	text := r.text()
	for _, want := range []string{
		"| burst: times the floor | 200 | at most 1.50 | 1.55 | missed |",
		"| burst: times faster than kro | 200 | at least 4 | 4 | reached |",
		"| burst: writes per environment beyond one per child | 200 | at most 3 | 3 | reached |",
		"| idle: requests in 60 s | 200 | at most 0 | 1 | missed |",
		"| idle: resident (MB) | 200 | at most 60 | 59.9 | reached |",
		"| idle: resident (MB) | 1000 | at most 120 | 120 | missed |",
		"| resident, idle (KB more for each than with the number before) | | 75.8 |\n",
		"| such changes per second, if the operator had a core and the API server did not matter | | 50 |\n",
		"## burst: floor\n\n| | 200 | 1000 |\n|---|---:|---:|\n| all children (s) | 2 | |\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "idle: resident (MB) | 200 | at most 120") {
		t.Error("a target for 1000 environments is held against 200")
	}
}

func TestCellsAreChosenByName(t *testing.T) {
	for _, c := range []struct {
		run, n string
		want   int
	}{
		{"", "", 3 * len(cells)}, {"", "200", len(cells)}, {"burst", "50", 3}, {"burst operator", "50", 1}, {"burst, idle", "", 4 * 3}, {"drift", "50", 2}, {"ready,idle", "50", 1}, {"burst", "50, 200", 6},
	} {
		chosen, err := choose(c.run, c.n)
		if err != nil || len(chosen) != c.want {
			t.Errorf("RUN=%q N=%q chooses %d cells, not %d: %v", c.run, c.n, len(chosen), c.want, err)
		}
	}
	if chosen, err := choose("drift", "50"); err != nil || chosen[0].String() != "drift, kro, 50 environments" {
		t.Errorf("RUN=drift chooses %v first: %v", chosen, err)
	}
	for run, n := range map[string]string{"no such cell": "", "burst": "0", "drift": "many", "idle": "100000", "ready": "50,"} {
		if _, err := choose(run, n); err == nil {
			t.Errorf("RUN=%q N=%q is accepted", run, n)
		}
	}
}
