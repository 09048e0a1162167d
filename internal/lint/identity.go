package lint

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/overlay"
)

// azureLabel must be on Pods, or Azure's webhook gives them no token.
const azureLabel = "azure.workload.identity/use"

var azureLabelMissingRule = Rule{
	ID: "azure-label-missing", Severity: Error, NeedsRepository: true,
	Summary: "Pods run as a ServiceAccount with an Azure identity and lack the label by which they get it.",
	Explanation: `Azure Workload Identity gives a token to Pods with the label azure.workload.identity/use: "true" only; the ServiceAccount
alone is not enough. Set it on the Pod template.`,
	check: func(set *Set, report reporter) {
		forEachApp(set, func(env *Environment, i int, o *overlay.Overlay) {
			for _, workload := range o.Workloads() {
				namespace := namespaceOf(env, i, workload.Object)
				if hasAzureIdentity(env, namespace, workload.ServiceAccount()) && podLabels(workload.Object)[azureLabel] != "true" {
					report(env, appPath(i), `app %s: %s %s runs as ServiceAccount %s/%s with an Azure identity, and its Pods lack the label %s: "true"`,
						env.Env.Spec.Apps[i].Name, workload.Object.GetKind(), workload.Object.GetName(), namespace, workload.ServiceAccount(), azureLabel)
				}
			}
		})
	},
}

func hasAzureIdentity(env *Environment, namespace, name string) bool {
	return slices.ContainsFunc(env.Env.Spec.Namespaces, func(n v1alpha1.Namespace) bool {
		return n.Name == namespace && slices.ContainsFunc(n.ServiceAccounts, func(account v1alpha1.ServiceAccount) bool {
			return account.Name == name && account.AzureClientID != nil
		})
	})
}

// podLabels are the labels of the Pods that an object makes.
func podLabels(object *unstructured.Unstructured) map[string]string {
	path := []string{"spec", "template", "metadata", "labels"}
	switch object.GetKind() {
	case "Pod":
		path = []string{"metadata", "labels"}
	case "CronJob":
		path = []string{"spec", "jobTemplate", "spec", "template", "metadata", "labels"}
	}
	labels, _, _ := unstructured.NestedStringMap(object.Object, path...)
	return labels
}
