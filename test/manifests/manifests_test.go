// Package manifests holds what config/ consists of to the API server that users have: every kustomization
// builds, every object is of its schema, and the API server accepts it. `make verify` runs it.
package manifests

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

const (
	root   = "../.."
	bin    = root + "/bin"
	config = root + "/config"
)

// A manifest is what a folder or a file of config/ says.
type manifest struct {
	name    string // relative to config
	text    []byte
	objects []*unstructured.Unstructured
}

func TestManifests(t *testing.T) {
	manifests := append(built(t), files(t)...)
	server := &envtest.Environment{
		BinaryAssetsDirectory: bin, ControlPlaneStartTimeout: 2 * time.Minute,
		CRDInstallOptions: envtest.CRDInstallOptions{ErrorIfPathMissing: true, MaxTime: time.Minute, Paths: []string{
			config + "/crd/bases", bin + "/crds/argocd", bin + "/crds/prometheus-operator",
		}},
	}
	connection, err := server.Start()
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	api, err := client.New(connection, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"argocd", "appenv-system"} {
		if err := api.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("the API server accepts everything", func(t *testing.T) { accepted(t, api, manifests) })
	t.Run("kubeconform finds everything valid", func(t *testing.T) {
		folder := t.TempDir()
		discovered, err := discovery.NewDiscoveryClientForConfig(connection)
		if err != nil {
			t.Fatal(err)
		}
		writeSchemas(t, discovered, folder, server.CRDs)
		conform(t, folder, manifests)
	})
}

// built is what kustomize makes of every folder with a kustomization.
func built(t *testing.T) []manifest {
	t.Helper()
	var all []manifest
	for _, path := range found(t, func(name string) bool { return name == "kustomization.yaml" }) {
		folder := filepath.Dir(path)
		var failure bytes.Buffer
		cmd := exec.CommandContext(t.Context(), bin+"/kustomize", "build", filepath.Join(config, folder))
		cmd.Stderr = &failure
		text, err := cmd.Output()
		if err != nil {
			t.Fatalf("kustomize build config/%s: %v\n%s", folder, err, failure.String())
		}
		all = append(all, parse(t, folder, text))
	}
	return all
}

// files are the AppEnvironments that users copy.
func files(t *testing.T) []manifest {
	t.Helper()
	var all []manifest
	for _, path := range found(t, func(name string) bool { return strings.HasSuffix(name, ".yaml") }) {
		text, err := os.ReadFile(filepath.Join(config, path))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte("\nkind: AppEnvironment\n")) {
			all = append(all, parse(t, path, text))
		}
	}
	if len(all) < 6 {
		t.Fatalf("found %d AppEnvironments, which is not all", len(all))
	}
	return all
}

// found are the files below config of certain names.
func found(t *testing.T, wanted func(name string) bool) []string {
	t.Helper()
	var paths []string
	err := filepath.WalkDir(config, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && wanted(entry.Name()) {
			relative, _ := filepath.Rel(config, path)
			paths = append(paths, relative)
		}
		return err
	})
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d files, %v", len(paths), err)
	}
	return paths
}

func parse(t *testing.T, name string, text []byte) manifest {
	t.Helper()
	m := manifest{name: name, text: text}
	for decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096); ; {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(object.Object) > 0 {
			m.objects = append(m.objects, object)
		}
	}
	if len(m.objects) == 0 {
		t.Fatalf("%s holds no object", name)
	}
	return m
}

// dryRun asks the API server what it would say.
func dryRun(t *testing.T, api client.Client, object *unstructured.Unstructured) error {
	return api.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(object.DeepCopy()), client.DryRunAll, client.ForceOwnership, client.FieldOwner("verify"))
}

func accepted(t *testing.T, api client.Client, manifests []manifest) {
	var kinds []string
	for _, m := range manifests {
		for _, object := range m.objects {
			kinds = append(kinds, object.GetKind())
			if err := dryRun(t, api, object); err != nil {
				t.Errorf("config/%s: %s %s: %v", m.name, object.GetKind(), object.GetName(), err)
			}
			wrong := object.DeepCopy()
			wrong.Object["unheardOf"] = "x"
			if dryRun(t, api, wrong) == nil {
				t.Errorf("%s with an unknown field is accepted", object.GetKind())
			}
		}
	}
	slices.Sort(kinds)
	t.Logf("%d objects of %d kinds", len(kinds), len(slices.Compact(kinds)))
}

// conform runs kubeconform on everything, and on objects that are wrong, which it must find.
func conform(t *testing.T, schemas string, manifests []manifest) {
	folder := t.TempDir()
	for _, m := range manifests {
		name := strings.ReplaceAll(strings.TrimSuffix(m.name, ".yaml"), string(filepath.Separator), "_") + ".yaml"
		if err := os.WriteFile(filepath.Join(folder, name), m.text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	output, err := kubeconform(t, schemas, folder)
	t.Logf("kubeconform -strict -summary:\n%s", output)
	if err != nil {
		t.Error(err)
	}
	for name, wrong := range map[string]string{
		"a field of a Deployment that does not exist":      "{apiVersion: apps/v1, kind: Deployment, metadata: {name: x}, spec: {replica: 2, selector: {}, template: {}}}",
		"a number that is a text":                          "{apiVersion: apps/v1, kind: Deployment, metadata: {name: x}, spec: {replicas: two, selector: {}, template: {}}}",
		"a field of an Application that does not exist":    "{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: x}, spec: {project: x, destination: {}, source: {repoUrl: x}}}",
		"a field of an AppEnvironment that does not exist": "{apiVersion: platform.appenv.dev/v1alpha1, kind: AppEnvironment, metadata: {name: x}, spec: {application: a, environment: b, namespace: []}}",
		"a kind that nobody serves":                        "{apiVersion: example.com/v1, kind: Nothing, metadata: {name: x}}",
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "wrong.yaml")
			if err := os.WriteFile(file, []byte(wrong), 0o644); err != nil {
				t.Fatal(err)
			}
			if output, err := kubeconform(t, schemas, file); err == nil {
				t.Errorf("it is found valid:\n%s", output)
			}
		})
	}
}

func kubeconform(t *testing.T, schemas, what string) (string, error) {
	cmd := exec.CommandContext(t.Context(), "go", "tool", "-modfile=hack/tools/kubeconform/go.mod", "kubeconform",
		"-strict", "-summary", "-verbose", "-schema-location", filepath.Join(schemas, schemaLocation), what)
	cmd.Dir = root
	output, err := cmd.CombinedOutput()
	return string(output), err
}
