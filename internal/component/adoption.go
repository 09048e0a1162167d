package component

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/foreign/argocd"
)

// What adopting an ApplicationSet, an AppProject, an Application or an ExternalSecret would break. Each
// function gives reasons, in words, sorted; none means that it is safe. Nothing else
// has to be looked at: what the intent does not hold stays as it is in other kinds.

// AdoptSet says what taking over a live ApplicationSet would break, and which elements
// its Applications amount to: they are in the list from the first write on, each where
// it is deployed now. owned are the Applications that it owns. One that was ours before
// may run what an earlier spec asked for; anybody else's must run what this one asks for.
func AdoptSet(in Input, live *unstructured.Unstructured, owned []argocd.Application, wasOurs bool) (map[string]argocd.Element, []string) {
	elements := map[string]argocd.Element{}
	var problems []string
	apps := map[string]string{}
	for app, application := range ApplicationNames(in.Env) {
		apps[application] = app
	}
	for _, application := range owned {
		app, asked := apps[application.Metadata.Name]
		if !asked {
			problems = append(problems, fmt.Sprintf("it owns Application %s, which the spec does not ask for", application.Metadata.Name))
			continue
		}
		problems = append(problems, AdoptApplication(in, app, application, wasOurs)...)
		elements[app] = argocd.Element{
			argocd.ElementName: app, argocd.ElementApplication: application.Metadata.Name,
			argocd.ElementNamespace: application.Spec.Destination.Namespace,
		}
		if source := application.Spec.Source; source != nil {
			elements[app][argocd.ElementRepoURL] = source.RepoURL
		}
	}
	problems = append(problems, foreignFields(in, live)...)
	slices.Sort(problems)
	return elements, problems
}

// AdoptApplication says what putting a live Application into the list would break. One
// that was ours before may be synced by that, anybody else's may not.
func AdoptApplication(in Input, app string, live argocd.Application, wasOurs bool) []string {
	var problems []string
	name := live.Metadata.Name
	for _, asked := range in.Env.Spec.Apps {
		namespace := NamespaceOf(in.Env, asked.Namespace)
		if asked.Name == app && live.Spec.Destination.Namespace != namespace {
			problems = append(problems, fmt.Sprintf("Application %s deploys into namespace %s and would move to %s", name, live.Spec.Destination.Namespace, namespace))
		}
	}
	if live.Spec.Destination.Server != argocd.InCluster {
		problems = append(problems, fmt.Sprintf("Application %s deploys to cluster %s", name, live.Spec.Destination.Server+live.Spec.Destination.Name))
	}
	if len(live.Spec.Sources) > 0 || live.Spec.Source == nil {
		problems = append(problems, fmt.Sprintf("Application %s has several sources, or none", name))
	}
	if !wasOurs {
		problems = append(problems, syncs(in, app, live)...)
	}
	return problems
}

// syncs says why Argo CD would sync an Application as soon as it is in the list: what is
// adopted keeps running as it runs, and is changed afterwards.
func syncs(in Input, app string, live argocd.Application) []string {
	i := slices.IndexFunc(in.Env.Spec.Apps, func(asked v1alpha1.App) bool { return asked.Name == app })
	if i < 0 || live.Spec.Source == nil {
		return nil
	}
	want, have := applicationSpec(in.Env, elementOf(in, in.Env.Spec.Apps[i])), live.Spec
	var problems []string
	differs := func(field, want, have string) {
		if want != have {
			problems = append(problems, fmt.Sprintf("Application %s has %s %q and would be synced to %q; adopt it as it is, then change it", live.Metadata.Name, field, have, want))
		}
	}
	differs("repoURL", want.Source.RepoURL, have.Source.RepoURL)
	differs("targetRevision", want.Source.TargetRevision, have.Source.TargetRevision)
	differs("path", want.Source.Path, have.Source.Path)
	differs("images", imagesOf(want.Source), imagesOf(have.Source))
	if want.SyncPolicy == nil || want.SyncPolicy.Automated == nil {
		return problems
	}
	if have.SyncPolicy == nil || have.SyncPolicy.Automated == nil {
		return append(problems, fmt.Sprintf("Application %s is synced by hand and would be synced by itself; adopt it without spec.sync.automated, then change that", live.Metadata.Name))
	}
	automated := have.SyncPolicy.Automated
	if want.SyncPolicy.Automated.Prune && !automated.Prune || want.SyncPolicy.Automated.SelfHeal && !automated.SelfHeal {
		problems = append(problems, fmt.Sprintf("Application %s is synced without prune or selfHeal, which spec.sync.automated would turn on; adopt it as it is, then change that", live.Metadata.Name))
	}
	return problems
}

func imagesOf(source *argocd.Source) string {
	if source.Kustomize == nil {
		return ""
	}
	return strings.Join(sorted(slices.Clone(source.Kustomize.Images)), ",")
}

// AdoptProject says what taking over a live AppProject would break. others are the
// Applications that use it and are not this environment's.
func AdoptProject(live *unstructured.Unstructured, others []string) []string {
	var problems []string
	for _, name := range others {
		problems = append(problems, fmt.Sprintf("Application %s uses it and is not this environment's", name))
	}
	roles, _, _ := unstructured.NestedSlice(live.Object, "spec", "roles")
	for _, role := range roles {
		fields, _ := role.(map[string]any)
		tokens, _, _ := unstructured.NestedSlice(fields, "jwtTokens")
		if len(tokens) > 0 {
			problems = append(problems, fmt.Sprintf("role %s has tokens, which would be revoked", text(fields, "name")))
		}
	}
	if tokens, _, _ := unstructured.NestedMap(live.Object, "status", "jwtTokensByRole"); len(tokens) > 0 && len(problems) == 0 {
		problems = append(problems, "its status holds tokens of "+strings.Join(slices.Sorted(maps.Keys(tokens)), ", ")+", which would be revoked")
	}
	slices.Sort(problems)
	return problems
}

// AdoptExternalSecret says whether taking over a live ExternalSecret would lose the Secret that it has made: External
// Secrets deletes that when the one which owns it asks for a Secret of another name.
func AdoptExternalSecret(live, want *unstructured.Unstructured) []string {
	target := func(object *unstructured.Unstructured) string {
		return cmp.Or(text(object.Object, "spec", "target", "name"), object.GetName())
	}
	before, after := target(live), target(want)
	if policy := text(live.Object, "spec", "target", "creationPolicy"); before == after || policy != "" && policy != "Owner" {
		return nil
	}
	return []string{fmt.Sprintf("it makes Secret %s and would make %s: External Secrets deletes the first; set secretName: %s at its item of spec.secrets, or, once nothing uses %s any more, give it spec.target.name %s",
		before, after, before, before, after)}
}

// foreignFields are the fields of a live ApplicationSet that the operator never writes.
// They would go on working beside what it does write.
func foreignFields(in Input, live *unstructured.Unstructured) []string {
	in.Admitted = slices.Collect(maps.Keys(ApplicationNames(in.Env)))
	want, err := desiredApplications(in)
	if err != nil || len(want) == 0 {
		return nil // the environment cannot be built, and says so
	}
	var fields []string
	have, _, _ := unstructured.NestedMap(live.Object, "spec")
	asked, _, _ := unstructured.NestedMap(want[0].Object, "spec")
	if finalizers, _, _ := unstructured.NestedStringSlice(have, templateFinalizers...); slices.Equal(finalizers, []string{argocd.ResourcesFinalizer}) {
		unstructured.RemoveNestedField(have, templateFinalizers...) // what Argo CD gives to Applications whose template names none
	}
	for _, path := range beyond("spec", have, asked) {
		fields = append(fields, path+" is nothing that the operator writes")
	}
	if patch := text(have, "templatePatch"); patch != "" && asked["templatePatch"] != nil && patch != imagesPatch {
		fields = append(fields, "spec.templatePatch is another one")
	}
	generators, _, _ := unstructured.NestedSlice(have, "generators")
	for i, generator := range generators {
		list, _ := generator.(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(list)) {
			inner, _, _ := unstructured.NestedMap(list, "list")
			if key != "list" || i > 0 || len(beyond("", inner, map[string]any{"elements": true, "template": map[string]any{}})) > 0 {
				fields = append(fields, fmt.Sprintf("spec.generators[%d] is not the one plain list of elements", i))
				break
			}
		}
	}
	return fields
}

// templateFinalizers is where an ApplicationSet says which finalizers its Applications get.
var templateFinalizers = []string{"template", "metadata", "finalizers"}

// beyond are the paths of what have holds and want does not. Empty values hold nothing,
// and lists are looked at as a whole.
func beyond(path string, have, want any) []string {
	from, isMap := have.(map[string]any)
	if !isMap || len(from) == 0 {
		return nil
	}
	to, _ := want.(map[string]any)
	var paths []string
	for _, key := range slices.Sorted(maps.Keys(from)) {
		below := strings.TrimPrefix(path+"."+key, ".")
		wanted, found := to[key]
		if !found && !isEmpty(from[key]) {
			paths = append(paths, below)
			continue
		}
		paths = append(paths, beyond(below, from[key], wanted)...)
	}
	return paths
}

// isEmpty says whether a value, all the way down, says nothing.
func isEmpty(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for _, value := range v {
			if !isEmpty(value) {
				return false
			}
		}
		return true
	case []any:
		return len(v) == 0
	default:
		return v == nil || v == "" || v == false
	}
}
