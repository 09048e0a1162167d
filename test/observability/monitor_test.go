package observability

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A service is what is of interest of the Service of the metrics.
type service struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name      string            `json:"name"`
		Namespace string            `json:"namespace"`
		Labels    map[string]string `json:"labels"`
	} `json:"metadata"`
	Spec struct {
		Selector map[string]string `json:"selector"`
		Ports    []struct {
			Name       string `json:"name"`
			Port       int    `json:"port"`
			TargetPort any    `json:"targetPort"`
			Protocol   string `json:"protocol"`
		} `json:"ports"`
	} `json:"spec"`
}

func metricsService(t *testing.T) service {
	t.Helper()
	var of service
	read(t, serviceFile, &of)
	return of
}

// scrapeJob is the job of the scrape: a ServiceMonitor takes the name of the Service.
func scrapeJob(t *testing.T) string {
	t.Helper()
	return namePrefix + metricsService(t).Metadata.Name
}

func TestTheMonitorFindsTheServiceOfTheMetrics(t *testing.T) {
	var monitor struct {
		APIVersion string         `json:"apiVersion"`
		Kind       string         `json:"kind"`
		Metadata   map[string]any `json:"metadata"`
		Spec       struct {
			Selector  map[string]map[string]string `json:"selector"`
			Endpoints []map[string]any             `json:"endpoints"`
		} `json:"spec"`
	}
	read(t, monitorFile, &monitor)
	of := metricsService(t)
	if got, want := monitor.Metadata["namespace"], of.Metadata.Namespace; got != want {
		t.Errorf("the monitor looks in namespace %v, the Service is in %s", got, want)
	}
	if diff := cmp.Diff(of.Metadata.Labels, monitor.Spec.Selector["matchLabels"]); diff != "" {
		t.Errorf("labels (-Service +monitor):\n%s", diff)
	}
	if len(monitor.Spec.Endpoints) != 1 || len(of.Spec.Ports) != 1 {
		t.Fatalf("%d endpoints for %d ports", len(monitor.Spec.Endpoints), len(of.Spec.Ports))
	}
	if got, want := monitor.Spec.Endpoints[0]["port"], of.Spec.Ports[0].Name; got != want {
		t.Errorf("the monitor asks port %v, the Service has %s", got, want)
	}
}
