// Package speed measures the kubectl plugin as a user runs it: a process, from its start to its end. `make speed` runs it. It
// is no part of `make test`: what counts is the time on a machine that does nothing else.
//
// 300 environments are variations of the sample hoge-dev, each with an overlay of its own in the repository. The best of some
// runs counts, since everything else in a time is the machine's.
package speed

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/test/fixture"
)

const (
	root         = "../.."
	environments = 300
	fleet        = 1000
	runs         = 5
)

// A limit is what a command may take at most.
type limit struct {
	wall   time.Duration
	memory int // MiB, resident; zero is not limited
}

// measure runs the plugin some times and fails when the best time or the least memory is above the limit. It has
// to end well.
func measure(t *testing.T, name string, most limit, arguments ...string) {
	t.Helper()
	wall, memory := time.Hour, 1<<20
	for range runs {
		command := exec.CommandContext(t.Context(), filepath.Join(root, "bin", "kubectl-appenv"), arguments...)
		var failures strings.Builder
		command.Stderr = &failures
		began := time.Now()
		err := command.Run()
		took := time.Since(began)
		if command.ProcessState == nil || !command.ProcessState.Success() {
			t.Fatalf("%s: %v: %s", name, err, failures.String())
		}
		usage, ok := command.ProcessState.SysUsage().(*syscall.Rusage)
		if !ok {
			t.Fatal("the system does not say what a process has used")
		}
		wall, memory = min(wall, took), min(memory, int(usage.Maxrss)/1024)
	}
	t.Logf("%-40s %6.0f ms of %5.0f ms, %4d MiB", name, wall.Seconds()*1000, most.wall.Seconds()*1000, memory)
	if wall > most.wall || most.memory > 0 && memory > most.memory {
		t.Errorf("%s took %s and %d MiB, and may take %s and %d MiB", name, wall, memory, most.wall, most.memory)
	}
}

func TestStartup(t *testing.T) {
	measure(t, "version", limit{50 * time.Millisecond, 0}, "version")
	measure(t, "--help", limit{50 * time.Millisecond, 0}, "--help")
}

func TestFiles(t *testing.T) {
	folder, repository := files(t)
	measure(t, fmt.Sprintf("render %d environments", environments), limit{2 * time.Second, 150}, "render", "-f", folder)
	measure(t, fmt.Sprintf("lint %d environments", environments), limit{2 * time.Second, 150}, "lint", "-f", folder)
	measure(t, fmt.Sprintf("lint %d environments with repository", environments), limit{5 * time.Second, 0}, "lint", "-f", folder, "--repo", repository)
}

// files are a folder with environments and the repository of their application.
func files(t *testing.T) (folder, repository string) {
	t.Helper()
	sample, err := os.ReadFile(filepath.Join(root, "config/samples/hoge-dev.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	folder, repository = t.TempDir(), t.TempDir()
	if err := os.CopyFS(repository, os.DirFS(filepath.Join(root, "hack/demo/repo"))); err != nil {
		t.Fatal(err)
	}
	for i := range environments {
		name := fmt.Sprintf("e%d", i)
		text := strings.NewReplacer(
			"hoge-dev", "hoge-"+name, "environment: dev", "environment: "+name, "hoge-namespace", "hoge-ns-"+name, "dev.hoge", name+".hoge",
		).Replace(string(sample))
		if err := os.WriteFile(filepath.Join(folder, name+".yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, overlays := range []string{"deployment/k8s/manifests/app1/overlays", "deployment/k8s/jobs/db-migration/overlays"} {
			at := filepath.Join(repository, overlays)
			if err := os.CopyFS(filepath.Join(at, name), os.DirFS(filepath.Join(at, "dev"))); err != nil {
				t.Fatal(err)
			}
		}
	}
	return folder, repository
}

func TestStatusOfAFleet(t *testing.T) {
	log.SetLogger(logr.Discard()) // envtest says how it starts
	server := &envtest.Environment{
		BinaryAssetsDirectory: filepath.Join(root, "bin"), ControlPlaneStartTimeout: 2 * time.Minute,
		CRDInstallOptions: envtest.CRDInstallOptions{Paths: []string{filepath.Join(root, "config/crd/bases")}, ErrorIfPathMissing: true},
	}
	config, err := server.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	config.QPS = -1
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	api, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	admin, err := server.AddUser(envtest.User{Name: "admin", Groups: []string{"system:masters"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	kubeconfig, err := admin.KubeConfig()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, kubeconfig, 0o600); err != nil {
		t.Fatal(err)
	}
	populate(t, api)
	measure(t, fmt.Sprintf("status of %d environments", fleet), limit{time.Second, 0}, "status", "--kubeconfig", file)
}

// populate makes a fleet whose environments have the status of healthy ones.
func populate(t *testing.T, api client.Client) {
	t.Helper()
	var all sync.WaitGroup
	numbers := make(chan int)
	for range 8 {
		all.Go(func() {
			for i := range numbers {
				if err := healthy(t.Context(), api, fmt.Sprintf("env%d", i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range fleet {
		numbers <- i
	}
	close(numbers)
	all.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

func healthy(ctx context.Context, api client.Client, name string) error {
	env := fixture.Full(name)
	if err := api.Create(ctx, env); err != nil {
		return err
	}
	env.Status = v1alpha1.AppEnvironmentStatus{ObservedGeneration: env.Generation, SecretsReady: "1/1", AppsReady: "2/2", CertificatesReady: "2/2"}
	for _, condition := range []string{
		v1alpha1.ConditionNamespacesReady, v1alpha1.ConditionProjectReady, v1alpha1.ConditionSecretsReady, v1alpha1.ConditionApplicationsReady,
		v1alpha1.ConditionCertificatesReady, v1alpha1.ConditionDNSReady, v1alpha1.ConditionReady,
	} {
		env.Status.Conditions = append(env.Status.Conditions, metav1.Condition{
			Type: condition, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonReady, Message: "everything the spec asks for is in place and works",
			ObservedGeneration: env.Generation, LastTransitionTime: metav1.Now(),
		})
	}
	for i := range 15 {
		env.Status.Children = append(env.Status.Children, v1alpha1.Child{
			APIVersion: "v1", Kind: "ConfigMap", Namespace: "it-" + name, Name: fmt.Sprintf("child%d", i), Origin: v1alpha1.OriginCreated,
			State: v1alpha1.ChildReady, UID: "11111111-1111-1111-1111-111111111111",
		})
	}
	return api.Status().Update(ctx, env)
}
