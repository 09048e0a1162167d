package controller

import (
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
)

// The metrics that are read off the status of environments.
var (
	readyMetric = perEnvironment("appenv_ready",
		"1 when the environment is Ready, 0 when not; missing while that is unknown.")
	componentReadyMetric = perEnvironment("appenv_component_ready",
		"1 when the component of the environment is ready or not requested, 0 when not; missing while that is unknown.", "component")
	conditionMetric = perEnvironment("appenv_condition",
		"1 for each of the conditions Ready, Reconciling, Stalled and Suspended that the environment has, with its status and reason.",
		"condition", "status", "reason")
	childStateMetric = perEnvironment("appenv_child_state",
		"How many objects of a kind the environment has in a state.", "kind", "state")
	expiryMetric = perEnvironment("appenv_certificate_expiry_timestamp_seconds",
		"When the certificate of the environment expires, in seconds since 1970; of two of one name, the first to do so.", "certificate")
	teardownMetric = prometheus.NewDesc("appenv_teardown_step",
		"1 for the step that the deletion of the environment has reached.", []string{"name", "step"}, nil)
)

func perEnvironment(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, append([]string{"name", "application", "environment"}, labels...), nil)
}

// measured are the metrics of this process.
var measured = register(metrics.Registry, newMeasurements(time.Now()))

// measurements are the operator's metrics. Those of an environment are read off its
// last status, so that nothing outlives what it speaks of.
type measurements struct {
	started     time.Time
	repairs     *prometheus.CounterVec
	timeToReady prometheus.Histogram
	stalls      prometheus.Counter

	mu       sync.Mutex
	readings map[string]reading // by name of the environment
}

// A reading is what the metrics of one environment are.
type reading struct {
	uid     types.UID
	labels  []string // of every series: name, application and environment
	series  []series
	waiting bool // for Ready, for the first time since its creation
}

// A series is one value of an environment. It becomes a prometheus.Metric when it is asked for: those
// take several times as much, and there are two dozen of each environment.
type series struct {
	of     *prometheus.Desc
	value  float64
	labels []string // beside those of every series
}

func newMeasurements(started time.Time) *measurements {
	m := &measurements{
		started:  started,
		readings: map[string]reading{},
		repairs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "appenv_drift_repairs_total",
			Help: "How many objects of a kind were written although the spec of their environment had not changed.",
		}, []string{"kind"}),
		timeToReady: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "appenv_time_to_ready_seconds",
			Help:    "Time from the creation of an environment until it is Ready for the first time.",
			Buckets: []float64{1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600},
		}),
		stalls: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "appenv_watches_stalled_total",
			Help: "How many watches went on after their time, with nobody behind them, and were begun again.",
		}),
	}
	for _, c := range component.All {
		for _, kind := range c.Kinds {
			m.repairs.WithLabelValues(kind.Kind) // zero is an answer too
		}
	}
	return m
}

func register(registry prometheus.Registerer, m *measurements) *measurements {
	registry.MustRegister(m)
	return m
}

// recordStatus takes over the status of an environment. It is to be called when one
// was written, and at the first sight of an environment.
func recordStatus(env *v1alpha1.AppEnvironment) { measured.record(env) }

// forget ends the series of an environment that is gone.
func forget(name string) { measured.forget(name) }

// driftRepaired counts a write that brought an object of the kind back.
func driftRepaired(kind string) { measured.repairs.WithLabelValues(kind).Inc() }

// Describe is part of prometheus.Collector.
func (m *measurements) Describe(descriptions chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{readyMetric, componentReadyMetric, conditionMetric, childStateMetric, expiryMetric, teardownMetric} {
		descriptions <- d
	}
	m.repairs.Describe(descriptions)
	m.timeToReady.Describe(descriptions)
	m.stalls.Describe(descriptions)
}

// Collect is part of prometheus.Collector.
func (m *measurements) Collect(all chan<- prometheus.Metric) {
	m.repairs.Collect(all)
	m.timeToReady.Collect(all)
	m.stalls.Collect(all)
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.readings {
		for _, s := range r.series {
			metric, err := prometheus.NewConstMetric(s.of, prometheus.GaugeValue, s.value, append(r.labelsOf(s.of), s.labels...)...)
			if err != nil {
				metric = prometheus.NewInvalidMetric(s.of, err)
			}
			all <- metric
		}
	}
}

// labelsOf are the values of the labels that a series has for its environment.
func (r reading) labelsOf(of *prometheus.Desc) []string {
	if of == teardownMetric {
		return slices.Clip(r.labels[:1])
	}
	return slices.Clip(r.labels)
}

func (m *measurements) record(env *v1alpha1.AppEnvironment) {
	ready := meta.FindStatusCondition(env.Status.Conditions, v1alpha1.ConditionReady)
	isReady := ready != nil && ready.Status == metav1.ConditionTrue
	next := reading{uid: env.UID, labels: []string{env.Name, env.Spec.Application, env.Spec.Environment}, series: seriesOf(env)}

	m.mu.Lock()
	defer m.mu.Unlock()
	before, known := m.readings[env.Name]
	switch {
	case known && before.uid == env.UID:
		next.waiting = before.waiting
	default:
		// What is older than this process may have been Ready before.
		next.waiting = !env.CreationTimestamp.Time.Before(m.started.Truncate(time.Second)) && !isReady
	}
	if next.waiting && isReady {
		next.waiting = false
		m.timeToReady.Observe(ready.LastTransitionTime.Sub(env.CreationTimestamp.Time).Seconds())
	}
	m.readings[env.Name] = next
}

func (m *measurements) forget(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.readings, name)
}

// seriesOf are the series of one environment.
func seriesOf(env *v1alpha1.AppEnvironment) []series {
	var all []series
	gauge := func(metric *prometheus.Desc, value float64, labels ...string) {
		all = append(all, series{of: metric, value: value, labels: labels})
	}
	if value, known := conditionValue(env, v1alpha1.ConditionReady); known {
		gauge(readyMetric, value)
	}
	for _, c := range component.All {
		if value, known := conditionValue(env, c.Condition); known {
			gauge(componentReadyMetric, value, c.Name)
		}
	}
	for _, kind := range wholeConditions {
		if c := meta.FindStatusCondition(env.Status.Conditions, kind); c != nil {
			gauge(conditionMetric, 1, kind, string(c.Status), c.Reason)
		}
	}
	type group struct{ kind, state string }
	children := map[group]float64{}
	for _, child := range env.Status.Children {
		children[group{child.Kind, string(child.State)}]++
	}
	for of, count := range children {
		gauge(childStateMetric, count, of.kind, of.state)
	}
	for name, expiry := range expiries(env) {
		gauge(expiryMetric, float64(expiry.Unix()), name)
	}
	if env.Status.Teardown != nil {
		gauge(teardownMetric, 1, env.Status.Teardown.Step)
	}
	return slices.Clone(all) // without room to grow
}

// wholeConditions are those that speak of the environment as a whole.
var wholeConditions = []string{v1alpha1.ConditionReady, v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled, v1alpha1.ConditionSuspended}

// expiries are the known ones, by name of the certificate; of two of one name in two namespaces the earlier.
func expiries(env *v1alpha1.AppEnvironment) map[string]time.Time {
	all := map[string]time.Time{}
	for _, c := range env.Status.Certificates {
		expiry, err := time.Parse(time.RFC3339, c.Expires)
		if earlier, known := all[c.Name]; err == nil && (!known || expiry.Before(earlier)) {
			all[c.Name] = expiry
		}
	}
	return all
}

// conditionValue is 1 for True and 0 for False.
func conditionValue(env *v1alpha1.AppEnvironment, kind string) (value float64, known bool) {
	condition := meta.FindStatusCondition(env.Status.Conditions, kind)
	switch {
	case condition == nil || condition.Status == metav1.ConditionUnknown:
		return 0, false
	case condition.Status == metav1.ConditionTrue:
		return 1, true
	}
	return 0, true
}
