// Package sample reads config/samples as the demo applies them, and reads back what becomes of them.
package sample

import (
	"context"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/appenv/appenv-operator/hack/local/checkout"
	"github.com/appenv/appenv-operator/hack/local/cluster"
	"github.com/appenv/appenv-operator/hack/local/repository"
)

// PlaceholderURL is the repository that the samples name; the demo's is a file:// URL that differs
// from checkout to checkout.
const PlaceholderURL = "https://github.com/example/hoge"

// Branches are those that the samples follow: dev and qa, stage, prod.
var Branches = []string{"development", "staging", "main"}

// Repository is the demo's, in place of the placeholder.
func Repository(dir checkout.Dir) repository.Repository { return repository.At(dir, "hoge") }

// The samples, and what hoge-stage lacks.
const (
	Dev   = "hoge-dev"
	Stage = "hoge-stage"
	Prod  = "hoge-prod"
	QA    = "hoge-qa"

	MissingKey = "hoge-stage-db"
)

// Names are the samples in the order of their environments.
var Names = []string{Dev, Stage, Prod, QA}

// Apply creates the samples that are not there, with the demo's repository in place of the
// placeholder. Those that are there are left as they are: somebody may be trying something.
func Apply(ctx context.Context, c *cluster.Cluster) error {
	manifests, err := c.Kustomize(ctx, "config/samples")
	if err != nil {
		return err
	}
	for _, manifest := range strings.Split(Substitute(c, manifests), "\n---\n") {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(manifest), &object.Object); err != nil {
			return fmt.Errorf("reading config/samples: %w", err)
		}
		_, err := c.Dynamic.Resource(cluster.AppEnvironments).Get(ctx, object.GetName(), metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			err = c.Apply(ctx, manifest)
		case err != nil:
			err = fmt.Errorf("reading AppEnvironment %s: %w", object.GetName(), err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Substitute replaces the placeholder of the repository.
func Substitute(c *cluster.Cluster, manifests string) string {
	return strings.ReplaceAll(manifests, PlaceholderURL, Repository(c.Dir).URL())
}

// State is what the status of an AppEnvironment says.
type State struct {
	Name      string
	Observed  bool   // the status is of the current generation
	Ready     string // the status of the condition Ready
	Reason    string // and its reason
	BlockedOn string
	Object    *unstructured.Unstructured
}

// Read reads the state of an AppEnvironment.
func Read(ctx context.Context, c *cluster.Cluster, name string) (State, error) {
	object, err := c.Dynamic.Resource(cluster.AppEnvironments).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return State{}, fmt.Errorf("reading AppEnvironment %s: %w", name, err)
	}
	observed, _, _ := unstructured.NestedInt64(object.Object, "status", "observedGeneration")
	s := State{Name: name, Observed: observed == object.GetGeneration(), Object: object}
	s.BlockedOn, _, _ = unstructured.NestedString(object.Object, "status", "blockedOn")
	conditions, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	for _, condition := range conditions {
		if fields, ok := condition.(map[string]any); ok && fields["type"] == "Ready" {
			s.Ready, _ = fields["status"].(string)
			s.Reason, _ = fields["reason"].(string)
		}
	}
	return s, nil
}

// Settled says whether a sample has become what it is meant to show. Stage and prod may have become
// Ready: somebody gave them what they wait for.
func (s State) Settled() bool {
	switch {
	case !s.Observed:
		return false
	case s.Ready == "True":
		return true
	case s.Name == Stage:
		return strings.Contains(s.BlockedOn, MissingKey)
	case s.Name == Prod:
		return s.Reason == "AwaitingSync"
	}
	return false
}

// String is the state in one line.
func (s State) String() string {
	if s.Ready == "" {
		return s.Name + ": no status yet"
	}
	if s.BlockedOn == "" {
		return fmt.Sprintf("%s: Ready %s, %s", s.Name, s.Ready, s.Reason)
	}
	return fmt.Sprintf("%s: %s: %s", s.Name, s.Reason, s.BlockedOn)
}
