package arch

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/appenv/appenv-operator/"

// layer says what the packages below a folder may import.
type layer struct {
	// folder is below the module; the longest that matches a package counts.
	folder string
	// ours are the folders of this module whose packages may be imported.
	ours []string
	// never are packages that may not be imported, nor those below them.
	never []string
}

// Manager, client and cluster are what only the upper layers know.
var clients = []string{
	"sigs.k8s.io/controller-runtime", "k8s.io/client-go/kubernetes", "k8s.io/client-go/dynamic",
	"k8s.io/client-go/rest", "k8s.io/client-go/tools", "net/http",
}

// layers is every folder of the operator, from the top down. A package in none of them fails the
// test: decide first where it stands.
var layers = []layer{
	{folder: "cmd", ours: []string{"internal/config", "internal/controller"}},
	{folder: "cmd/kubectl-appenv", ours: []string{"internal/cli"}},
	{folder: "internal/cli", ours: []string{
		"api", "config/crd", "internal/apply", "internal/component", "internal/config", "internal/controller", "internal/crd", "internal/foreign", "internal/infer", "internal/lint", "internal/manifest", "internal/overlay", "internal/render",
	}},
	{folder: "internal/lint", ours: []string{
		"api", "internal/component", "internal/crd", "internal/foreign", "internal/manifest", "internal/overlay", "internal/render",
	}, never: clients},
	{folder: "internal/infer", ours: []string{
		"api", "internal/component", "internal/foreign", "internal/render",
	}, never: append([]string{"context", "time"}, clients...)},
	{folder: "internal/render", ours: []string{"api", "internal/component"}, never: append([]string{"context", "time"}, clients...)},
	{folder: "internal/overlay", ours: []string{"internal/manifest"}, never: clients},
	{folder: "internal/manifest", ours: nil, never: clients},
	{folder: "internal/crd", ours: nil, never: clients},
	{folder: "config", ours: nil, never: clients},
	{folder: "internal/controller", ours: []string{"api", "internal/apply", "internal/component", "internal/config", "internal/foreign", "internal/status"}},
	{folder: "internal/status", ours: []string{"api", "internal/component"}, never: append([]string{"context"}, clients...)},
	{folder: "internal/component", ours: []string{"api", "internal/foreign"}, never: append([]string{"context", "time"}, clients...)},
	{folder: "internal/apply", ours: nil, never: []string{"k8s.io/client-go/kubernetes"}},
	{folder: "internal/foreign", ours: []string{"internal/foreign"}, never: append([]string{"context"}, clients...)},
	{folder: "internal/config", ours: nil},
	{folder: "api", ours: []string{"api"}, never: clients},
}

// outside are folders of tests and tools: they may import everything and nobody imports them.
var outside = []string{"test", "hack"}

type pkg struct {
	ImportPath string
	Imports    []string
}

// packages are the packages of the module, without their tests.
func packages(t *testing.T) []pkg {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "./...")
	command.Dir = root
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("listing the packages: %v\n%s", err, stderr.String())
	}
	var found []pkg
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return found
		} else if err != nil {
			t.Fatal(err)
		}
		found = append(found, p)
	}
}

// below reports whether the import path is the folder or below it.
func below(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, folder+"/")
}

// layerOf is the layer with the longest folder that holds the package.
func layerOf(path string) (found layer, ok bool) {
	for _, l := range layers {
		if below(path, l.folder) && len(l.folder) >= len(found.folder) {
			found, ok = l, true
		}
	}
	return found, ok
}

// violations are the imports that the layers forbid.
func violations(all []pkg) []string {
	var found []string
	for _, p := range all {
		path := strings.TrimPrefix(p.ImportPath, module)
		if slices.ContainsFunc(outside, func(folder string) bool { return below(path, folder) }) {
			continue
		}
		l, ok := layerOf(path)
		if !ok {
			found = append(found, path+" is in no layer: add it to layers")
			continue
		}
		for _, imported := range p.Imports {
			if reason := forbidden(l, path, imported); reason != "" {
				found = append(found, path+" imports "+imported+": "+reason)
			}
		}
	}
	return found
}

// forbidden says why a package of the layer may not import another; empty when it may.
func forbidden(l layer, path, imported string) string {
	if below(imported, "github.com/argoproj") {
		return "Argo CD's Go types stay out of the operator"
	}
	if slices.ContainsFunc(l.never, func(never string) bool { return below(imported, never) }) {
		return l.folder + " never does"
	}
	ours, isOurs := strings.CutPrefix(imported, module)
	if !isOurs || below(ours, path) {
		return ""
	}
	if !slices.ContainsFunc(l.ours, func(folder string) bool { return below(ours, folder) }) {
		return "imports point downward only"
	}
	return ""
}

func TestImportsPointDownward(t *testing.T) {
	all := packages(t)
	for _, violation := range violations(all) {
		t.Error(violation)
	}
	for _, l := range layers {
		if !slices.ContainsFunc(all, func(p pkg) bool { return below(strings.TrimPrefix(p.ImportPath, module), l.folder) }) {
			t.Errorf("no package is below %s: the layer guards nothing", l.folder)
		}
	}
}

func TestForbiddenImportsAreSeen(t *testing.T) {
	for name, test := range map[string]struct {
		from, to string
		bad      bool
	}{
		"cmd may import controller":                   {"cmd", module + "internal/controller", false},
		"cmd may not import component":                {"cmd", module + "internal/component", true},
		"the plugin may import its commands":          {"cmd/kubectl-appenv", module + "internal/cli", false},
		"the operator may not import the plugin":      {"internal/controller", module + "internal/cli", true},
		"lint may not ask a cluster":                  {"internal/lint", "k8s.io/client-go/rest", true},
		"controller may import status":                {"internal/controller", module + "internal/status", false},
		"infer may not ask a cluster":                 {"internal/infer", "k8s.io/client-go/dynamic", true},
		"infer may not import context":                {"internal/infer", "context", true},
		"status may read the clock's type":            {"internal/status", "time", false},
		"status may not import apply":                 {"internal/status", module + "internal/apply", true},
		"component may not import time":               {"internal/component", "time", true},
		"component may not import context":            {"internal/component", "context", true},
		"component may not import a client":           {"internal/component", "sigs.k8s.io/controller-runtime/pkg/client", true},
		"component may import apply configurations":   {"internal/component", "k8s.io/client-go/applyconfigurations/core/v1", false},
		"apply may not import the API":                {"internal/apply", module + "api/v1alpha1", true},
		"config may not import the API":               {"internal/config", module + "api/v1alpha1", true},
		"nobody may import Argo CD":                   {"internal/controller", "github.com/argoproj/argo-cd/v3/pkg/apis", true},
		"nobody may import what tests need":           {"internal/controller", module + "test/fixture", true},
		"a package in no layer is reported":           {"internal/misc", "fmt", true},
		"tests may import everything":                 {"test/fixture", module + "internal/controller", false},
		"a name that only begins alike is not inside": {"internal/statusbar", "fmt", true},
	} {
		t.Run(name, func(t *testing.T) {
			got := violations([]pkg{{ImportPath: module + test.from, Imports: []string{test.to}}})
			if (len(got) > 0) != test.bad {
				t.Errorf("got %v", got)
			}
		})
	}
}

// What only the plugin needs would make the operator larger and slower to start, and its supply chain longer.
func TestTheOperatorLinksNothingOfThePlugin(t *testing.T) {
	command := exec.CommandContext(t.Context(), "go", "list", "-deps", "./cmd")
	command.Dir = root
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	dependencies := strings.Fields(string(out))
	if !slices.Contains(dependencies, module+"internal/controller") {
		t.Fatal("the operator's packages are not listed")
	}
	for _, path := range dependencies {
		for _, never := range []string{
			"sigs.k8s.io/kustomize", "github.com/google/cel-go", "github.com/spf13/cobra", "k8s.io/cli-runtime",
			module + "internal/cli", module + "internal/infer", module + "internal/lint", module + "internal/crd", module + "internal/overlay",
		} {
			if below(path, never) {
				t.Errorf("the operator links %s", path)
			}
		}
	}
}
