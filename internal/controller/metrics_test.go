package controller

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

var processStart = time.Date(2026, 1, 2, 3, 4, 5, 600_000_000, time.UTC)

// measuredEnvironment was created ten seconds after the process started.
func measuredEnvironment(ready metav1.ConditionStatus, since time.Duration) *v1alpha1.AppEnvironment {
	born := processStart.Truncate(time.Second).Add(10 * time.Second)
	return &v1alpha1.AppEnvironment{
		ObjectMeta: metav1.ObjectMeta{Name: "hoge-dev", UID: "u-1", CreationTimestamp: metav1.NewTime(born)},
		Spec:       v1alpha1.AppEnvironmentSpec{Application: "hoge", Environment: "dev"},
		Status: v1alpha1.AppEnvironmentStatus{
			Conditions: []metav1.Condition{
				{Type: v1alpha1.ConditionNamespacesReady, Status: metav1.ConditionTrue},
				{Type: v1alpha1.ConditionSecretsReady, Status: metav1.ConditionFalse},
				{Type: v1alpha1.ConditionDNSReady, Status: metav1.ConditionUnknown},
				{Type: v1alpha1.ConditionReady, Status: ready, Reason: "Told", LastTransitionTime: metav1.NewTime(born.Add(since))},
			},
			Children: []v1alpha1.Child{
				{Kind: "Namespace", Name: "a", State: v1alpha1.ChildReady},
				{Kind: "Namespace", Name: "b", State: v1alpha1.ChildReady},
				{Kind: "ExternalSecret", Name: "c", State: v1alpha1.ChildFailing},
			},
			Certificates: []v1alpha1.CertificateStatus{
				{Name: "web", Namespace: "a", Expires: "2026-04-01T00:00:00Z"}, {Name: "web", Namespace: "b", Expires: "2026-05-01T00:00:00Z"}, {Name: "new"},
			},
		},
	}
}

func registered(t *testing.T) (*measurements, *prometheus.Registry) {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	return register(registry, newMeasurements(processStart)), registry
}

// told is the condition Ready of hoge-dev.
func told(status string) string {
	return `appenv_condition{application="hoge",condition="Ready",environment="dev",name="hoge-dev",reason="Told",status="` + status + `"} 1`
}

const ofHoge = `application="hoge",environment="dev",name="hoge-dev"`

var environmentMetrics = []string{
	"appenv_ready", "appenv_component_ready", "appenv_condition", "appenv_child_state", "appenv_certificate_expiry_timestamp_seconds", "appenv_teardown_step",
}

// check compares the series of environments, given as metric, more labels and value.
func check(t *testing.T, registry *prometheus.Registry, want ...string) {
	t.Helper()
	help := map[string]string{
		"appenv_ready":                                "1 when the environment is Ready, 0 when not; missing while that is unknown.",
		"appenv_component_ready":                      "1 when the component of the environment is ready or not requested, 0 when not; missing while that is unknown.",
		"appenv_condition":                            "1 for each of the conditions Ready, Reconciling, Stalled and Suspended that the environment has, with its status and reason.",
		"appenv_child_state":                          "How many objects of a kind the environment has in a state.",
		"appenv_certificate_expiry_timestamp_seconds": "When the certificate of the environment expires, in seconds since 1970; of two of one name, the first to do so.",
		"appenv_teardown_step":                        "1 for the step that the deletion of the environment has reached.",
	}
	var expected strings.Builder
	for _, line := range want {
		name, _, _ := strings.Cut(line, "{")
		if help[name] != "" { // the header stands once, before the first series
			fmt.Fprintf(&expected, "# HELP %s %s\n# TYPE %s gauge\n", name, help[name], name)
			delete(help, name)
		}
		fmt.Fprintln(&expected, line)
	}
	if err := testutil.GatherAndCompare(registry, strings.NewReader(expected.String()), environmentMetrics...); err != nil {
		t.Error(err)
	}
}

func TestMetricsAreReadOffTheStatus(t *testing.T) {
	m, registry := registered(t)
	m.record(measuredEnvironment(metav1.ConditionTrue, time.Second))
	check(t, registry,
		`appenv_ready{`+ofHoge+`} 1`,
		`appenv_component_ready{application="hoge",component="namespaces",environment="dev",name="hoge-dev"} 1`,
		`appenv_component_ready{application="hoge",component="secrets",environment="dev",name="hoge-dev"} 0`,
		told("True"),
		`appenv_child_state{application="hoge",environment="dev",kind="ExternalSecret",name="hoge-dev",state="Failing"} 1`,
		`appenv_child_state{application="hoge",environment="dev",kind="Namespace",name="hoge-dev",state="Ready"} 2`,
		`appenv_certificate_expiry_timestamp_seconds{application="hoge",certificate="web",environment="dev",name="hoge-dev"} 1.7750016e+09`,
	)
}

func TestStaleSeriesVanish(t *testing.T) {
	m, registry := registered(t)
	env := measuredEnvironment(metav1.ConditionTrue, time.Second)
	m.record(env)

	env.Status.Conditions = env.Status.Conditions[3:]
	env.Status.Conditions[0].Status = metav1.ConditionFalse
	env.Status.Children, env.Status.Certificates = nil, nil
	env.Status.Teardown = &v1alpha1.Teardown{Step: "dns"}
	m.record(env)
	check(t, registry, `appenv_ready{`+ofHoge+`} 0`, told("False"), `appenv_teardown_step{name="hoge-dev",step="dns"} 1`)

	env.Status.Teardown.Step = "applications"
	m.record(env)
	check(t, registry, `appenv_ready{`+ofHoge+`} 0`, told("False"), `appenv_teardown_step{name="hoge-dev",step="applications"} 1`)

	env.Status.Conditions[0].Status = metav1.ConditionUnknown
	env.Status.Teardown = nil
	m.record(env)
	check(t, registry, told("Unknown"))
}

func TestADeletedEnvironmentHasNoSeries(t *testing.T) {
	m, registry := registered(t)
	m.record(measuredEnvironment(metav1.ConditionTrue, time.Second))
	other := measuredEnvironment(metav1.ConditionFalse, time.Second)
	other.Name, other.Status.Conditions = "hoge-prod", other.Status.Conditions[3:]
	other.Status.Children, other.Status.Certificates = nil, nil
	m.record(other)
	m.forget("hoge-dev")
	m.forget("never-seen")
	check(t, registry, `appenv_ready{application="hoge",environment="dev",name="hoge-prod"} 0`,
		strings.ReplaceAll(told("False"), "hoge-dev", "hoge-prod"))
}

func TestTimeToReady(t *testing.T) {
	old := func(env *v1alpha1.AppEnvironment) *v1alpha1.AppEnvironment {
		env.CreationTimestamp = metav1.NewTime(processStart.Add(-time.Hour))
		return env
	}
	recreated := func(env *v1alpha1.AppEnvironment) *v1alpha1.AppEnvironment {
		env.UID = "u-2"
		return env
	}
	inFirstSecond := func(env *v1alpha1.AppEnvironment) *v1alpha1.AppEnvironment {
		shift := env.CreationTimestamp.Sub(processStart.Truncate(time.Second))
		env.CreationTimestamp = metav1.NewTime(env.CreationTimestamp.Add(-shift))
		env.Status.Conditions[3].LastTransitionTime = metav1.NewTime(env.Status.Conditions[3].LastTransitionTime.Add(-shift))
		return env
	}
	notReady := func() *v1alpha1.AppEnvironment { return measuredEnvironment(metav1.ConditionFalse, 0) }
	ready := func(after time.Duration) *v1alpha1.AppEnvironment {
		return measuredEnvironment(metav1.ConditionTrue, after)
	}
	for name, c := range map[string]struct {
		seen  []*v1alpha1.AppEnvironment
		count uint64
		sum   float64
	}{
		"ready for the first time":                  {[]*v1alpha1.AppEnvironment{notReady(), ready(42 * time.Second)}, 1, 42},
		"not ready yet":                             {[]*v1alpha1.AppEnvironment{notReady(), notReady()}, 0, 0},
		"ready, broken, ready again":                {[]*v1alpha1.AppEnvironment{notReady(), ready(42 * time.Second), notReady(), ready(99 * time.Second)}, 1, 42},
		"ready when first seen":                     {[]*v1alpha1.AppEnvironment{ready(42 * time.Second), notReady(), ready(99 * time.Second)}, 0, 0},
		"older than the process":                    {[]*v1alpha1.AppEnvironment{old(notReady()), old(ready(42 * time.Second))}, 0, 0},
		"created within the second of the start":    {[]*v1alpha1.AppEnvironment{inFirstSecond(notReady()), inFirstSecond(ready(3 * time.Second))}, 1, 3},
		"created again under the name":              {[]*v1alpha1.AppEnvironment{notReady(), ready(42 * time.Second), recreated(notReady()), recreated(ready(10 * time.Second))}, 2, 52},
		"created again without having been noticed": {[]*v1alpha1.AppEnvironment{notReady(), recreated(notReady()), recreated(ready(10 * time.Second))}, 1, 10},
	} {
		t.Run(name, func(t *testing.T) {
			m, registry := registered(t)
			for _, env := range c.seen {
				m.record(env)
			}
			families, err := registry.Gather()
			if err != nil {
				t.Fatal(err)
			}
			for _, family := range families {
				if family.GetName() != "appenv_time_to_ready_seconds" {
					continue
				}
				got := family.GetMetric()[0].GetHistogram()
				if got.GetSampleCount() != c.count || got.GetSampleSum() != c.sum {
					t.Errorf("count %d, sum %v; want %d, %v", got.GetSampleCount(), got.GetSampleSum(), c.count, c.sum)
				}
				return
			}
			t.Error("the histogram is missing")
		})
	}
}

func TestDriftRepairsAreCountedByKind(t *testing.T) {
	m, registry := registered(t)
	m.repairs.WithLabelValues("AppProject").Inc()
	if got := testutil.ToFloat64(m.repairs.WithLabelValues("AppProject")); got != 1 {
		t.Errorf("AppProject = %v, want 1", got)
	}
	if got := testutil.ToFloat64(m.repairs.WithLabelValues("Namespace")); got != 0 {
		t.Errorf("Namespace = %v, want 0", got)
	}
	if problems, err := testutil.GatherAndLint(registry); err != nil || len(problems) > 0 {
		t.Errorf("lint: %v, %v", problems, err)
	}
}

func TestTheOperatorsMetricsAreServed(t *testing.T) {
	env := measuredEnvironment(metav1.ConditionTrue, time.Second)
	env.Name = "served"
	before := testutil.ToFloat64(measured.repairs.WithLabelValues("Namespace"))
	recordStatus(env)
	driftRepaired("Namespace")
	if got := testutil.ToFloat64(measured.repairs.WithLabelValues("Namespace")); got != before+1 {
		t.Errorf("repairs = %v, want %v", got, before+1)
	}
	if n, err := testutil.GatherAndCount(metrics.Registry, "appenv_ready"); err != nil || n != 1 {
		t.Errorf("controller-runtime's registry serves %d appenv_ready, %v", n, err)
	}
	forget("served")
	if n, err := testutil.GatherAndCount(metrics.Registry, environmentMetrics...); err != nil || n != 0 {
		t.Errorf("%d series are left, %v", n, err)
	}
}

func TestMetricsCanBeReadWhileTheyAreWritten(t *testing.T) {
	m, registry := registered(t)
	var work sync.WaitGroup
	for i := range 4 {
		work.Go(func() {
			for range 200 {
				env := measuredEnvironment(metav1.ConditionTrue, time.Second)
				env.Name = fmt.Sprintf("env-%d", i)
				m.record(env)
				if _, err := registry.Gather(); err != nil {
					t.Error(err)
				}
				m.forget(env.Name)
			}
		})
	}
	work.Wait()
}
