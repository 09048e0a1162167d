package infer

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/foreign/argocd"
	"github.com/appenv/appenv-operator/internal/render"
)

// Changes are what taking objects over would do to them.
type Changes struct {
	// Changes are what would not be as it was, and what could not be taken over.
	Changes []Remark
	// Notes are of what does not change an object or an Application that is known, and may matter to what comes later.
	Notes []Remark
}

// Check renders an environment, with its defaults, and holds every object against the one that is given. The marks of
// ownership are no change, and neither is an ApplicationSet of another form that generates the same Applications. An
// object that would be created is one: where there was no guard rail, there would be one.
func Check(env *v1alpha1.AppEnvironment, objects []unstructured.Unstructured, settings component.Settings) (*Changes, error) {
	c := &checker{in: render.Input(env, settings), given: normalised(objects, settings), changes: &Changes{}}
	for _, u := range c.given {
		if isOf(u, "Namespace") { // a Namespace that exists keeps its Pod Security level unless the spec asks for one
			c.in.Adopted[u.GetName()] = ""
		}
	}
	children, err := render.Children(c.in)
	if err != nil {
		return nil, err
	}
	for _, child := range children {
		want := normal(child.Object, settings)
		have := c.find(component.KeyOf(want))
		switch {
		case isOf(want, "ApplicationSet"):
			if err := c.set(have, want); err != nil {
				return nil, err
			}
		case have == nil:
			c.change(want, "", "would be created")
		default:
			c.object(have, want)
		}
	}
	return c.changes, nil
}

// Differences are the fields of an object that would not stay as they are if another took its place, without the marks of
// ownership.
func Differences(have, want *unstructured.Unstructured, settings component.Settings) []Remark {
	c := &checker{changes: &Changes{}}
	have, want = normal(have, settings), normal(want, settings)
	c.fields(have, want)
	for _, gone := range append(compare(unmarked(want.GetLabels()), unmarked(have.GetLabels()), "metadata.labels"), c.compareFields(want, have)...) {
		if gone.from == nil {
			c.change(have, gone.field, difference{gone.field, gone.to, nil}.text())
		}
	}
	return c.changes.Changes
}

// Joining says what would become of an Application that nobody generates once the environment's ApplicationSet does.
func Joining(env *v1alpha1.AppEnvironment, live *unstructured.Unstructured, settings component.Settings) ([]Remark, error) {
	live = normal(live, settings)
	c := &checker{in: render.Input(env, settings), given: []*unstructured.Unstructured{live}, changes: &Changes{}}
	children, err := render.Children(c.in)
	if err != nil {
		return nil, err
	}
	for _, child := range children {
		if !isOf(child.Object, "ApplicationSet") {
			continue
		}
		generated, err := expand(child.Object)
		if err != nil {
			return nil, err
		}
		for _, app := range generated {
			if app.object.GetName() == live.GetName() {
				c.application(live, app.object)
			}
		}
	}
	return c.changes.Changes, nil
}

type checker struct {
	in      component.Input
	given   []*unstructured.Unstructured
	changes *Changes
}

func (c *checker) change(u *unstructured.Unstructured, field, text string) {
	c.changes.Changes = append(c.changes.Changes, Remark{component.KeyOf(u), field, text})
}

func (c *checker) find(key component.Key) *unstructured.Unstructured {
	for _, u := range c.given {
		if component.KeyOf(u) == key {
			return u
		}
	}
	return nil
}

// object compares an object, and says what a project would refuse from then on.
func (c *checker) object(have, want *unstructured.Unstructured) {
	if isOf(want, "AppProject") {
		c.denials(have, want)
		for _, reason := range component.AdoptProject(have, nil) {
			c.change(have, "", "cannot be taken over: "+reason)
		}
	}
	c.fields(have, want)
}

func (c *checker) fields(have, want *unstructured.Unstructured) {
	differences := compare(unmarked(have.GetLabels()), unmarked(want.GetLabels()), "metadata.labels")
	differences = append(differences, compare(unmarked(have.GetAnnotations()), unmarked(want.GetAnnotations()), "metadata.annotations")...)
	for _, d := range append(differences, c.compareFields(have, want)...) {
		c.change(want, d.field, d.text())
	}
}

// compareFields compares what is neither metadata nor status.
func (c *checker) compareFields(have, want *unstructured.Unstructured) []difference {
	fields := maps.Clone(want.Object)
	for _, other := range []string{"apiVersion", "kind", "metadata", "status"} {
		delete(fields, other)
	}
	return slices.DeleteFunc(compare(have.Object, fields, ""), func(d difference) bool {
		return d.field == "spec.target.template.metadata.labels."+v1alpha1.LabelEnvironment
	})
}

// unmarked are labels or annotations without the marks of ownership.
func unmarked(all map[string]string) any {
	others := map[string]any{}
	for key, value := range component.WithoutMarks(all) {
		others[key] = value
	}
	return others
}

// denials: the operator's project denies its Applications kinds that most projects permit. That is a change where an
// Application is known to have one of them, else a note; want is left without what is noted.
func (c *checker) denials(have, want *unstructured.Unstructured) {
	denied, _ := items(have.Object, "spec", "namespaceResourceBlacklist")
	asked, _ := items(want.Object, "spec", "namespaceResourceBlacklist")
	var more []string
	for _, kind := range asked {
		if slices.ContainsFunc(denied, func(known map[string]any) bool { return jsonOf(known) == jsonOf(kind) }) {
			continue
		}
		more = append(more, text(kind, "kind"))
		for _, name := range c.deploying(text(kind, "group"), text(kind, "kind")) {
			c.change(want, "spec.namespaceResourceBlacklist", "would deny "+text(kind, "kind")+" to Application "+name+", which deploys one")
		}
	}
	if len(more) == 0 || len(asked) < len(denied)+len(more) { // what is denied already would be permitted
		return
	}
	c.changes.Notes = append(c.changes.Notes, Remark{
		component.KeyOf(want), "spec.namespaceResourceBlacklist",
		"would deny the Applications from then on: " + strings.Join(more, ", ") + "; what is of these kinds in Git would no longer be synced",
	})
	unstructured.RemoveNestedField(want.Object, "spec", "namespaceResourceBlacklist")
}

// deploying are the Applications that are known to deploy objects of a kind.
func (c *checker) deploying(group, kind string) []string {
	var names []string
	for _, u := range c.given {
		resources, _ := items(u.Object, "status", "resources")
		deploys := slices.ContainsFunc(resources, func(r map[string]any) bool { return text(r, "group") == group && text(r, "kind") == kind })
		if deploys && isOf(u, "Application") {
			names = append(names, u.GetName())
		}
	}
	return names
}

// set compares the Applications that an ApplicationSet has, or generates, with those that the operator's would generate.
// have is nil when there is none.
func (c *checker) set(have, want *unstructured.Unstructured) error {
	reader := &importer{o: Options{Settings: c.in.Settings}, given: c.given, settled: map[component.Key]bool{}}
	before, err := reader.applicationsOf(have)
	if err != nil {
		return err
	}
	after, err := expand(want)
	if err != nil {
		return err
	}
	if have == nil {
		c.change(want, "", "would be created")
	}
	for _, app := range after {
		at := slices.IndexFunc(before, func(known application) bool { return known.object.GetName() == app.object.GetName() })
		if at < 0 {
			c.change(app.object, "", "would be created")
			continue
		}
		c.application(before[at].object, app.object)
	}
	if have == nil {
		return nil
	}
	var owned []argocd.Application
	for _, app := range before {
		owned = append(owned, app.decoded)
	}
	_, problems := component.AdoptSet(c.in, have, owned, false)
	for _, problem := range problems {
		c.change(have, "", "cannot be taken over: "+problem)
	}
	return nil
}

// application compares what Argo CD makes of an Application: every field of its spec, more or less.
func (c *checker) application(have, want *unstructured.Unstructured) {
	wanted, held := fields(want.Object, "spec"), fields(have.Object, "spec")
	for _, field := range []string{"project", "source", "destination", "syncPolicy"} {
		differences := compare(held[field], wanted[field], "spec."+field)
		for _, gone := range compare(wanted[field], held[field], "spec."+field) {
			if gone.from == nil && !isEmpty(gone.to) {
				differences = append(differences, difference{gone.field, gone.to, nil})
			}
		}
		for _, d := range differences {
			c.change(want, d.field, d.text())
		}
	}
	for key := range component.WithoutMarks(have.GetLabels()) {
		if _, kept := want.GetLabels()[key]; !kept && !isReserved(key) {
			c.change(want, "metadata.labels."+key, "would be taken away")
		}
	}
	if ownerOf(have) == "" && c.find(component.KeyOf(have)) != nil { // nobody generates it, so far
		c.joining(have, want)
	}
}

// keptByArgoCD are the annotations that its ApplicationSet controller leaves on an Application, and those that it or kubectl
// writes again (createOrUpdateInCluster of Argo CD).
var keptByArgoCD = []string{
	"argocd.argoproj.io/hydrate", "argocd.argoproj.io/refresh", "kubectl.kubernetes.io/last-applied-configuration", "notified.notifications.argoproj.io",
}

// joining is what becomes of an Application's metadata once an ApplicationSet generates it: it is that of the template.
func (c *checker) joining(have, want *unstructured.Unstructured) {
	for _, key := range slices.Sorted(maps.Keys(component.WithoutMarks(have.GetAnnotations()))) {
		if _, kept := want.GetAnnotations()[key]; !kept && !slices.Contains(keptByArgoCD, key) {
			c.change(want, "metadata.annotations."+key, "would be taken away")
		}
	}
	if !slices.Contains(have.GetFinalizers(), argocd.ResourcesFinalizer) {
		c.change(want, "metadata.finalizers", "would have "+argocd.ResourcesFinalizer+": deleting it then deletes what it deploys")
	}
}
