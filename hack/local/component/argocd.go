package component

import (
	"fmt"

	"github.com/appenv/appenv-operator/hack/local/cluster"
)

// ArgoCD is a major version of Argo CD.
type ArgoCD int

// The major versions of Argo CD that are built.
const (
	ArgoCD3 ArgoCD = iota
	ArgoCD2
)

// Step is the step of hack/components/build.sh that builds the major version. Its CRDs have the same
// name in bin/crds.
func (a ArgoCD) Step() string {
	if a == ArgoCD2 {
		return "argocd-v2"
	}
	return "argocd"
}

// programs is where the programs of the major version are, in bin; they are called the same in both.
func (a ArgoCD) programs() string {
	if a == ArgoCD2 {
		return "argocd-v2-programs/"
	}
	return ""
}

// Folders that Argo CD expects and that may be empty.
var argoCDFolders = map[string]string{
	"ARGOCD_TLS_DATA_PATH":      "tls",
	"ARGOCD_SSH_DATA_PATH":      "ssh",
	"ARGOCD_PLUGINSOCKFILEPATH": "plugins",
}

// ArgoCDFolders are the folders that must exist before Argo CD starts.
func (s Site) ArgoCDFolders() []string {
	var folders []string
	for _, name := range argoCDFolders {
		folders = append(folders, s.Dir.State("argocd", name))
	}
	return folders
}

// argoCD is one of Argo CD's programs, which are one binary under several names. It works on the
// cluster of its kubeconfig as if it ran in it.
func (s Site) argoCD(name, health string, args ...string) Component {
	env := []string{
		"KUBECONFIG=" + s.Dir.KubeconfigOf(name),
		"ARGOCD_FAKE_IN_CLUSTER=true",
		"ARGOCD_GPG_ENABLED=false",
	}
	for variable, folder := range argoCDFolders {
		env = append(env, variable+"="+s.Dir.State("argocd", folder))
	}
	return Component{Name: name, Program: s.ArgoCD.programs() + name, Args: args, Env: env, Health: health}
}

func (s Site) redis() Component {
	return Component{
		Name:    "redis",
		Program: "redis",
		Args:    []string{"--address=" + s.address("redis")},
		Health:  s.address("redis"),
		Own:     true,
	}
}

func (s Site) repoServer() Component {
	args := []string{
		"--address=127.0.0.1",
		fmt.Sprintf("--port=%d", s.Ports["argocd-repo-server"]),
		"--metrics-address=127.0.0.1",
		fmt.Sprintf("--metrics-port=%d", s.Ports["argocd-repo-server-metrics"]),
		"--redis=" + s.address("redis"),
		"--disable-tls",
	}
	if s.ArgoCD == ArgoCD3 {
		args = append(args, "--client-ca-path=") // or it insists on one; major 2 has no such flag
	}
	return s.argoCD("argocd-repo-server", s.address("argocd-repo-server"), args...)
}

// ApplicationController is Argo CD's program that syncs.
func (s Site) ApplicationController() Component {
	return s.argoCD("argocd-application-controller", s.url("argocd-application-controller", "/healthz"),
		"--namespace="+cluster.ArgoCDNamespace,
		"--repo-server="+s.address("argocd-repo-server"),
		"--repo-server-plaintext",
		"--redis="+s.address("redis"),
		fmt.Sprintf("--metrics-port=%d", s.Ports["argocd-application-controller"]), // on all addresses: it has no flag for that
		"--app-resync=30",
	)
}

func (s Site) applicationSetController() Component {
	return s.argoCD("argocd-applicationset-controller", s.url("argocd-applicationset-metrics", "/metrics"),
		"--namespace="+cluster.ArgoCDNamespace,
		"--argocd-repo-server="+s.address("argocd-repo-server"),
		"--repo-server-plaintext",
		"--metrics-addr="+s.address("argocd-applicationset-metrics"),
		"--probe-addr="+s.address("argocd-applicationset-probe"),
		"--webhook-addr="+s.address("argocd-applicationset-webhook"),
	)
}
