package config

import (
	"errors"
	"fmt"
	"net"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
)

// Bounds of a Config.
const (
	maxConcurrency = 100
	maxPort        = 65535
	// minRecheck keeps many taken names from becoming a load on the API server.
	minRecheck = 100 * time.Millisecond
)

// Validate reports every value that cannot work, with its flag and what to write instead.
func (c Config) Validate() error {
	return errors.Join(
		namespace("argocd-namespace", c.ArgoCDNamespace, true),
		namespace("leader-election-namespace", c.LeaderElectionNamespace, false),
		selector("watch-selector", c.WatchSelector),
		concurrency(c.Concurrency),
		oneOf("log-format", c.LogFormat, LogAuto, LogJSON, LogConsole),
		logLevel(c.LogLevel),
		address("metrics-bind-address", c.MetricsBindAddress),
		address("health-probe-bind-address", c.HealthProbeBindAddress),
		address("pprof-bind-address", c.PprofBindAddress),
		distinct(c.MetricsBindAddress, c.HealthProbeBindAddress),
		c.metricsCertificate(),
		patterns("allowed-repositories", c.AllowedRepositories),
		patterns("allowed-namespaces", c.AllowedNamespaces),
		patterns("allowed-google-service-accounts", c.AllowedGoogleServiceAccounts),
		patterns("allowed-cluster-secret-stores", c.AllowedClusterSecretStores),
		patterns("reserved-namespaces", c.ReservedNamespaces),
		property("cloudflare-proxied-property", c.CloudflareProxiedProperty),
		atLeast("teardown-deadline", c.TeardownDeadline, time.Second),
		atLeast("recheck-interval", c.RecheckInterval, minRecheck),
	)
}

// bad is the error of one flag.
func bad(name string, value any, advice string) error {
	return fmt.Errorf("--%s=%v: %s", name, value, advice)
}

func namespace(name, value string, required bool) error {
	if value == "" && !required {
		return nil
	}
	if len(validation.IsDNS1123Label(value)) > 0 {
		return bad(name, value, "write the name of a namespace: lower-case letters, digits and -, at most 63 characters")
	}
	return nil
}

// selector does not ask whether anything can match: that is up to the labels that people give.
func selector(name, value string) error {
	if _, err := labels.Parse(value); err != nil {
		return bad(name, value, "write a label selector, as in shard=a, shard in (a,b) or !shard; "+err.Error())
	}
	return nil
}

func concurrency(value int) error {
	if value < 1 || value > maxConcurrency {
		return bad("concurrency", value, "write a number from 1 to "+strconv.Itoa(maxConcurrency))
	}
	return nil
}

func oneOf(name, value string, known ...string) error {
	if !slices.Contains(known, value) {
		return bad(name, value, "write one of "+strings.Join(known, ", "))
	}
	return nil
}

func logLevel(value string) error {
	if _, ok := level(value); !ok {
		return bad("log-level", value, "write error, warn, info, debug, or a verbosity from 1 to 9")
	}
	return nil
}

func address(name, value string) error {
	if value == off {
		return nil
	}
	host, port, err := net.SplitHostPort(value)
	if err != nil {
		return bad(name, value, "write host:port, as in 127.0.0.1:8080 or :8080, or 0 for none")
	}
	if number, err := strconv.Atoi(port); err != nil || number < 0 || number > maxPort {
		return bad(name, value, "write a port from 0 (any free one) to "+strconv.Itoa(maxPort))
	}
	if host != "" && net.ParseIP(host) == nil && len(validation.IsDNS1123Subdomain(host)) > 0 {
		return bad(name, value, "write an IP address or a host name before the port, or nothing for every address")
	}
	return nil
}

// off as an address means that nothing listens.
const off = "0"

// distinct refuses one port for two listeners: the second would fail after the start.
func distinct(metrics, probes string) error {
	if metrics != probes || metrics == off || strings.HasSuffix(metrics, ":0") {
		return nil
	}
	return bad("health-probe-bind-address", probes, "write another port than that of --metrics-bind-address")
}

// metricsCertificate refuses a certificate that nobody would be shown.
func (c Config) metricsCertificate() error {
	if c.MetricsCertPath == "" || c.MetricsSecure && c.MetricsBindAddress != off {
		return nil
	}
	return bad("metrics-cert-path", c.MetricsCertPath, "leave it out, or serve the metrics by HTTPS: --metrics-secure, and an address in --metrics-bind-address")
}

func patterns(name string, values []string) error {
	var problems []error
	for _, value := range values {
		if _, err := path.Match(value, ""); err != nil {
			problems = append(problems, bad(name, value, "write a pattern of letters, * for anything but a slash, ? for one character, and [a-z] with its closing bracket"))
		}
	}
	return errors.Join(problems...)
}

func property(name, value string) error {
	if len(validation.IsQualifiedName(value)) > 0 {
		return bad(name, value, "write the name that your external-dns reads, as in "+Default().CloudflareProxiedProperty)
	}
	return nil
}

func atLeast(name string, value, least time.Duration) error {
	if value < least {
		return bad(name, value, fmt.Sprintf("write a duration of %s or more, as in 30s or 5m", least))
	}
	return nil
}
