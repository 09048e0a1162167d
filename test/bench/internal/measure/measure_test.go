package measure

import (
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"
)

func TestPercentile(t *testing.T) {
	var hundred []time.Duration
	for i := range 100 {
		hundred = append(hundred, time.Duration(i+1))
	}
	for _, c := range []struct {
		sorted []time.Duration
		share  float64
		want   time.Duration
	}{
		{hundred, 0.5, 50}, {hundred, 0.99, 99}, {hundred, 1, 100}, {hundred[:1], 0.5, 1}, {hundred[:3], 0.99, 3}, {nil, 0.5, 0},
	} {
		if got := Percentile(c.sorted, c.share); got != c.want {
			t.Errorf("percentile %v of %d is %d, not %d", c.share, len(c.sorted), got, c.want)
		}
	}
}

func TestMetricsAreAddedUp(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`# TYPE requests_total counter
requests_total{method="GET",code="200"} 3
requests_total{method="GET",code="404"} 2
requests_total{method="PUT",code="200"} 1
# TYPE seconds histogram
seconds_bucket{le="+Inf"} 4
seconds_sum 1.5
seconds_count 4
# TYPE go_memstats_heap_inuse_bytes gauge
go_memstats_heap_inuse_bytes 2e+06
`))
	}))
	defer server.Close()
	m, err := Scrape(t.Context(), server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if get, all := m.Sum("requests_total", "method", "GET"), m.Sum("requests_total", "", ""); get != 5 || all != 6 {
		t.Errorf("there are %v GET and %v requests", get, all)
	}
	if methods := m.Values("requests_total", "method"); len(methods) != 2 || methods[0] != "GET" {
		t.Errorf("the methods are %v", methods)
	}
	if m.Count("seconds") != 4 || m.Sum("seconds", "", "") != 1.5 || m.Heap() != 2 {
		t.Errorf("the histogram has %v, its sum is %v, the heap %v MB", m.Count("seconds"), m.Sum("seconds", "", ""), m.Heap())
	}
}

func TestUsageOfThisProcessGrows(t *testing.T) {
	before, err := UsageOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	machine, err := MachineTime()
	if err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); time.Since(began) < 200*time.Millisecond; {
		_ = make([]byte, 1<<10)
	}
	after, err := UsageOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	now, err := MachineTime()
	if err != nil {
		t.Fatal(err)
	}
	if after.CPU-before.CPU < 50*time.Millisecond || after.Resident <= 0 {
		t.Errorf("200 ms of work used %s, resident %v MB", after.CPU-before.CPU, after.Resident)
	}
	if idle := now.IdleSince(machine); idle < 0 || idle > 100 {
		t.Errorf("%v %% were idle", idle)
	}
}
