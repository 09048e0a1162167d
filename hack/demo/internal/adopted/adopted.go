// Package adopted plays a team that runs an environment made by hand and gives it to the operator, and
// remembers what ran before, so that it can be shown that the same runs afterwards.
package adopted

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/appenv/appenv-operator/hack/demo/internal/sample"
	"github.com/appenv/appenv-operator/hack/local/checkout"
	"github.com/appenv/appenv-operator/hack/local/cluster"
)

//go:embed by_hand.yaml
var byHand string

// An object that was there before the operator came.
type object struct {
	kind      string
	resource  schema.GroupVersionResource
	namespace string
	name      string
}

func argo(kind, resource, name string) object {
	return object{kind, schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: resource}, cluster.ArgoCDNamespace, name}
}

var (
	// given are the objects that the team gives away.
	given = []object{
		{"Namespace", schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}, "", sample.QA},
		argo("AppProject", "appprojects", sample.QA),
		argo("ApplicationSet", "applicationsets", sample.QA),
	}
	applications = []object{
		argo("Application", "applications", "app1-qa"),
		argo("Application", "applications", "db-migration-qa"),
	}
	// workloads are what the Applications deployed.
	workloads = []object{
		{"Deployment", schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}, sample.QA, "app1"},
		{"Job", schema.GroupVersionResource{Group: "batch", Version: "v1", Resource: "jobs"}, sample.QA, "db-migration"},
	}
)

// Given are the kinds and names of what the team gives away.
func Given() []string {
	var names []string
	for _, o := range given {
		names = append(names, o.kind+" "+o.name)
	}
	return names
}

// Facts are what must not change when the environment is adopted, by kind and name.
type Facts struct {
	UIDs  map[string]types.UID `json:"uids"`
	Syncs map[string]string    `json:"syncs"` // of each Application: how many, and when the last began
}

// Make makes the environment by hand, unless the operator has it already.
func Make(ctx context.Context, c *cluster.Cluster) error {
	if adopted, err := isAdopted(ctx, c); adopted || err != nil {
		return err
	}
	return c.Apply(ctx, sample.Substitute(c, byHand))
}

// isAdopted says whether the AppEnvironment exists.
func isAdopted(ctx context.Context, c *cluster.Cluster) (bool, error) {
	_, err := c.Dynamic.Resource(cluster.AppEnvironments).Get(ctx, sample.QA, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}

// Runs says what the environment made by hand still lacks; "" when it runs, and what runs is
// remembered.
func Runs(ctx context.Context, c *cluster.Cluster) (waitingFor string, err error) {
	if adopted, err := isAdopted(ctx, c); adopted || err != nil {
		return "", err
	}
	for _, application := range applications {
		live, err := get(ctx, c, application)
		if apierrors.IsNotFound(err) {
			return "Application " + application.name, nil
		}
		if err != nil {
			return "", err
		}
		health, _, _ := unstructured.NestedString(live.Object, "status", "health", "status")
		sync, _, _ := unstructured.NestedString(live.Object, "status", "sync", "status")
		phase, _, _ := unstructured.NestedString(live.Object, "status", "operationState", "phase")
		if health != "Healthy" || sync != "Synced" || phase != "Succeeded" {
			return fmt.Sprintf("Application %s, which is %s and %s, its sync %s", application.name, health, sync, phase), nil
		}
	}
	facts, err := Read(ctx, c)
	if err != nil {
		return "", err
	}
	content, err := json.MarshalIndent(facts, "", "  ")
	if err != nil {
		return "", err
	}
	return "", os.WriteFile(file(c.Dir), content, 0o600)
}

// file remembers the facts.
func file(dir checkout.Dir) string { return dir.State("adopted.json") }

// Before are the facts before the adoption.
func Before(dir checkout.Dir) (Facts, error) {
	var facts Facts
	content, err := os.ReadFile(file(dir))
	if err != nil {
		return facts, fmt.Errorf("reading what ran before %s was adopted: %w", sample.QA, err)
	}
	return facts, json.Unmarshal(content, &facts)
}

// Read reads the facts as they are now. What is gone has no UID.
func Read(ctx context.Context, c *cluster.Cluster) (Facts, error) {
	facts := Facts{UIDs: map[string]types.UID{}, Syncs: map[string]string{}}
	for _, o := range slices.Concat(given, applications, workloads) {
		live, err := get(ctx, c, o)
		if apierrors.IsNotFound(err) {
			facts.UIDs[o.kind+" "+o.name] = ""
			continue
		}
		if err != nil {
			return facts, fmt.Errorf("reading %s %s: %w", o.kind, o.name, err)
		}
		facts.UIDs[o.kind+" "+o.name] = live.GetUID()
		if slices.Contains(applications, o) {
			history, _, _ := unstructured.NestedSlice(live.Object, "status", "history")
			began, _, _ := unstructured.NestedString(live.Object, "status", "operationState", "startedAt")
			facts.Syncs[o.kind+" "+o.name] = fmt.Sprintf("%d, the last at %s", len(history), began)
		}
	}
	return facts, nil
}

// Consent gives the objects to the AppEnvironment, as its BLOCKED ON asks for. An object that does not
// exist needs no consent.
func Consent(ctx context.Context, c *cluster.Cluster) error {
	patch := fmt.Appendf(nil, `{"metadata":{"annotations":{"platform.appenv.dev/adopt-by":%q}}}`, sample.QA)
	var errs []error
	for _, o := range given {
		_, err := client(c, o).Patch(ctx, o.name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: "kubectl-annotate"})
		if err != nil && !apierrors.IsNotFound(err) {
			errs = append(errs, fmt.Errorf("consenting for %s %s: %w", o.kind, o.name, err))
		}
	}
	return errors.Join(errs...)
}

// Table shows what ran before beside what runs now.
func Table(before, now Facts) string {
	var lines strings.Builder
	fmt.Fprintf(&lines, "  %-28s %-38s %s\n", "", "UID BEFORE", "UID NOW")
	for _, name := range slices.Sorted(maps.Keys(before.UIDs)) {
		fmt.Fprintf(&lines, "  %-28s %-38s %s\n", name, before.UIDs[name], now.UIDs[name])
	}
	for _, name := range slices.Sorted(maps.Keys(before.Syncs)) {
		fmt.Fprintf(&lines, "  %-28s syncs before: %s; now: %s\n", name, before.Syncs[name], now.Syncs[name])
	}
	return lines.String()
}

func get(ctx context.Context, c *cluster.Cluster, o object) (*unstructured.Unstructured, error) {
	return client(c, o).Get(ctx, o.name, metav1.GetOptions{})
}

func client(c *cluster.Cluster, o object) dynamic.ResourceInterface {
	if o.namespace == "" {
		return c.Dynamic.Resource(o.resource)
	}
	return c.Dynamic.Resource(o.resource).Namespace(o.namespace)
}
