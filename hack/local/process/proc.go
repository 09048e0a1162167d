package process

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// startTime is when a process started, in clock ticks since boot: with the PID it identifies the
// process, while a PID alone is reused. It is 0 for a process that is gone or only waits to be
// reaped.
func startTime(pid int) uint64 {
	fields := statOf(pid)
	if len(fields) < 20 || fields[0] == "Z" || fields[0] == "X" {
		return 0
	}
	started, err := strconv.ParseUint(fields[19], 10, 64)
	if err != nil {
		return 0
	}
	return started
}

// statOf are the fields of a process's stat from its state on; nil when it is gone.
func statOf(pid int) []string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	// The second field, the program's name in parentheses, may hold anything: count after it.
	return strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
}

// groupLives says whether a process of the group is still running. Its leader may
// have ended before the others.
func groupLives(group int) bool {
	entries, _ := filepath.Glob("/proc/[0-9]*") // the pattern is well formed
	for _, entry := range entries {
		pid, err := strconv.Atoi(filepath.Base(entry))
		if err != nil || startTime(pid) == 0 {
			continue
		}
		if fields := statOf(pid); len(fields) > 2 && fields[2] == strconv.Itoa(group) {
			return true
		}
	}
	return false
}

// ResidentMemory is the VmRSS of a process in bytes.
func ResidentMemory(pid int) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("reading the memory of process %d: %w", pid, err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kilobytes, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return kilobytes * 1024, err
		}
	}
	return 0, fmt.Errorf("process %d has no VmRSS", pid)
}

// CPUTime is the processor time that a process has used, in its own code and in the kernel for it. The kernel
// counts it in hundredths of a second.
func CPUTime(pid int) (time.Duration, error) {
	const user, system, tick = 11, 12, time.Second / 100
	fields := statOf(pid)
	if len(fields) <= system {
		return 0, ErrGone
	}
	var ticks int64
	for _, field := range []string{fields[user], fields[system]} {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("reading the processor time of process %d: %w", pid, err)
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}

// Leftover is a process that belongs to a table.
type Leftover struct {
	PID     int
	Command string
	Ours    bool // started from the table or by one of its processes, which its environment proves
}

// Leftovers finds the processes that were started from this table, and those whose program or
// arguments refer to its folder; not this process and its ancestors.
func (t Table) Leftovers() ([]Leftover, error) {
	entries, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	ancestors := ancestors(os.Getpid())
	var found []Leftover
	for _, entry := range entries {
		pid, err := strconv.Atoi(filepath.Base(entry))
		if err != nil || ancestors[pid] || startTime(pid) == 0 {
			continue
		}
		command, _ := os.ReadFile(filepath.Join(entry, "cmdline"))
		environ, _ := os.ReadFile(filepath.Join(entry, "environ"))
		program, _ := os.Readlink(filepath.Join(entry, "exe"))
		ours := bytes.Contains(append([]byte{0}, environ...), []byte("\x00"+t.mark()+"\x00"))
		refers := strings.Contains(program+"\x00"+string(command), t.state+"/")
		if ours || refers {
			words := strings.TrimSpace(strings.ReplaceAll(string(command), "\x00", " "))
			found = append(found, Leftover{PID: pid, Command: words, Ours: ours})
		}
	}
	return found, nil
}

// ancestors holds pid and the processes above it.
func ancestors(pid int) map[int]bool {
	found := map[int]bool{}
	for pid > 0 && !found[pid] {
		found[pid] = true
		fields := statOf(pid)
		if len(fields) < 2 {
			break
		}
		var err error
		if pid, err = strconv.Atoi(fields[1]); err != nil {
			break
		}
	}
	return found
}

// ErrGone says that a process ended before it could be of use.
var ErrGone = errors.New("the process ended")
