package config

import (
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseAccepts(t *testing.T) {
	for name, test := range map[string]struct {
		args   []string
		change func(*Config)
	}{
		"nothing, which gives the defaults": {nil, func(*Config) {}},
		"every flag": {
			[]string{
				"--kubeconfig=/k", "--argocd-namespace=cd", "--concurrency=100", "--log-format=json", "--log-level=3",
				"--metrics-bind-address=127.0.0.1:0", "--metrics-cert-path=/tls", "--health-probe-bind-address=[::1]:9", "--pprof-bind-address=127.0.0.1:6060", "--leader-elect",
				"--leader-election-namespace=ops", "--watch-selector=shard notin (a,b),!trial", "--allowed-repositories=https://github.com/example/*, git@example.com:*/*",
				"--allowed-namespaces=team-*", "--allowed-google-service-accounts=*@p.iam.gserviceaccount.com",
				"--allowed-cluster-secret-stores=shared", "--reserved-namespaces=a,b", "--cloudflare-proxied-property=cloudflare/proxied",
				"--teardown-deadline=1m30s", "--recheck-interval=100ms",
			},
			func(c *Config) {
				*c = Config{
					Kubeconfig: "/k", ArgoCDNamespace: "cd", Concurrency: 100, LogFormat: LogJSON, LogLevel: "3",
					MetricsBindAddress: "127.0.0.1:0", MetricsSecure: true, MetricsCertPath: "/tls", HealthProbeBindAddress: "[::1]:9", PprofBindAddress: "127.0.0.1:6060", LeaderElect: true,
					LeaderElectionNamespace:      "ops",
					WatchSelector:                "shard notin (a,b),!trial",
					AllowedRepositories:          []string{"https://github.com/example/*", "git@example.com:*/*"},
					AllowedNamespaces:            []string{"team-*"},
					AllowedGoogleServiceAccounts: []string{"*@p.iam.gserviceaccount.com"},
					AllowedClusterSecretStores:   []string{"shared"}, ReservedNamespaces: []string{"a", "b"},
					CloudflareProxiedProperty: "cloudflare/proxied",
					TeardownDeadline:          90 * time.Second, RecheckInterval: 100 * time.Millisecond,
				}
			},
		},
		"a list given twice, which adds up": {
			[]string{"--reserved-namespaces=a", "--reserved-namespaces=b,c"},
			func(c *Config) { c.ReservedNamespaces = []string{"a", "b", "c"} },
		},
		"an empty list": {[]string{"--allowed-namespaces="}, func(*Config) {}},
		"both listeners off": {
			[]string{"--metrics-bind-address=0", "--health-probe-bind-address=0"},
			func(c *Config) { c.MetricsBindAddress, c.HealthProbeBindAddress = "0", "0" },
		},
		"both listeners on any free port": {
			[]string{"--metrics-bind-address=127.0.0.1:0", "--health-probe-bind-address=127.0.0.1:0"},
			func(c *Config) { c.MetricsBindAddress, c.HealthProbeBindAddress = "127.0.0.1:0", "127.0.0.1:0" },
		},
		"everything as a pattern": {
			[]string{"--allowed-repositories=**"},
			func(c *Config) { c.AllowedRepositories = []string{"**"} },
		},
	} {
		t.Run(name, func(t *testing.T) {
			want := Default()
			test.change(&want)
			got, err := Parse(test.args, io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		arg  string
		want string
	}{
		"an unknown flag":                    {"--argo-namespace=x", "-h lists the flags"},
		"a word that is no flag":             {"argocd", `unexpected "argocd"`},
		"a word where a number belongs":      {"--concurrency=many", "-concurrency"},
		"a namespace in capitals":            {"--argocd-namespace=ArgoCD", "write the name of a namespace"},
		"no namespace for Argo CD":           {"--argocd-namespace=", "write the name of a namespace"},
		"a lease's namespace with a dot":     {"--leader-election-namespace=a.b", "write the name of a namespace"},
		"a selector that is none":            {"--watch-selector=shard in a", "write a label selector"},
		"a selector with a key that is none": {"--watch-selector=-shard=a", "--watch-selector=-shard=a"},
		"a label that no object can have":    {"--watch-selector=shard=a b", "write a label selector"},
		"no worker":                          {"--concurrency=0", "from 1 to 100"},
		"more workers than it can feed":      {"--concurrency=101", "from 1 to 100"},
		"an unknown format":                  {"--log-format=text", "one of auto, json, console"},
		"an unknown level":                   {"--log-level=verbose", "verbosity from 1 to 9"},
		"no level":                           {"--log-level=", "verbosity from 1 to 9"},
		"a verbosity that nothing uses":      {"--log-level=10", "verbosity from 1 to 9"},
		"an address without port":            {"--metrics-bind-address=localhost", "write host:port"},
		"a port alone":                       {"--metrics-bind-address=8080", "write host:port"},
		"a port that does not exist":         {"--health-probe-bind-address=:65536", "write a port"},
		"a port by name":                     {"--health-probe-bind-address=:http", "write a port"},
		"a host that cannot be one":          {"--metrics-bind-address=my_host:80", "an IP address or a host name"},
		"profiles without a port":            {"--pprof-bind-address=localhost", "write host:port"},
		"one port for two listeners":         {"--health-probe-bind-address=:8443", "another port"},
		"an unclosed bracket":                {"--allowed-repositories=https://[a", "closing bracket"},
		"an unclosed bracket in a namespace": {"--allowed-namespaces=ok,team-[a", "--allowed-namespaces=team-[a"},
		"a trailing backslash":               {`--allowed-google-service-accounts=a\`, "--allowed-google-service-accounts"},
		"a broken store pattern":             {"--allowed-cluster-secret-stores=[]", "--allowed-cluster-secret-stores"},
		"a broken reserved pattern":          {"--reserved-namespaces=[z-a", "--reserved-namespaces"},
		"nothing between two commas":         {"--reserved-namespaces=a,,b", "write one,two"},
		"a property with a space":            {"--cloudflare-proxied-property=cloudflare proxied", "your external-dns reads"},
		"no property":                        {"--cloudflare-proxied-property=", "your external-dns reads"},
		"a deadline without unit":            {"--teardown-deadline=300", "-teardown-deadline"},
		"a deadline that has passed":         {"--teardown-deadline=0s", "1s or more"},
		"a recheck that never rests":         {"--recheck-interval=1ms", "100ms or more"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]string{test.arg}, io.Discard)
			if err == nil {
				t.Fatalf("accepted %s", test.arg)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v\ndoes not say %q", err, test.want)
			}
		})
	}
}

func TestACertificateThatNobodyIsShownIsRefused(t *testing.T) {
	for _, other := range []string{"--metrics-secure=false", "--metrics-bind-address=0"} {
		if _, err := Parse([]string{"--metrics-cert-path=/tls", other}, io.Discard); err == nil || !strings.Contains(err.Error(), "--metrics-cert-path=/tls") {
			t.Errorf("with %s: %v", other, err)
		}
	}
}

func TestParseReportsEveryMistakeAtOnce(t *testing.T) {
	_, err := Parse([]string{"--concurrency=0", "--log-format=x", "--recheck-interval=0s"}, io.Discard)
	for _, want := range []string{"--concurrency=0", "--log-format=x", "--recheck-interval=0s"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\ndoes not name %s", err, want)
		}
	}
}

func TestUsageShowsEveryFlagInOneGroup(t *testing.T) {
	var out strings.Builder
	if _, err := Parse([]string{"-h"}, &out); !errors.Is(err, ErrPrinted) {
		t.Fatalf("got %v, want ErrPrinted", err)
	}
	var grouped []string
	for _, group := range groups {
		grouped = append(grouped, group.flags...)
	}
	cfg := Default()
	set, _ := flagSet(&cfg)
	set.VisitAll(func(f *flag.Flag) {
		if n := strings.Count(out.String(), "\n  --"+f.Name+" "); n != 1 {
			t.Errorf("--%s is shown %d times in\n%s", f.Name, n, out.String())
		}
		grouped = slices.DeleteFunc(grouped, func(name string) bool { return name == f.Name })
	})
	if len(grouped) > 0 {
		t.Errorf("groups name flags that do not exist: %v", grouped)
	}
}

func TestVersionIsPrinted(t *testing.T) {
	var out strings.Builder
	if _, err := Parse([]string{"--version"}, &out); !errors.Is(err, ErrPrinted) {
		t.Fatalf("got %v, want ErrPrinted", err)
	}
	if want := "appenv-operator " + Build().String() + "\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestRESTReadsTheKubeconfig(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kubeconfig")
	const text = `{apiVersion: v1, kind: Config, current-context: a, contexts: [{name: a, context: {cluster: a}}],
 clusters: [{name: a, cluster: {server: "https://127.0.0.1:6443"}}]}`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := Config{Kubeconfig: file}.REST()
	if err != nil {
		t.Fatal(err)
	}
	if got.Host != "https://127.0.0.1:6443" || got.QPS != -1 || !strings.HasPrefix(got.UserAgent, "appenv-operator/") {
		t.Errorf("host %q, QPS %v, user agent %q", got.Host, got.QPS, got.UserAgent)
	}
	if _, err := (Config{Kubeconfig: file + "-missing"}).REST(); err == nil || !strings.Contains(err.Error(), "--kubeconfig") {
		t.Errorf("a missing file gives %v", err)
	}
}
