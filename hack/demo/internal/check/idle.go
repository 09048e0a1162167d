package check

import (
	"context"
	"fmt"
	"time"

	"github.com/appenv/appenv-operator/hack/local/audit"
	"github.com/appenv/appenv-operator/hack/local/cluster"
	"github.com/appenv/appenv-operator/hack/local/component"
	"github.com/appenv/appenv-operator/hack/local/process"
)

// What the operator still has to do after the checks before: it reads the Events of a failing secret
// once more 30 s after it failed.
const (
	quietPeriod = 10 * time.Second
	quietLimit  = 2 * time.Minute
)

// idle leaves the operator alone and counts what it asks the API server, all API groups alike.
func (c *check) idle(ctx context.Context) error {
	err := until(ctx, quietLimit, func(context.Context) (string, error) {
		busy, err := c.requests(time.Now().Add(-quietPeriod))
		if err != nil || len(busy) == 0 {
			return "", err
		}
		return fmt.Sprintf("%s of quiet; the last request was %s", quietPeriod, busy[len(busy)-1]), nil
	})
	if err != nil {
		return err
	}
	began := time.Now()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(idlePeriod):
	}
	requests, err := c.requests(began)
	if err != nil {
		return err
	}
	all, err := audit.Since(c.dir.AuditLog(), cluster.OperatorUser, began)
	if err != nil {
		return err
	}
	c.expect(len(all) > 0, "the audit log sees the operator: %d requests for its lease and watches", len(all)-len(requests))
	c.equal(fmt.Sprintf("other requests by %s in %s", cluster.OperatorUser, idlePeriod), len(requests), 0)
	for _, request := range requests[:min(len(requests), 20)] {
		fmt.Fprintf(c.out, "          %s\n", request)
	}
	return c.memory()
}

// requests are the operator's requests since a time but those that an idle operator may send.
func (c *check) requests(from time.Time) ([]audit.Entry, error) {
	entries, err := audit.Since(c.dir.AuditLog(), cluster.OperatorUser, from)
	if err != nil {
		return nil, err
	}
	var busy []audit.Entry
	for _, entry := range entries {
		if !entry.Idle() {
			busy = append(busy, entry)
		}
	}
	return busy, nil
}

func (c *check) memory() error {
	record, alive := c.table.Find(component.Operator)
	if !alive {
		return process.ErrGone
	}
	resident, err := process.ResidentMemory(record.PID)
	if err != nil {
		return err
	}
	c.expect(resident < memoryLimit, "resident memory of the operator: %.1f MB (limit %d MB)", float64(resident)/1e6, memoryLimit/1_000_000)
	return nil
}
