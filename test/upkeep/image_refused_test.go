package upkeep

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// refuse gives an order that must change nothing, and returns the message.
func refuse(t *testing.T, content string, o order) string {
	t.Helper()
	s := platform(t, content)
	before := s.environments(t)
	got, output := s.edit(t, o)
	if got.code != 1 || output != "" {
		t.Errorf("ended with %d and hands on %q:\n%s%s", got.code, output, got.stdout, got.stderr)
	}
	if diff := cmp.Diff(before, s.environments(t)); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
	if _, err := os.Stat(s.path("pwned")); err == nil {
		t.Errorf("%v was run", o)
	}
	for line := range strings.Lines(got.stdout) {
		if strings.HasPrefix(line, "::") && !strings.HasPrefix(line, "::error::") {
			t.Errorf("GitHub would take this for a command: %q", line)
		}
	}
	message, _, _ := strings.Cut(got.stdout, "\n")
	return message
}

func TestAnOrderThatIsNotUnderstoodChangesNothing(t *testing.T) {
	web := environment("  - name: web\n    images:\n    - {name: web, newTag: v1}\n")
	for name, test := range map[string]struct {
		content string // of more.yaml
		order   order
		want    string
	}{
		"an environment that is not there": {
			order: order{"hoge-none", "app1", "app1", "v2", ""}, want: "no file in environments has an AppEnvironment hoge-none",
		},
		"an app that is not there": {
			order: order{"hoge-dev", "app2", "app1", "v2", ""},
			want:  "environment hoge-dev in environments/hoge-dev.yaml has no app app2 (or twice); it has: app1 db-migration",
		},
		"neither tag nor digest":         {order: order{"hoge-dev", "app1", "app1", "", ""}, want: "give either a tag or a digest"},
		"tag and digest":                 {order: order{"hoge-dev", "app1", "app1", "v2", digest}, want: "give either a tag or a digest"},
		"nothing at all":                 {want: "environment must look like hoge-dev, and is ''"},
		"a digest that is too short":     {order: order{"hoge-dev", "app1", "app1", "", "sha256:0123"}, want: "digest must look like sha256: and 64 hexadecimal digits"},
		"a tag that is too long":         {order: order{"hoge-dev", "app1", "app1", strings.Repeat("a", 129), ""}, want: "tag must look like 3f2c1ab"},
		"an image with a tag":            {order: order{"hoge-dev", "app1", "app1:v1", "v2", ""}, want: "image must look like registry.example.com/p/app1, and is app1:v1"},
		"a file in place of a name":      {order: order{"hoge-dev.yaml", "app1", "app1", "v2", ""}, want: "environment must look like hoge-dev"},
		"an environment in two files":    {content: strings.ReplaceAll(web, "name: more ", "name: hoge-dev "), order: order{"hoge-dev", "app1", "app1", "v2", ""}, want: "more than once"},
		"an environment twice in a file": {content: web + "---\n" + web, order: order{"more", "web", "web", "v2", ""}, want: "more than once"},
		"an app twice":                   {content: environment("  - name: web\n  - name: web\n"), order: order{"more", "web", "web", "v2", ""}, want: "or twice"},
		"an image twice": {
			content: environment("  - name: web\n    images:\n    - {name: web, newTag: v1}\n    - {name: web, newTag: v2}\n"),
			order:   order{"more", "web", "web", "v3", ""}, want: "has image web twice",
		},
		"an entry with tag and digest": {
			content: environment("  - name: web\n    images:\n    - {name: web, newTag: v1, digest: " + digest + "}\n"),
			order:   order{"more", "web", "web", "v2", ""}, want: "change it by hand",
		},
		"a tag below its key": {
			content: environment("  - name: web\n    images:\n    - name: web\n      newTag:\n        v1\n"),
			order:   order{"more", "web", "web", "v2", ""}, want: "change it by hand",
		},
		"a tag that something else repeats": {
			content: environment("  - name: web\n    images:\n    - {name: web, newTag: &tag v1}\n  - name: worker\n    images:\n    - {name: worker, newTag: *tag}\n"),
			order:   order{"more", "web", "web", "v2", ""}, want: "change it by hand",
		},
		"images that another app repeats": {
			content: environment("  - name: web\n    images: &images\n    - {name: web, newTag: v1}\n  - name: worker\n    images: *images\n"),
			order:   order{"more", "web", "web", "v2", ""}, want: "change it by hand",
		},
		"images that repeat those of another app": {
			content: environment("  - name: web\n    images: &images\n    - {name: web, newTag: v1}\n  - name: worker\n    images: *images\n"),
			order:   order{"more", "worker", "web", "v2", ""}, want: "change it by hand",
		},
		"images that are null": {
			content: environment("  - name: web\n    images:\n"),
			order:   order{"more", "web", "web", "v2", ""}, want: "change it by hand",
		},
		"a file that is not YAML": {content: "a: [", order: order{"hoge-dev", "app1", "app1", "v2", ""}, want: "environments/more.yaml cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := refuse(t, test.content, test.order); !strings.HasPrefix(got, "::error::") || !strings.Contains(got, test.want) {
				t.Errorf("says %q, not %q", got, test.want)
			}
		})
	}
}

// hostile are texts that would do something if they reached a shell, yq, YAML, or GitHub's commands as they are.
var hostile = []string{
	"$(touch pwned)", "`touch pwned`", "\"; touch pwned; \"", "'; touch pwned; '", "a; touch pwned", "a || touch pwned", "${HOME}",
	"a\ntouch pwned", "a\n", "\na", "a\n::add-path::/tmp", "::warning::a", "%0A::warning::a", "-n", "--help", "../hoge-dev", "*", "[a-z]", ".", "a b", "a\tb", "\x1b[31m",
	`") | load("environments/hoge-dev.yaml`, `" | env(HOME) | "`, "strenv(HOME)", `a", newName: "b`, "a}, {name: b", "a #", "a: b", "&a", "*a", "!!int", "|", ">", "ä", strings.Repeat("a", 300),
}

func TestTextThatWouldDoSomethingIsRefused(t *testing.T) {
	good := order{"hoge-dev", "app1", "app1", "v2", ""}
	for field, set := range map[string]func(o *order, text string){
		"environment": func(o *order, text string) { o.environment = text },
		"app":         func(o *order, text string) { o.app = text },
		"image":       func(o *order, text string) { o.image = text },
		"tag":         func(o *order, text string) { o.tag = text },
		"digest":      func(o *order, text string) { o.tag, o.digest = "", text },
	} {
		t.Run(field, func(t *testing.T) {
			t.Parallel()
			for _, text := range hostile {
				o := good
				set(&o, text)
				got := refuse(t, "", o)
				if !strings.HasPrefix(got, "::error::"+field+" must look like ") {
					t.Errorf("%q: says %q", text, got)
				}
			}
		})
	}
	if text, _ := script(t, "image.yml", "image", "edit"); strings.Contains(text, "eval") {
		t.Error("the step evaluates text")
	}
}
