package controller

import (
	"context"
	"runtime/debug"
	"time"
)

// releaseAfter is how long nothing may have been done before memory is given back.
const releaseAfter = 5 * time.Second

// releaseMemory gives back to the system what a burst of work has left behind, once after each:
// by itself Go keeps about as much again as is in use, for work that may not come for days.
func (r *Reconciler) releaseMemory(ctx context.Context) error {
	var seen, released int64
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(releaseAfter):
		}
		passes := r.passes.Load()
		if passes == seen && passes != released {
			debug.FreeOSMemory()
			released = passes
		}
		seen = passes
	}
}
