// Package crds holds every object of the golden files to the CRDs of the releases that the
// operator supports, on a real API server with strict field validation.
package crds

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

const (
	binFolder    = "../../bin"
	goldenFolder = "../../internal/component/testdata"
)

// releases are folders of bin/crds that go together.
var releases = map[string][]string{
	"Argo CD 3, External Secrets 0":    {"argocd", "external-secrets", "external-dns", "gke", "cert-manager"},
	"Argo CD 2.14, External Secrets 1": {"argocd-v2", "external-secrets-v1", "external-dns", "gke", "cert-manager"},
}

func TestEveryGoldenObjectIsAcceptedStrictly(t *testing.T) {
	objects := goldenObjects(t)
	for name, folders := range releases {
		t.Run(name, func(t *testing.T) {
			api := serve(t, folders)
			kinds := map[string]int{}
			for file, all := range objects {
				for _, object := range all {
					kinds[object.GetKind()]++
					if err := accept(t, api, object); err != nil {
						t.Errorf("%s: %s %s: %v", file, object.GetKind(), object.GetName(), err)
					}
				}
			}
			for _, kind := range []string{
				"Namespace", "RoleBinding", "AppProject", "ApplicationSet", "SecretStore", "ExternalSecret", "ManagedCertificate", "Certificate", "DNSEndpoint",
			} {
				if kinds[kind] == 0 {
					t.Errorf("no golden file has a %s", kind)
				}
			}
			// What the check is worth: a field too many is refused in each of the kinds.
			for _, all := range objects {
				for _, object := range all {
					wrong := object.DeepCopy()
					wrong.Object["unheardOf"] = true
					if accept(t, api, wrong) == nil {
						t.Fatalf("%s with an unknown field is accepted", object.GetKind())
					}
				}
			}
		})
	}
}

// serve starts an API server with the CRDs. Nobody answers their conversion webhooks, which
// are not asked: every object is of the version that is stored.
func serve(t *testing.T, folders []string) client.Client {
	t.Helper()
	var paths []string
	for _, folder := range folders {
		paths = append(paths, filepath.Join(binFolder, "crds", folder))
	}
	server := &envtest.Environment{
		BinaryAssetsDirectory: binFolder, ControlPlaneStartTimeout: 2 * time.Minute,
		CRDInstallOptions: envtest.CRDInstallOptions{Paths: paths, ErrorIfPathMissing: true, MaxTime: time.Minute},
	}
	config, err := server.Start()
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatalf("starting the API server (`make test` builds it): %v", err)
	}
	config.QPS = -1
	plain, err := client.New(config, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return client.WithFieldValidation(plain, metav1.FieldValidationStrict)
}

// accept asks the API server whether it would create the object.
func accept(t *testing.T, api client.Client, object *unstructured.Unstructured) error {
	t.Helper()
	object = object.DeepCopy()
	if namespace := object.GetNamespace(); namespace != "" {
		err := api.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			t.Fatal(err)
		}
	}
	if object.GetKind() == "Namespace" {
		object.SetName("golden-" + object.GetName()) // the other is there, for what stands in it
	}
	return api.Create(t.Context(), object, client.DryRunAll)
}

// goldenObjects are the objects of the golden files, by file.
func goldenObjects(t *testing.T) map[string][]*unstructured.Unstructured {
	t.Helper()
	found := map[string][]*unstructured.Unstructured{}
	err := filepath.WalkDir(goldenFolder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != "want.yaml" && entry.Name() != "teardown.yaml" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096); ; {
			object := &unstructured.Unstructured{}
			if err := decoder.Decode(&object.Object); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
			if object.GetKind() != "" { // else it is the error that the case is about, or nothing
				found[path] = append(found[path], object)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Fatalf("no golden file under %s", goldenFolder)
	}
	return found
}
