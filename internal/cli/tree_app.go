package cli

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// application is an app as Argo CD has it.
func application(env *v1alpha1.AppEnvironment, row v1alpha1.AppStatus) node {
	n := node{text: "Application " + applicationOf(row), mark: markOfApp(env, row)}
	words := slices.DeleteFunc([]string{row.Sync, row.Health, short(row.Revision)}, func(word string) bool { return word == "" })
	n.note = strings.Join(words, ", ")
	if row.Message != "" {
		n.note = strings.TrimPrefix(n.note+": "+row.Message, ": ")
	}
	for _, image := range row.Images {
		n.below = append(n.below, node{text: image})
	}
	return n
}

func applicationOf(row v1alpha1.AppStatus) string { return cmp.Or(row.Application, row.Name) }

// markOfApp is how well an app is. Rows have no reason: it stands in the condition of the component, which names the first
// of the worst objects and counts those that are as bad.
func markOfApp(env *v1alpha1.AppEnvironment, row v1alpha1.AppStatus) mark {
	held := condition(env, v1alpha1.ConditionApplicationsReady)
	switch {
	case row.Health == "Degraded":
		return max(failing, markIfNamed(env, held, row))
	case row.Health == "Healthy" && row.Message == "", held != nil && held.Status == metav1.ConditionTrue && row.Message != "":
		return good
	}
	return markIfNamed(env, held, row)
}

// markIfNamed is the mark of the condition for the app that it names, and for others with a message if it counts all of
// them; for the rest, that they are on their way.
func markIfNamed(env *v1alpha1.AppEnvironment, held *metav1.Condition, row v1alpha1.AppStatus) mark {
	if held == nil || held.Status != metav1.ConditionFalse {
		return waiting
	}
	alike := 0
	for _, other := range env.Status.Apps {
		if other.Message != "" && !isNamed(held, other) {
			alike++
		}
	}
	if isNamed(held, row) || row.Message != "" && alike <= othersOf(held) {
		return markOf(env, held)
	}
	return waiting
}

var namedApp = regexp.MustCompile(`^Application (?:[^\s/:]+/)?([^\s/:]+): `)

// isNamed says whether the condition begins with an app.
func isNamed(held *metav1.Condition, row v1alpha1.AppStatus) bool {
	found := namedApp.FindStringSubmatch(held.Message)
	return found != nil && found[1] == applicationOf(row)
}

// othersOf is how many objects of the component are as bad as the one that the condition names.
func othersOf(held *metav1.Condition) int {
	found := andMore.FindStringSubmatch(held.Message)
	if found == nil {
		return 0
	}
	count, err := strconv.Atoi(found[1])
	if err != nil {
		return 0
	}
	return count
}

// short is a Git commit as people write it.
func short(revision string) string {
	if len(revision) == 40 && strings.Trim(revision, "0123456789abcdef") == "" {
		return revision[:7]
	}
	return revision
}
