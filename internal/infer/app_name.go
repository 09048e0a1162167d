package infer

import (
	"fmt"
	"slices"
	"strings"
)

// preferred are the keys of elements that name an app by custom, the likeliest first.
var preferred = []string{"name", "app", "component", "service"}

// findApps names the apps, and says what stands before and after their names in those of their Applications: by the key
// of the ApplicationSet's elements that does that best, or else by what the names of the Applications have in common.
func (m *importer) findApps() (before, after string, err error) {
	best, length := []string(nil), 0
	for _, key := range m.keys() {
		names := make([]string, len(m.apps))
		total := 0
		for i, app := range m.apps {
			names[i], _ = app.element[key].(string)
			total += len(names[i])
		}
		around, ok := m.around(names)
		if ok && (best == nil || total < length && !contains(preferred, key)) {
			best, length = names, total
			before, after = around[0], around[1]
			if contains(preferred, key) {
				break
			}
		}
	}
	if best == nil {
		before, after = m.common()
		for _, app := range m.apps {
			name := app.object.GetName()
			best = append(best, name[len(before):len(name)-len(after)])
		}
	}
	for i, name := range best {
		if !isLabel(name) {
			return "", "", fmt.Errorf("the name of Application %s does not tell which app it is: %q is no name that an app may have", m.apps[i].object.GetName(), name)
		}
		m.apps[i].app = name
	}
	return before, after, nil
}

// keys are the keys of the elements, the preferred ones first.
func (m *importer) keys() []string {
	keys := slices.Clone(preferred)
	for _, app := range m.apps {
		for _, key := range sortedKeys(app.element) {
			if !contains(keys, key) {
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// around is what stands before and after names in those of the Applications. ok is false when it is not the same
// everywhere.
func (m *importer) around(names []string) (around [2]string, ok bool) {
	distinct := slices.Clone(names)
	slices.Sort(distinct)
	if len(slices.Compact(distinct)) < len(names) || slices.ContainsFunc(names, func(name string) bool { return !isLabel(name) }) {
		return around, false
	}
	first := m.apps[0].object.GetName()
	for at := range first {
		if !strings.HasPrefix(first[at:], names[0]) {
			continue
		}
		before, after := first[:at], first[at+len(names[0]):]
		same := true
		for i, app := range m.apps {
			same = same && app.object.GetName() == before+names[i]+after
		}
		if same {
			return [2]string{before, after}, true
		}
	}
	return around, false
}

// common is what the names of the Applications have in common, in whole words. Of a single one it is the environment
// and what the environment is called.
func (m *importer) common() (before, after string) {
	first := m.apps[0].object.GetName()
	if len(m.apps) == 1 {
		if name, found := strings.CutSuffix(first, "-"+m.env.Spec.Environment); found && name != "" {
			after, first = "-"+m.env.Spec.Environment, name
		}
		if prefix := m.withoutEnvironment() + "-"; strings.HasPrefix(first, prefix) && first != prefix {
			before = prefix
		}
		return before, after
	}
	words := strings.Split(first, "-")
	shortest := len(words)
	same := func(at func([]string, int) string) int {
		n := len(words)
		for _, app := range m.apps {
			others := strings.Split(app.object.GetName(), "-")
			shortest = min(shortest, len(others))
			for i := range n {
				if i >= len(others) || at(others, i) != at(words, i) {
					n = i
					break
				}
			}
		}
		return n
	}
	front := min(same(func(words []string, i int) string { return words[i] }), shortest-1)
	back := min(same(func(words []string, i int) string { return words[len(words)-1-i] }), shortest-1-front)
	if front > 0 {
		before = strings.Join(words[:front], "-") + "-"
	}
	if back > 0 {
		after = "-" + strings.Join(words[len(words)-back:], "-")
	}
	return before, after
}
