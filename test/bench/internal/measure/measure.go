// Package measure reads what a process used, what it says of itself, and what it asked of the API server.
package measure

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/appenv/appenv-operator/hack/local/audit"
	"github.com/appenv/appenv-operator/hack/local/launch"
	"github.com/appenv/appenv-operator/hack/local/process"
)

// Megabyte is 10^6 bytes, in which memory is reported.
const Megabyte = 1e6

// Usage is what a process has used up to now.
type Usage struct {
	CPU      time.Duration
	Resident float64 // MB
}

// UsageOf reads the usage of a process.
func UsageOf(pid int) (Usage, error) {
	cpu, err := process.CPUTime(pid)
	if err != nil {
		return Usage{}, err
	}
	resident, err := process.ResidentMemory(pid)
	return Usage{cpu, float64(resident) / Megabyte}, err
}

// Machine is the processor time of the whole machine since it was started, and that in which it had nothing to do.
type Machine struct{ All, Idle float64 }

// MachineTime reads it.
func MachineTime() (Machine, error) {
	content, err := os.ReadFile("/proc/stat")
	if err != nil {
		return Machine{}, err
	}
	const idle, wait, guest = 3, 4, 8
	var m Machine
	line, _, _ := strings.Cut(string(content), "\n")
	for i, field := range strings.Fields(line)[1:] {
		ticks, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return Machine{}, fmt.Errorf("reading /proc/stat: %w", err)
		}
		if i < guest { // a guest's time is in the user's
			m.All += ticks
		}
		if i == idle || i == wait {
			m.Idle += ticks
		}
	}
	return m, nil
}

// IdleSince is the share of the machine that had nothing to do since then, in percent.
func (m Machine) IdleSince(then Machine) float64 {
	return 100 * (m.Idle - then.Idle) / (m.All - then.All)
}

// Metrics are the families of a program's metrics.
type Metrics map[string]*dto.MetricFamily

// Scrape reads a program's metrics.
func Scrape(ctx context.Context, url string) (Metrics, error) {
	var body bytes.Buffer
	if err := launch.Get(ctx, url, &body); err != nil {
		return nil, err
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(&body)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", url, err)
	}
	return families, nil
}

// Sum adds up the series of a metric; those of one label's value when it is given.
func (m Metrics) Sum(name, label, value string) float64 {
	total := 0.0
	for _, series := range m[name].GetMetric() {
		if label != "" && labelOf(series, label) != value {
			continue
		}
		total += series.GetGauge().GetValue() + series.GetCounter().GetValue() + series.GetHistogram().GetSampleSum()
	}
	return total
}

// Count adds up how often a histogram was observed.
func (m Metrics) Count(name string) float64 {
	total := 0.0
	for _, series := range m[name].GetMetric() {
		total += float64(series.GetHistogram().GetSampleCount())
	}
	return total
}

// Values are the values of a label of a metric.
func (m Metrics) Values(name, label string) []string {
	var values []string
	for _, series := range m[name].GetMetric() {
		if value := labelOf(series, label); !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	slices.Sort(values)
	return values
}

func labelOf(series *dto.Metric, name string) string {
	for _, label := range series.GetLabel() {
		if label.GetName() == name {
			return label.GetValue()
		}
	}
	return ""
}

// Heap is the Go heap in use, in MB.
func (m Metrics) Heap() float64 { return m.Sum("go_memstats_heap_inuse_bytes", "", "") / Megabyte }

// Requests are the requests of a user in the audit log since a time, but for its lease and its watches.
func Requests(log, user string, from time.Time) ([]audit.Entry, error) {
	entries, err := audit.Since(log, user, from)
	return slices.DeleteFunc(entries, audit.Entry.Idle), err
}

// Percentile is the value below which that share of the sorted durations lies, the last one for 1.
func Percentile(sorted []time.Duration, share float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[max(0, int(math.Ceil(share*float64(len(sorted))))-1)]
}
