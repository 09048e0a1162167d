package stack

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/appenv/appenv-operator/hack/local/checkout"
	"github.com/appenv/appenv-operator/hack/local/launch"
	"github.com/appenv/appenv-operator/hack/local/process"
)

// Down stops everything that was started in a folder of state, the last started first, makes sure that
// nothing remains, and removes the state; the logs stay. The caller holds the lock.
func Down(dir checkout.Dir, out io.Writer) error {
	table := process.NewTable(dir.State())
	names, err := table.Names()
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range names {
		record, alive := table.Find(name)
		if err := table.Stop(name, launch.StopGrace); err != nil {
			errs = append(errs, err)
			continue
		}
		if alive {
			fmt.Fprintf(out, "stopped %s, process %d\n", name, record.PID)
		}
	}
	if err := errors.Join(append(errs, endLeftovers(table, out))...); err != nil {
		return err
	}
	if err := removeState(dir); err != nil {
		return err
	}
	fmt.Fprintf(out, "no process remains; the logs stay in %s\n", dir.Relative(dir.State("logs")))
	return nil
}

// endLeftovers ends what components started and left behind, and reports what remains then.
func endLeftovers(table process.Table, out io.Writer) error {
	leftovers, err := table.Leftovers()
	if err != nil {
		return err
	}
	for _, leftover := range leftovers {
		if leftover.Ours {
			fmt.Fprintf(out, "ending process %d, left behind by a component: %s\n", leftover.PID, leftover.Command)
			err = errors.Join(err, leftover.End(launch.StopGrace))
		}
	}
	leftovers, searchErr := table.Leftovers()
	err = errors.Join(err, searchErr)
	for _, leftover := range leftovers {
		err = errors.Join(err, fmt.Errorf("process %d remains: %s", leftover.PID, leftover.Command))
	}
	return err
}

// removeState removes everything in the folder of state but the logs and the lock.
func removeState(dir checkout.Dir) error {
	entries, err := os.ReadDir(dir.State())
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	for _, entry := range entries {
		if entry.Name() != "logs" && entry.Name() != lockFile {
			err = errors.Join(err, launch.RemoveAll(dir.State(entry.Name())))
		}
	}
	return err
}
