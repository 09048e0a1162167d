package check

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/hack/demo/internal/adopted"
	"github.com/appenv/appenv-operator/hack/demo/internal/sample"
	"github.com/appenv/appenv-operator/hack/local/launch"
)

// columns is what `kubectl get appenv` says of each sample: READY, APPS, SECRETS, CERTS. Google gives
// no certificate before an Ingress asks for it, hence none where no application runs yet.
var columns = map[string][]string{
	sample.Dev:   {"True", "2/2", "2/2", "1/1"},
	sample.Stage: {"False", "0/2", "1/2", "0/1"},
	sample.Prod:  {"False", "0/2", "2/2", "0/1"},
	sample.QA:    {"True", "2/2", "2/2", "1/1"},
}

func (c *check) samples(ctx context.Context) error {
	header, err := c.cluster.Kubectl(ctx, "", "get", "appenv")
	if err != nil {
		return err
	}
	header, _, _ = strings.Cut(header, "\n")
	c.equal("columns", strings.Join(strings.Fields(header), " "), "NAME READY APPS SECRETS CERTS BLOCKED ON AGE")
	for _, name := range sample.Names {
		if err := c.sample(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// untouched fails when somebody gave a sample what it is meant to wait for.
func (c *check) untouched(ctx context.Context) error {
	for _, name := range []string{sample.Stage, sample.Prod} {
		state, err := sample.Read(ctx, c.cluster, name)
		if err != nil {
			return err
		}
		if state.Ready == "True" {
			return fmt.Errorf("%s is Ready, so it is no longer as make demo made it: kubectl delete appenv %s, make demo, and check again", name, name)
		}
	}
	return nil
}

// sample waits until a sample has settled and compares what is printed about it.
func (c *check) sample(ctx context.Context, name string) error {
	state, err := c.settled(ctx, name, time.Minute)
	if err != nil {
		return err
	}
	row, err := c.cluster.Kubectl(ctx, "", "get", "appenv", name, "--no-headers")
	if err != nil {
		return err
	}
	cells := append(strings.Fields(row), slices.Repeat([]string{""}, 5)...)
	c.equal(name+" READY APPS SECRETS CERTS", cells[1:5], columns[name])
	switch name {
	case sample.Dev, sample.QA:
		c.equal(name+" blockedOn", state.BlockedOn, "")
	case sample.Stage:
		c.expect(strings.Contains(state.BlockedOn, sample.MissingKey), "%s names the missing key: %s", name, state.BlockedOn)
	case sample.Prod:
		c.equal(name+" reason", state.Reason, "AwaitingSync")
	}
	return nil
}

// adopted compares what the team of hoge-qa ran with what runs there now.
func (c *check) adopted(ctx context.Context) error {
	before, err := adopted.Before(c.dir)
	if err != nil {
		return err
	}
	now, err := adopted.Read(ctx, c.cluster)
	if err != nil {
		return err
	}
	state, err := sample.Read(ctx, c.cluster, sample.QA)
	if err != nil {
		return err
	}
	origins := map[string]any{}
	entries, _, _ := unstructured.NestedSlice(state.Object.Object, "status", "children")
	for _, entry := range entries {
		if fields, ok := entry.(map[string]any); ok {
			origins[fmt.Sprintf("%v %v", fields["kind"], fields["name"])] = fields["origin"]
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before.UIDs)) {
		c.equal("UID of "+name+" as before", now.UIDs[name], before.UIDs[name])
		if slices.Contains(adopted.Given(), name) {
			c.equal("origin of "+name, origins[name], "adopted")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before.Syncs)) {
		c.equal("syncs of "+name+" as before", now.Syncs[name], before.Syncs[name])
	}
	return nil
}

// settled waits until a sample shows what it is meant to show.
func (c *check) settled(ctx context.Context, name string, limit time.Duration) (sample.State, error) {
	var state sample.State
	err := until(ctx, limit, func(ctx context.Context) (waitingFor string, err error) {
		if state, err = sample.Read(ctx, c.cluster, name); err != nil {
			return "", err
		}
		if !state.Settled() {
			return state.String(), nil
		}
		return "", nil
	})
	return state, err
}

// metrics reads what the operator serves about the samples.
func (c *check) metrics(ctx context.Context) error {
	var body bytes.Buffer
	if err := launch.Get(ctx, c.site.OperatorMetrics("http"), &body); err != nil {
		return err
	}
	for name, want := range map[string]string{sample.Dev: "1", sample.Stage: "0", sample.Prod: "0", sample.QA: "1"} {
		value := "absent"
		for line := range strings.Lines(body.String()) {
			if strings.HasPrefix(line, "appenv_ready{") && strings.Contains(line, `name="`+name+`"`) {
				fields := strings.Fields(line)
				value = fields[len(fields)-1]
			}
		}
		c.equal("appenv_ready of "+name, value, want)
	}
	return nil
}
