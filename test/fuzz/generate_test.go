package fuzz

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apimachinery/pkg/runtime"
)

// maxChanges is how often a spec is changed at most: each change may be one too many.
const maxChanges = 8

// A tape is the fuzzer's bytes, read as choices. At its end it always makes the first one.
type tape []byte

func (t *tape) below(n int) int {
	if len(*t) == 0 || n < 2 {
		return 0
	}
	choice := int((*t)[0])
	*t = (*t)[1:]
	if n > 256 && len(*t) > 0 {
		choice = choice<<8 | int((*t)[0])
		*t = (*t)[1:]
	}
	return choice % n
}

// A generator makes AppEnvironments that look like accepted ones: it starts with one and changes it along the
// schema, so that a field that the schema gets is changed from then on.
type generator struct {
	schema *schema.Structural
	seeds  []map[string]any
	// pool are the values that the seeds have at a place of the schema.
	pool map[string][]any
}

func newGenerator(root *schema.Structural, seeds []map[string]any) *generator {
	g := &generator{schema: root, seeds: seeds, pool: map[string][]any{}}
	for _, seed := range seeds {
		g.collect("spec", seed["spec"])
	}
	return g
}

func (g *generator) collect(path string, value any) {
	g.pool[path] = append(g.pool[path], value)
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			g.collect(path+"."+key, value[key])
		}
	case []any:
		for _, item := range value {
			g.collect(path+"[]", item)
		}
	}
}

// environment is the one that a tape and a text amount to.
func (g *generator) environment(choices []byte, text string) map[string]any {
	t := tape(choices)
	env := runtime.DeepCopyJSON(g.seeds[t.below(len(g.seeds))])
	spec := g.schema.Properties["spec"]
	c := change{g, &t, text}
	for i := 0; i < maxChanges && len(t) > 0; i++ {
		env["spec"] = c.at("spec", &spec, env["spec"])
	}
	if t.below(8) == 1 {
		env["metadata"].(map[string]any)["name"] = c.spliced("hoge-dev")
	}
	return env
}

// A change is made to one place of a spec.
type change struct {
	*generator
	*tape
	text string
}

// at changes something at or below a place of the schema.
func (c change) at(path string, node *schema.Structural, value any) any {
	switch {
	case node == nil:
		return value
	case len(node.Properties) > 0:
		return c.object(path, node, value)
	case node.AdditionalProperties != nil && node.AdditionalProperties.Structural != nil:
		return c.entries(path, node.AdditionalProperties.Structural, value)
	case node.Items != nil:
		return c.list(path, node.Items, value)
	}
	return c.leaf(path, node, value)
}

func (c change) object(path string, node *schema.Structural, value any) any {
	fields, ok := value.(map[string]any)
	if !ok {
		return c.pooled(path, map[string]any{})
	}
	name := slices.Sorted(maps.Keys(node.Properties))[c.below(len(node.Properties))]
	property, below := node.Properties[name], path+"."+name
	old, there := fields[name]
	switch choice := c.below(16); {
	case choice == 15 && there && (node.ValueValidation == nil || !slices.Contains(node.ValueValidation.Required, name) || c.below(8) == 7):
		delete(fields, name)
	case choice >= 13 || !there && choice >= 4:
		fields[name] = c.pooled(below, old)
	default:
		fields[name] = c.at(below, &property, old)
	}
	if fields[name] == nil {
		delete(fields, name)
	}
	return fields
}

// entries changes a map of which the user chooses the keys.
func (c change) entries(path string, node *schema.Structural, value any) any {
	entries, ok := value.(map[string]any)
	if !ok {
		return c.pooled(path, map[string]any{})
	}
	keys := slices.Sorted(maps.Keys(entries))
	switch choice := c.below(4); {
	case choice == 0 || len(keys) == 0:
		entries[c.spliced("key")] = c.leaf(path+".key", node, "value")
	case choice == 1:
		delete(entries, keys[c.below(len(keys))])
	default:
		key := keys[c.below(len(keys))]
		entries[key] = c.at(path+"."+key, node, entries[key])
	}
	return entries
}

func (c change) list(path string, node *schema.Structural, value any) any {
	items, _ := value.([]any)
	switch choice := c.below(8); {
	case choice == 0 || len(items) == 0:
		return append(items, c.another(path+"[]", node, items))
	case choice == 1:
		i := c.below(len(items))
		return slices.Delete(items, i, i+1)
	case choice == 2:
		return append(items, runtime.DeepCopyJSONValue(items[c.below(len(items))]))
	default:
		i := c.below(len(items))
		items[i] = c.at(path+"[]", node, items[i])
	}
	return items
}

// another is an item that may be added to a list: one that a seed has there, mostly with another key.
func (c change) another(path string, node *schema.Structural, items []any) any {
	added := c.pooled(path, map[string]any{})
	fields, ok := added.(map[string]any)
	name, named := fields["name"].(string)
	if !ok || !named || c.below(8) == 7 {
		return c.at(path, node, added)
	}
	fields["name"] = string(rune('a'+len(items)%26)) + name
	return fields
}

// leaf is another value of a place without anything below it.
func (c change) leaf(path string, node *schema.Structural, value any) any {
	if node.ValueValidation != nil && len(node.ValueValidation.Enum) > 0 && c.below(32) < 31 {
		return node.ValueValidation.Enum[c.below(len(node.ValueValidation.Enum))].Object
	}
	if c.below(32) == 31 {
		return []any{nil, map[string]any{}, []any{}, true, int64(-1), 1.5, "junk"}[c.below(7)]
	}
	switch {
	case node.Type == "boolean":
		return c.below(2) == 0
	case node.Type == "integer", node.XIntOrString && c.below(2) == 0:
		return []int64{1, 0, -1, 5, 300, 1000, 604800, 1 << 31, 1 << 62, -1 << 63}[c.below(10)]
	case node.XIntOrString:
		return []any{"500m", "1", "16Gi", "0", "1000m", "0.5", "1e3", "9999999999999999999Ei", "-1", c.text}[c.below(10)]
	}
	old, _ := value.(string)
	if c.below(4) == 0 {
		if pooled, ok := c.pooled(path, old).(string); ok {
			old = pooled
		}
	}
	if limit := node.ValueValidation; limit != nil && limit.MaxLength != nil && c.below(16) == 15 {
		return strings.Repeat("a", int(*limit.MaxLength)+c.below(2))
	}
	return c.spliced(old)
}

// spliced is a string with the text in it, or in its place.
func (c change) spliced(old string) string {
	switch c.below(6) {
	case 0:
		return c.text
	case 1:
		return old + c.text
	case 2:
		return c.text + old
	case 3:
		runes := []rune(old)
		i := c.below(len(runes) + 1)
		return string(runes[:i]) + c.text + string(runes[i:])
	case 4:
		return adversarial[c.below(len(adversarial))]
	}
	return old
}

// pooled is a value that a seed has there.
func (c change) pooled(path string, fallback any) any {
	pool := c.pool[path]
	if len(pool) == 0 {
		return fallback
	}
	return runtime.DeepCopyJSONValue(pool[c.below(len(pool))])
}

// adversarial are strings that mean something to whoever gets them next.
var adversarial = []string{
	"{{.name}}", "{{ .Values }}", `{{ "{{" }}`, "}}", "{app}", "{application}-{app}-{environment}", "{ app }", "${HOME}", "$(id)", "`id`", "; rm -rf /",
	"a\nb", "a\r\n- b", "\x00", "\t", " ", "", "a b", "\u202e", "\ufeff", "\u2028", "é", "日本", "\U0001f600", "\xff", "a\u0301",
	"- a", "key: value", "#", "&a", "*a", "*", "!!int 1", "null", "true", "1", "1e3", "0x10", "~", "---", `"`, "'", `\`, `\n`, "%s%n", "%2e%2e", "%",
	"p, proj:x:y, *, *, *, allow", "g, a, b", ",", "a,b", "system:masters", "proj:x:admin", "role:admin", "=", "a=b:c", "a@sha256:0",
	"0 22 * * *", "* * * * * *", "@hourly", "@every 1s", "TZ=UTC * * * * *", "*/0 * * * *", "0-59/1 0 31 2 *", "8h", "1h1h", "0s", "-1h", "Local", "UTC", "../etc", "..", ".", "/", "//", "a/../b", "a/b",
	"kubernetes.io/a", "x.kubernetes.io/a", "argocd.argoproj.io/a", "platform.appenv.dev/adopt-by", "example.com/a", "default", "kube-system", "A.example.com", "*.example.com", "_a.example.com", "a..b", "-a", "a-", "xn--bcher-kva.example", "a.example.com.",
	"203.0.113.10", "::ffff:10.0.0.1", "fe80::1%eth0", "10.0.0.0/8", "0.0.0.0/0", "http://169.254.169.254/", "git@example.com:a/b", "file:///etc/passwd", "https://a:b@example.com/x", "ssh://git@example.com/x", "HEAD", "refs/heads/main", "--upload-pack=x", "v1.2.3",
}
