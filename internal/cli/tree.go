package cli

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
)

// A mark says how well something is.
type mark int

const (
	plain   mark = iota
	good         // as it should be
	waiting      // on its way
	failing      // works no longer, may recover by itself
	stuck        // needs a human
)

// A node of a tree is a line and what is below it.
type node struct {
	mark  mark
	text  string
	note  string // why it is not good
	below []node
}

// tree is an environment as people ask about it: the line that blocks it first, then its components, with the objects
// of each and what is known about them.
func tree(env *v1alpha1.AppEnvironment) node {
	ready := condition(env, v1alpha1.ConditionReady)
	root := node{mark: stateOf(env), text: "AppEnvironment " + env.Name, note: readyNote(env, ready)}
	if env.Status.BlockedOn != "" {
		root.below = append(root.below, node{mark: root.mark, text: "blocked on", note: env.Status.BlockedOn})
	}
	for _, removal := range env.Status.PendingRemovals {
		root.below = append(root.below, node{mark: stuck, text: "waits for a confirmation", note: removal})
	}
	if teardown := env.Status.Teardown; teardown != nil {
		root.below = append(root.below, node{mark: waiting, text: "being deleted", note: "step " + teardown.Step})
	}
	for _, action := range env.Status.Plan {
		note := strings.Join(action.Fields, ", ")
		root.below = append(root.below, node{mark: plain, text: "would " + strings.ToLower(string(action.Action)) + " " + action.Object, note: cmp.Or(action.Message, note)})
	}
	for _, c := range component.All {
		held := condition(env, c.Condition)
		if held == nil || held.Reason == v1alpha1.ReasonNotRequested && !hasChild(env, c) {
			continue
		}
		branch := node{mark: markOf(env, held), text: c.Name}
		if held.Status != metav1.ConditionTrue {
			branch.note = held.Reason + ": " + held.Message
		} else if held.Message != "" {
			branch.note = held.Message
		}
		branch.below = childrenOf(env, c)
		root.below = append(root.below, branch)
	}
	return root
}

func readyNote(env *v1alpha1.AppEnvironment, ready *metav1.Condition) string {
	switch {
	case ready == nil:
		return "the operator has not looked at it yet"
	case env.Status.ObservedGeneration != env.Generation:
		return "the operator has not looked at its last change yet"
	case isOfBefore(env):
		return "Paused, and what is shown is of before: Ready was " + string(ready.Status)
	case suspended(env):
		return condition(env, v1alpha1.ConditionSuspended).Reason + ", Ready is " + string(ready.Status)
	case ready.Status == metav1.ConditionTrue:
		return strings.TrimSuffix("Ready: "+ready.Message, ": ")
	}
	return "not ready: " + ready.Reason
}

func suspended(env *v1alpha1.AppEnvironment) bool {
	return meta.IsStatusConditionTrue(env.Status.Conditions, v1alpha1.ConditionSuspended)
}

func paused(env *v1alpha1.AppEnvironment) bool {
	return suspended(env) && condition(env, v1alpha1.ConditionSuspended).Reason == v1alpha1.ReasonPaused
}

// isOfBefore says whether status tells what was before the environment was paused: the operator does not even look at it
// then. That its deletion waits is of now.
func isOfBefore(env *v1alpha1.AppEnvironment) bool {
	return paused(env) && !meta.IsStatusConditionTrue(env.Status.Conditions, v1alpha1.ConditionStalled)
}

func condition(env *v1alpha1.AppEnvironment, name string) *metav1.Condition {
	return meta.FindStatusCondition(env.Status.Conditions, name)
}

// stateOf is how well an environment is. What was said of it before its last change, or before it was paused, holds no
// longer; that it is stuck is said of now.
func stateOf(env *v1alpha1.AppEnvironment) mark {
	switch {
	case env.Status.ObservedGeneration != env.Generation:
		return waiting
	case suspended(env) && !meta.IsStatusConditionTrue(env.Status.Conditions, v1alpha1.ConditionStalled):
		return plain
	}
	return markOf(env, condition(env, v1alpha1.ConditionReady))
}

// markOf is how bad a condition is; what Reconciling and Stalled say of the environment holds for its parts.
func markOf(env *v1alpha1.AppEnvironment, held *metav1.Condition) mark {
	switch {
	case held == nil:
		return waiting
	case held.Status == metav1.ConditionTrue:
		return good
	case held.Status == metav1.ConditionUnknown:
		return plain
	case meta.IsStatusConditionTrue(env.Status.Conditions, v1alpha1.ConditionStalled) && !onItsWay(held.Reason):
		return stuck
	case onItsWay(held.Reason) || meta.IsStatusConditionTrue(env.Status.Conditions, v1alpha1.ConditionReconciling):
		return waiting
	}
	return failing
}

// onItsWay says whether a reason is one that nobody has to act upon.
func onItsWay(reason string) bool {
	return slices.Contains([]string{
		v1alpha1.ReasonProgressing, v1alpha1.ReasonWaitingForNamespace, v1alpha1.ReasonWaitingForProject,
		v1alpha1.ReasonWaitingForSecrets, v1alpha1.ReasonSecretNotSynced, v1alpha1.ReasonAwaitingSync, v1alpha1.ReasonOutOfSync,
		v1alpha1.ReasonStale, v1alpha1.ReasonAPINotInstalled, v1alpha1.ReasonRetrying, v1alpha1.ReasonTerminating,
		v1alpha1.ReasonPruning, v1alpha1.ReasonTearingDown,
	}, reason)
}

func ofComponent(child v1alpha1.Child, c component.Component) bool {
	group := schema.FromAPIVersionAndKind(child.APIVersion, child.Kind).GroupKind()
	return slices.ContainsFunc(c.Kinds, func(kind component.Kind) bool { return kind.GroupKind() == group })
}

func hasChild(env *v1alpha1.AppEnvironment, c component.Component) bool {
	return slices.ContainsFunc(env.Status.Children, func(child v1alpha1.Child) bool { return ofComponent(child, c) })
}

var childMarks = map[v1alpha1.ChildState]mark{
	v1alpha1.ChildReady: good, v1alpha1.ChildProgressing: waiting, v1alpha1.ChildFailing: failing, v1alpha1.ChildStalled: stuck,
	v1alpha1.ChildDeleting: waiting, v1alpha1.ChildPendingRemoval: stuck,
}

// childrenOf are the objects of a component, with what status says of them.
func childrenOf(env *v1alpha1.AppEnvironment, c component.Component) []node {
	var all []node
	for _, child := range env.Status.Children {
		if !ofComponent(child, c) {
			continue
		}
		key := component.Key{Kind: child.Kind, Namespace: child.Namespace, Name: child.Name}
		n := node{mark: childMarks[child.State], text: key.String()}
		if child.State != v1alpha1.ChildReady {
			n.note = string(child.State)
			if child.Reason != n.note {
				n.note = strings.TrimSuffix(n.note+" "+child.Reason, " ")
			}
		}
		describe(env, child, &n)
		if child.Origin == v1alpha1.OriginAdopted {
			n.text += " (adopted)"
		}
		all = append(all, n)
	}
	return all
}

// describe adds the row that status has for a child.
func describe(env *v1alpha1.AppEnvironment, child v1alpha1.Child, n *node) {
	switch child.Kind {
	case "ExternalSecret":
		for _, row := range env.Status.Secrets {
			if row.Namespace == child.Namespace && row.Name == child.Name && row.Message != "" {
				n.note = row.Reason + ": " + row.Message
			}
		}
	case "ManagedCertificate", "Certificate":
		for _, row := range env.Status.Certificates {
			if row.Namespace == child.Namespace && row.Name == child.Name {
				describeCertificate(row, n)
			}
		}
	case "ApplicationSet":
		for _, row := range env.Status.Apps {
			n.below = append(n.below, application(env, row))
		}
	}
}

func describeCertificate(row v1alpha1.CertificateStatus, n *node) {
	var words []string
	if row.Status != "" {
		words = append(words, row.Status)
	}
	if row.Expires != "" {
		words = append(words, "expires "+row.Expires)
	}
	if row.Message != "" {
		words = append(words, row.Message)
	}
	n.note = strings.Join(words, ", ")
	for _, domain := range row.Domains {
		held := waiting
		if domain.Status == "Active" {
			held = good
		} else if strings.HasPrefix(domain.Status, "Failed") {
			held = failing
		}
		n.below = append(n.below, node{mark: held, text: domain.Name, note: domain.Status})
	}
}

// A look is how a tree is drawn.
type look struct {
	marks  map[mark]string
	colour map[mark]string
	branch [4]string // last and not, its line, and below it
}

var (
	piped    = look{marks: map[mark]string{plain: "-", good: "ok", waiting: "..", failing: "!!", stuck: "XX"}, branch: [4]string{"  ", "  ", "  ", "  "}}
	terminal = look{
		marks:  map[mark]string{plain: "·", good: "✓", waiting: "…", failing: "!", stuck: "✗"},
		colour: map[mark]string{good: "32", waiting: "33", failing: "31", stuck: "31"},
		branch: [4]string{"└ ", "├ ", "  ", "│ "},
	}
)

// paint colours a text, where there are colours.
func (l look) paint(m mark, text string) string {
	if colour := l.colour[m]; colour != "" && text != "" {
		return "\x1b[" + colour + "m" + text + "\x1b[0m"
	}
	return text
}

// draw writes a tree.
func (l look) draw(out io.Writer, n node) { l.line(out, n, "", "") }

func (l look) line(out io.Writer, n node, prefix, indent string) {
	sign := l.paint(n.mark, l.marks[n.mark])
	text := n.text
	if n.note != "" {
		text += ": " + n.note
	}
	fmt.Fprintf(out, "%s%s %s\n", prefix, sign, text)
	for i, below := range n.below {
		if i == len(n.below)-1 {
			l.line(out, below, indent+l.branch[0], indent+l.branch[2])
		} else {
			l.line(out, below, indent+l.branch[1], indent+l.branch[3])
		}
	}
}
