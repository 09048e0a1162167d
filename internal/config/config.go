// Package config turns the command line into one validated value, and that value into a logger
// and a connection to the API server. It knows nothing of environments and imports no other
// package of the operator.
package config

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"time"
)

// ErrPrinted says that the command line asked for the usage or the version, which Parse has printed.
var ErrPrinted = errors.New("printed what was asked for")

// Log formats.
const (
	// LogAuto is LogConsole on a terminal, else LogJSON.
	LogAuto = "auto"
	// LogJSON is one JSON object per line, as Google Cloud Logging reads it.
	LogJSON = "json"
	// LogConsole is for people.
	LogConsole = "console"
)

// Config is everything the operator can be told on its command line.
type Config struct {
	// Kubeconfig is a file; empty means the Pod's own account, then KUBECONFIG and ~/.kube/config.
	Kubeconfig string
	// ArgoCDNamespace is where Argo CD's objects are. Default argocd.
	ArgoCDNamespace string
	// Concurrency is how many environments are reconciled at once, 1 to 100. Default 8.
	Concurrency int
	// LogFormat is LogAuto (default), LogJSON or LogConsole.
	LogFormat string
	// LogLevel is error, warn, info (default), debug, or a verbosity from 1 to 9.
	LogLevel string
	// MetricsBindAddress is host:port, or "0" for none. Default :8443.
	MetricsBindAddress string
	// MetricsSecure serves the metrics by HTTPS, and only to whom the API server authenticates and allows
	// to get /metrics. Default true.
	MetricsSecure bool
	// MetricsCertPath is a folder with tls.crt and tls.key, read again when they change; empty means a
	// self-signed certificate, new at each start.
	MetricsCertPath string
	// HealthProbeBindAddress is host:port, or "0" for none. Default :8081.
	HealthProbeBindAddress string
	// PprofBindAddress is host:port of Go's profiles, which are served to everybody who reaches it, or "0" for
	// none. Default "0".
	PprofBindAddress string
	// LeaderElect makes the operator wait for a lease before it works. Default false.
	LeaderElect bool
	// LeaderElectionNamespace is where the lease is; empty means the Pod's own namespace.
	LeaderElectionNamespace string
	// WatchSelector is a label selector of the AppEnvironments to keep; empty (default) means all. Each
	// selector has a lease of its own.
	WatchSelector string
	// AllowedRepositories are patterns (path.Match, "**" for everything) of repository URLs; empty means everything.
	AllowedRepositories []string
	// AllowedNamespaces are patterns of namespaces; empty means everything.
	AllowedNamespaces []string
	// AllowedGoogleServiceAccounts are patterns of Google service accounts; empty means everything.
	AllowedGoogleServiceAccounts []string
	// AllowedClusterSecretStores are patterns of ClusterSecretStores; empty means everything.
	AllowedClusterSecretStores []string
	// ReservedNamespaces are patterns of namespaces that no environment may use, beside those the CRD refuses.
	ReservedNamespaces []string
	// CloudflareProxiedProperty is external-dns's name of the property that turns Cloudflare's proxy
	// on and off. Default external-dns.alpha.kubernetes.io/cloudflare-proxied, right up to external-dns 0.21.
	CloudflareProxiedProperty string
	// TeardownDeadline is how long one step of a deletion may take before it counts as stalled. Default 5m.
	TeardownDeadline time.Duration
	// RecheckInterval is how often a name that somebody else holds is looked at again. Default 30s.
	RecheckInterval time.Duration
}

// Default is the configuration of an empty command line.
func Default() Config {
	return Config{
		ArgoCDNamespace:           "argocd",
		Concurrency:               8,
		LogFormat:                 LogAuto,
		LogLevel:                  "info",
		MetricsBindAddress:        ":8443",
		MetricsSecure:             true,
		HealthProbeBindAddress:    ":8081",
		PprofBindAddress:          "0",
		CloudflareProxiedProperty: "external-dns.alpha.kubernetes.io/cloudflare-proxied",
		TeardownDeadline:          5 * time.Minute,
		RecheckInterval:           30 * time.Second,
	}
}

// Parse reads the command line without the program's name. It reports every mistake at once, each
// with its flag and what to write instead. Asked for -h or --version, it prints that to out and
// returns ErrPrinted.
func Parse(args []string, out io.Writer) (Config, error) {
	cfg := Default()
	set, version := flagSet(&cfg)
	switch err := set.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return Config{}, errors.Join(ErrPrinted, usage(out))
	case err != nil:
		return Config{}, fmt.Errorf("reading the command line: %w; -h lists the flags", err)
	case *version:
		_, err := fmt.Fprintln(out, "appenv-operator", Build())
		return Config{}, errors.Join(ErrPrinted, err)
	case set.NArg() > 0:
		return Config{}, fmt.Errorf("reading the command line: unexpected %q; flags begin with --, and -h lists them", set.Arg(0))
	}
	if err := cfg.Validate(); err != nil {
		return Config{}, err
	}
	return cfg, nil
}
