// Package infer says which AppEnvironment a team's objects amount to that were made by hand: it is component, turned
// round. A file here belongs to the file of the same name there. Check then renders the AppEnvironment and holds every
// object against the one that there is.
//
// What an AppEnvironment cannot express as a whole is left as it is, and a remark says so: an object that is left out
// stays beside what the operator writes, and nothing becomes of it.
//
// It is pure, as component is. Values of secrets are in no remark.
package infer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
)

// Options say what the objects do not tell.
type Options struct {
	// Settings are those of the operator that shall take over.
	Settings component.Settings
	// Name, Application and Environment are the AppEnvironment's. Empty ones are read from names and paths.
	Name, Application, Environment string
	// Namespace is the environment's first one; by default the one into which most apps deploy.
	Namespace string
}

// A Remark is what becomes of an object, or of a field of it.
type Remark struct {
	Key component.Key
	// Field is the path of the field, empty when the remark is of the whole object.
	Field string
	Text  string
}

// String is object, field and text on one line, as OneLine has it.
func (r Remark) String() string {
	if r.Field == "" {
		return OneLine(r.Key.String() + ": " + r.Text)
	}
	return OneLine(r.Key.String() + " " + r.Field + ": " + r.Text)
}

// Result is an AppEnvironment, and what it does not say.
type Result struct {
	Env *v1alpha1.AppEnvironment
	// Remarks are sorted by object.
	Remarks []Remark

	origins map[string]component.Key
}

// Origin is the object that a field of the AppEnvironment was read from, by the path of the field. ok is false when
// it was read from several, or from none.
func (r *Result) Origin(path string) (key component.Key, ok bool) {
	longest := ""
	for prefix, origin := range r.origins {
		if strings.HasPrefix(path, prefix) && len(prefix) > len(longest) {
			longest, key, ok = prefix, origin, true
		}
	}
	return key, ok
}

// Environment is the AppEnvironment that renders back to the objects. An error says why there is none, and what to
// give or to choose.
func Environment(objects []unstructured.Unstructured, o Options) (*Result, error) {
	m := &importer{
		o: o, given: normalised(objects, o.Settings), origins: map[string]component.Key{}, settled: map[component.Key]bool{},
		env: &v1alpha1.AppEnvironment{TypeMeta: metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "AppEnvironment"}},
	}
	for _, step := range []func() error{m.findApplications, m.findNamespaces, m.findNames} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	m.leaveOthers()
	for _, read := range []func(){
		m.readApplications, m.readSync, m.readNamespaces, m.readAccess, m.readProject, m.readSecrets, m.readCertificates, m.readDNS, m.readLabels,
	} {
		read()
	}
	m.leaveTheRest()
	slices.SortStableFunc(m.remarks, byKey)
	return &Result{Env: m.env, Remarks: slices.Compact(m.remarks), origins: m.origins}, nil
}

func byKey(a, b Remark) int {
	rank := func(r Remark) int { return component.PlaceOf(r.Key.GroupKind()).Component }
	return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a.Key.String(), b.Key.String()))
}

// How many of a kind an environment may have: as its schema has it.
const (
	maxSecrets      = 50
	maxCertificates = 20
	maxRecords      = 100
)

func tooMany(most int, of string) string {
	return fmt.Sprintf("an environment has at most %d %s", most, of)
}

// An importer reads one environment from objects, step by step.
type importer struct {
	o       Options
	given   []*unstructured.Unstructured
	env     *v1alpha1.AppEnvironment
	remarks []Remark
	origins map[string]component.Key
	// settled are the objects that the environment expresses, and those of which a remark says what becomes of them.
	settled map[component.Key]bool
	// taken are those that it expresses.
	taken []*unstructured.Unstructured

	set        *unstructured.Unstructured // the ApplicationSet; nil when there is none
	apps       []application
	project    string // what the Applications name
	namespaces []string
}

// remark says what becomes of a field of an object.
func (m *importer) remark(u *unstructured.Unstructured, field, text string) {
	m.remarks = append(m.remarks, Remark{component.KeyOf(u), field, text})
}

// leave says why an object stays beside the environment.
func (m *importer) leave(u *unstructured.Unstructured, field, why string) {
	m.settled[component.KeyOf(u)] = true
	m.remark(u, field, why+"; it stays as it is, beside the environment")
}

// take says that a field of the environment expresses an object.
func (m *importer) take(u *unstructured.Unstructured, path string) {
	key := component.KeyOf(u)
	m.settled[key] = true
	m.taken = append(m.taken, u)
	if path != "" {
		m.origins[path] = key
	}
}

// of are the objects of a kind that nothing has been said about yet, in the namespace or everywhere when it is empty.
func (m *importer) of(kind, namespace string) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, u := range m.given {
		if isOf(u, kind) && (namespace == "" || u.GetNamespace() == namespace) && !m.settled[component.KeyOf(u)] {
			found = append(found, u)
		}
	}
	return found
}

// named is the object of a kind; nil when it was not given, or something has been said about it.
func (m *importer) named(kind, namespace, name string) *unstructured.Unstructured {
	for _, u := range m.of(kind, namespace) {
		if u.GetName() == name {
			return u
		}
	}
	return nil
}

// isOf says whether an object is of one of the components' kinds, in whatever version.
func isOf(u *unstructured.Unstructured, kind string) bool {
	if u.GetKind() != kind {
		return false
	}
	_, known := kindOf(u)
	return known
}

// kindOf is the components' kind of an object.
func kindOf(u *unstructured.Unstructured) (component.Kind, bool) {
	return component.KindOf(u.GroupVersionKind().GroupKind())
}

// leaveTheRest speaks of what no component has read, and of what is an environment's already.
func (m *importer) leaveTheRest() {
	for _, u := range m.given {
		if _, known := kindOf(u); !known {
			m.leave(u, "", "no environment holds objects of this kind")
		} else if !m.settled[component.KeyOf(u)] {
			m.leave(u, "", "the environment has no place for it")
		}
	}
	for _, u := range m.taken {
		if owner := u.GetLabels()[v1alpha1.LabelEnvironment]; owner != "" && u.GetLabels()[v1alpha1.LabelManagedBy] == v1alpha1.ManagedByValue {
			m.remark(u, "", "belongs to AppEnvironment "+owner+" already")
		}
	}
}
