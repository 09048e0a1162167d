// Package checkout names the places in a checkout of the repository, and in a folder of it that holds the
// state of one set of running components. It creates nothing.
package checkout

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

const rootModule = "module github.com/appenv/appenv-operator\n"

// Dir is a checkout, and the folder in it that holds what one set of components needs and writes.
type Dir struct {
	root  string
	state string // relative to root
}

// Find returns the checkout that holds the working directory, with a folder for state, relative to its
// root.
func Find(state string) (Dir, error) {
	dir, err := os.Getwd()
	if err != nil {
		return Dir{}, err
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		content, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.Contains(string(content), rootModule) {
			return Dir{root: dir, state: state}, nil
		}
	}
	return Dir{}, errors.New("not within a checkout of appenv-operator")
}

// Path is a place below the root.
func (d Dir) Path(elem ...string) string {
	return filepath.Join(append([]string{d.root}, elem...)...)
}

// Bin is where the built program name is.
func (d Dir) Bin(name string) string { return d.Path("bin", name) }

// State is a place in the folder of state, which stack.Down removes but for the logs.
func (d Dir) State(elem ...string) string {
	return d.Path(append([]string{d.state}, elem...)...)
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
	if relative, err := filepath.Rel(d.root, path); err == nil {
		return relative
	}
	return path
}
