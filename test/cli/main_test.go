// Package cli runs the kubectl plugin against a real API server, as a user does in a terminal: what it asks, what it
// patches, and what it says when the cluster says no. Status is written by the test in place of the operator.
package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/cli"
)

const (
	binFolder = "../../bin"
	crdFile   = "../../config/crd/bases/platform.appenv.dev_appenvironments.yaml"
)

var (
	api        client.Client
	kubeconfig string
	// stranger may do nothing.
	stranger string
)

func TestMain(m *testing.M) {
	code, err := start(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func start(m *testing.M) (code int, err error) {
	for _, name := range []string{"etcd", "kube-apiserver"} {
		if _, err := os.Stat(filepath.Join(binFolder, name)); err != nil {
			return 0, fmt.Errorf("%w: the API server is not built yet; run `make test`, which builds it", err)
		}
	}
	server := &envtest.Environment{BinaryAssetsDirectory: binFolder, ControlPlaneStartTimeout: 2 * time.Minute}
	config, err := server.Start()
	if err != nil {
		return 0, fmt.Errorf("starting the API server: %w", err)
	}
	defer func() {
		if stopErr := server.Stop(); stopErr != nil && err == nil {
			err = fmt.Errorf("stopping the API server: %w", stopErr)
		}
	}()
	folder, err := os.MkdirTemp("", "appenv-test-cli-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(folder) //nolint:errcheck // a temporary folder
	if kubeconfig, err = writeKubeconfig(server, folder, "admin", "system:masters"); err != nil {
		return 0, err
	}
	if stranger, err = writeKubeconfig(server, folder, "stranger", "nobody"); err != nil {
		return 0, err
	}
	if err := connect(config); err != nil {
		return 0, err
	}
	if code := beforeInstallation(); code != 0 {
		return code, nil
	}
	if _, err := envtest.InstallCRDs(config, envtest.CRDInstallOptions{Paths: []string{crdFile}}); err != nil {
		return 0, fmt.Errorf("installing %s: %w", crdFile, err)
	}
	return m.Run(), nil
}

func connect(config *rest.Config) error {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return err
	}
	config.QPS = -1
	var err error
	api, err = client.New(config, client.Options{Scheme: scheme})
	return err
}

func writeKubeconfig(server *envtest.Environment, folder, user, group string) (string, error) {
	account, err := server.AddUser(envtest.User{Name: user, Groups: []string{group}}, nil)
	if err != nil {
		return "", err
	}
	data, err := account.KubeConfig()
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, user+".kubeconfig")
	return path, os.WriteFile(path, data, 0o600)
}

// beforeInstallation asks while the cluster serves no AppEnvironments. It is 0 if the answer was the right one.
func beforeInstallation() int {
	for _, line := range []string{"status", "status a", "explain a", "pause a", "confirm a", "wait a", "wait a --for deleted"} {
		got := plugin(context.Background(), strings.Fields(line)...)
		if got.code != 1 || !strings.Contains(got.err, "the operator's CustomResourceDefinition is not installed") {
			fmt.Fprintf(os.Stderr, "%s, without the CustomResourceDefinition: got %+v\n", line, got)
			return 1
		}
	}
	return 0
}

// An answer is what a command has printed.
type answer struct {
	code     int
	out, err string
}

// plugin runs a command line as the administrator.
func plugin(ctx context.Context, arguments ...string) answer {
	return as(ctx, kubeconfig, arguments...)
}

func as(ctx context.Context, kubeconfig string, arguments ...string) answer {
	var out, failures buffer
	code := cli.Run(ctx, append(arguments, "--kubeconfig", kubeconfig), cli.Streams{In: strings.NewReader(""), Out: &out, Err: &failures})
	return answer{code, out.String(), failures.String()}
}

// A buffer may be read while it is written.
type buffer struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (b *buffer) Write(data []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.Write(data)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.String()
}

// environment makes an AppEnvironment of that name, gone at the end of the test.
func environment(t *testing.T, name string) *v1alpha1.AppEnvironment {
	t.Helper()
	env := &v1alpha1.AppEnvironment{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"test": name}},
		Spec: v1alpha1.AppEnvironmentSpec{
			Application: "hoge", Environment: "dev",
			Namespaces: []v1alpha1.Namespace{{Name: name}},
			Source:     v1alpha1.Source{RepoURL: "https://github.com/example/hoge", TargetRevision: "main", Path: "{app}"},
			Apps:       []v1alpha1.App{{Name: "app1"}},
		},
	}
	if err := api.Create(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.IgnoreNotFound(api.Delete(context.Background(), env)); err != nil {
			t.Error(err)
		}
	})
	return env
}

// report writes the status in place of the operator.
func report(t *testing.T, env *v1alpha1.AppEnvironment, ready metav1.ConditionStatus, reason, blockedOn string) {
	t.Helper()
	env.Status.ObservedGeneration = env.Generation
	env.Status.BlockedOn = blockedOn
	env.Status.Conditions = []metav1.Condition{{
		Type: v1alpha1.ConditionReady, Status: ready, Reason: reason, Message: blockedOn,
		ObservedGeneration: env.Generation, LastTransitionTime: metav1.Now(),
	}}
	if err := api.Status().Update(t.Context(), env); err != nil {
		t.Fatal(err)
	}
}
