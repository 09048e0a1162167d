package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/hack/local/cluster"
	"github.com/appenv/appenv-operator/hack/local/component"
	"github.com/appenv/appenv-operator/hack/local/launch"
	"github.com/appenv/appenv-operator/hack/local/stack"
)

// world is what all scenarios share.
type world struct {
	ctx    context.Context
	stack  *stack.Stack
	argocd string // the release
	// installed is the operator, as Argo CD installed it.
	installed *installation
	// client is the administrator's, whom the admission policies hold like everybody.
	client client.Client
	// exempt is somebody whom they exempt.
	exempt  client.Client
	results results
}

func newWorld(ctx context.Context, s *stack.Stack, installed *installation, argocd string) (*world, error) {
	w := &world{ctx: ctx, stack: s, argocd: argocd, installed: installed}
	scheme := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(scheme))
	utilruntime.Must(v1alpha1.AddToScheme(scheme))
	config, err := clientcmd.BuildConfigFromFlags("", s.Site.Dir.Kubeconfig())
	if err != nil {
		return nil, err
	}
	config.QPS = -1
	config.UserAgent = "appenv-e2e"
	config.WarningHandlerWithContext = rest.NoWarnings{}
	if w.client, err = client.New(config, client.Options{Scheme: scheme}); err != nil {
		return nil, err
	}
	config.Impersonate = cluster.ExemptIdentity()
	if w.exempt, err = client.New(config, client.Options{Scheme: scheme}); err != nil {
		return nil, err
	}
	return w, w.makeSharedStore()
}

// versions says what runs.
func (w *world) versions() string {
	dir := w.stack.Site.Dir
	pinned := func(folder, module string) string {
		content, _ := os.ReadFile(dir.Path("hack", "components", folder, "go.mod"))
		for line := range strings.Lines(string(content)) {
			fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
			if len(fields) >= 2 && fields[0] == module {
				return fields[1]
			}
		}
		return "of unknown version"
	}
	argocd := "v3"
	if w.stack.Site.ArgoCD == component.ArgoCD2 {
		argocd = "v2"
	}
	return fmt.Sprintf("Argo CD %s, Kubernetes %s, External Secrets %s, external-dns %s",
		pinned(w.stack.Site.ArgoCD.Step(), "github.com/argoproj/argo-cd/"+argocd),
		pinned("kubernetes", "k8s.io/kubernetes"),
		pinned("external-secrets", "github.com/external-secrets/external-secrets"),
		pinned("external-dns", "sigs.k8s.io/external-dns"))
}

// The kinds of others that scenarios look at.
var (
	applications       = schema.GroupVersionKind{Group: "argoproj.io", Version: "v1alpha1", Kind: "Application"}
	applicationSets    = schema.GroupVersionKind{Group: "argoproj.io", Version: "v1alpha1", Kind: "ApplicationSet"}
	projects           = schema.GroupVersionKind{Group: "argoproj.io", Version: "v1alpha1", Kind: "AppProject"}
	externalSecrets    = schema.GroupVersionKind{Group: "external-secrets.io", Version: "v1", Kind: "ExternalSecret"}
	secretStores       = schema.GroupVersionKind{Group: "external-secrets.io", Version: "v1", Kind: "SecretStore"}
	clusterStores      = schema.GroupVersionKind{Group: "external-secrets.io", Version: "v1", Kind: "ClusterSecretStore"}
	managedCerts       = schema.GroupVersionKind{Group: "networking.gke.io", Version: "v1", Kind: "ManagedCertificate"}
	dnsEndpoints       = schema.GroupVersionKind{Group: "externaldns.k8s.io", Version: "v1alpha1", Kind: "DNSEndpoint"}
	namespaces         = corev1.SchemeGroupVersion.WithKind("Namespace")
	deployments        = schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}
	ownedByEnvironment = []schema.GroupVersionKind{
		namespaces, projects, applicationSets, applications, externalSecrets, secretStores, managedCerts, dnsEndpoints,
		corev1.SchemeGroupVersion.WithKind("ResourceQuota"), corev1.SchemeGroupVersion.WithKind("ServiceAccount"),
	}
)

// argoNamespace is where Argo CD's objects are.
const argoNamespace = cluster.ArgoCDNamespace

// blank is an object of a kind, to be read or deleted.
func blank(kind schema.GroupVersionKind, namespace, name string) *unstructured.Unstructured {
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(kind)
	u.SetNamespace(namespace)
	u.SetName(name)
	return u
}

// stop ends a component.
func (s *stage) stop(component string) {
	s.Helper()
	s.must(s.stack.Launcher.Table.Stop(component, launch.StopGrace))
}

// dnsRecord is what Cloudflare's stand-in tells about a record.
type dnsRecord struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Content string `json:"content"`
	TTL     int    `json:"ttl"`
	Proxied bool   `json:"proxied"`
}

// dnsCall is a change that external-dns asked Cloudflare's stand-in for.
type dnsCall struct {
	Verb   string    `json:"verb"`
	Record dnsRecord `json:"record"`
}

// cloudflare reads what the stand-in serves of its own: records or calls.
func (s *stage) cloudflare(path string, into any) {
	s.Helper()
	request, err := http.NewRequestWithContext(s.ctx, http.MethodGet, s.stack.Site.CloudflareStandIn(path), nil)
	s.must(err)
	response, err := http.DefaultClient.Do(request)
	s.must(err)
	defer response.Body.Close()
	s.must(json.NewDecoder(response.Body).Decode(into))
}

// keepLogs writes down what explains the failure of a scenario, and says where.
func (s *stage) keepLogs() {
	dir := s.stack.Site.Dir
	folder := dir.State("logs", "scenarios", s.name)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		s.Log(err)
		return
	}
	ctx := context.WithoutCancel(s.ctx)
	for file, args := range map[string][]string{
		"environment.yaml":     {"get", "appenv", s.name, "-o", "yaml"},
		"applicationsets.yaml": {"-n", argoNamespace, "get", "applicationsets", "-o", "yaml"},
		"applications.yaml":    {"-n", argoNamespace, "get", "applications", "-o", "yaml"},
		"projects.yaml":        {"-n", argoNamespace, "get", "appprojects", "-o", "yaml"},
		"objects.yaml":         {"-n", s.name, "get", "all,externalsecrets,secretstores,managedcertificates,dnsendpoints,ingresses,resourcequotas", "-o", "yaml"},
		"events.txt":           {"-n", s.name, "get", "events", "--sort-by=.metadata.creationTimestamp"},
	} {
		output, err := s.stack.Cluster.Kubectl(ctx, "", args...)
		if err != nil {
			output += err.Error()
		}
		s.keep(folder, file, output)
	}
	for _, name := range []string{component.Operator, "argocd-application-controller", "argocd-applicationset-controller", "external-secrets", "external-dns"} {
		content, _ := os.ReadFile(dir.Log(name))
		var lines strings.Builder
		for line := range strings.Lines(string(content)) {
			if strings.Contains(line, s.name) {
				lines.WriteString(line)
			}
		}
		s.keep(folder, name+".log", lines.String())
	}
	s.note("what explains it is in %s", dir.Relative(folder))
}

func (s *stage) keep(folder, file, content string) {
	if err := os.WriteFile(filepath.Join(folder, file), []byte(content), 0o644); err != nil {
		s.Log(err)
	}
}
