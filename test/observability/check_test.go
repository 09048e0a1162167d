package observability

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// small is a catalog to try the check on.
var small = catalog{job: "ours", families: map[string]family{
	"appenv_ready":         {"gauge", []string{"application", "environment", "name"}},
	"appenv_step":          {"gauge", []string{"name", "step"}},
	"appenv_repairs_total": {"counter", []string{"kind"}},
	"appenv_wait_seconds":  {"histogram", []string{"name"}},
	"go_pause_seconds":     {"summary", nil},
}}

func TestRightExpressionsPass(t *testing.T) {
	for name, c := range map[string]struct{ expr, labels string }{
		"a gauge":                       {`appenv_ready == 0`, "{application, container, endpoint, environment, instance, job, name, namespace, pod, service}"},
		"an aggregation":                {`max by (name) (max_over_time(appenv_ready{application=~"h.*"}[5m]))`, "{name}"},
		"an aggregation that leaves":    {`sum without (pod, instance, job, namespace, service, endpoint, container) (appenv_step)`, "{name, step}"},
		"the greatest":                  {`topk(3, max by (name) (appenv_ready))`, "{name}"},
		"the rate of a counter":         {`sum by (kind) (rate(appenv_repairs_total[5m]))`, "{kind}"},
		"the rate of a histogram's sum": {`sum(rate(appenv_wait_seconds_sum[5m])) / sum(rate(appenv_wait_seconds_count[5m]))`, "{}"},
		"a quantile":                    {`histogram_quantile(0.9, sum by (le, name) (rate(appenv_wait_seconds_bucket[5m])))`, "{name}"},
		"a summary":                     {`max by (quantile) (go_pause_seconds{job="ours"})`, "{quantile}"},
		"what Prometheus says itself":   {`absent(up{job="ours"} == 1)`, "{}"},
		"without":                       {`max by (name) (appenv_ready) unless on (name) appenv_step`, "{name}"},
		"or nothing":                    {`count(appenv_ready) or vector(0)`, "{}"},
		"labels of the other side":      {`max by (name, step) (appenv_step) * on (name) group_left (environment) max by (name, environment) (appenv_ready)`, "{environment, name, step}"},
		"compared with a number":        {`time() - max by (name) (appenv_ready) > 0`, "{name}"},
		"a label that is made":          {`label_replace(max by (name) (appenv_ready), "short", "$1", "name", "(..).*")`, "{name, short}"},
	} {
		t.Run(name, func(t *testing.T) {
			set, problems := small.ask(c.expr)
			if len(problems) > 0 {
				t.Fatalf("%s: %q", c.expr, problems)
			}
			if diff := cmp.Diff(c.labels, set.String()); diff != "" {
				t.Errorf("%s: labels (-want +got):\n%s", c.expr, diff)
			}
		})
	}
}

func TestWrongExpressionsAreSeen(t *testing.T) {
	for name, c := range map[string]struct{ expr, want string }{
		"an open bracket":                {`sum(appenv_ready`, "unclosed left parenthesis"},
		"an unknown metric":              {`appenv_redy == 0`, "exposes no appenv_redy"},
		"an unknown metric in a rate":    {`sum(rate(appenv_repair_total[5m]))`, "exposes no appenv_repair_total"},
		"a metric without a name":        {`{job="ours"}`, "exposes no "},
		"a histogram as a whole":         {`appenv_wait_seconds`, "is a histogram"},
		"buckets of a summary":           {`go_pause_seconds_bucket{job="ours"}`, "exposes no go_pause_seconds_bucket"},
		"an unknown label":               {`appenv_ready{kind="x"}`, `no label "kind"`},
		"an unknown label to group by":   {`sum by (step) (appenv_ready)`, `no label "step"`},
		"an unknown label to leave out":  {`sum without (step) (appenv_ready)`, `no label "step"`},
		"a label that was summed away":   {`max by (pod) (max by (name) (appenv_ready))`, `no label "pod"`},
		"a label of one side only":       {`appenv_ready * on (step) appenv_step`, `no label "step"`},
		"an ignored label of no side":    {`appenv_ready - ignoring (kind) appenv_ready`, `no label "kind"`},
		"a label the other side has not": {`appenv_step * on (name) group_left (kind) appenv_ready`, `no label "kind"`},
		"sides that never match":         {`max by (name) (appenv_ready) unless max by (step) (appenv_step)`, "never match"},
		"the rate of a gauge":            {`rate(appenv_ready[5m])`, "rate of appenv_ready, which is a gauge"},
		"the increase of a gauge":        {`sum(increase(appenv_step[1h]))`, "increase of appenv_step, which is a gauge"},
		"a quantile without buckets":     {`histogram_quantile(0.9, sum by (name) (rate(appenv_wait_seconds_bucket[5m])))`, `no label "le"`},
		"a metric of everybody":          {`max(go_pause_seconds)`, `must be asked for with job="ours"`},
		"a metric of somebody else":      {`max(up{job="theirs"})`, `must be asked for with job="ours"`},
		"a problem in a parameter":       {`topk(scalar(max(appenv_redy)), appenv_ready)`, "exposes no appenv_redy"},
		"a problem in a subquery":        {`max_over_time(sum by (step) (appenv_ready)[1h:5m])`, `no label "step"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := small.ask(c.expr)
			if all := strings.Join(problems, "\n"); !strings.Contains(all, c.want) {
				t.Errorf("%s: problems %q, want one with %q", c.expr, problems, c.want)
			}
		})
	}
}

func TestLabelsOfTextsAreFound(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"none":                 {"all is well", nil},
		"labels of an alert":   {"{{ $labels.name }} in {{ $labels.step | toUpper }}: {{ $value }}", []string{"name", "step"}},
		"labels of a legend":   {"{{kind}}, {{ pod }}", []string{"kind", "pod"}},
		"a function, no label": {"{{ $value | humanizeDuration }}", nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, labelsIn(c.text)); diff != "" {
				t.Errorf("labels (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUnknownVariablesAreSeen(t *testing.T) {
	known := []string{"application"}
	expr, unknown := substitute(`sum(rate(x{a=~"$application",b="${application:regex}"}[$__rate_interval]))`, known)
	if want := `sum(rate(x{a=~".*",b=".*"}[5m]))`; expr != want || len(unknown) > 0 {
		t.Errorf("substituted %q, unknown %q, want %q", expr, unknown, want)
	}
	if _, unknown := substitute(`x{a="$cluster"}`, known); !cmp.Equal(unknown, []string{"cluster"}) {
		t.Errorf("unknown %q, want cluster", unknown)
	}
}

func TestHeadingsBecomeAnchors(t *testing.T) {
	text := "# One\n```sh\n# no heading\n```\n## Two: what `it` means, and more\n### A-b_c\n"
	if diff := cmp.Diff([]string{"one", "two-what-it-means-and-more", "a-b_c"}, anchorsOf(text)); diff != "" {
		t.Errorf("anchors (-want +got):\n%s", diff)
	}
}
