package config

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// groups is the order of the usage text. Every flag stands in exactly one group.
var groups = []struct {
	title string
	flags []string
}{
	{"Cluster", []string{"kubeconfig", "argocd-namespace", "concurrency", "teardown-deadline", "recheck-interval", "cloudflare-proxied-property"}},
	{"What environments may name (comma-separated patterns; * is anything but a slash, ** alone is everything)", []string{
		"allowed-repositories", "allowed-namespaces", "allowed-google-service-accounts", "allowed-cluster-secret-stores", "reserved-namespaces",
	}},
	{"Availability", []string{"leader-elect", "leader-election-namespace", "watch-selector", "health-probe-bind-address"}},
	{"Metrics", []string{"metrics-bind-address", "metrics-secure", "metrics-cert-path"}},
	{"Output", []string{"log-format", "log-level", "pprof-bind-address", "version"}},
}

// flagSet is the flags bound to cfg, whose values are the defaults, and --version.
// The `word` in a text is the placeholder shown for the value.
func flagSet(cfg *Config) (*flag.FlagSet, *bool) {
	set := flag.NewFlagSet("manager", flag.ContinueOnError)
	set.SetOutput(io.Discard) // Parse returns errors; printing them is the caller's
	set.StringVar(&cfg.Kubeconfig, "kubeconfig", cfg.Kubeconfig, "`file` to connect with; unset, the Pod's own account, then KUBECONFIG and ~/.kube/config")
	set.StringVar(&cfg.ArgoCDNamespace, "argocd-namespace", cfg.ArgoCDNamespace, "`namespace` of Argo CD's objects; the Role in it must move along")
	set.IntVar(&cfg.Concurrency, "concurrency", cfg.Concurrency, "`number` of environments reconciled at once, 1 to 100")
	set.StringVar(&cfg.LogFormat, "log-format", cfg.LogFormat, "`format` of the log: auto (console on a terminal, else json), json (Google Cloud Logging), console")
	set.StringVar(&cfg.LogLevel, "log-level", cfg.LogLevel, "`level`: error, warn, info, debug, or a verbosity from 1 to 9")
	set.StringVar(&cfg.MetricsBindAddress, "metrics-bind-address", cfg.MetricsBindAddress, "`host:port` of the metrics; 0 for none")
	set.BoolVar(&cfg.MetricsSecure, "metrics-secure", cfg.MetricsSecure, "serve the metrics by HTTPS, to whom the API server allows to get /metrics; =false serves them to everybody")
	set.StringVar(&cfg.MetricsCertPath, "metrics-cert-path", cfg.MetricsCertPath, "`folder` with tls.crt and tls.key for the metrics; unset, a self-signed certificate, new at each start")
	set.StringVar(&cfg.HealthProbeBindAddress, "health-probe-bind-address", cfg.HealthProbeBindAddress, "`host:port` of the probes /healthz and /readyz; 0 for none")
	set.StringVar(&cfg.PprofBindAddress, "pprof-bind-address", cfg.PprofBindAddress, "`host:port` of Go's profiles, below /debug/pprof, for whoever reaches it; 0 for none")
	set.BoolVar(&cfg.LeaderElect, "leader-elect", cfg.LeaderElect, "wait for a lease before working, so that several may run")
	set.StringVar(&cfg.LeaderElectionNamespace, "leader-election-namespace", cfg.LeaderElectionNamespace, "`namespace` of the lease; unset, the Pod's own")
	set.StringVar(&cfg.WatchSelector, "watch-selector", cfg.WatchSelector,
		"label `selector` of the AppEnvironments to keep, with a lease of its own, as in shard=a or shard notin (a,b); unset, all")
	set.Var((*list)(&cfg.AllowedRepositories), "allowed-repositories", "`patterns` of repository URLs, as in https://github.com/example/*; unset, everything")
	set.Var((*list)(&cfg.AllowedNamespaces), "allowed-namespaces", "`patterns` of namespaces, as in team-*; unset, everything")
	set.Var((*list)(&cfg.AllowedGoogleServiceAccounts), "allowed-google-service-accounts", "`patterns` of Google service accounts, as in *@my-project.iam.gserviceaccount.com; unset, everything")
	set.Var((*list)(&cfg.AllowedClusterSecretStores), "allowed-cluster-secret-stores", "`patterns` of ClusterSecretStores; unset, everything")
	set.Var((*list)(&cfg.ReservedNamespaces), "reserved-namespaces", "`patterns` of namespaces that no environment may use, beside those the API refuses")
	set.StringVar(&cfg.CloudflareProxiedProperty, "cloudflare-proxied-property", cfg.CloudflareProxiedProperty,
		"`name` of external-dns's property for Cloudflare's proxy; external-dns 0.22 wants external-dns.kubernetes.io/cloudflare-proxied, 0.23 cloudflare/proxied")
	set.DurationVar(&cfg.TeardownDeadline, "teardown-deadline", cfg.TeardownDeadline, "`duration` that one step of a deletion may take before it counts as stalled")
	set.DurationVar(&cfg.RecheckInterval, "recheck-interval", cfg.RecheckInterval, "`duration` after which a name that somebody else holds is looked at again")
	return set, set.Bool("version", false, "print the version and end")
}

// usage prints every flag in its group.
func usage(out io.Writer) error {
	cfg := Default()
	set, _ := flagSet(&cfg)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "manager keeps AppEnvironments in place and says what they wait for.\n\nUsage: manager [flags]")
	for _, group := range groups {
		fmt.Fprintf(table, "\n%s:\n", group.title)
		for _, name := range group.flags {
			f := set.Lookup(name)
			placeholder, text := flag.UnquoteUsage(f)
			if f.DefValue != "" && f.DefValue != "false" {
				text += " (default " + f.DefValue + ")"
			}
			fmt.Fprintf(table, "  --%s %s\t%s\n", name, placeholder, text)
		}
	}
	return table.Flush()
}

// list is a flag of comma-separated values; given again, it adds to them.
type list []string

// String is the values joined by commas.
func (l *list) String() string { return strings.Join(*l, ",") }

// Set adds the values of one flag. An empty flag adds nothing.
func (l *list) Set(text string) error {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	for entry := range strings.SplitSeq(text, ",") {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			return errors.New("there is nothing between two commas; write one,two")
		}
		*l = append(*l, entry)
	}
	return nil
}
