package overlay

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

const pod = `apiVersion: v1
kind: Pod
metadata: {name: a}
spec: {containers: [{name: a, image: registry.example.com:5000/a}]}
`

// repository makes a folder with these files; a value that begins with "->" is a link.
func repository(t *testing.T, files map[string]string) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "repository")
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		var err error
		if target, isLink := strings.CutPrefix(content, "->"); isLink {
			err = os.Symlink(target, path)
		} else {
			err = os.WriteFile(path, []byte(content), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestFoldersAreReadAsArgoCDReadsThem(t *testing.T) {
	root := repository(t, map[string]string{
		"plain/a.yaml": pod, "plain/b.yml": pod, "plain/below/c.yaml": pod, "plain/README.md": "# no object",
		"overlay/kustomization.yaml": "resources: [../plain/a.yaml]\nnamePrefix: x-\nimages: [{name: registry.example.com:5000/a, newTag: v1}]\n",
		"base/kustomization.yaml":    "resources: [a.yaml]\n", "base/a.yaml": pod,
		"top/kustomization.yaml": "resources: [../base]\nnameSuffix: -x\nimages: [{name: registry.example.com:5000/a, newTag: v1}]\n",
		"chart/Chart.yaml":       "name: c\n", "file": "no folder", "out": "->../..", "in": "->plain",
		"empty/.keep": "", "broken/kustomization.yaml": "resources: [nowhere.yaml]\n", "tab/a.yaml": "apiVersion: v1\nkind: A\nmetadata:\n\tname: a\n",
		"values/a.yaml": pod, "values/values.yaml": "image: {tag: x}\n", "values/other.yaml": "a:\n\tb: c\n",
		"fetched/kustomization.yaml": "resources: [\"https://base.invalid/web.yaml\"]\n",
		"helm/kustomization.yaml":    "helmCharts: [{name: c, repo: https://charts.example.com, version: 1.0.0}]\n",
	})
	for name, test := range map[string]struct {
		path    string
		objects int
		failure string
	}{
		"plain YAML, without the folders below":   {"plain", 2, ""},
		"Kustomize":                               {"top", 1, ""},
		"a link within the repository":            {"in", 2, ""},
		"a chart":                                 {"chart", 0, ErrNotRead.Error()},
		"a base that cannot be fetched":           {"fetched", 0, ErrNotRead.Error()},
		"nothing there":                           {"nowhere", 0, ErrMissing.Error()},
		"files that are no objects":               {"values", 1, ""},
		"charts within Kustomize":                 {"helm", 0, ErrNotRead.Error()},
		"a link that leads out":                   {"out", 0, "leads out of the repository"},
		"a path that leads out":                   {"../..", 0, "leads out of the repository"},
		"a file":                                  {"file", 0, "is no folder"},
		"a folder without objects":                {"empty", 0, ""},
		"a resource that is not there":            {"broken", 0, "nowhere.yaml"},
		"a file from beside the folder":           {"overlay", 0, "is not in or below"},
		"a file that is no YAML, and where":       {"tab", 0, "a.yaml:4: found character"},
		"the folder of the repository as a whole": {".", 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := Read(root, test.path)
			if len(o.Objects) != test.objects {
				t.Errorf("got %d objects, want %d", len(o.Objects), test.objects)
			}
			switch {
			case test.failure == "" && o.Err != nil, test.failure != "" && (o.Err == nil || !strings.Contains(o.Err.Error(), test.failure)):
				t.Errorf("got %v, want %q", o.Err, test.failure)
			case o.Err != nil && test.path == "broken" && strings.Contains(o.Err.Error(), root):
				t.Errorf("it tells where the repository is on this machine: %v", o.Err)
			}
		})
	}
	top := Read(root, "top")
	if got := top.Workloads()[0].Images()[0]; got != "registry.example.com:5000/a:v1" || !top.Kustomized || top.Images["registry.example.com:5000/a"] == "" {
		t.Errorf("got %s, %v", got, top.Images)
	}
	if missing := Read(root, "nowhere"); !errors.Is(missing.Err, ErrMissing) {
		t.Error(missing.Err)
	}
}

// The numbers are those of Kubernetes: https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers
func TestRequestsAreCountedAsTheSchedulerDoes(t *testing.T) {
	container := func(requests, limits string, sidecar bool) corev1.Container {
		c := corev1.Container{Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{}, Limits: corev1.ResourceList{}}}
		if requests != "" {
			c.Resources.Requests[corev1.ResourceCPU] = resource.MustParse(requests)
		}
		if limits != "" {
			c.Resources.Limits[corev1.ResourceCPU] = resource.MustParse(limits)
		}
		if sidecar {
			always := corev1.ContainerRestartPolicyAlways
			c.RestartPolicy = &always
		}
		return c
	}
	for name, test := range map[string]struct {
		init, main       []corev1.Container
		request, limit   string
		defaults, limits string
	}{
		"the sum of the containers":           {main: []corev1.Container{container("1", "2", false), container("500m", "", false)}, request: "1500m", limit: "2"},
		"an init container that is greater":   {init: []corev1.Container{container("3", "", false), container("1", "", false)}, main: []corev1.Container{container("2", "", false)}, request: "3", limit: "0"},
		"a sidecar runs beside the others":    {init: []corev1.Container{container("1", "", true)}, main: []corev1.Container{container("2", "", false)}, request: "3", limit: "0"},
		"a sidecar runs beside later ones":    {init: []corev1.Container{container("1", "", true), container("4", "", false)}, main: []corev1.Container{container("2", "", false)}, request: "5", limit: "0"},
		"a limit without request is one":      {main: []corev1.Container{container("", "2", false)}, request: "2", limit: "2"},
		"defaults of the namespace":           {main: []corev1.Container{container("", "", false)}, request: "250m", limit: "1", defaults: "250m", limits: "1"},
		"a request of its own beats defaults": {main: []corev1.Container{container("2", "", false)}, request: "2", limit: "3", defaults: "250m", limits: "3"},
	} {
		t.Run(name, func(t *testing.T) {
			list := func(text string) corev1.ResourceList {
				if text == "" {
					return nil
				}
				return corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(text)}
			}
			w := Workload{Pod: corev1.PodSpec{InitContainers: test.init, Containers: test.main}}
			got := w.Requests(list(test.defaults), list(test.limits))
			request, limit := got["requests.cpu"], got["limits.cpu"]
			if request.Cmp(resource.MustParse(test.request)) != 0 || limit.Cmp(resource.MustParse(test.limit)) != 0 {
				t.Errorf("got %s and %s, want %s and %s", request.String(), limit.String(), test.request, test.limit)
			}
		})
	}
}
