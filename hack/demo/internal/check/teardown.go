package check

import (
	"context"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/hack/demo/internal/sample"
	"github.com/appenv/appenv-operator/hack/local/audit"
	"github.com/appenv/appenv-operator/hack/local/cluster"
)

// teardownOrder is the order in which an environment goes, by what the operator deletes. The
// Applications go with their ApplicationSet.
var teardownOrder = [][]string{
	{"dnsendpoints"},
	{"applicationsets"},
	{"appprojects"},
	{"managedcertificates", "certificates"},
	{"externalsecrets", "secretstores"},
	{"namespaces"},
}

const (
	teardownLimit = 3 * time.Minute
	recoveryLimit = 2 * time.Minute
)

// teardown deletes hoge-dev in the foreground, compares the order with the audit log, and applies the
// samples again.
func (c *check) teardown(ctx context.Context) error {
	apps, err := c.generated(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	if _, err := c.cluster.Kubectl(ctx, "", "delete", "appenv", sample.Dev, "--cascade=foreground", "--timeout="+teardownLimit.String()); err != nil {
		return err
	}
	c.within("kubectl delete --cascade=foreground ended", time.Since(began), teardownLimit)
	deletions, err := c.deletions(began)
	if err != nil {
		return err
	}
	c.inOrder(deletions)
	if err := c.applicationsFirst(apps, began, deletions); err != nil {
		return err
	}
	began = time.Now()
	if err := sample.Apply(ctx, c.cluster); err != nil {
		return err
	}
	if _, err := c.settled(ctx, sample.Dev, recoveryLimit); err != nil {
		return err
	}
	c.within("applied again, Ready again", time.Since(began), recoveryLimit)
	return c.sample(ctx, sample.Dev)
}

// deletions are the operator's successful delete requests since a time, in the order of arrival.
func (c *check) deletions(from time.Time) ([]audit.Entry, error) {
	entries, err := audit.Since(c.dir.AuditLog(), cluster.OperatorUser, from)
	if err != nil {
		return nil, err
	}
	entries = slices.DeleteFunc(entries, func(e audit.Entry) bool { return e.Verb != "delete" || !e.Succeeded() })
	slices.SortStableFunc(entries, func(a, b audit.Entry) int { return a.Received.Compare(b.Received) })
	return entries, nil
}

// inOrder expects a deletion of each rank, and none of a rank after one of a later rank.
func (c *check) inOrder(deletions []audit.Entry) {
	reached := 0
	seen := map[int]bool{}
	for _, deletion := range deletions {
		rank := slices.IndexFunc(teardownOrder, func(resources []string) bool {
			return slices.Contains(resources, deletion.Object.Resource)
		})
		if rank < 0 {
			continue // what stands in a namespace and goes with the namespaces' rank
		}
		name := fmt.Sprintf("%s %s/%s", deletion.Object.Resource, deletion.Object.Namespace, deletion.Object.Name)
		c.expect(rank >= reached, "%s deleted %s", deletion.Received.Format("15:04:05.000"), name)
		reached = max(reached, rank)
		seen[rank] = true
	}
	for rank, resources := range teardownOrder {
		if !seen[rank] {
			c.expect(false, "the operator deleted none of %v", resources)
		}
	}
}

// applicationsFirst expects that the last write to each Application, the one that took its last
// finalizer off, came before the operator asked for the end of the project.
func (c *check) applicationsFirst(apps map[string]unstructured.Unstructured, from time.Time, deletions []audit.Entry) error {
	project := slices.IndexFunc(deletions, func(e audit.Entry) bool { return e.Object.Resource == "appprojects" })
	if project < 0 {
		return nil // said already
	}
	entries, err := audit.Since(c.dir.AuditLog(), "", from)
	if err != nil {
		return err
	}
	last := map[string]audit.Entry{}
	for _, entry := range entries {
		name := entry.Object.Name
		if _, ours := apps[name]; ours && entry.Object.Resource == applications.Resource && entry.Writes() && entry.Received.After(last[name].Received) {
			last[name] = entry
		}
	}
	for name := range apps {
		entry, written := last[name]
		c.expect(written && entry.Received.Before(deletions[project].Received), "%s last write to Application %s, by %s, before its project's end",
			entry.Received.Format("15:04:05.000"), name, entry.User.Name)
	}
	return nil
}
