package component

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/foreign/argocd"
)

var (
	applicationSetKind = Kind{
		GroupVersionKind: schema.GroupVersionKind{Group: argocd.Group, Version: argoVersion, Kind: "ApplicationSet"},
		Resource:         "applicationsets", Provider: argoCD,
	}
	applicationKind = Kind{
		GroupVersionKind: schema.GroupVersionKind{Group: argocd.Group, Version: argoVersion, Kind: "Application"},
		Resource:         "applications", Provider: argoCD,
	}
)

// applications are what Argo CD deploys: one ApplicationSet, and the Applications
// that it generates.
var applications = Component{
	Name:      "applications",
	Condition: v1alpha1.ConditionApplicationsReady,
	Kinds:     []Kind{applicationSetKind},
	Observes:  []Kind{applicationKind},
	After:     []string{"project"},
	Desired:   desiredApplications,
	Observed:  observedApplications,
	Health:    applicationsHealth,
}

// imagesPatch sets image overrides for the elements that have some. Any kustomize
// block would force Kustomize on the others.
const imagesPatch = `{{ if .images }}{"spec":{"source":{"kustomize":{"images":{{ splitList "," .images | toJson }}}}}}{{ else }}{}{{ end }}`

// desiredApplications has no object while no app is admitted: an ApplicationSet
// with an empty list deletes every Application and what runs in it. The caller
// then leaves a live one alone.
func desiredApplications(in Input) ([]*unstructured.Unstructured, error) {
	if err := checkApplicationNames(in.Env); err != nil {
		return nil, err
	}
	elements := slices.Concat(elementsOf(in), in.KeptElements)
	slices.SortFunc(elements, byName)
	if len(elements) == 0 {
		return nil, nil
	}
	spec := argocd.ApplicationSetSpec{
		GoTemplate:        true,
		GoTemplateOptions: []string{"missingkey=error"},
		Generators:        []argocd.Generator{{List: argocd.ListGenerator{Elements: elements}}},
		Template: argocd.ApplicationTemplate{
			Metadata: argocd.TemplateMetadata{
				Name:   placeholder(argocd.ElementApplication),
				Labels: environmentLabels(in.Env),
			},
			Spec: applicationSpec(in.Env, argocd.Element{
				argocd.ElementRepoURL:        placeholder(argocd.ElementRepoURL),
				argocd.ElementTargetRevision: placeholder(argocd.ElementTargetRevision),
				argocd.ElementPath:           placeholder(argocd.ElementPath),
				argocd.ElementNamespace:      placeholder(argocd.ElementNamespace),
			}),
		},
	}
	if slices.ContainsFunc(elements, func(e argocd.Element) bool { return e[argocd.ElementImages] != "" }) {
		spec.TemplatePatch = imagesPatch
	}
	u, err := object(applicationSetKind, in.Settings.ArgoCDNamespace, ApplicationSetName(in.Env), map[string]any{"spec": spec})
	if err != nil {
		return nil, err
	}
	u.SetFinalizers([]string{v1alpha1.ApplicationSetFinalizer})
	return []*unstructured.Unstructured{u}, nil
}

// placeholder is what the template has where the element's value goes. User text
// stands in elements only: in the template it would be a template itself.
func placeholder(key string) string {
	return "{{." + key + "}}"
}

// elementsOf are the elements of the admitted apps that the spec still has, by name.
func elementsOf(in Input) []argocd.Element {
	var elements []argocd.Element
	for _, app := range in.Env.Spec.Apps {
		if slices.Contains(in.Admitted, app.Name) {
			elements = append(elements, elementOf(in, app))
		}
	}
	slices.SortFunc(elements, byName)
	return elements
}

func byName(a, b argocd.Element) int {
	return strings.Compare(a[argocd.ElementName], b[argocd.ElementName])
}

// elementOf keeps the namespace of a live element: Argo CD would leave everything
// behind in the old one.
func elementOf(in Input, app v1alpha1.App) argocd.Element {
	repository, path := SourceOf(in.Env, app)
	element := argocd.Element{
		argocd.ElementName:           app.Name,
		argocd.ElementApplication:    ApplicationName(in.Env, app.Name),
		argocd.ElementRepoURL:        repository,
		argocd.ElementTargetRevision: orDefault(app.TargetRevision, in.Env.Spec.Source.TargetRevision),
		argocd.ElementPath:           path,
		argocd.ElementNamespace:      NamespaceOf(in.Env, app.Namespace),
		argocd.ElementImages:         strings.Join(imageOverrides(app), ","),
	}
	if live := in.LiveElements[app.Name][argocd.ElementNamespace]; live != "" {
		element[argocd.ElementNamespace] = live
	}
	return element
}

// imageOverrides are always in the form name=reference: in the shorter ones Argo CD
// takes the port of a registry for a tag.
func imageOverrides(app v1alpha1.App) []string {
	var overrides []string
	for _, image := range app.Images {
		reference := orDefault(image.NewName, image.Name)
		switch {
		case image.Digest != nil:
			reference += "@" + *image.Digest
		case image.NewTag != nil:
			reference += ":" + *image.NewTag
		}
		overrides = append(overrides, image.Name+"="+reference)
	}
	slices.Sort(overrides)
	return overrides
}

// applicationSpec is the spec of the Application that an element becomes.
func applicationSpec(env *v1alpha1.AppEnvironment, element argocd.Element) argocd.ApplicationSpec {
	spec := argocd.ApplicationSpec{
		Project: ProjectName(env),
		Source: &argocd.Source{
			RepoURL:        element[argocd.ElementRepoURL],
			TargetRevision: element[argocd.ElementTargetRevision],
			Path:           element[argocd.ElementPath],
		},
		Destination: argocd.Destination{Server: argocd.InCluster, Namespace: element[argocd.ElementNamespace]},
		SyncPolicy:  syncPolicy(env.Spec.Sync),
	}
	if images := element[argocd.ElementImages]; images != "" {
		spec.Source.Kustomize = &argocd.Kustomize{Images: strings.Split(images, ",")}
	}
	return spec
}

func syncPolicy(sync *v1alpha1.Sync) *argocd.SyncPolicy {
	if sync == nil || sync.Automated == nil && len(sync.Options) == 0 && sync.Retry == nil {
		return nil
	}
	policy := &argocd.SyncPolicy{SyncOptions: sorted(slices.Clone(sync.Options))}
	if sync.Automated != nil {
		policy.Automated = &argocd.Automated{
			Prune:    orDefault(sync.Automated.Prune, true),
			SelfHeal: orDefault(sync.Automated.SelfHeal, true),
		}
	}
	if sync.Retry != nil {
		policy.Retry = &argocd.Retry{Limit: sync.Retry.Limit}
	}
	return policy
}

// checkApplicationNames: names are never hashed, so they must fit. They differ,
// because they contain the app's name.
func checkApplicationNames(env *v1alpha1.AppEnvironment) error {
	for _, app := range env.Spec.Apps {
		name := ApplicationName(env, app.Name)
		if problems := validation.IsDNS1123Subdomain(name); len(problems) > 0 || len(name) > validation.LabelValueMaxLength {
			return fmt.Errorf("apps %s: Application name %q must be a DNS name of at most 63 characters; change spec.argocd.applicationName", app.Name, name)
		}
	}
	return nil
}

func observedApplications(in Input) []Key {
	var keys []Key
	for _, element := range elementsOf(in) {
		keys = append(keys, ApplicationKey(in, element[argocd.ElementApplication]))
	}
	return keys
}

// ApplicationKey is the key of an Application of that name.
func ApplicationKey(in Input, name string) Key {
	return Key{Group: argocd.Group, Kind: applicationKind.Kind, Namespace: in.Settings.ArgoCDNamespace, Name: name}
}
