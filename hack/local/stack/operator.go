package stack

import (
	"context"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/appenv/appenv-operator/hack/local/cluster"
	"github.com/appenv/appenv-operator/hack/local/component"
	"github.com/appenv/appenv-operator/hack/local/progress"
)

// InstallStep installs the operator's manifests without Argo CD, and makes its kubeconfig.
func (s *Stack) InstallStep() progress.Step {
	return progress.Step{Name: "the operator's CRD, RBAC and policies", Run: s.installOperator}
}

// OperatorStep starts the operator, under its own service account.
func (s *Stack) OperatorStep() progress.Step { return s.Launcher.Step(s.Site.OperatorProcess()) }

func (s *Stack) installOperator(ctx context.Context, r *progress.Reporter) error {
	if err := s.Cluster.InstallOperator(ctx); err != nil {
		return err
	}
	r.Done("from config/default, without its Deployment: the operator runs as a process here")
	if err := r.Until(ctx, servedLimit, s.Cluster.Established); err != nil {
		return err
	}
	return s.Cluster.WriteOperatorKubeconfig(ctx, s.Site.Ports["kube-apiserver"], cluster.OperatorServiceAccount, component.Operator)
}

// Deployed is the operator as its live Deployment has it.
type Deployed struct {
	Release        string // the tag of its image
	ServiceAccount string
	Args           []string
	Env            []string
}

// Deployed reads the operator's Deployment.
func (s *Stack) Deployed(ctx context.Context) (Deployed, error) {
	deployment, err := s.Cluster.Typed.AppsV1().Deployments(cluster.OperatorNamespace).Get(ctx, cluster.OperatorServiceAccount, metav1.GetOptions{})
	if err != nil {
		return Deployed{}, fmt.Errorf("reading the operator's Deployment: %w", err)
	}
	return deployed(deployment)
}

func deployed(deployment *appsv1.Deployment) (Deployed, error) {
	pod := deployment.Spec.Template.Spec
	if len(pod.Containers) != 1 {
		return Deployed{}, fmt.Errorf("the operator's Deployment has %d containers, not one", len(pod.Containers))
	}
	container := pod.Containers[0]
	_, release, found := strings.Cut(container.Image, ":")
	if !found {
		return Deployed{}, fmt.Errorf("the operator's image %q has no tag", container.Image)
	}
	d := Deployed{Release: release, ServiceAccount: pod.ServiceAccountName, Args: container.Args}
	for _, variable := range container.Env {
		d.Env = append(d.Env, variable.Name+"="+variable.Value)
	}
	return d, nil
}

// RunDeployed plays the kubelet: it runs the operator as the Deployment says, of that release, with those
// arguments, and as that service account. One that runs otherwise is stopped first.
func (s *Stack) RunDeployed(ctx context.Context, r *progress.Reporter) (Deployed, error) {
	d, err := s.Deployed(ctx)
	if err != nil {
		return d, err
	}
	program, err := buildOperator(ctx, s.Site.Dir, d.Release)
	if err != nil {
		return d, err
	}
	if err := s.Cluster.WriteOperatorKubeconfig(ctx, s.Site.Ports["kube-apiserver"], d.ServiceAccount, component.Operator); err != nil {
		return d, err
	}
	c := s.Site.OperatorAs(program, d.Args)
	c.Env = d.Env
	return d, s.Launcher.Start(ctx, r, c)
}
