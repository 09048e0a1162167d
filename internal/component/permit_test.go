package component

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/appenv/appenv-operator/internal/foreign/argocd"
)

// Whatever an environment asks for: its project is for itself, and what guards it stays out of its reach.
func TestAProjectPermitsNothingBeyondItsEnvironment(t *testing.T) {
	seen := 0
	forEachCase(t, func(t *testing.T, c Component, dir string, in Input) {
		if c.Name != "project" {
			return
		}
		objects, err := c.Intent(in)
		if err != nil {
			return
		}
		for _, u := range objects {
			seen++
			project, err := argocd.DecodeProject(u)
			if err != nil {
				t.Fatal(err)
			}
			for _, problem := range tooMuch(project, ProjectName(in.Env)) {
				t.Errorf("%s: it permits %s", dir, problem)
			}
		}
	})
	if seen == 0 {
		t.Error("no case has a project")
	}
}

// tooMuch is what a project permits and should not.
func tooMuch(project argocd.Project, name string) []string {
	var problems []string
	for _, repository := range project.SourceRepos {
		if strings.ContainsAny(repository, "*!") {
			problems = append(problems, "repository "+repository)
		}
	}
	for _, d := range project.Destinations {
		if d.Server != argocd.InCluster || d.Namespace == "" || strings.ContainsAny(d.Namespace, "*!") {
			problems = append(problems, fmt.Sprintf("destination %+v", d))
		}
	}
	for _, kind := range project.ClusterResourceWhitelist {
		if strings.Contains(kind.Group+kind.Kind, "*") || kind.Kind == "Namespace" || kind.Group == "rbac.authorization.k8s.io" {
			problems = append(problems, fmt.Sprintf("kind %+v", kind))
		}
	}
	for _, kind := range deniedKinds {
		if !slices.Contains(project.NamespaceResourceBlacklist, kind) {
			problems = append(problems, fmt.Sprintf("kind %+v", kind))
		}
	}
	for _, role := range project.Roles {
		for _, policy := range role.Policies {
			if !strings.HasPrefix(policy, "p, proj:"+name+":"+role.Name+", ") || !strings.Contains(policy, ", "+name+"/*, allow") {
				problems = append(problems, "policy "+policy)
			}
		}
	}
	return problems
}
