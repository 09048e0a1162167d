package lint

import (
	"maps"
	"slices"
	"strings"
)

// SuppressionPrefix begins the annotations of an AppEnvironment that say why a rule does not count for it, such as
//
//	lint.platform.appenv.dev/floating-tag: dev follows the branch
//
// The operator does not read them.
const SuppressionPrefix = "lint.platform.appenv.dev/"

var suppressionRule = Rule{
	ID: "suppression", Severity: Error,
	Summary: "A suppression names no rule, gives no reason, or is of a rule that cannot be suppressed.",
	Explanation: `An annotation lint.platform.appenv.dev/RULE on an AppEnvironment takes the rule's findings about it out of the
count; its value is the reason, for whoever reads it next. What the API server would refuse cannot be suppressed.`,
	check: checkSuppressions,
}

// required are the rules that cannot be suppressed.
var required = []string{unreadableRule.ID, schemaRule.ID, unknownFieldRule.ID, "suppression"}

// Suppressible says whether the findings of a rule may be suppressed.
func Suppressible(id string) bool { return !slices.Contains(required, id) }

// suppression is the reason for which a rule does not count for the environment; empty when it counts.
func (e *Environment) suppression(id string) string {
	if !Suppressible(id) {
		return ""
	}
	return strings.TrimSpace(e.GetAnnotations()[SuppressionPrefix+id])
}

func checkSuppressions(set *Set, report reporter) {
	for _, env := range set.Environments {
		annotations := env.GetAnnotations()
		for _, name := range slices.Sorted(maps.Keys(annotations)) {
			id, ours := strings.CutPrefix(name, SuppressionPrefix)
			if !ours {
				continue
			}
			path := "metadata.annotations[" + name + "]"
			switch {
			case !set.known(id):
				report(env, path, "%s is no rule; kubectl appenv lint --explain lists them", id)
			case !Suppressible(id):
				report(env, path, "%s cannot be suppressed", id)
			case strings.TrimSpace(annotations[name]) == "":
				report(env, path, "the suppression of %s gives no reason; write it as the annotation's value", id)
			}
		}
	}
}
