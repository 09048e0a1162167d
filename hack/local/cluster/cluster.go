// Package cluster reaches the Kubernetes that runs here: its identities, its clients and kubectl.
package cluster

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/appenv/appenv-operator/hack/local/checkout"
)

// The operator's identity, which config/ creates.
const (
	OperatorNamespace      = "appenv-system"
	OperatorServiceAccount = "appenv-controller-manager"
	OperatorUser           = "system:serviceaccount:" + OperatorNamespace + ":" + OperatorServiceAccount
)

// ArgoCDNamespace is where Argo CD works.
const ArgoCDNamespace = "argocd"

// AppEnvironments is the operator's resource.
var AppEnvironments = schema.GroupVersionResource{Group: "platform.appenv.dev", Version: "v1alpha1", Resource: "appenvironments"}

// ExemptIdentity is the administrator as somebody whom the admission policies let do what they hold from
// others: Kubernetes' garbage collector.
func ExemptIdentity() rest.ImpersonationConfig {
	return rest.ImpersonationConfig{
		UserName: "system:serviceaccount:kube-system:generic-garbage-collector",
		Groups:   []string{"system:masters"},
	}
}

// Cluster is the Kubernetes that runs here, as its administrator sees it.
type Cluster struct {
	Dir     checkout.Dir
	Dynamic dynamic.Interface
	Exempt  dynamic.Interface // the administrator as somebody whom the admission policies exempt
	Typed   kubernetes.Interface
}

// Connect makes the clients. They hold nothing back: figures are measured with them.
func Connect(dir checkout.Dir) (*Cluster, error) {
	config, err := clientcmd.BuildConfigFromFlags("", dir.Kubeconfig())
	if err != nil {
		return nil, fmt.Errorf("reading %s (does it run?): %w", dir.Relative(dir.Kubeconfig()), err)
	}
	config.QPS = -1
	config.UserAgent = "appenv-local"
	config.WarningHandlerWithContext = nil
	dyn, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	typed, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	config.Impersonate = ExemptIdentity()
	free, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return &Cluster{Dir: dir, Dynamic: dyn, Exempt: free, Typed: typed}, nil
}

// Ready says what the API server still waits for; "" when it is ready.
func (c *Cluster) Ready(ctx context.Context) string {
	if err := c.Typed.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error(); err != nil {
		return "the API server to be ready"
	}
	return ""
}

// Kubectl runs bin/kubectl as the administrator and returns what it prints.
func (c *Cluster) Kubectl(ctx context.Context, input string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, c.Dir.Bin("kubectl"), append([]string{"--kubeconfig", c.Dir.Kubeconfig()}, args...)...)
	cmd.Stdin = strings.NewReader(input)
	// Neither the user's settings nor a cache in the user's home.
	cmd.Env = append(os.Environ(), "KUBERC=off", "KUBECACHEDIR="+c.Dir.State("tmp", "kubectl"))
	var failure bytes.Buffer
	cmd.Stderr = &failure
	output, err := cmd.Output()
	if err != nil {
		return string(output), fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(failure.String()))
	}
	return string(output), nil
}

// Apply applies manifests from the input or, when that is empty, from files and folders.
func (c *Cluster) Apply(ctx context.Context, input string, files ...string) error {
	args := []string{"apply", "--server-side", "--force-conflicts", "--field-manager=appenv-local"}
	if input != "" {
		args = append(args, "-f", "-")
	}
	for _, file := range files {
		args = append(args, "-f", file)
	}
	_, err := c.Kubectl(ctx, input, args...)
	return err
}

// WriteOperatorKubeconfig writes a kubeconfig with a new token of a service account in the operator's namespace.
func (c *Cluster) WriteOperatorKubeconfig(ctx context.Context, port int, account, component string) error {
	lifetime := int64(30 * 24 * 60 * 60)
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &lifetime}}
	accounts := c.Typed.CoreV1().ServiceAccounts(OperatorNamespace)
	token, err := accounts.CreateToken(ctx, account, request, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("requesting a token of %s: %w", account, err)
	}
	return writeKubeconfig(c.Dir, port, c.Dir.KubeconfigOf(component), account, token.Status.Token)
}
