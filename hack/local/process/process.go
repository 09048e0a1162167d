// Package process starts programs that outlive the one that starts them, and finds and ends them
// again: by PID and start time, never by name. It knows nothing of what the programs are for.
package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"time"
)

// Spec is a program to start.
type Spec struct {
	Name        string
	Path        string
	Args        []string
	Env         []string // beside a minimal environment
	Log         string
	Fingerprint string // kept with the process, see Record
}

// Record is what a PID file holds.
type Record struct {
	PID         int
	Started     uint64
	Fingerprint string // tells whether the process still runs what its Spec says
}

// Table is the processes of one set: a PID file each, in a folder.
type Table struct {
	state string
}

// NewTable returns the processes whose folder is state.
func NewTable(state string) Table { return Table{state: state} }

// mark is the environment variable that tells the table's processes and their children apart.
func (t Table) mark() string { return "APPENV_LOCAL=" + t.state }

func (t Table) file(name string) string { return filepath.Join(t.state, "run", name+".pid") }

// Find returns the record of a process that is alive.
func (t Table) Find(name string) (Record, bool) {
	content, err := os.ReadFile(t.file(name))
	if err != nil {
		return Record{}, false
	}
	var r Record
	if n, _ := fmt.Sscan(string(content), &r.PID, &r.Started, &r.Fingerprint); n < 2 {
		return Record{}, false
	}
	return r, r.PID > 1 && r.Started != 0 && startTime(r.PID) == r.Started
}

// Names lists the processes that have a PID file, alive or not, the last started first.
func (t Table) Names() ([]string, error) {
	files, err := filepath.Glob(t.file("*"))
	if err != nil {
		return nil, err
	}
	started := map[string]time.Time{}
	for _, file := range files {
		if info, err := os.Stat(file); err == nil {
			started[file] = info.ModTime()
		}
	}
	sort.Slice(files, func(i, j int) bool { return started[files[i]].After(started[files[j]]) })
	for i, file := range files {
		files[i] = strings.TrimSuffix(filepath.Base(file), ".pid")
	}
	return files, nil
}

// Running says whether any of the processes is alive.
func (t Table) Running() (bool, error) {
	names, err := t.Names()
	for _, name := range names {
		if _, alive := t.Find(name); alive {
			return true, nil
		}
	}
	return false, err
}

// Process is a process that this program started.
type Process struct {
	exited chan error
}

// Exited delivers how the process ended, if it ends while this program still runs.
func (p *Process) Exited() <-chan error { return p.exited }

// Start starts a program in a session of its own, so that no signal meant for this one reaches it,
// and records it.
func (t Table) Start(spec Spec) (*Process, error) {
	if err := os.MkdirAll(filepath.Dir(spec.Log), 0o755); err != nil {
		return nil, err
	}
	log, err := os.OpenFile(spec.Log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	// The process keeps its own descriptor of the log, and it must not end with a context of ours.
	defer func() { _ = log.Close() }()
	cmd := exec.CommandContext(context.Background(), spec.Path, spec.Args...)
	cmd.Dir = t.state
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), t.mark()}, spec.Env...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", spec.Name, err)
	}
	if err := t.record(spec, cmd.Process.Pid); err != nil {
		return nil, errors.Join(err, cmd.Process.Kill(), cmd.Wait())
	}
	p := &Process{exited: make(chan error, 1)}
	go func() {
		if err := cmd.Wait(); err != nil {
			p.exited <- fmt.Errorf("%w: %w", ErrGone, err)
		} else {
			p.exited <- ErrGone
		}
	}()
	return p, nil
}

func (t Table) record(spec Spec, pid int) error {
	if err := os.MkdirAll(filepath.Dir(t.file(spec.Name)), 0o755); err != nil {
		return err
	}
	content := fmt.Sprintf("%d\n%d\n%s\n", pid, startTime(pid), spec.Fingerprint)
	unfinished := t.file(spec.Name) + ".new"
	if err := os.WriteFile(unfinished, []byte(content), 0o644); err != nil {
		return err
	}
	return os.Rename(unfinished, t.file(spec.Name))
}

// Stop ends a recorded process and its children, first politely, after the grace period by force,
// and removes the record. A process that is gone already is no error.
func (t Table) Stop(name string, grace time.Duration) error {
	r, alive := t.Find(name)
	if alive {
		// The process leads a group of its own: its children go with it.
		over := func() bool { return startTime(r.PID) != r.Started && !groupLives(r.PID) }
		_ = syscall.Kill(-r.PID, syscall.SIGTERM)
		if !becomes(over, grace) {
			_ = syscall.Kill(-r.PID, syscall.SIGKILL)
			if !becomes(over, grace) {
				return fmt.Errorf("%s (process %d) does not end", name, r.PID)
			}
		}
	}
	if err := os.Remove(t.file(name)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// End ends a leftover by force. Its PID comes from a search that has just looked at it.
func (l Leftover) End(grace time.Duration) error {
	r := Record{PID: l.PID, Started: startTime(l.PID)}
	if r.Started == 0 {
		return nil
	}
	_ = syscall.Kill(l.PID, syscall.SIGKILL)
	if !becomes(func() bool { return startTime(r.PID) != r.Started }, grace) {
		return fmt.Errorf("process %d does not end: %s", l.PID, l.Command)
	}
	return nil
}

// becomes waits until something holds; false when it takes too long.
func becomes(holds func() bool, limit time.Duration) bool {
	for deadline := time.Now().Add(limit); ; time.Sleep(20 * time.Millisecond) {
		if holds() {
			return true
		}
		if time.Now().After(deadline) {
			return false
		}
	}
}
