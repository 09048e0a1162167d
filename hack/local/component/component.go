// Package component says what runs here: each program with its arguments and how to ask whether
// it works. It starts nothing.
package component

import (
	"fmt"
	"slices"

	"github.com/appenv/appenv-operator/hack/local/checkout"
	"github.com/appenv/appenv-operator/hack/local/cluster"
)

// Component is one long-running program.
type Component struct {
	Name    string
	Program string // in bin/
	Args    []string
	Env     []string
	Health  string // the URL or address that answers when it works, "" when there is none to ask
	Own     bool   // built from this repository: restarted when that changed
}

// Site is where the components run, and what they are.
type Site struct {
	Dir   checkout.Dir
	Ports Ports
	// ArgoCD is the major version of Argo CD that runs.
	ArgoCD ArgoCD
	// CertManager says whether cert-manager's Certificates are served. Nothing works on them.
	CertManager bool
}

// CRDs are the APIs of what runs here, and GKE's, in bin/crds.
func (s Site) CRDs() []string {
	crds := []string{s.ArgoCD.Step(), "external-secrets", "external-dns", "gke"}
	if s.CertManager {
		crds = append(crds, "cert-manager/cert-manager.io_certificates.yaml")
	}
	return crds
}

// Operator is the name of the operator's component.
const Operator = "operator"

// Users are the components that reach the API server as administrators, each under its own name.
var Users = []string{
	"kube-controller-manager", "kube-scheduler", "kwok",
	"argocd-repo-server", "argocd-application-controller", "argocd-applicationset-controller",
	"external-secrets", "external-dns", "google-standin",
}

// ControlPlane is Kubernetes with a node that needs no machine, in the order of starting.
func (s Site) ControlPlane() []Component {
	return []Component{s.etcd(), s.apiServer(), s.controllerManager(), s.scheduler(), s.kwok()}
}

// Environment is what the operator drives, in the order of starting.
func (s Site) Environment() []Component {
	return []Component{
		s.redis(), s.repoServer(), s.ApplicationController(), s.applicationSetController(),
		s.ExternalSecrets(), s.cloudflare(), s.externalDNS(), s.googleStandIn(),
	}
}

// address is the loopback address of a listener.
func (s Site) address(listener string) string {
	return fmt.Sprintf("127.0.0.1:%d", s.Ports[listener])
}

func (s Site) url(listener, path string) string { return "http://" + s.address(listener) + path }

func (s Site) etcd() Component {
	return Component{
		Name:    "etcd",
		Program: "etcd",
		Args: []string{
			"--data-dir=" + s.Dir.State("etcd"),
			"--listen-client-urls=" + s.url("etcd", ""),
			"--advertise-client-urls=" + s.url("etcd", ""),
			"--listen-peer-urls=" + s.url("etcd-peer", ""),
			"--initial-advertise-peer-urls=" + s.url("etcd-peer", ""),
			"--initial-cluster=default=" + s.url("etcd-peer", ""),
			"--unsafe-no-fsync",
			"--log-level=warn",
		},
		Health: s.url("etcd", "/health"),
	}
}

func (s Site) apiServer() Component {
	return Component{
		Name:    "kube-apiserver",
		Program: "kube-apiserver",
		Args: []string{
			"--etcd-servers=" + s.url("etcd", ""),
			"--bind-address=127.0.0.1",
			fmt.Sprintf("--secure-port=%d", s.Ports["kube-apiserver"]),
			"--cert-dir=" + cluster.CertificateFolder(s.Dir),
			"--token-auth-file=" + cluster.TokenFile(s.Dir),
			"--authorization-mode=RBAC",
			"--service-account-key-file=" + cluster.ServiceAccountKey(s.Dir),
			"--service-account-signing-key-file=" + cluster.ServiceAccountKey(s.Dir),
			"--service-account-issuer=https://kubernetes.default.svc",
			"--service-cluster-ip-range=10.0.0.0/24",
			"--endpoint-reconciler-type=none",
			"--audit-policy-file=" + cluster.AuditPolicy(s.Dir),
			"--audit-log-path=" + s.Dir.AuditLog(),
			"--audit-log-maxsize=100",
			"--audit-log-maxbackup=3",
		},
		// Collects garbage earlier: most of its memory is what the many CRDs leave behind.
		Env: []string{"GOGC=50"},
	}
}

func (s Site) controllerManager() Component {
	return Component{
		Name:    "kube-controller-manager",
		Program: "kube-controller-manager",
		Args: []string{
			s.kubeconfigFlag("kube-controller-manager"),
			"--service-account-private-key-file=" + cluster.ServiceAccountKey(s.Dir),
			"--root-ca-file=" + cluster.Certificate(s.Dir),
			"--use-service-account-credentials=true",
			"--leader-elect=false",
			"--secure-port=0",
			"--kube-api-qps=200",
			"--kube-api-burst=400",
		},
	}
}

func (s Site) scheduler() Component {
	return Component{
		Name:    "kube-scheduler",
		Program: "kube-scheduler",
		Args:    []string{s.kubeconfigFlag("kube-scheduler"), "--leader-elect=false", "--secure-port=0"},
	}
}

func (s Site) kwok() Component {
	return Component{
		Name:    "kwok",
		Program: "kwok",
		Args: []string{
			s.kubeconfigFlag("kwok"),
			"--config=" + s.Dir.Bin("kwok-stages.yaml"),
			"--manage-all-nodes=true",
			"--server-address=" + s.address("kwok"),
		},
		Health: s.url("kwok", "/healthz"),
	}
}

// ExternalSecrets is the program that syncs secrets.
func (s Site) ExternalSecrets() Component {
	return Component{
		Name:    "external-secrets",
		Program: "external-secrets",
		Args: []string{
			"--concurrent=4",
			"--metrics-addr=" + s.address("external-secrets"),
			"--loglevel=info",
		},
		Env:    []string{"KUBECONFIG=" + s.Dir.KubeconfigOf("external-secrets")},
		Health: s.url("external-secrets", "/metrics"),
	}
}

func (s Site) externalDNS() Component {
	return Component{
		Name:    "external-dns",
		Program: "external-dns",
		Args: []string{
			s.kubeconfigFlag("external-dns"),
			"--provider=cloudflare",
			"--domain-filter=" + Zone,
			"--source=crd",
			"--registry=txt",
			"--txt-owner-id=local",
			"--policy=sync",
			"--interval=10s",
			"--events",
			"--min-event-sync-interval=1s",
			"--metrics-address=" + s.address("external-dns"),
		},
		Env: []string{
			"CLOUDFLARE_BASE_URL=" + s.Cloudflare(),
			"CF_API_TOKEN=" + CloudflareToken,
		},
		Health: s.url("external-dns", "/healthz"),
	}
}

// Zone is the DNS zone that Cloudflare's stand-in serves.
const Zone = "example.com"

// CloudflareToken is what Cloudflare's stand-in asks for.
const CloudflareToken = "stand-in"

// CloudflareStandIn is the URL of what Cloudflare's stand-in serves beside its API: records, calls.
func (s Site) CloudflareStandIn(path string) string { return s.url("cloudflare", "/"+path) }

// Cloudflare is the base URL of what stands in for Cloudflare's API.
func (s Site) Cloudflare() string { return s.url("cloudflare", "/client/v4/") }

func (s Site) cloudflare() Component {
	return Component{
		Name:    "cloudflare",
		Program: "cloudflare",
		Args:    []string{"--address=" + s.address("cloudflare"), "--zone=" + Zone, "--token=" + CloudflareToken},
		Health:  s.address("cloudflare"),
		Own:     true,
	}
}

func (s Site) googleStandIn() Component {
	return Component{
		Name:    "google-standin",
		Program: "google-standin",
		Args:    []string{s.kubeconfigFlag("google-standin")},
		Own:     true,
	}
}

// OperatorProcess is the operator itself.
func (s Site) OperatorProcess() Component {
	return s.OperatorAs("manager", []string{
		"--argocd-namespace=" + cluster.ArgoCDNamespace,
		"--leader-elect",
		"--metrics-secure=false", // on this machine alone
	})
}

// OperatorAs is the operator as a Deployment has it, but for where it connects, listens and has its lease: a
// Pod knows those. Of two flags of one name the last one counts.
func (s Site) OperatorAs(program string, args []string) Component {
	return Component{
		Name:    Operator,
		Program: program,
		Args: append(slices.Clone(args),
			s.kubeconfigFlag(Operator),
			"--metrics-bind-address="+s.address("operator-metrics"),
			"--health-probe-bind-address="+s.address("operator-probe"),
			"--leader-election-namespace="+cluster.OperatorNamespace,
			"--log-format=json",
		),
		Health: s.url("operator-probe", "/readyz"),
		Own:    true,
	}
}

// OperatorMetrics is the URL of the operator's metrics: http, or https unless --metrics-secure=false.
func (s Site) OperatorMetrics(scheme string) string {
	return scheme + "://" + s.address("operator-metrics") + "/metrics"
}

func (s Site) kubeconfigFlag(component string) string {
	return "--kubeconfig=" + s.Dir.KubeconfigOf(component)
}
