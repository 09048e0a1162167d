// Package plane gives each measurement a control plane of its own: etcd and kube-apiserver as processes, the
// CRDs that the children need, and the operator's own manifests, admission policies included.
package plane

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/appenv/appenv-operator/hack/local/checkout"
	"github.com/appenv/appenv-operator/hack/local/cluster"
	"github.com/appenv/appenv-operator/hack/local/component"
	"github.com/appenv/appenv-operator/hack/local/launch"
	"github.com/appenv/appenv-operator/hack/local/process"
	"github.com/appenv/appenv-operator/hack/local/progress"
	"github.com/appenv/appenv-operator/test/bench/internal/workload"
)

// Users reach the API server as administrators, each under its own name.
var Users = []string{"kro"}

// servedLimit is how long the API server may take to start, and to serve new APIs.
const servedLimit = time.Minute

// crds are the CRDs of the children and of what others make from them, with their files in bin/crds.
var crds = map[string][]string{
	"argocd":           {"applications.argoproj.io", "applicationsets.argoproj.io", "appprojects.argoproj.io"},
	"external-secrets": {"externalsecrets.external-secrets.io", "secretstores.external-secrets.io"},
	"external-dns":     {"dnsendpoints.externaldns.k8s.io"},
	"gke":              {"managedcertificates.networking.gke.io"},
}

// A Plane is a running control plane.
type Plane struct {
	Site     component.Site
	Launcher launch.Launcher
	Cluster  *cluster.Cluster
	// Dynamic and Metadata are the administrator's clients. They hold nothing back.
	Dynamic  dynamic.Interface
	Metadata metadata.Interface
	// Audited says whether the API server keeps an audit log.
	Audited bool
}

// Start starts a control plane whose state is in an empty folder. The caller stops it, after an error too.
func Start(ctx context.Context, dir checkout.Dir, audited bool) (*Plane, error) {
	p := &Plane{Site: component.Site{Dir: dir, ArgoCD: component.ArgoCD3}, Audited: audited}
	p.Launcher = launch.Launcher{Dir: dir, Table: process.NewTable(dir.State())}
	if err := p.Stop(); err != nil {
		return p, err
	}
	if err := errors.Join(launch.RemoveAll(dir.State()), os.MkdirAll(dir.State(), 0o755)); err != nil {
		return p, err
	}
	ports, err := component.ChoosePorts(dir.State("ports.json"))
	if err != nil {
		return p, err
	}
	p.Site.Ports = ports
	if err := cluster.Prepare(dir, Users); err != nil {
		return p, err
	}
	if err := p.startServers(ctx); err != nil {
		return p, err
	}
	return p, p.install(ctx)
}

func (p *Plane) startServers(ctx context.Context) error {
	for _, c := range p.Site.ControlPlane()[:2] {
		if c.Name == "kube-apiserver" && !p.Audited {
			c.Args = slices.DeleteFunc(c.Args, func(arg string) bool { return strings.HasPrefix(arg, "--audit-") })
		}
		if c.Name == "kube-apiserver" {
			c.Env = nil // as fast as it is
		}
		if err := p.Launcher.StartQuietly(ctx, c); err != nil {
			return fmt.Errorf("starting %s: %w", c.Name, err)
		}
	}
	return progress.Quiet().Until(ctx, servedLimit, func(ctx context.Context) (string, error) {
		err := cluster.WriteKubeconfigs(p.Site.Dir, p.Site.Ports["kube-apiserver"])
		switch {
		case errors.Is(err, os.ErrNotExist):
			return "the API server's certificate", nil
		case err != nil:
			return "", err
		}
		if p.Cluster, err = cluster.Connect(p.Site.Dir); err != nil {
			return "", err
		}
		return p.Cluster.Ready(ctx), nil
	})
}

func (p *Plane) install(ctx context.Context) error {
	definitions, err := p.definitions()
	if err != nil {
		return err
	}
	if err := p.Cluster.Apply(ctx, definitions+namespace); err != nil {
		return err
	}
	if err := p.Cluster.InstallOperator(ctx); err != nil {
		return err
	}
	if err := p.exempt(ctx); err != nil {
		return err
	}
	if err := p.Established(ctx); err != nil {
		return err
	}
	connection, err := clientcmd.BuildConfigFromFlags("", p.Site.Dir.Kubeconfig())
	if err != nil {
		return err
	}
	connection.QPS = -1
	p.Dynamic = p.Cluster.Dynamic
	if p.Metadata, err = metadata.NewForConfig(rest.CopyConfig(connection)); err != nil {
		return err
	}
	return p.warm(ctx)
}

// warm tries what will be measured, without effect: the first objects of a kind wait up to two seconds until the API
// server has loaded the admission policies and their parameters.
func (p *Plane) warm(ctx context.Context) error {
	const name = "bench-warm"
	dry := metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}, FieldManager: "bench"}
	env, err := workload.Environment(name)
	if err != nil {
		return err
	}
	if _, err := p.Dynamic.Resource(cluster.AppEnvironments).Create(ctx, env, dry); err != nil {
		return fmt.Errorf("trying an AppEnvironment: %w", err)
	}
	objects, err := workload.Objects(name)
	if err != nil {
		return err
	}
	for _, object := range objects {
		if object.GetNamespace() == name {
			continue // its namespace does not exist
		}
		resource, err := workload.ResourceOf(object)
		if err != nil {
			return err
		}
		var of dynamic.ResourceInterface = p.Dynamic.Resource(resource.GroupVersionResource)
		if resource.Namespaced {
			of = p.Dynamic.Resource(resource.GroupVersionResource).Namespace(object.GetNamespace())
		}
		if _, err := of.Create(ctx, object, dry); err != nil {
			return fmt.Errorf("trying %s: %w", resource, err)
		}
	}
	return nil
}

// exempt lets the administrator and kro write objects with the operator's labels: all pay for the admission
// policies, and none is refused.
func (p *Plane) exempt(ctx context.Context) error {
	settings := p.Cluster.Typed.CoreV1().ConfigMaps(cluster.OperatorNamespace)
	users, err := settings.Get(ctx, "appenv-exempt-users", metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("reading whom the admission policies exempt: %w", err)
	}
	users.Data["users"] += strings.Join(append(Users, "admin"), "\n") + "\n"
	_, err = settings.Update(ctx, users, metav1.UpdateOptions{})
	return err
}

// Established waits until the API server serves every CRD there is.
func (p *Plane) Established(ctx context.Context) error {
	return progress.Quiet().Until(ctx, servedLimit, p.Cluster.Established)
}

const namespace = `---
apiVersion: v1
kind: Namespace
metadata:
  name: ` + cluster.ArgoCDNamespace + "\n"

// definitions are the CRDs that are needed: each one more makes every API server slower and larger.
func (p *Plane) definitions() (string, error) {
	var kept strings.Builder
	for folder, names := range crds {
		files, err := filepath.Glob(p.Site.Dir.Bin("crds/" + folder + "/*.yaml"))
		if err != nil {
			return "", err
		}
		found := 0
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				return "", err
			}
			objects, err := cluster.Decode(string(content))
			if err != nil {
				return "", fmt.Errorf("reading %s: %w", file, err)
			}
			for _, object := range objects {
				if !slices.Contains(names, object.GetName()) {
					continue
				}
				found++
				text, err := sigsyaml.Marshal(object.Object)
				if err != nil {
					return "", err
				}
				fmt.Fprintf(&kept, "---\n%s", text)
			}
		}
		if found != len(names) {
			return "", fmt.Errorf("bin/crds/%s has %d of the CRDs %v", folder, found, names)
		}
	}
	return kept.String(), nil
}

// Stop stops everything that was started on the plane, the last started first.
func (p *Plane) Stop() error {
	names, err := p.Launcher.Table.Names()
	errs := []error{err}
	for _, name := range names {
		errs = append(errs, p.Launcher.Table.Stop(name, launch.StopGrace))
	}
	return errors.Join(errs...)
}
