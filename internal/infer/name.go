package infer

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// environments are words that name an environment wherever they end a name.
var environments = []string{
	"dev", "development", "test", "testing", "qa", "uat", "int", "integration", "stage", "staging", "preprod", "prod", "production", "live", "demo", "sandbox",
}

// folders are the folders of a repository below which there is one for each environment.
var folders = []string{"overlays", "environments", "envs", "env"}

// findNames finds the names of the environment and of its apps. Names of apps are what the names of their Applications
// differ in.
func (m *importer) findNames() error {
	m.env.Name = m.o.Name
	if m.env.Name == "" {
		m.env.Name = m.bestName()
	}
	if m.env.Name == "" {
		return errors.New("no object has a name that an AppEnvironment could have; say how it shall be called with --name")
	}
	environment := m.o.Environment
	if environment == "" {
		environment = m.environmentInPaths()
	}
	if environment == "" {
		environment = m.environmentInNames()
	}
	if environment == "" {
		return fmt.Errorf("neither the paths of the Applications nor the name %s tell which environment this is; say so with --environment, as in --environment dev", m.env.Name)
	}
	m.env.Spec.Environment = environment
	before, after, err := m.findApps()
	if err != nil {
		return err
	}
	m.env.Spec.Application = m.o.Application
	if prefix, isDefault := strings.CutSuffix(before, "-"); m.o.Application == "" && isDefault && after == "-"+environment && isLabel(prefix) {
		m.env.Spec.Application = prefix
	}
	if m.env.Spec.Application == "" {
		m.env.Spec.Application = m.withoutEnvironment()
	}
	m.nameArgoCD(before, after)
	return nil
}

// withoutEnvironment is the environment's name without the environment at its end.
func (m *importer) withoutEnvironment() string {
	if name, found := strings.CutSuffix(m.env.Name, "-"+m.env.Spec.Environment); found && name != "" {
		return name
	}
	return m.env.Name
}

// nameArgoCD sets the names of Argo CD's objects that are not the defaults.
func (m *importer) nameArgoCD(before, after string) {
	names := v1alpha1.ArgoCD{}
	if m.project != m.env.Name && m.project != "default" && m.project != "" {
		names.Project = &m.project
	}
	if m.set != nil && m.set.GetName() != m.env.Name {
		name := m.set.GetName()
		names.ApplicationSet = &name
	}
	if before != m.env.Spec.Application+"-" || after != "-"+m.env.Spec.Environment {
		words := []word{{m.env.Spec.Application, "{application}"}, {m.env.Spec.Environment, "{environment}"}}
		for _, word := range words {
			before, after = word.in(before), word.in(after)
		}
		pattern := before + "{app}" + after
		names.ApplicationName = &pattern
	}
	if names != (v1alpha1.ArgoCD{}) {
		m.env.Spec.ArgoCD = &names
	}
}

// A word is what a placeholder stands for.
type word struct{ text, placeholder string }

// in puts the placeholder in the place of the word, where it stands between separators.
func (w word) in(text string) string {
	var out strings.Builder
	for w.text != "" {
		at := strings.Index(text, w.text)
		if at < 0 {
			break
		}
		end := at + len(w.text)
		out.WriteString(text[:at])
		switch {
		case (at == 0 || separates(text[at-1])) && (end == len(text) || separates(text[end])):
			out.WriteString(w.placeholder)
		default:
			out.WriteString(w.text)
		}
		text = text[end:]
	}
	return out.String() + text
}

func separates(c byte) bool { return strings.IndexByte("-._/", c) >= 0 }

func isLabel(text string) bool { return len(validation.IsDNS1123Label(text)) == 0 }

// bestName is the name that most of the objects have which the operator calls as the environment. Of several the first
// namespace's comes first.
func (m *importer) bestName() string {
	votes := map[string]map[string]bool{}
	vote := func(kind, name string) {
		if isLabel(name) && name != "default" {
			if votes[name] == nil {
				votes[name] = map[string]bool{}
			}
			votes[name][kind] = true
		}
	}
	marks := map[string]bool{}
	for _, u := range m.given {
		marks[u.GetLabels()[v1alpha1.LabelEnvironment]] = true
		switch kind := u.GetKind(); kind {
		case "Namespace", "ResourceQuota", "LimitRange", "NetworkPolicy", "SecretStore", "DNSEndpoint", "ApplicationSet":
			vote(kind, u.GetName())
		case "RoleBinding":
			if name, found := strings.CutSuffix(u.GetName(), "-"+text(u.Object, "roleRef", "name")); found {
				vote(kind, name)
			}
		}
	}
	vote("AppProject", m.project)
	delete(marks, "")
	if len(marks) == 1 {
		return sortedSet(marks)[0]
	}
	candidates := []string{m.namespaces[0], m.project}
	if m.set != nil {
		candidates = append(candidates, m.set.GetName())
	}
	others := make([]string, 0, len(votes))
	for name := range votes {
		others = append(others, name)
	}
	slices.Sort(others)
	best := ""
	for _, name := range append(candidates, others...) {
		if len(votes[name]) > len(votes[best]) {
			best = name
		}
	}
	return best
}

// environmentInPaths is the folder that all Applications have below one for environments, empty when there is none.
func (m *importer) environmentInPaths() string {
	found := map[string]bool{}
	for _, app := range m.apps {
		segments := strings.Split(app.source().Path, "/")
		at := slices.IndexFunc(segments, func(segment string) bool { return contains(folders, segment) })
		if at < 0 || at+1 == len(segments) || !isLabel(segments[at+1]) {
			return ""
		}
		found[segments[at+1]] = true
	}
	if len(found) != 1 {
		return ""
	}
	return sortedSet(found)[0]
}

// environmentInNames is the word for an environment that ends the environment's name or those of all Applications.
func (m *importer) environmentInNames() string {
	last := m.env.Name[strings.LastIndex(m.env.Name, "-")+1:]
	if contains(environments, last) {
		return last
	}
	for _, word := range environments {
		if !slices.ContainsFunc(m.apps, func(app application) bool { return !strings.HasSuffix(app.object.GetName(), "-"+word) }) {
			return word
		}
	}
	return ""
}
