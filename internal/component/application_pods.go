package component

import (
	"fmt"
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/foreign/argocd"
)

// exceededQuota is how Kubernetes refuses a Pod that does not fit into a ResourceQuota.
var exceededQuota = regexp.MustCompile(`exceeded quota: ([^,\s]+), requested: (.+), used: (.+), limited: (.+)$`)

// refusedPod is what stands before the cause: the Pod's name is another one each time.
var refusedPod = regexp.MustCompile(`^(?:\(combined from similar events\): )?Error creating: pods "[^"]*" is forbidden: `)

// podsRefused is about an Application whose Pods the API server refuses. Argo CD says no more than that
// it makes no progress; the cause stands in an Event of the workload.
func podsRefused(in Input, element argocd.Element, app argocd.Application) *Health {
	cause := in.Causes[ApplicationKey(in, app.Metadata.Name)]
	if status := app.Status.Health.Status; cause == "" || status != "Progressing" && status != "Degraded" {
		return nil
	}
	refused := &Health{State: Failing, Reason: v1alpha1.ReasonPodsRefused}
	namespace := element[argocd.ElementNamespace]
	match := exceededQuota.FindStringSubmatch(oneLine(cause))
	switch {
	case match == nil:
		refused.Message = withCause("its Pods are refused: ", refusedPod.ReplaceAllString(cause, ""), "")
	case quotaChanged(in.Env, namespace, match[1], match[4]):
		return nil
	default:
		what := fmt.Sprintf("quota %s of namespace %s is too small: ", match[1], namespace)
		figures := fmt.Sprintf("Pods ask for %s, %s is used, %s the limit", match[2], match[3], match[4])
		refused.Message = withCause(what, figures, "; "+whatToDoAboutQuota(in.Env, match[1]))
	}
	return refused
}

func whatToDoAboutQuota(env *v1alpha1.AppEnvironment, name string) string {
	if name == env.Name {
		return "raise it in spec.namespaces, or ask for less"
	}
	return "have it raised, or ask for less"
}

// quotaChanged says whether the environment's own quota is no longer as the Event tells it.
func quotaChanged(env *v1alpha1.AppEnvironment, namespace, name, limited string) bool {
	if name != env.Name {
		return false
	}
	for _, declared := range env.Spec.Namespaces {
		if declared.Name != namespace {
			continue
		}
		for entry := range strings.SplitSeq(limited, ",") {
			what, text, _ := strings.Cut(entry, "=")
			told, err := resource.ParseQuantity(text)
			now, limits := declared.Quota[corev1.ResourceName(what)]
			if err != nil || !limits || now.Cmp(told) != 0 {
				return true
			}
		}
	}
	return false
}

// IsOfWorkload says whether an object that makes Pods is a workload of the Application, or was made by one:
// a Deployment's ReplicaSet, a CronJob's Job.
func IsOfWorkload(app argocd.Application, kind, name string) bool {
	makers := map[string]string{"ReplicaSet": "Deployment", "Job": "CronJob"}
	for _, resource := range app.Status.Resources {
		if resource.Kind == kind && resource.Name == name {
			return true
		}
		suffix, made := strings.CutPrefix(name, resource.Name+"-")
		if made && resource.Kind == makers[kind] && !strings.Contains(suffix, "-") {
			return true
		}
	}
	return false
}
