// Package launch starts components, unless they run already, and waits until they work.
package launch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/appenv/appenv-operator/hack/local/checkout"
	"github.com/appenv/appenv-operator/hack/local/component"
	"github.com/appenv/appenv-operator/hack/local/process"
	"github.com/appenv/appenv-operator/hack/local/progress"
)

// Launcher starts components as processes of a checkout's folder of state.
type Launcher struct {
	Dir   checkout.Dir
	Table process.Table
}

const (
	startLimit = 2 * time.Minute
	// StopGrace is how long a component may take to end after it was asked to.
	StopGrace = 20 * time.Second
)

// Step is the step that starts a component.
func (l Launcher) Step(c component.Component) progress.Step {
	return progress.Step{Name: c.Name, Log: l.Dir.Log(c.Name), Run: func(ctx context.Context, r *progress.Reporter) error {
		return l.Start(ctx, r, c)
	}}
}

// Start starts a component and waits until it works. One that runs is left alone, unless it was
// built from this repository and changed.
func (l Launcher) Start(ctx context.Context, r *progress.Reporter, c component.Component) error {
	fingerprint, err := l.fingerprint(c)
	if err != nil {
		return err
	}
	verb := "started"
	if record, alive := l.Table.Find(c.Name); alive {
		if !c.Own || record.Fingerprint == fingerprint {
			r.Done("runs already, process %d", record.PID)
			return nil
		}
		if err := l.Table.Stop(c.Name, StopGrace); err != nil {
			return err
		}
		verb = "restarted, since it changed"
	}
	temporary, err := freshFolder(l.Dir.State("tmp", c.Name))
	if err != nil {
		return err
	}
	program := l.Dir.Bin(c.Program)
	p, err := l.Table.Start(process.Spec{
		Name: c.Name,
		Path: program,
		Args: c.Args,
		Env: append([]string{
			// What a program calls is beside it, or in bin/ like everything else.
			"PATH=" + strings.Join([]string{filepath.Dir(program), l.Dir.Path("bin"), os.Getenv("PATH")}, string(os.PathListSeparator)),
			"HOME=" + temporary,
			"TMPDIR=" + temporary,
		}, c.Env...),
		Log:         l.Dir.Log(c.Name),
		Fingerprint: fingerprint,
	})
	if err != nil {
		return err
	}
	r.Done("%s", verb)
	return r.Until(ctx, startLimit, func(ctx context.Context) (string, error) {
		select {
		case err := <-p.Exited():
			return "", err
		default:
			return l.healthy(ctx, c), nil
		}
	})
}

// StartQuietly starts a component, like Start, and shows nothing.
func (l Launcher) StartQuietly(ctx context.Context, c component.Component) error {
	return l.Start(ctx, progress.Quiet(), c)
}

// healthy says what a component that was started still waits for; "" when it works.
func (l Launcher) healthy(ctx context.Context, c component.Component) string {
	switch {
	case c.Health == "":
		return ""
	case strings.HasPrefix(c.Health, "http"):
		if err := Get(ctx, c.Health, io.Discard); err != nil {
			return c.Health + " to answer"
		}
	default:
		dialer := net.Dialer{Timeout: time.Second}
		conn, err := dialer.DialContext(ctx, "tcp", c.Health)
		if err != nil {
			return c.Health + " to answer"
		}
		_ = conn.Close()
	}
	return ""
}

// Get fetches a URL of a component; anything but 200 is an error.
func Get(ctx context.Context, url string, body io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	_, err = io.Copy(body, response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, response.Status)
	}
	return nil
}

// fingerprint changes when the component's program or arguments do. Only components of this
// repository have one: the others are pinned.
func (l Launcher) fingerprint(c component.Component) (string, error) {
	if !c.Own {
		return "-", nil
	}
	program, err := os.ReadFile(l.Dir.Bin(c.Program))
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "%q", c.Args)
	sum.Write(program)
	return hex.EncodeToString(sum.Sum(nil))[:16], nil
}

// freshFolder makes an empty folder. What it held may be read-only, as Argo CD's clones are.
func freshFolder(path string) (string, error) {
	if err := RemoveAll(path); err != nil {
		return "", err
	}
	return path, os.MkdirAll(path, 0o755)
}

// RemoveAll removes a folder even if folders in it may not be read or written.
func RemoveAll(path string) error {
	err := filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			return os.Chmod(name, 0o700)
		}
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.RemoveAll(path)
}
