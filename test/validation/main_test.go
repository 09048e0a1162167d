// Package validation holds the schema of AppEnvironments to its promises, against a
// real API server: every rule accepts what it should and refuses what it must, in
// the words that the user will read.
package validation

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	judge "github.com/appenv/appenv-operator/internal/crd"
)

const (
	binFolder = "../../bin"
	crdFile   = "../../config/crd/bases/platform.appenv.dev_appenvironments.yaml"
)

var (
	config *rest.Config
	// api refuses unknown fields, so that a case cannot pass by a misspelt name. What it is asked is judged offline, too.
	api client.Client
	// crd is the generated CustomResourceDefinition, as in the file.
	crd apiextensionsv1.CustomResourceDefinition
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	for _, name := range []string{"etcd", "kube-apiserver"} {
		if _, err := os.Stat(filepath.Join(binFolder, name)); err != nil {
			return 0, fmt.Errorf("%w: the API server is not built yet; run `make test`, which builds it", err)
		}
	}
	data, err := os.ReadFile(crdFile)
	if err != nil {
		return 0, err
	}
	if err := yaml.UnmarshalStrict(data, &crd); err != nil {
		return 0, fmt.Errorf("decoding %s: %w", crdFile, err)
	}
	server := &envtest.Environment{BinaryAssetsDirectory: binFolder, ControlPlaneStartTimeout: 2 * time.Minute}
	if config, err = server.Start(); err != nil {
		return 0, fmt.Errorf("starting the API server: %w", err)
	}
	defer func() {
		if stopErr := server.Stop(); stopErr != nil && err == nil {
			err = fmt.Errorf("stopping the API server: %w", stopErr)
		}
	}()
	config.QPS = -1
	// Installing also proves that every rule compiles within the server's cost budget.
	if _, err := envtest.InstallCRDs(config, envtest.CRDInstallOptions{Paths: []string{crdFile}}); err != nil {
		return 0, fmt.Errorf("installing %s: %w", crdFile, err)
	}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return 0, err
		}
	}
	plain, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		return 0, err
	}
	kinds, err := judge.Load(data)
	if err != nil {
		return 0, err
	}
	offline := &witness{
		Client: client.WithFieldValidation(plain, client.FieldValidation(metav1.FieldValidationStrict)),
		kind:   kinds[v1alpha1.GroupVersion.WithKind("AppEnvironment")],
	}
	api = offline
	code = m.Run()
	if f := flag.Lookup("test.run"); f == nil || f.Value.String() == "" {
		err = offline.verdict()
	}
	return code, err
}

// create sends an object; dry lets the server judge without storing it.
func create(ctx context.Context, object client.Object, dry bool) error {
	if dry {
		return api.Create(ctx, object, client.DryRunAll)
	}
	return api.Create(ctx, object)
}

// lenient is create for objects that hold unknown fields on purpose.
func lenient(ctx context.Context, object client.Object) error {
	return api.Create(ctx, object, client.DryRunAll, client.FieldValidation(metav1.FieldValidationIgnore))
}
