package cli

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/pmezard/go-difflib/difflib"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/controller"
	"github.com/appenv/appenv-operator/internal/infer"
)

// A verb is what is done to an object, and how the number of objects is spoken of to which it is.
type verb struct {
	action     v1alpha1.PlannedActionType
	verb, many string
}

// A diffWriter writes what would change, and knows whether anything would.
type diffWriter struct {
	terminal bool
	any      bool
	text     bytes.Buffer
}

// verbs are in the order in which they are counted.
var verbs = []verb{
	{v1alpha1.ActionCreate, "create", "to create"},
	{v1alpha1.ActionUpdate, "change", "to change"},
	{v1alpha1.ActionAdopt, "take over", "to take over"},
	{v1alpha1.ActionDelete, "delete", "to delete"},
	{v1alpha1.ActionRelease, "release", "to release"},
	{v1alpha1.ActionRefuse, "refuse", "refused"},
}

func (w *diffWriter) line(colour, format string, arguments ...any) {
	line := fmt.Sprintf(format, arguments...)
	if w.terminal && colour != "" {
		line = "\x1b[" + colour + "m" + line + "\x1b[0m"
	}
	w.text.WriteString(line + "\n")
}

// Colours of lines, as Git has them.
const (
	bold  = "1"
	red   = "31"
	green = "32"
	cyan  = "36"
)

// refused writes of an environment that nothing would be done for.
func (w *diffWriter) refused(name string, why error) {
	w.any = true
	w.line(bold, "AppEnvironment %s: refused", name)
	w.line(red, "  %s", why)
}

// environment writes what would become of one environment.
func (w *diffWriter) environment(env, live *v1alpha1.AppEnvironment, foresight *controller.Foresight) {
	exists := live != nil
	var counts []string
	for _, verb := range verbs {
		n := 0
		for _, change := range foresight.Changes {
			if change.Action == verb.action {
				n++
			}
		}
		if n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, verb.many))
		}
	}
	own := w.unified(environmentAsWritten(live), environmentAsWritten(env))
	if exists && own != "" {
		counts = append([]string{"changed itself"}, counts...)
	}
	if len(counts) == 0 {
		counts = []string{"nothing to change"}
	}
	name := env.Name
	if !exists {
		name += " (new)"
	}
	w.any = w.any || len(foresight.Changes) > 0 || own != ""
	w.line(bold, "AppEnvironment %s: %s", name, strings.Join(counts, ", "))
	switch env.Spec.Mode {
	case v1alpha1.ModePaused, v1alpha1.ModeObserve:
		w.line("", "  spec.mode is %s: nothing of this is done before it is Enforce", env.Spec.Mode)
	}
	for _, app := range foresight.Held {
		w.line("", "  app %s is held back: %s", app.Name, app.Why.Message)
	}
	for _, word := range foresight.Pending {
		part, _, _ := strings.Cut(word, "@")
		w.line("", "  %s stays until its removal is confirmed: kubectl appenv confirm %s %s", part, env.Name, part)
	}
	if exists {
		w.lines(own)
	}
	for _, change := range foresight.Changes {
		w.change(change)
	}
}

// environmentAsWritten is an environment without what others than its author write; nil of none.
func environmentAsWritten(env *v1alpha1.AppEnvironment) *unstructured.Unstructured {
	if env == nil {
		return nil
	}
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(env)
	if err != nil { // it came as JSON
		panic(err)
	}
	written := written(&unstructured.Unstructured{Object: object})
	written.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("AppEnvironment"))
	written.SetFinalizers(nil)
	return written
}

func (w *diffWriter) change(change controller.Change) {
	i := slices.IndexFunc(verbs, func(verb verb) bool { return verb.action == change.Action })
	what := change.Component
	if change.Key.Name != "" {
		what = change.Key.String()
	}
	switch change.Action {
	case v1alpha1.ActionRefuse:
		w.line(red, "%s %s: %s", verbs[i].verb, what, change.Why.Message)
		return
	case v1alpha1.ActionRelease:
		w.line(bold, "%s %s: it stays, and is nobody's", verbs[i].verb, what)
		return
	case v1alpha1.ActionDelete:
		w.line(red, "%s %s", verbs[i].verb, what)
		return
	}
	w.line(bold, "%s %s", verbs[i].verb, what)
	w.lines(w.unified(written(change.Live), written(change.After)))
}

// unified is how two versions of an object differ, without values of secrets; empty when they do not.
func (w *diffWriter) unified(before, after *unstructured.Unstructured) string {
	mask(before, after)
	from, to := "live", "after"
	if before == nil {
		from = "/dev/null"
	}
	text, err := difflib.GetUnifiedDiffString(difflib.UnifiedDiff{
		A: lines(before), B: lines(after), FromFile: from, ToFile: to, Context: 3,
	})
	if err != nil { // a buffer takes everything
		panic(err)
	}
	return text
}

// lines writes a unified diff. A URL may hold a password.
func (w *diffWriter) lines(diff string) {
	for line := range strings.Lines(diff) {
		w.line(colourOf(line), "%s", infer.OneLine(strings.TrimSuffix(line, "\n")))
	}
}

func colourOf(line string) string {
	switch {
	case strings.HasPrefix(line, "+++"), strings.HasPrefix(line, "---"):
		return bold
	case strings.HasPrefix(line, "+"):
		return green
	case strings.HasPrefix(line, "-"):
		return red
	case strings.HasPrefix(line, "@@"):
		return cyan
	}
	return ""
}

// written is what people write of an object; nil of none.
func written(object *unstructured.Unstructured) *unstructured.Unstructured {
	if object == nil {
		return nil
	}
	object = object.DeepCopy()
	delete(object.Object, "status")
	for _, field := range []string{"managedFields", "resourceVersion", "uid", "creationTimestamp", "generation", "selfLink", "deletionTimestamp", "deletionGracePeriodSeconds"} {
		unstructured.RemoveNestedField(object.Object, "metadata", field)
	}
	annotations := object.GetAnnotations()
	delete(annotations, "kubectl.kubernetes.io/last-applied-configuration") // says all of it again
	if annotations[v1alpha1.AnnotationOwnerUID] == string(controller.NoneYet) {
		annotations[v1alpha1.AnnotationOwnerUID] = "(known once it is created)"
	}
	object.SetAnnotations(annotations)
	for _, field := range []string{"labels", "annotations"} {
		if set, _, _ := unstructured.NestedMap(object.Object, "metadata", field); len(set) == 0 {
			unstructured.RemoveNestedField(object.Object, "metadata", field)
		}
	}
	return object
}

func lines(object *unstructured.Unstructured) []string {
	if object == nil {
		return nil
	}
	text, err := yaml.Marshal(object.Object)
	if err != nil { // it came as JSON
		panic(err)
	}
	return difflib.SplitLines(strings.TrimSuffix(string(text), "\n"))
}
