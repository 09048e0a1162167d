package lint

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/render"
)

var unreadableRule = Rule{
	ID: "unreadable", Severity: Error,
	Summary: "A file, or a document in it, is no Kubernetes object.",
	Explanation: `It is no YAML (tabs, indentation, a key that stands twice), has no apiVersion and kind, or is a Kustomize folder that
does not build. The other documents of the file are looked at nevertheless.`,
	check: func(*Set, reporter) {}, // such a file belongs to no environment: Check reports it
}

var schemaRule = Rule{
	ID: "schema", Severity: Error,
	Summary: "The API server would refuse the object.",
	Explanation: `The message is the one the API server gives: the schema, the defaults and the rules of the
CustomResourceDefinition are evaluated with its own libraries. With --old FILE, the fields that may not change are held
against the object as it is in the cluster.`,
	check: checkSchema,
}

var unknownFieldRule = Rule{
	ID: "unknown-field", Severity: Error,
	Summary: "The object has a field that AppEnvironments do not have.",
	Explanation: `kubectl and Argo CD's server-side apply refuse unknown fields; other clients drop them silently, and what
was meant does not happen. Mostly it is a spelling mistake, or an indentation that is off by one level.`,
	check: func(set *Set, report reporter) {
		for _, env := range set.Environments {
			for _, path := range env.verdict.Unknown {
				report(env, path, "unknown field %q", path)
			}
		}
	},
}

func checkSchema(set *Set, report reporter) {
	for _, env := range set.Environments {
		for _, problem := range env.verdict.Errors {
			path, message := problem.Field, problem.Error()
			if path == "metadata.name" && problem.Type == field.ErrorTypeRequired && env.GetGenerateName() != "" {
				path = "metadata.generateName" // the server would make a name of it, and kubectl apply does not ask for that
				message = "metadata.name must be given: generateName stands for another name each time, and kubectl apply refuses it"
			}
			if path == "" || path == "<nil>" { // it is about the whole object
				path, message = "", problem.ErrorBody()
			}
			report(env, path, "%s", message)
		}
	}
}

var notAllowedRule = Rule{
	ID: "not-allowed", Severity: Error,
	Summary: "The settings of the cluster's operator forbid what the environment asks for.",
	Explanation: `Give lint the operator's own flags (--allowed-repositories, --allowed-namespaces, --allowed-google-service-accounts,
--allowed-cluster-secret-stores, --reserved-namespaces, --argocd-namespace): what they forbid would be reported by the
operator as NotAllowed or NamespaceReserved.`,
	check: func(set *Set, report reporter) {
		for _, env := range set.Valid() {
			for _, violation := range component.Violations(render.Input(env.Env, set.Settings)) {
				report(env, violationPath(env, violation), "%s: %s", violation.Key, violation.Message)
			}
		}
	},
}

// violationPath is the field that asks for what is forbidden.
func violationPath(env *Environment, violation component.Violation) string {
	for i, namespace := range env.Env.Spec.Namespaces {
		if violation.Key.Kind == "Namespace" && violation.Key.Name == namespace.Name {
			return index("spec.namespaces", i) + ".name"
		}
		for j, account := range namespace.ServiceAccounts {
			if violation.Key.Kind == "ServiceAccount" && violation.Key.Namespace == namespace.Name && violation.Key.Name == account.Name {
				return index(index("spec.namespaces", i)+".serviceAccounts", j) + ".gcpServiceAccount"
			}
		}
	}
	if violation.Component == "secrets" {
		return "spec.secrets.store.storeRef.name"
	}
	for i, app := range env.Env.Spec.Apps {
		if app.RepoURL != nil && strings.Contains(violation.Message, *app.RepoURL+" ") {
			return index("spec.apps", i) + ".repoURL"
		}
	}
	return "spec.source.repoURL"
}
