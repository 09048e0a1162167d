// Package checkout names the places of the demo in a checkout of the repository. It creates nothing.
package checkout

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

const rootModule = "module github.com/appenv/appenv-operator\n"

// Dir is the root of the checkout.
type Dir string

// Find returns the checkout that holds the working directory.
func Find() (Dir, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		content, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.Contains(string(content), rootModule) {
			return Dir(dir), nil
		}
	}
	return "", errors.New("not within a checkout of appenv-operator")
}

// Path is a place below the root.
func (d Dir) Path(elem ...string) string {
	return filepath.Join(append([]string{string(d)}, elem...)...)
}

// Bin is where the built program name is.
func (d Dir) Bin(name string) string { return d.Path("bin", name) }

// State is a place in the demo's own folder, which demo-down removes.
func (d Dir) State(elem ...string) string {
	return d.Path(append([]string{".demo"}, elem...)...)
}

// Log is the log file of a component.
func (d Dir) Log(component string) string { return d.State("logs", component+".log") }

// AuditLog is the API server's audit log.
func (d Dir) AuditLog() string { return d.Log("audit") }

// Kubeconfig is the administrator's kubeconfig.
func (d Dir) Kubeconfig() string { return d.State("kubeconfig") }

// KubeconfigOf is the kubeconfig of a component.
func (d Dir) KubeconfigOf(component string) string { return d.State("kubeconfigs", component) }

// Relative shortens a path below the root for messages.
func (d Dir) Relative(path string) string {
	if relative, err := filepath.Rel(string(d), path); err == nil {
		return relative
	}
	return path
}
