package fuzz

import (
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/foreign/argocd"
)

// checkReach holds an environment to itself: what it is made of is in its namespaces or, under its own name, in Argo
// CD's, and what Argo CD may do for it ends there, too.
func checkReach(t *testing.T, in component.Input, objects []*unstructured.Unstructured) {
	t.Helper()
	own := map[string]bool{}
	for _, namespace := range in.Env.Spec.Namespaces {
		own[namespace.Name] = true
	}
	inArgoCD := map[string]string{"AppProject": component.ProjectName(in.Env), "ApplicationSet": component.ApplicationSetName(in.Env)}
	for _, object := range objects {
		key := component.KeyOf(object)
		named, isArgoCDs := inArgoCD[key.Kind]
		switch {
		case isArgoCDs && (key.Namespace != in.Settings.ArgoCDNamespace || key.Name != named), !isArgoCDs && key.Namespace != "" && !own[key.Namespace],
			key.Namespace == "" && (key.Kind != "Namespace" || !own[key.Name]):
			t.Errorf("%s is not the environment's", key)
		case key.Kind == "AppProject":
			project, err := argocd.DecodeProject(object)
			if err != nil {
				t.Fatal(err)
			}
			for _, problem := range beyond(project, key.Name, own) {
				t.Errorf("%s permits %s", key, problem)
			}
		}
	}
}

// beyond is what a project permits that is not its environment's.
func beyond(project argocd.Project, name string, own map[string]bool) []string {
	var problems []string
	for _, repository := range project.SourceRepos {
		if strings.ContainsAny(repository, "*!{}\n") {
			problems = append(problems, fmt.Sprintf("repository %q", repository))
		}
	}
	for _, d := range project.Destinations {
		if d.Server != argocd.InCluster || !own[d.Namespace] {
			problems = append(problems, fmt.Sprintf("destination %+v", d))
		}
	}
	for _, kind := range project.ClusterResourceWhitelist {
		if strings.ContainsAny(kind.Group+kind.Kind, "*!") || kind.Kind == "Namespace" || kind.Group == "rbac.authorization.k8s.io" {
			problems = append(problems, fmt.Sprintf("kind %+v of the cluster", kind))
		}
	}
	for _, role := range project.Roles {
		for _, policy := range role.Policies {
			fields := strings.Split(policy, ", ")
			if len(fields) != 6 || fields[0] != "p" || fields[1] != "proj:"+name+":"+role.Name || fields[4] != name+"/*" || fields[5] != "allow" ||
				strings.ContainsAny(policy, "\r\n") {
				problems = append(problems, fmt.Sprintf("policy %q", policy))
			}
		}
	}
	return problems
}
