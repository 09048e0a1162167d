package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/appenv/appenv-operator/hack/local/checkout"
)

// lockFile stays when the state is removed: another command may wait for it.
const lockFile = "lock"

// Lock lets one command at a time work on a folder of state; a second one waits, and says so.
func Lock(ctx context.Context, dir checkout.Dir) (unlock func(), err error) {
	if err := os.MkdirAll(dir.State(), 0o755); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(dir.State(lockFile), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	for waiting := false; ; {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = file.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errors.Join(fmt.Errorf("locking %s: %w", dir.Relative(file.Name()), err), file.Close())
		}
		if !waiting {
			fmt.Println("another command works in " + dir.Relative(dir.State()) + "; waiting for it")
			waiting = true
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), file.Close())
		case <-time.After(200 * time.Millisecond):
		}
	}
}
