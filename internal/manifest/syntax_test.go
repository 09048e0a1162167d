package manifest

import (
	"slices"
	"strings"
	"testing"
)

// TestSyntaxErrorsAreShownWhereTheyWereMade: the library counts the lines of some from 0, tells of others where that began in
// which they are, and of the rest nothing.
func TestSyntaxErrorsAreShownWhereTheyWereMade(t *testing.T) {
	lines := strings.SplitAfter(`apiVersion: v1
kind: A
metadata:
  name: one
spec:
  source:
    repoURL: https://example.com
    path: k8s
  apps:
  - name: first
    tag: x
`, "\n")
	for name, test := range map[string]struct {
		line          int
		written, want string
	}{
		"a pattern without quotes":         {8, "    path: {app}/k8s", "x.yaml:10: did not find expected key; a value that begins with { must be quoted"},
		"a pattern in a list":              {11, "  - {app}/k8s", "x.yaml:13: did not find expected key; a value that begins with { must be quoted"},
		"an at sign without quotes":        {8, "    path: @k8s", "x.yaml:10: found character that cannot start any token; a value that begins with @ must be quoted"},
		"a star without quotes":            {8, "    path: */k8s", "x.yaml:10: did not find expected alphabetic or numeric character; a value that begins with * must be quoted"},
		"a bracket that stays open":        {7, "    repoURL: [https://example.com", "x.yaml:9: did not find expected ',' or ']'"},
		"a brace that stays open":          {8, "    labels: {a: b", "x.yaml:10: did not find expected ',' or '}'"},
		"a brace that stays open at last":  {11, "    labels: {a: b", "x.yaml:13: did not find expected ',' or '}'"},
		"a quote that stays open":          {10, `  - name: "first`, "x.yaml:12: found unexpected end of stream"},
		"one space too few":                {9, " apps:", "x.yaml:11: did not find expected key"},
		"one space too few, further below": {8, "   path: k8s", "x.yaml:10: did not find expected key"},
		"one space too many":               {8, "     path: k8s", "x.yaml:10: mapping values are not allowed in this context"},
		"no colon":                         {9, "  apps", "x.yaml:11: could not find expected ':'"},
		"a tab":                            {5, "\tspec:", "x.yaml:7: found a tab character that violates indentation"},
		"a control character":              {8, "    path: k\as", "x.yaml:10:12: control characters are not allowed: here is U+0007"},
		"a byte of another encoding":       {8, "    path: \u00fc\xfc", "x.yaml:10:12: byte 0xfc is no UTF-8: save the file as UTF-8"},
		"a map as a key":                   {8, "    {a: b}: k8s", "x.yaml:10:5: a key is a text, and no map and no list"},
		"null as a key":                    {8, "    ~: k8s", "x.yaml:10:5: a key is a text, and here it is null"},
		"a number that is none":            {11, "    tag: [1.5, -.inf]", "x.yaml:13:16: -.inf is a number that JSON does not have"},
		"an anchor in itself":              {11, "    tag: &a {b: *a}", "x.yaml:13:17: anchor 'a' value contains itself"},
		"an anchor that is not there":      {11, "    tag: *a", "x.yaml:13: unknown anchor 'a' referenced"},
		"text behind the end":              {11, "...\n\nkind: B", "x.yaml:15: " + errUnread.Error()},
		"an object that old Macs wrote":    {11, "    tag: x\r---\rkind: B", "x.yaml:14:1: " + errUnread.Error()},
		"an object behind one in braces":   {1, "{apiVersion: v1, kind: B}\n{x: y}\n---", "x.yaml:4: " + errUnread.Error() + "\nx.yaml:6:1: it is no Kubernetes object: it has no apiVersion"},
	} {
		t.Run(name, func(t *testing.T) {
			written := slices.Clone(lines)
			written[test.line-1] = test.written + "\n"
			_, err := Parse("x.yaml", []byte("# one before\n---\n"+strings.Join(written, "")))
			if err == nil || err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestStreamsOfJSON(t *testing.T) {
	const one, two = `{"apiVersion":"v1","kind":"A"}`, "{\"apiVersion\":\"v1\",\n\t\"kind\":\"B\"}"
	const list = `{"apiVersion":"v1","kind":"List","items":[` + one + `,1]}`
	for name, test := range map[string]struct{ in, want string }{
		"one":                              {one, "A x:1:20"},
		"several, in lines":                {one + "\n" + two + "\n\n" + one + "\n", "A x:1:20 B x:3:2 A x:5:20"},
		"several, in one line":             {" " + one + one + " " + two + one, "A x:1:21 A x:1:51 B x:2:2 A x:2:32"},
		"a list among them":                {one + " " + list, "A x:1:20 A x:1:93; x:1:105: items[1] of the List is no object"},
		"what only JSON reads":             {one + `{"apiVersion":"v1","kind":"\ud83d\ude00"}`, "A x:1:20 😀 x:1:31"},
		"a list that only JSON reads":      {`{"x":"\ud83d\ude00",` + list[1:], "A x:1:1; x:1:1: items[1] of the List is no object"},
		"null is nothing":                  {one + "null" + two, "A x:1:20 B x:2:2"},
		"no object":                        {one + "[1]" + two, "A x:1:20 B x:2:2; x:1:31: it is no Kubernetes object: an object has apiVersion, kind and metadata"},
		"garbage in the line":              {one + " garbage\n", "A x:1:20; x:1:32: it is no Kubernetes object: an object has apiVersion, kind and metadata"},
		"garbage below":                    {one + "\n}}}garbage\n", "A x:1:20; x:2: did not find expected node content"},
		"garbage behind several":           {one + two + "\n kind: C\n", "A x:1:20 B x:2:2; x:3:2: it is no JSON, as what stands before it is: invalid character 'k' looking for beginning of value"},
		"YAML behind one":                  {one + "\napiVersion: v1\nkind: C\n---\n" + two, "A x:1:20 C x:3:1 B x:6:2"},
		"documents of YAML behind several": {one + two + "\n---\n" + one, "A x:1:20 B x:2:2; x:3: a stream of JSON objects goes on with JSON, and not with ---"},
		"one that does not end":            {one + "\n" + two[:20], "A x:1:20; x:2: did not find expected node content"},
		"several in a later document":      {one + "\n---\n" + one + "\n" + two, "A x:1:20 A x:3:20; x:4: " + errUnread.Error()},
		"a key that stands twice":          {one + "\n" + `{"a": 1, "a": 2}`, `A x:1:20; x:2:10: key "a" stands twice`},
		"braces that are no JSON":          {"{apiVersion: v1, kind: C}\n", "C x:1:18"},
	} {
		t.Run(name, func(t *testing.T) {
			objects, err := Parse("x", []byte(test.in))
			var found []string
			for _, object := range objects {
				found = append(found, object.GetKind()+" "+object.At("kind").String())
			}
			got := strings.Join(found, " ")
			if err != nil {
				got += "; " + err.Error()
			}
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}
