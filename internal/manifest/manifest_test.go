package manifest

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

const stream = `# a comment
apiVersion: v1
kind: ConfigMap
metadata:
  name: one
data: {a: x, b.c/d: y}
--- # the second
apiVersion: v1
kind: ConfigMap
metadata: {name: two}
spec:
  base: &base {image: app, tag: "1"}
  apps:
  - name: first
    <<: *base
  - <<: [*base]
    name: second
  same: *base
---
# nothing here
--- {apiVersion: v1, kind: ConfigMap, metadata: {name: three}}
---
{"apiVersion": "v1", "kind": "ConfigMap",
 "metadata": {"name": "four"}}
`

func TestEveryFieldHasItsPlace(t *testing.T) {
	objects := parse(t, "x.yaml", stream)
	if len(objects) != 4 {
		t.Fatalf("got %d objects, want 4", len(objects))
	}
	for _, test := range []struct {
		object     int
		path, want string
	}{
		{0, "", "x.yaml:2:1"},
		{0, "<nil>", "x.yaml:2:1"},
		{0, "metadata.name", "x.yaml:5:3"},
		{0, "data[b.c/d]", "x.yaml:6:14"},
		{0, "data.b.c/d", "x.yaml:6:14"},
		{0, "data.missing.below", "x.yaml:6:1"},
		{1, "metadata.name", "x.yaml:10:12"},
		{1, "spec.apps[0]", "x.yaml:14:5"},
		{1, "spec.apps[0].name", "x.yaml:14:5"},
		{1, "spec.apps[0].image", "x.yaml:12:16"},
		{1, "spec.apps[1].tag", "x.yaml:12:28"},
		{1, "spec.apps[1].name", "x.yaml:17:5"},
		{1, "spec.apps[7].name", "x.yaml:13:3"},
		{1, "spec.same.tag", "x.yaml:12:28"},
		{2, "metadata.name", "x.yaml:21:50"},
		{3, "metadata.name", "x.yaml:24:15"},
	} {
		if got := objects[test.object].At(test.path).String(); got != test.want {
			t.Errorf("%s of object %d: got %s, want %s", test.path, test.object+1, got, test.want)
		}
	}
	if got := objects[1].Object["spec"].(map[string]any)["apps"].([]any)[0].(map[string]any)["image"]; got != "app" {
		t.Errorf("the merge key gave %v", got)
	}
}

func TestWhatIsMergedMayBeOverridden(t *testing.T) {
	objects := parse(t, "x", "apiVersion: v1\nkind: A\napps: [&b {name: a, tag: x}, {<<: *b, name: b}, {<<: [*b, {tag: y, more: z}]}]\n")
	apps := objects[0].Object["apps"].([]any)
	want := []any{
		map[string]any{"name": "a", "tag": "x"}, map[string]any{"name": "b", "tag": "x"}, map[string]any{"name": "a", "tag": "x", "more": "z"},
	}
	if diff := gocmp.Diff(want, apps); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestListsWhoseKeysAreOdd(t *testing.T) {
	for _, key := range []string{"*k ", "!!binary aXRlbXM=", "? items\n"} {
		in := "apiVersion: v1\nkind: List\nmetadata: {x: &k items}\n" + key + ": [{apiVersion: v1, kind: A}]\n"
		objects := parse(t, "x", in)
		if len(objects) != 1 || objects[0].GetKind() != "A" || objects[0].At("kind").Line < 1 {
			t.Errorf("%q: got %v", key, objects)
		}
	}
}

func TestListsGiveTheirItems(t *testing.T) {
	objects := parse(t, "list.yaml", `apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: one}
- apiVersion: v1
  kind: ConfigMapList
  items:
  - apiVersion: v1
    kind: ConfigMap
    metadata:
      name: two
`)
	var got []string
	for _, object := range objects {
		got = append(got, object.GetName()+" "+object.At("metadata.name").String())
	}
	if diff := gocmp.Diff([]string{"one list.yaml:6:14", "two list.yaml:13:7"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhatIsWrongIsShownWhereItIs(t *testing.T) {
	const good = "apiVersion: v1\nkind: A\n---\n"
	for name, test := range map[string]struct{ in, want string }{
		"a tab":                         {good + "a:\n\tb: c\n", "x.yaml:5: found character that cannot start any token"},
		"a key that stands twice":       {good + "apiVersion: v1\nkind: A\nkind: B\n", `x.yaml:6:1: key "kind" stands twice`},
		"a text":                        {good + "just words\n", "x.yaml:4:1: it is no Kubernetes object: an object has apiVersion, kind and metadata"},
		"no kind":                       {good + "\napiVersion: v1\n", "x.yaml:5:1: it is no Kubernetes object: it has no kind"},
		"a kind that is a number":       {good + "apiVersion: v1\nkind: 1\n", "x.yaml:4:1: it is no Kubernetes object: it has no kind"},
		"a key that stands twice below": {good + "apiVersion: v1\nkind: A\nspec: [{a: 1, a: 2}]\n", `x.yaml:6:15: key "a" stands twice`},
		"an unknown anchor":             {good + "a: *b\n", "x.yaml:4: unknown anchor 'b' referenced"},
		"an item that is no object":     {"apiVersion: v1\nkind: List\nitems:\n- 1\n", "x.yaml:4:3: items[0] of the List is no object"},
		"a brace that stays open":       {good + "a: {b: c\n", "x.yaml:4: did not find expected ',' or '}'"},
		"an anchor in itself":           {good + "a: &a [*a]\n", "x.yaml:4:8: anchor 'a' value contains itself"},
	} {
		t.Run(name, func(t *testing.T) {
			objects, err := Parse("x.yaml", []byte(test.in))
			var place *Error
			if !errors.As(err, &place) || err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
			if strings.HasPrefix(test.in, good) && len(objects) != 1 {
				t.Errorf("the good document was lost: %d objects", len(objects))
			}
		})
	}
}

func TestWhatKubectlReads(t *testing.T) {
	for name, test := range map[string]struct {
		in   string
		want any
	}{
		"yes is true, as in YAML 1.1":   {"yes", true},
		"a number is a whole one":       {"12", int64(12)},
		"a date is a text":              {"2024-01-01", "2024-01-01"},
		"a text in quotes stays a text": {`"yes"`, "yes"},
	} {
		t.Run(name, func(t *testing.T) {
			objects := parse(t, "x", "apiVersion: v1\r\nkind: A\r\nvalue: "+test.in+"\r\n---\r\n")
			if len(objects) != 1 || objects[0].Object["value"] != test.want {
				t.Errorf("got %#v", objects[0].Object)
			}
		})
	}
}

func TestFilesFoldersAndStandardInput(t *testing.T) {
	folder := t.TempDir()
	for name, content := range map[string]string{
		"b.yaml": "apiVersion: v1\nkind: B\n", "a.yml": "apiVersion: v1\nkind: A\n", "c.json": `{"apiVersion":"v1","kind":"C"}`,
		"notes.txt": "no object", "below/d.yaml": "apiVersion: v1\nkind: D\n", ".git/e.yaml": "apiVersion: v1\nkind: E\n",
	} {
		write(t, filepath.Join(folder, name), content)
	}
	for name, test := range map[string]struct {
		reader Reader
		names  []string
		want   string
	}{
		"a folder, by name":        {Reader{}, []string{folder}, "A B C"},
		"folders below it, too":    {Reader{Recursive: true}, []string{folder}, "A B D C"},
		"in the order given":       {Reader{}, []string{filepath.Join(folder, "b.yaml"), filepath.Join(folder, "a.yml")}, "B A"},
		"standard input":           {Reader{In: strings.NewReader("apiVersion: v1\nkind: X\n")}, []string{"-"}, "X"},
		"a broken file and a good": {Reader{In: strings.NewReader("a: [")}, []string{"-", filepath.Join(folder, "b.yaml")}, "B stdin:1: did not find expected node content"},
	} {
		t.Run(name, func(t *testing.T) {
			objects, err := test.reader.Read(test.names...)
			var got []string
			for _, object := range objects {
				got = append(got, object.GetKind())
			}
			if err != nil {
				got = append(got, err.Error())
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("got %q, want %q", strings.Join(got, " "), test.want)
			}
		})
	}
	empty := t.TempDir()
	if _, err := (Reader{}).Read(empty); err == nil || !strings.Contains(err.Error(), "has no file that ends in .yaml, .yml or .json") {
		t.Errorf("an empty folder: %v", err)
	}
}

func TestKustomizeFoldersPointAtTheirSources(t *testing.T) {
	folder := t.TempDir()
	write(t, filepath.Join(folder, "kustomization.yaml"), "resources: [base]\n")
	write(t, filepath.Join(folder, "base", "one.yaml"), "\n\napiVersion: v1\nkind: A\nmetadata:\n  name: one\n")
	built := "apiVersion: v1\nkind: A\nmetadata: {name: one}\n---\napiVersion: v1\nkind: A\nmetadata: {name: made}\n"
	objects, err := Reader{Build: func(string) ([]byte, error) { return []byte(built), nil }}.Read(folder)
	if err != nil || len(objects) != 2 {
		t.Fatal(objects, err)
	}
	if got, want := objects[0].At("metadata.name").String(), filepath.Join(folder, "base", "one.yaml")+":6:3"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := objects[1].At("metadata.name").String(); got != folder {
		t.Errorf("what no file has stands at %s", got)
	}
	_, err = Reader{Build: func(string) ([]byte, error) { return nil, errors.New("no such base") }}.Read(folder)
	if err == nil || err.Error() != folder+": no such base" {
		t.Errorf("got %v", err)
	}
}

func TestKustomizeFoldersBelowAFolderAreBuilt(t *testing.T) {
	folder := t.TempDir()
	for name, content := range map[string]string{
		"a.yaml": "apiVersion: v1\nkind: A\n", "dev/kustomization.yaml": "resources: [b.yaml, ../base]\ncomponents: [../extra/]\n", "dev/b.yaml": "apiVersion: v1\nkind: B\n",
		"dev/patch.yaml": "apiVersion: v1\nkind: Patch\n", "dev/base/kustomization.yaml": "resources: [d.yaml]\n", "qa/c.yaml": "apiVersion: v1\nkind: C\n",
		".hidden/kustomization.yaml": "", "base/kustomization.yaml": "", "extra/kustomization.yaml": "", "unused/kustomization.yaml": "kind: Component\n",
	} {
		write(t, filepath.Join(folder, name), content)
	}
	var built []string
	build := func(folder string) ([]byte, error) {
		built = append(built, filepath.Base(folder))
		return []byte("apiVersion: v1\nkind: B\n"), nil
	}
	objects, err := Reader{Recursive: true, Build: build}.Read(folder)
	var got []string
	for _, object := range objects {
		got = append(got, object.GetKind())
	}
	if diff := gocmp.Diff([]string{"A", "B", "C"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if diff := gocmp.Diff([]string{"dev"}, built); diff != "" {
		t.Errorf("built (-want +got):\n%s", diff)
	}
	if got, want := objects[1].At("kind").String(), filepath.Join(folder, "dev", "b.yaml")+":2:1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func FuzzParseNeverPanics(f *testing.F) {
	f.Add(stream, "spec.apps[0].image")
	f.Add("a: &a {<<: *a}", "a.b")
	f.Add(`{"apiVersion":"v1","kind":"A"}{"a":1} }`, "kind")
	f.Add("a: b\n...\n c: {d}e", "a")
	f.Add("apiVersion: v1\nkind: List\nitems: {a: b}", "items[0]")
	f.Fuzz(func(t *testing.T, data, path string) {
		objects, err := Parse("x", []byte(data))
		for _, object := range objects {
			if p := object.At(path); p.Line < 1 {
				t.Errorf("%q stands at %v", path, p)
			}
		}
		unreadable, other := Failures(err)
		if other != nil {
			t.Errorf("%v has no place", other)
		}
		for _, failure := range unreadable {
			if failure.Line < 1 {
				t.Errorf("%v has no line", failure)
			}
		}
	})
}

func parse(t *testing.T, name, data string) []Object {
	t.Helper()
	objects, err := Parse(name, []byte(data))
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
