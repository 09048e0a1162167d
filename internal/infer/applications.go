package infer

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/foreign/argocd"
)

// An application is one that runs, or that an ApplicationSet generates.
type application struct {
	object  *unstructured.Unstructured
	decoded argocd.Application
	element map[string]any // what the ApplicationSet generates it from; nil when that is unknown
	app     string         // the name of the app that it is
}

func decoded(object *unstructured.Unstructured) (application, error) {
	app, err := argocd.DecodeApplication(object)
	return application{object: object, decoded: app}, err
}

// source is where the Application deploys from; an empty one where it has none.
func (a application) source() argocd.Source {
	if a.decoded.Spec.Source == nil {
		return argocd.Source{}
	}
	return *a.decoded.Spec.Source
}

// findApplications finds the one ApplicationSet, its Applications and their project.
func (m *importer) findApplications() error {
	sets := m.of("ApplicationSet", "")
	if len(sets) > 1 {
		return fmt.Errorf("there are several ApplicationSets, and an environment has one: %s; name it, as in kubectl appenv import applicationset %s",
			strings.Join(namesOf(sets), ", "), sets[0].GetName())
	}
	if len(sets) == 1 {
		m.set = sets[0]
	}
	var err error
	if m.apps, err = m.applicationsOf(m.set); err != nil {
		return err
	}
	m.apps = slices.DeleteFunc(m.apps, m.inexpressible)
	if len(m.apps) == 0 {
		return fmt.Errorf("there is no Application that could be an app of an environment: give its ApplicationSet or its Applications, too")
	}
	return m.findProject()
}

func namesOf(objects []*unstructured.Unstructured) []string {
	names := make([]string, len(objects))
	for i, u := range objects {
		names[i] = u.GetName()
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// applicationsOf are the Applications of an ApplicationSet as they run, or else as it would generate them. Without an
// ApplicationSet they are all that are given, unless several ApplicationSets generate them.
func (m *importer) applicationsOf(set *unstructured.Unstructured) ([]application, error) {
	var generated []application
	var unknown error
	if set != nil {
		generated, unknown = expand(set)
	}
	var live []application
	owners := map[string]bool{}
	for _, u := range m.of("Application", "") {
		at := slices.IndexFunc(generated, func(app application) bool { return app.object.GetName() == u.GetName() })
		owner := ownerOf(u)
		if set != nil && owner != set.GetName() && (owner != "" || at < 0) {
			m.leave(u, "", "ApplicationSet "+set.GetName()+" does not generate it")
			continue
		}
		app, err := decoded(u)
		if err != nil {
			return nil, err
		}
		if at >= 0 {
			app.element = generated[at].element
		}
		owners[owner] = true
		live = append(live, app)
	}
	if set == nil && len(owners) > 1 {
		return nil, fmt.Errorf("the Applications belong to several ApplicationSets, or some to none: %s; give those of one environment", strings.Join(sortedSet(owners), ", "))
	}
	if len(live) > 0 || set == nil {
		return live, nil
	}
	return generated, unknown
}

// ownerOf is the name of the ApplicationSet that owns an Application.
func ownerOf(u *unstructured.Unstructured) string {
	for _, owner := range u.GetOwnerReferences() {
		if owner.Kind == "ApplicationSet" {
			return owner.Name
		}
	}
	return ""
}

func sortedSet(set map[string]bool) []string {
	var all []string
	for name := range set {
		if name == "" {
			name = "(none)"
		}
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// inexpressible says whether no app could be an Application, and leaves it.
func (m *importer) inexpressible(app application) bool {
	spec := app.decoded.Spec
	switch {
	case len(spec.Sources) > 0 || spec.Source == nil:
		m.leave(app.object, "spec.sources", "an app has one source; its ApplicationSet cannot be taken over while it generates it")
	case spec.Destination.Server != argocd.InCluster:
		m.leave(app.object, "spec.destination", "an app is deployed into "+argocd.InCluster+", written as its server; its ApplicationSet cannot be taken over while it generates it")
	case spec.Destination.Namespace == "":
		m.leave(app.object, "spec.destination.namespace", "an app has a namespace; its ApplicationSet cannot be taken over while it generates it")
	default:
		return false
	}
	return true
}

// findProject finds the project that the Applications name.
func (m *importer) findProject() error {
	var projects []string
	for _, app := range m.apps {
		projects = append(projects, app.decoded.Spec.Project)
	}
	slices.Sort(projects)
	if projects = slices.Compact(projects); len(projects) > 1 {
		return fmt.Errorf("the Applications are of several AppProjects, and an environment has one: %s; give the Applications of one", strings.Join(projects, ", "))
	}
	m.project = projects[0]
	return nil
}

// readApplications reads spec.source, spec.apps and spec.argocd. The ApplicationSet and the Applications are the
// environment's, whatever cannot be said of them: Check tells what would change.
func (m *importer) readApplications() {
	var paths, repositories, revisions []string
	for _, app := range m.apps {
		paths = append(paths, m.pattern(app))
		repositories = append(repositories, app.source().RepoURL)
		revisions = append(revisions, orHead(app.source().TargetRevision))
	}
	source := v1alpha1.Source{RepoURL: mostly(repositories), TargetRevision: mostly(revisions), Path: mostly(paths)}
	m.env.Spec.Source = source
	for i, app := range m.apps {
		asked := v1alpha1.App{
			Name:    app.app,
			RepoURL: unless(repositories[i], source.RepoURL), TargetRevision: unless(revisions[i], source.TargetRevision), Path: unless(paths[i], source.Path),
			Namespace: unless(app.decoded.Spec.Destination.Namespace, m.namespaces[0]),
			Images:    m.images(app),
		}
		m.env.Spec.Apps = append(m.env.Spec.Apps, asked)
		m.origins[fmt.Sprintf("spec.apps[%d]", i)] = component.KeyOf(app.object)
		m.settled[component.KeyOf(app.object)] = true
	}
	first := m.apps[0].object
	if m.set != nil {
		m.take(m.set, "spec.argocd.applicationSet")
		first = m.set
	}
	m.origins["spec.source"], m.origins["spec.sync"], m.origins["spec.argocd"] = component.KeyOf(first), component.KeyOf(first), component.KeyOf(first)
}

// pattern is the path of an Application, with placeholders where an app's path would have them.
func (m *importer) pattern(app application) string {
	words := []word{{app.app, "{app}"}, {m.env.Spec.Environment, "{environment}"}, {m.env.Spec.Application, "{application}"}}
	segments := strings.Split(app.source().Path, "/")
	named := false
	for i, segment := range segments {
		at := slices.IndexFunc(words, func(w word) bool { return w.text == segment })
		if at >= 0 {
			segments[i] = words[at].placeholder
			named = named || at == 0
		}
	}
	if path := strings.Join(segments, "/"); named || path != "" {
		if !named {
			path = words[0].in(path)
		}
		return path
	}
	return "."
}

func orHead(revision string) string {
	if revision == "" {
		return "HEAD"
	}
	return revision
}

// mostly is the value that stands most often; the first one of several.
func mostly(values []string) string {
	count := map[string]int{}
	for _, value := range values {
		count[value]++
	}
	found := ""
	for _, value := range values {
		if count[value] > count[found] {
			found = value
		}
	}
	return found
}

// unless is the value, nil when it is the common one.
func unless(value, common string) *string {
	if value == common {
		return nil
	}
	return &value
}

// images are the image overrides of an Application.
func (m *importer) images(app application) []v1alpha1.Image {
	var images []v1alpha1.Image
	if app.source().Kustomize == nil {
		return nil
	}
	for _, override := range app.source().Kustomize.Images {
		image, ok := imageOf(override)
		if !ok || slices.ContainsFunc(images, func(known v1alpha1.Image) bool { return known.Name == image.Name }) {
			m.remark(app.object, "spec.source.kustomize.images", "an app's image has a name and a tag or a digest, and "+override+" would be lost")
			continue
		}
		images = append(images, image)
	}
	return images
}

// imageOf takes an override apart: name=reference, or a reference alone.
func imageOf(override string) (image v1alpha1.Image, ok bool) {
	name, reference, both := strings.Cut(override, "=")
	if !both {
		reference = override
	}
	newName, digest, _ := strings.Cut(reference, "@")
	tag := ""
	if colon := strings.LastIndex(newName, ":"); colon > strings.LastIndex(newName, "/") {
		newName, tag = newName[:colon], newName[colon+1:]
	}
	if !both {
		name = newName
	}
	image = v1alpha1.Image{Name: name, NewName: unless(newName, name)}
	if digest != "" {
		image.Digest = &digest
	} else {
		image.NewTag = &tag
	}
	return image, (digest != "") != (tag != "")
}
