package observability

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// A labelSet is the labels that series may have; nil when that is not known.
type labelSet map[string]bool

func setOf(names ...string) labelSet {
	set := labelSet{}
	for _, name := range names {
		set[name] = true
	}
	return set
}

func (s labelSet) has(label string) bool { return s == nil || s[label] }

func (s labelSet) with(names ...string) labelSet {
	if s == nil {
		return nil
	}
	set := maps.Clone(s)
	maps.Copy(set, setOf(names...))
	return set
}

func (s labelSet) without(names ...string) labelSet {
	set := maps.Clone(s)
	for _, name := range names {
		delete(set, name)
	}
	return set
}

// String is the labels in order, as in {kind, name}.
func (s labelSet) String() string {
	return "{" + strings.Join(slices.Sorted(maps.Keys(s)), ", ") + "}"
}

// A query is an expression that is being looked at.
type query struct {
	known    catalog
	problems []string
}

// ask says which labels the result of an expression may have, and what is wrong with the expression.
func (c catalog) ask(expr string) (labelSet, []string) {
	tree, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	if err != nil {
		return nil, []string{err.Error()}
	}
	q := &query{known: c}
	found := q.labels(tree)
	return found, q.problems
}

func (q *query) wrong(format string, args ...any) {
	q.problems = append(q.problems, fmt.Sprintf(format, args...))
}

// must have each of the labels, or they are of no effect there.
func (q *query) must(set labelSet, where string, names ...string) {
	for _, name := range names {
		if !set.has(name) {
			q.wrong("%s: there is no label %q, only %s", where, name, set)
		}
	}
}

func (q *query) labels(e parser.Expr) labelSet {
	switch e := e.(type) {
	case *parser.VectorSelector:
		return q.selector(e)
	case *parser.MatrixSelector:
		return q.labels(e.VectorSelector)
	case *parser.SubqueryExpr:
		return q.labels(e.Expr)
	case *parser.ParenExpr:
		return q.labels(e.Expr)
	case *parser.UnaryExpr:
		return q.labels(e.Expr)
	case *parser.AggregateExpr:
		return q.aggregate(e)
	case *parser.BinaryExpr:
		return q.binary(e)
	case *parser.Call:
		return q.call(e)
	case *parser.NumberLiteral, *parser.StringLiteral:
		return nil
	}
	q.wrong("%T is not understood: %s", e, e)
	return nil
}

// nameLabel is the label that holds the name of a metric.
const nameLabel = "__name__"

// selector: other programs expose all metrics but ours under the same names, hence the job.
func (q *query) selector(s *parser.VectorSelector) labelSet {
	of, err := q.known.series(s.Name)
	if err != nil {
		q.wrong("%v", err)
		return nil
	}
	set := setOf(of.labels...).with(ofTheScrape...)
	job := strings.HasPrefix(s.Name, "appenv_")
	for _, m := range s.LabelMatchers {
		if m.Name == nameLabel {
			continue
		}
		q.must(set, s.String(), m.Name)
		if m.Name == "job" && m.Type == labels.MatchEqual {
			job = m.Value == q.known.job
		}
	}
	if !job {
		q.wrong("%s must be asked for with job=%q", s.Name, q.known.job)
	}
	return set
}

// counting are the functions that make sense of what only grows.
var counting = []string{"rate", "irate", "increase", "resets"}

func (q *query) call(c *parser.Call) labelSet {
	set := labelSet{}
	for _, arg := range c.Args {
		if found := q.labels(arg); arg.Type() == parser.ValueTypeVector || arg.Type() == parser.ValueTypeMatrix {
			set = found
		}
	}
	switch name := c.Func.Name; {
	case slices.Contains(counting, name):
		q.mustCount(name, c.Args[0])
	case name == "histogram_quantile":
		q.must(set, name, "le")
		return set.without("le")
	case name == "absent", name == "absent_over_time":
		return labelSet{} // what it has beside depends on the form of its argument
	case name == "label_replace", name == "label_join":
		if target, literal := c.Args[1].(*parser.StringLiteral); literal {
			return set.with(target.Val)
		}
	}
	return set
}

func (q *query) mustCount(function string, arg parser.Expr) {
	matrix, ok := arg.(*parser.MatrixSelector)
	if !ok {
		return
	}
	selector, ok := matrix.VectorSelector.(*parser.VectorSelector)
	if !ok {
		return
	}
	if of, err := q.known.series(selector.Name); err == nil && of.kind != "counter" {
		q.wrong("%s of %s, which is a %s", function, selector.Name, of.kind)
	}
}

func (q *query) aggregate(a *parser.AggregateExpr) labelSet {
	inner := q.labels(a.Expr)
	if a.Param != nil {
		q.labels(a.Param)
	}
	q.must(inner, a.Op.String(), a.Grouping...)
	switch {
	case a.Op == parser.TOPK, a.Op == parser.BOTTOMK:
		return inner
	case a.Without:
		return inner.without(a.Grouping...)
	}
	return setOf(a.Grouping...)
}

func (q *query) binary(b *parser.BinaryExpr) labelSet {
	left, right := q.labels(b.LHS), q.labels(b.RHS)
	m := b.VectorMatching
	switch {
	case m == nil && b.LHS.Type() == parser.ValueTypeVector:
		return left
	case m == nil:
		return right
	}
	q.match(b, left, right)
	switch {
	case b.Op == parser.LAND, b.Op == parser.LUNLESS:
		return left
	case b.Op == parser.LOR && right == nil:
		return nil
	case b.Op == parser.LOR:
		return left.with(slices.Collect(maps.Keys(right))...)
	case m.Card == parser.CardManyToOne:
		return left.with(m.Include...)
	case m.Card == parser.CardOneToMany:
		return right.with(m.Include...)
	case m.On:
		return setOf(m.MatchingLabels...)
	}
	return left.without(m.MatchingLabels...)
}

// match looks at how the series of two sides find each other.
func (q *query) match(b *parser.BinaryExpr, left, right labelSet) {
	m, where := b.VectorMatching, b.Op.String()
	switch {
	case m.On:
		q.must(left, "left of "+where, m.MatchingLabels...)
		q.must(right, "right of "+where, m.MatchingLabels...)
	case left == nil || right == nil:
	case len(m.MatchingLabels) > 0:
		q.must(left.with(slices.Collect(maps.Keys(right))...), where, m.MatchingLabels...)
	}
	if !m.On && b.Op != parser.LOR && left != nil && right != nil {
		if l, r := left.without(m.MatchingLabels...), right.without(m.MatchingLabels...); !maps.Equal(l, r) {
			q.wrong("%s: series with %s never match those with %s", where, l, r)
		}
	}
	switch m.Card {
	case parser.CardManyToOne:
		q.must(right, "right of "+where, m.Include...)
	case parser.CardOneToMany:
		q.must(left, "left of "+where, m.Include...)
	}
}
