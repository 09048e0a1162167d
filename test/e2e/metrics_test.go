package e2e

import (
	"crypto/tls"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

var metrics = []scenario{{name: "metrics-for-prometheus", run: metricsForPrometheus}}

// metricsList is what rules and dashboard are held to: a line for each metric, with its type and labels.
const metricsList = "../observability/testdata/metrics.txt"

// metricsForPrometheus reads the metrics as Prometheus does, and as others may not.
func metricsForPrometheus(s *stage) {
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: s.name}}
	s.must(s.client.Create(s.ctx, account))
	request := &authenticationv1.TokenRequest{}
	token, err := s.stack.Cluster.Typed.CoreV1().ServiceAccounts("default").CreateToken(s.ctx, s.name, request, metav1.CreateOptions{})
	s.must(err)
	s.metricsServed()
	for name, test := range map[string]struct {
		token string
		want  int
	}{
		"nobody":                         {"", http.StatusUnauthorized},
		"somebody of another cluster":    {"not-a-token", http.StatusUnauthorized},
		"an account without permissions": {token.Status.Token, http.StatusForbidden},
	} {
		if code, _ := s.scrape(test.token); code != test.want {
			s.Errorf("%s gets %d, want %d", name, code, test.want)
		}
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: s.name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "appenv-metrics-reader"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: "default", Name: s.name}},
	}
	s.must(s.client.Create(s.ctx, binding))
	s.until(func() string { // a refusal is remembered for some seconds
		if code, _ := s.scrape(token.Status.Token); code != http.StatusOK {
			return fmt.Sprintf("the metrics; the answer is %d", code)
		}
		return ""
	})

	env := s.environment("front")
	env.Spec.Certificates = []v1alpha1.Certificate{
		{Name: "web", Google: &v1alpha1.GoogleCertificate{Domains: []string{s.domain()}}},
	}
	s.apply(env)
	s.ready()
	found := map[string]string{}
	_, families := s.scrape(token.Status.Token)
	maps.Copy(found, describeFamilies(families))
	s.remember()
	s.must(s.client.Delete(s.ctx, env))
	s.until(func() string {
		_, families := s.scrape(token.Status.Token)
		maps.Copy(found, describeFamilies(families))
		if _, seen := found["appenv_teardown_step"]; !seen {
			return "the step of the deletion"
		}
		return ""
	})
	s.gone()
	s.nothingLeft()
	s.compareMetrics(found)
	s.must(s.client.Delete(s.ctx, binding))
	s.must(s.client.Delete(s.ctx, account))
}

// metricsServed waits until somebody listens: the operator is ready before the certificate of its metrics, two
// RSA keys, is made.
func (s *stage) metricsServed() {
	s.Helper()
	endpoint, err := url.Parse(s.stack.Site.OperatorMetrics("https"))
	s.must(err)
	s.until(func() string {
		connection, err := (&net.Dialer{}).DialContext(s.ctx, "tcp", endpoint.Host)
		if err != nil {
			return "the metrics to be served: " + err.Error()
		}
		s.must(connection.Close())
		return ""
	})
}

// scrape asks for the metrics. Their certificate is the operator's own, as the ServiceMonitor expects.
func (s *stage) scrape(token string) (code int, families map[string]*dto.MetricFamily) {
	s.Helper()
	request, err := http.NewRequestWithContext(s.ctx, http.MethodGet, s.stack.Site.OperatorMetrics("https"), nil)
	s.must(err)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // self-signed, and on this machine
		DisableKeepAlives: true,
	}}
	response, err := client.Do(request)
	s.must(err)
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		_, err := io.Copy(io.Discard, response.Body)
		s.must(err)
		return response.StatusCode, nil
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err = parser.TextToMetricFamilies(response.Body)
	s.must(err)
	return response.StatusCode, families
}

// describeFamilies says of each metric what it is: its type and the labels of all its series.
func describeFamilies(families map[string]*dto.MetricFamily) map[string]string {
	described := map[string]string{}
	for name, family := range families {
		if strings.HasPrefix(name, "go_godebug_") {
			continue // each release of Go has others
		}
		labels := map[string]bool{}
		for _, series := range family.GetMetric() {
			for _, pair := range series.GetLabel() {
				labels[pair.GetName()] = true
			}
		}
		described[name] = strings.TrimSpace(fmt.Sprintf("%s %s %s", name, strings.ToLower(family.GetType().String()),
			strings.Join(slices.Sorted(maps.Keys(labels)), ",")))
	}
	return described
}

// compareMetrics compares what the operator exposes with the list that rules and dashboard are held to.
func (s *stage) compareMetrics(found map[string]string) {
	s.Helper()
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(found)) {
		text.WriteString(found[name] + "\n")
	}
	if *update {
		s.must(os.WriteFile(metricsList, []byte(text.String()), 0o644))
	}
	content, err := os.ReadFile(metricsList)
	s.must(err)
	listed := slices.Collect(strings.Lines(string(content)))
	exposed := slices.Collect(strings.Lines(text.String()))
	for _, line := range listed {
		if !slices.Contains(exposed, line) {
			s.Errorf("%s lists what the operator does not expose: %s", metricsList, line)
		}
	}
	for _, line := range exposed {
		if !slices.Contains(listed, line) {
			s.Errorf("%s does not list what the operator exposes: %s", metricsList, line)
		}
	}
	s.note("%d metrics, as %s lists them", len(exposed), metricsList)
}
