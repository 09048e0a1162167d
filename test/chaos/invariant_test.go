package chaos

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
)

// The invariants, by name. Each is checked so many times.
const (
	onlyOurs       = "the operator writes to nothing that is not ours"
	askedDeletion  = "no namespace is deleted that nobody asked to delete"
	fewerElements  = "no ApplicationSet is stored with fewer elements than asked"
	teardownOrder  = "a teardown keeps its order"
	ownFinalizers  = "no finalizer of somebody else is removed"
	consentedFirst = "nothing is adopted before the consent"
	projectLast    = "no AppProject is deleted while there are Applications of it"
)

// invariants look at the audit log.
type invariants struct {
	checks     map[string]int
	violations []string
	// bystanders are objects of nobody's environment, as resource namespace/name.
	bystanders map[string]bool
	// effects is how often the operator met what broke.
	effects map[string]int
	// crashes are when a server began to crash and was back: what was stored in between, the log may not have.
	crashes []time.Time
	crashed time.Time // the last of them so far

	environments map[string]*history
}

// A history is what the log has told of an environment so far.
type history struct {
	deleted bool // somebody has asked for its deletion
	byHand  bool // it takes over what was made by hand
	// specs are the apps that its spec has asked for, the last ones last, and since when.
	specs    [][]string
	since    []time.Time
	elements []string        // of its ApplicationSet as stored last
	held     []string        // other people's finalizers on that
	apps     map[string]bool // Applications that are certainly there
	hadApps  bool            // there were some since the last crash
	gone     map[types.UID]bool
	consents map[string]bool // resources that were given to it
	tearing  bool            // the operator has said that it tears down; until then it may still be pruning
	rank     int             // of the last deletion in this teardown
}

func newHistory(byHand bool) *history {
	return &history{byHand: byHand, consents: map[string]bool{}, apps: map[string]bool{}, gone: map[types.UID]bool{}}
}

func newInvariants() *invariants {
	return &invariants{checks: map[string]int{}, bystanders: map[string]bool{}, effects: map[string]int{}, environments: map[string]*history{}}
}

func (v *invariants) check(name string, holds bool, e event, words string) {
	v.checks[name]++
	if !holds {
		v.violations = append(v.violations, fmt.Sprintf("%s: %s: %s", name, e, words))
	}
}

// environmentOf is the environment that an object of this test belongs to by its name.
func (v *invariants) environmentOf(e event) (string, *history) {
	for _, text := range []string{e.ObjectRef.Name, e.ObjectRef.Namespace} {
		if i := strings.Index(text, "chaos"); i >= 0 && len(text) >= i+len("chaos00") {
			name := text[i : i+len("chaos00")]
			if v.environments[name] == nil {
				v.environments[name] = newHistory(false)
			}
			return name, v.environments[name]
		}
	}
	return "", nil
}

// see takes the next event.
func (v *invariants) see(e event) {
	v.forget(e.StageTimestamp)
	v.feel(e)
	name, h := v.environmentOf(e)
	if !e.done() {
		if h != nil && e.ResponseStatus.Code >= 500 { // it may have been stored nevertheless
			delete(h.apps, e.ObjectRef.Name)
			if e.ObjectRef.Resource == "appenvironments" && e.Verb == "delete" {
				h.environment(e)
			}
		}
		return
	}
	if e.byOperator() {
		foreign := e.ObjectRef.Name == held || e.ObjectRef.Name == full || v.bystanders[e.ObjectRef.Resource+" "+e.ObjectRef.Namespace+"/"+e.ObjectRef.Name]
		v.check(onlyOurs, !foreign, e, "it is somebody's")
		v.finalizers(e)
	}
	if h == nil {
		return
	}
	switch {
	case e.ObjectRef.Resource == "appenvironments" && e.ObjectRef.Subresource == "":
		h.environment(e)
	case e.ObjectRef.Resource == "applicationsets" && e.ObjectRef.Subresource == "":
		v.applicationSet(e, h)
	case e.ObjectRef.Resource == "applications" && e.ObjectRef.Subresource == "":
		h.application(e)
	}
	if !e.byOperator() {
		if e.ObjectRef.Subresource == "" && e.Verb == "patch" && strings.Contains(string(e.RequestObject), v1alpha1.AnnotationAdoptBy) {
			h.consents[e.ObjectRef.Resource] = true
		}
		return
	}
	if h.byHand && slices.Contains([]string{"applicationsets", "appprojects", "namespaces"}, e.ObjectRef.Resource) && (e.Verb == "patch" || e.Verb == "delete") {
		v.check(consentedFirst, h.consents[e.ObjectRef.Resource], e, "no consent was given")
	}
	switch {
	case e.Verb == "delete":
		v.deletion(e, name, h)
	case e.ObjectRef.Resource == "appenvironments" && e.ObjectRef.Subresource == "status":
		h.tearing = h.tearing || h.deleted && strings.Contains(string(e.RequestObject), `"teardown":{`)
	}
}

// symptoms are what the API server says to the operator of what is broken.
var symptoms = map[string]string{"quota full": "exceeded quota", "webhook failing": "failed calling webhook"}

// feel counts what the operator met.
func (v *invariants) feel(e event) {
	for what, words := range symptoms {
		if e.byOperator() && strings.Contains(e.ResponseStatus.Message, words) {
			v.effects[what]++
		}
	}
}

// environment follows what is asked for.
func (h *history) environment(e event) {
	var env v1alpha1.AppEnvironment
	if e.Verb == "delete" {
		if !h.deleted { // whoever asks again asks for the same teardown
			h.deleted, h.rank = true, 0
		}
		return
	}
	if json.Unmarshal(e.ResponseObject, &env) != nil || env.Name == "" {
		return
	}
	if e.Verb == "create" {
		*h = *newHistory(env.Annotations[byHand] != "")
	}
	var apps []string
	for _, app := range env.Spec.Apps {
		apps = append(apps, app.Name)
	}
	h.specs, h.since = append(h.specs, apps), append(h.since, e.StageTimestamp)
}

// deletion is one by the operator.
func (v *invariants) deletion(e event, name string, h *history) {
	// Whoever asked when a server crashed asks again, but not at once.
	unlogged := !h.deleted && e.StageTimestamp.Sub(v.crashed) < 10*time.Second
	if e.ObjectRef.Resource == "namespaces" && !unlogged {
		v.check(askedDeletion, h.deleted && !h.byHand, e, "nobody has deleted AppEnvironment "+name+", or it has adopted the Namespace")
	}
	if e.ObjectRef.Resource == "appprojects" && h.hadApps {
		v.check(projectLast, len(h.apps) == 0, e, fmt.Sprintf("there are %v", slices.Sorted(maps.Keys(h.apps))))
	}
	if !h.deleted || !h.tearing {
		return
	}
	part, known := components[e.ObjectRef.Resource]
	if !known {
		return
	}
	rank := slices.Index(component.TeardownOrder, part)
	v.check(teardownOrder, rank >= h.rank, e, "after "+component.TeardownOrder[h.rank])
	h.rank = max(h.rank, rank)
}

// components are those of the resources that a teardown deletes.
var components = func() map[string]string {
	all := map[string]string{}
	for _, c := range component.All {
		for _, kind := range c.Kinds {
			all[kind.Resource] = c.Name
		}
	}
	all["applications"] = "applications"
	return all
}()

// finalizers holds the operator's JSON patches to its own finalizers.
func (v *invariants) finalizers(e event) {
	var operations []struct {
		Op, Path string
		Value    any
	}
	if e.Verb != "patch" || json.Unmarshal(e.RequestObject, &operations) != nil {
		return
	}
	tested := map[string]any{}
	for _, o := range operations {
		switch {
		case o.Op == "test":
			tested[o.Path] = o.Value
		case o.Op == "remove" && strings.HasPrefix(o.Path, "/metadata/finalizers"):
			own, _ := tested[o.Path].(string)
			v.check(ownFinalizers, strings.HasPrefix(own, v1alpha1.GroupVersion.Group+"/"), e, fmt.Sprintf("%v", tested[o.Path]))
		}
	}
}
