package component

import (
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/foreign/argocd"
)

// heldBy says in plain words what the namespace controller reports of a Namespace
// that does not go. Its own messages hold counts, which change all the time; names
// finds what else they hold.
var heldBy = []struct {
	condition, words string
	names            *regexp.Regexp
}{
	{condition: "NamespaceDeletionDiscoveryFailure", words: "an API of the cluster does not answer (kubectl get apiservices)"},
	{condition: "NamespaceDeletionGroupVersionParsingFailure", words: "an API of the cluster has an unreadable version"},
	{condition: "NamespaceDeletionContentFailure", words: "its content cannot be deleted (an admission webhook may refuse it)"},
	{
		condition: "NamespaceFinalizersRemaining", words: "objects in it have finalizers that whoever set them has to remove",
		names: regexp.MustCompile(`(\S+) in \d+ resource instances`),
	},
	{
		condition: "NamespaceContentRemaining", words: "content remains",
		names: regexp.MustCompile(`([^\s,]+?)\.? has \d+ resource instances`),
	},
}

// removers say who removes a finalizer that is known. The others are somebody's, who
// has to be found.
var removers = map[string]string{
	// The first since External Secrets 0.20.
	"externalsecrets.external-secrets.io/externalsecret-cleanup": "External Secrets removes it; check that it runs",
	"secretstore.externalsecrets.io/finalizer":                   "External Secrets removes it when no PushSecret needs the store; check that it runs",
	argocd.ResourcesFinalizer:                                    "Argo CD removes it; check that argocd-application-controller runs",
	v1alpha1.ApplicationSetFinalizer:                             "the operator removes it when the Applications are gone",
	"foregroundDeletion":                                         "Kubernetes removes it when what the object owns is gone; check that kube-controller-manager runs",
	"orphan":                                                     "Kubernetes removes it; check that kube-controller-manager runs",
}

// HeldBy says in plain words what an object that is being deleted waits for, and who
// can help. Empty when it does not say. The words do not change while the content of
// a Namespace goes one by one.
func HeldBy(live *unstructured.Unstructured) string {
	var reasons []string
	for _, held := range heldBy {
		condition := conditionOf(live, held.condition)
		if condition.status != string(corev1.ConditionTrue) {
			continue
		}
		words := held.words
		if held.names != nil {
			var names []string
			for _, match := range held.names.FindAllStringSubmatch(condition.message, -1) {
				names = append(names, match[1])
			}
			slices.Sort(names)
			if len(names) > 0 {
				words += " (" + strings.Join(slices.Compact(names), ", ") + ")"
			}
		}
		reasons = append(reasons, words)
	}
	for _, finalizer := range slices.Sorted(slices.Values(live.GetFinalizers())) {
		remover := removers[finalizer]
		if remover == "" {
			remover = "whoever set it has to remove it"
		}
		reasons = append(reasons, "finalizer "+finalizer+": "+remover)
	}
	return strings.Join(reasons, "; ")
}
