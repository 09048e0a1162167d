package observability

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const dashboardFile = "../../config/prometheus/dashboard.json"

// A dashboard is what is of interest of one of Grafana's.
type dashboard struct {
	Panels     []panel `json:"panels"`
	Templating struct {
		List []struct {
			Name       string `json:"name"`
			Type       string `json:"type"`
			Definition string `json:"definition"`
			Query      any    `json:"query"`
		} `json:"list"`
	} `json:"templating"`
}

// A panel is a row, which may have panels of its own, or shows what its targets ask for.
type panel struct {
	ID          int      `json:"id"`
	Type        string   `json:"type"`
	Title       string   `json:"title"`
	Description string   `json:"description"`
	GridPos     position `json:"gridPos"`
	Panels      []panel  `json:"panels"`
	Targets     []struct {
		RefID        string `json:"refId"`
		Expr         string `json:"expr"`
		LegendFormat string `json:"legendFormat"`
	} `json:"targets"`
	Transformations []struct {
		Options struct {
			ExcludeByName map[string]any `json:"excludeByName"`
			IndexByName   map[string]any `json:"indexByName"`
			RenameByName  map[string]any `json:"renameByName"`
		} `json:"options"`
	} `json:"transformations"`
}

// A position is where a panel is, on a grid 24 wide.
type position struct{ X, Y, W, H int }

func readDashboard(t *testing.T) (dashboard, any) {
	t.Helper()
	text, err := os.ReadFile(dashboardFile)
	if err != nil {
		t.Fatal(err)
	}
	var typed dashboard
	var whole any
	for _, into := range []any{&typed, &whole} {
		if err := json.Unmarshal(text, into); err != nil {
			t.Fatalf("%s: %v", dashboardFile, err)
		}
	}
	return typed, whole
}

// shown are the panels that are no rows, those inside of rows included.
func shown(panels []panel) []panel {
	var all []panel
	for _, p := range panels {
		if p.Type != "row" {
			all = append(all, p)
		}
		all = append(all, shown(p.Panels)...)
	}
	return all
}

// variableUse is a variable in an expression, as in $application and ${application:regex}.
var variableUse = regexp.MustCompile(`\$(?:(\w+)|\{(\w+)(?::\w+)?\})`)

// substitute does what Grafana does before it asks, and says which variables it would not know.
func substitute(expr string, variables []string) (string, []string) {
	given := map[string]string{"__rate_interval": "5m", "__interval": "1m", "__range": "1h"}
	for _, name := range variables {
		given[name] = ".*"
	}
	var unknown []string
	return variableUse.ReplaceAllStringFunc(expr, func(use string) string {
		match := variableUse.FindStringSubmatch(use)
		value, found := given[match[1]+match[2]]
		if !found {
			unknown = append(unknown, match[1]+match[2])
		}
		return value
	}), unknown
}

// askAsGrafana is ask, for an expression of the dashboard.
func askAsGrafana(t *testing.T, known catalog, board dashboard, expr string) labelSet {
	t.Helper()
	var names []string
	for _, variable := range board.Templating.List {
		names = append(names, variable.Name)
	}
	expr, unknown := substitute(expr, names)
	if len(unknown) > 0 {
		t.Errorf("%s: there is no variable %q", expr, unknown)
		return nil
	}
	set, problems := known.ask(expr)
	for _, problem := range problems {
		t.Errorf("%s: %s", expr, problem)
	}
	return set
}

func TestPanelsAskForWhatTheOperatorExposes(t *testing.T) {
	known := exposed(t)
	board, whole := readDashboard(t)
	asked := 0
	for _, p := range shown(board.Panels) {
		t.Run(p.Title, func(t *testing.T) {
			for _, target := range p.Targets {
				asked++
				set := askAsGrafana(t, known, board, target.Expr)
				for _, label := range labelsIn(target.LegendFormat) {
					if !set.has(label) {
						t.Errorf("the legend speaks of %q, series have %s", label, set)
					}
				}
				for _, transformation := range p.Transformations {
					columns := transformation.Options
					for _, names := range []map[string]any{columns.ExcludeByName, columns.IndexByName, columns.RenameByName} {
						for column := range names {
							if !set.with("Time", "Value").has(column) {
								t.Errorf("there is no column %q, only %s", column, set)
							}
						}
					}
				}
			}
		})
	}
	if all := len(valuesOf(whole, "expr")); all != asked || all == 0 {
		t.Errorf("%d expressions were looked at, the file has %d", asked, all)
	}
}

// variableQuery is how a variable of the dashboard gets its values.
var variableQuery = regexp.MustCompile(`^label_values\((.+), (\w+)\)$`)

func TestVariablesAskForWhatTheOperatorExposes(t *testing.T) {
	known := exposed(t)
	board, _ := readDashboard(t)
	var names []string
	for _, variable := range board.Templating.List {
		names = append(names, variable.Type+" "+variable.Name)
		if variable.Type != "query" {
			continue
		}
		match := variableQuery.FindStringSubmatch(variable.Definition)
		if match == nil {
			t.Errorf("%s: %q is not label_values(SELECTOR, LABEL)", variable.Name, variable.Definition)
			continue
		}
		if set := askAsGrafana(t, known, board, match[1]); !set.has(match[2]) {
			t.Errorf("%s: there is no label %q, only %s", variable.Name, match[2], set)
		}
		if query, _ := variable.Query.(map[string]any); query["query"] != variable.Definition {
			t.Errorf("%s: the query is %v, its definition %q", variable.Name, query["query"], variable.Definition)
		}
	}
	if diff := cmp.Diff([]string{"datasource datasource", "query application", "query environment"}, names); diff != "" {
		t.Errorf("variables (-want +got):\n%s", diff)
	}
}

func TestPanelsAreExplained(t *testing.T) {
	board, _ := readDashboard(t)
	titles, ids, taken := map[string]bool{}, map[int]bool{}, map[position]string{}
	for _, p := range shown(board.Panels) {
		if p.ID == 0 || ids[p.ID] {
			t.Errorf("%s must have an id of its own", p.Title)
		}
		ids[p.ID] = true
		if p.Title == "" || p.Description == "" || titles[p.Title] {
			t.Errorf("panel %d must have a title of its own and a description: %q", p.ID, p.Title)
		}
		titles[p.Title] = true
		refs := map[string]bool{}
		for _, target := range p.Targets {
			refs[target.RefID] = true
		}
		if len(refs) == 0 || len(refs) != len(p.Targets) {
			t.Errorf("%s: %d targets with the names %v", p.Title, len(p.Targets), slices.Sorted(maps.Keys(refs)))
		}
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				field := position{X: p.GridPos.X + x, Y: p.GridPos.Y + y}
				if other, is := taken[field]; is || field.X >= 24 {
					t.Errorf("%s lies over %q, or beside the grid", p.Title, other)
				}
				taken[field] = p.Title
			}
		}
	}
}

func TestTheDashboardSuitsEveryGrafana(t *testing.T) {
	_, whole := readDashboard(t)
	for _, source := range valuesOf(whole, "datasource") {
		if diff := cmp.Diff(map[string]any{"type": "prometheus", "uid": "${datasource}"}, source); diff != "" {
			t.Errorf("a data source (-want +got):\n%s", diff)
		}
	}
}

// valuesOf are the values of a key, wherever in the document it stands.
func valuesOf(document any, key string) []any {
	var found []any
	switch document := document.(type) {
	case []any:
		for _, element := range document {
			found = append(found, valuesOf(element, key)...)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(document)) {
			if name == key {
				found = append(found, document[name])
			}
			found = append(found, valuesOf(document[name], key)...)
		}
	}
	return found
}
