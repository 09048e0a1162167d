package observability

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A family is a metric as the operator exposes it.
type family struct {
	kind   string // gauge, counter, histogram or summary
	labels []string
}

// A catalog is what the operator exposes, by name of the family, and the job under which it is scraped.
type catalog struct {
	families map[string]family
	job      string
}

// ofTheScrape are the labels that a scrape by a ServiceMonitor adds.
var ofTheScrape = []string{"container", "endpoint", "instance", "job", "namespace", "pod", "service"}

// ofPrometheus are series that Prometheus makes of a scrape itself.
var ofPrometheus = map[string]family{"up": {kind: "gauge"}}

const catalogFile = "testdata/metrics.txt"

var catalogLine = regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*) (gauge|counter|histogram|summary)(?: ([a-z_]+(?:,[a-z_]+)*))?$`)

// exposed reads the catalog.
func exposed(t *testing.T) catalog {
	t.Helper()
	known := catalog{map[string]family{}, scrapeJob(t)}
	for i, line := range catalogLines(t) {
		match := catalogLine.FindStringSubmatch(line)
		if match == nil {
			t.Fatalf("%s, line %d is not NAME TYPE label,label: %q", catalogFile, i+1, line)
		}
		of := family{kind: match[2]}
		if match[3] != "" {
			of.labels = strings.Split(match[3], ",")
		}
		known.families[match[1]] = of
	}
	return known
}

func catalogLines(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(catalogFile)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

func TestTheCatalogIsInOrder(t *testing.T) {
	lines := catalogLines(t)
	known := exposed(t)
	var names []string
	for _, line := range lines {
		name, _, _ := strings.Cut(line, " ")
		names = append(names, name)
	}
	if !slices.IsSorted(names) || len(slices.Compact(names)) != len(lines) {
		t.Errorf("%s must be sorted by name, without one that stands twice", catalogFile)
	}
	for name, of := range known.families {
		if !slices.IsSorted(of.labels) {
			t.Errorf("%s: labels must be sorted: %v", name, of.labels)
		}
		for _, label := range of.labels {
			if slices.Contains(ofTheScrape, label) {
				t.Errorf("%s: the scrape would rename label %q to exported_%[2]s", name, label)
			}
		}
	}
}

// series is what a selector picks by name: of a histogram its buckets, sum or count.
func (c catalog) series(name string) (of family, err error) {
	if of, found := ofPrometheus[name]; found {
		return of, nil
	}
	of, found := c.families[name]
	switch {
	case found && of.kind == "histogram":
		return of, fmt.Errorf("%s is a histogram: ask for %[1]s_bucket, %[1]s_sum or %[1]s_count", name)
	case found && of.kind == "summary":
		return family{"gauge", append(slices.Clone(of.labels), "quantile")}, nil
	case found:
		return of, nil
	}
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		base, cut := strings.CutSuffix(name, suffix)
		of := c.families[base]
		switch {
		case cut && of.kind == "histogram" && suffix == "_bucket":
			return family{"counter", append(slices.Clone(of.labels), "le")}, nil
		case cut && of.kind == "histogram", cut && of.kind == "summary" && suffix != "_bucket":
			return family{"counter", of.labels}, nil
		}
	}
	return of, fmt.Errorf("the operator exposes no %s", name)
}
