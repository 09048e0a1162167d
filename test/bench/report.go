package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/appenv/appenv-operator/hack/local/checkout"
)

// Result is what one part of a cell measured.
type Result struct {
	Name    string             `json:"name"`
	Subject string             `json:"subject"`
	N       int                `json:"environments"`
	Seconds float64            `json:"seconds"` // that it took; the first part of a cell with its control plane
	Values  map[string]float64 `json:"values"`  // by name and unit
}

// line is the result in one line: what it measured first.
func (r Result) line() string {
	var parts []string
	for _, name := range headlines[r.Name] {
		if value, ok := r.Values[name]; ok {
			parts = append(parts, name+" "+number(value))
		}
	}
	return strings.Join(parts, ", ")
}

// headlines are the values that matter most of each cell.
var headlines = map[string][]string{
	"burst":    {"all children (s)", "writes beyond one per child", "passes per environment", "CPU per environment (ms)", "resident (MB)"},
	"ready":    {"all Ready (s)", "requests per environment", "passes per environment", "CPU per environment (ms)", "resident (MB)"},
	"drift":    {"p50 (ms)", "p95 (ms)", "p99 (ms)", "worst (ms)"},
	"idle":     {"requests in 60 s", "share of a core (%)", "resident (MB)", "Go heap (MB)"},
	"change":   {"all changed (s)", "environments changed per second", "requests per environment", "CPU per environment (ms)"},
	"restart":  {"drift repaired after start (s)", "settled after start (s)", "writes to other environments"},
	"teardown": {"all gone (s)", "requests per environment", "CPU per environment (ms)"},
}

// Report is one run.
type Report struct {
	Command  string            `json:"command"`
	Date     string            `json:"date"`
	Machine  string            `json:"machine"`
	Versions map[string]string `json:"versions"`
	Seconds  float64           `json:"seconds"`
	Cells    []Result          `json:"cells"`

	dir checkout.Dir
}

func newReport(dir checkout.Dir, run, n string) *Report {
	command := "make bench"
	if run != "" {
		command += " RUN=" + strconv.Quote(run)
	}
	if n != "" {
		command += " N=" + n
	}
	return &Report{
		Command: command, Date: time.Now().UTC().Format(time.DateOnly), Machine: machine(), Versions: versions(dir), dir: dir,
	}
}

// machine is the processor, how many of it, the memory and the kernel.
func machine() string {
	return fmt.Sprintf("%s, %d cores, %s of memory, Linux %s",
		fieldOf("/proc/cpuinfo", "model name"), runtime.NumCPU(), memory(), strings.TrimSpace(read("/proc/sys/kernel/osrelease")))
}

func memory() string {
	kilobytes, _ := strconv.ParseFloat(strings.TrimSuffix(fieldOf("/proc/meminfo", "MemTotal"), " kB"), 64)
	return fmt.Sprintf("%.0f GiB", kilobytes/(1<<20))
}

func fieldOf(file, name string) string {
	for line := range strings.Lines(read(file)) {
		if key, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

func read(file string) string {
	content, err := os.ReadFile(file)
	if err != nil {
		return "unknown"
	}
	return string(content)
}

// versions are those of everything that is measured, and of Go.
func versions(dir checkout.Dir) map[string]string {
	of := map[string]string{"Go": runtime.Version(), "operator": commit(dir)}
	for name, module := range map[string][2]string{
		"Kubernetes": {"kubernetes", "k8s.io/kubernetes"},
		"etcd":       {"kubernetes", "go.etcd.io/etcd/server/v3"},
		"kro":        {"kro", "github.com/kubernetes-sigs/kro"},
	} {
		for line := range strings.Lines(read(dir.Path("hack", "components", module[0], "go.mod"))) {
			fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
			if len(fields) >= 2 && fields[0] == module[1] {
				of[name] = fields[1]
			}
		}
	}
	return of
}

// commit is what the operator was built from.
func commit(dir checkout.Dir) string {
	command := exec.CommandContext(context.Background(), "git", "-C", dir.Path(), "describe", "--always", "--dirty", "--abbrev=12")
	output, err := command.Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(output))
}

// write prints the tables and writes the files: everything as JSON and, asked by UPDATE, the tables beside the code.
func (r *Report) write() error {
	if err := r.save(); err != nil {
		return err
	}
	text := r.text()
	fmt.Printf("\n%s\nall figures: %s\n", text, results)
	if os.Getenv("UPDATE") == "" {
		return nil
	}
	if strings.Contains(r.Command, "RUN=") {
		return errors.New("UPDATE=1 needs every cell: leave RUN out")
	}
	return os.WriteFile(r.dir.Path("test", "bench", "RESULTS.md"), []byte(text), 0o644)
}

// save writes the figures that there are.
func (r *Report) save() error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(r.dir.Path(results), append(data, '\n'), 0o644)
}

// number is a figure with three significant digits, or as a whole number.
func number(value float64) string {
	switch {
	case value == float64(int64(value)) || value >= 100:
		return strconv.FormatFloat(value, 'f', 0, 64)
	case value >= 10:
		return strconv.FormatFloat(value, 'f', 1, 64)
	}
	return strconv.FormatFloat(value, 'f', 2, 64)
}

// find is a value of a cell.
func (r *Report) find(name, subject string, n int, value string) (float64, bool) {
	for _, c := range r.Cells {
		if c.Name == name && c.Subject == subject && c.N == n {
			v, ok := c.Values[value]
			return v, ok
		}
	}
	return 0, false
}

// numbers are the numbers of environments that were measured.
func (r *Report) numbers() []int {
	var all []int
	for _, c := range r.Cells {
		if !slices.Contains(all, c.N) {
			all = append(all, c.N)
		}
	}
	slices.Sort(all)
	return all
}

// valuesOf are the names of what was measured in the cells of a name and subject, in order.
func (r *Report) valuesOf(name, subject string) []string {
	all := map[string]bool{}
	for _, c := range r.Cells {
		if c.Name == name && c.Subject == subject {
			for value := range c.Values {
				all[value] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(all))
}
