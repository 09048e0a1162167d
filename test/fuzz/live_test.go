package fuzz

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/foreign/argocd"
	"github.com/appenv/appenv-operator/internal/status"
)

// maxMessage is what a message about an object has at most, in bytes.
const maxMessage = 256

// smallest is an environment whose spec is quickly checked, for a status.
const smallest = `{"apiVersion":"platform.appenv.dev/v1alpha1","kind":"AppEnvironment","metadata":{"name":"a"},"spec":{"application":"a",` +
	`"environment":"b","namespaces":[{"name":"c"}],"source":{"repoURL":"https://example.com/a","targetRevision":"b","path":"c"},"apps":[{"name":"d"}]}}`

// A liveCase is an object of a golden live.yaml, in one of its situations, and the environment that it belongs to.
type liveCase struct {
	judge component.Component
	env   map[string]any
	live  map[string]any
}

// FuzzBrokenLiveObjectsAreJudged: whatever stands in a live object and in the Events about it, it is judged, in
// words that fit, and the API server takes the status that comes of it.
func FuzzBrokenLiveObjectsAreJudged(f *testing.F) {
	crd := environments(f)
	cases := liveCases(f)
	for i := range cases {
		f.Add(uint16(i), []byte{byte(i & 0xff), byte(7 * i & 0xff), byte(i / 3 & 0xff), byte(i * i & 0xff)}, adversarial[i%len(adversarial)])
		f.Add(uint16(i), []byte{}, "")
	}
	f.Fuzz(func(t *testing.T, number uint16, choices []byte, text string) {
		text = strings.ToValidUTF8(text, "\ufffd") // as it is read from JSON
		given := cases[int(number)%len(cases)]
		in, err := inputOf(given.env)
		if err != nil {
			t.Fatal(err)
		}
		key := component.KeyOf(&unstructured.Unstructured{Object: given.live})
		c := tape(choices)
		live := &unstructured.Unstructured{Object: brokenCopy(&c, given.live, text)}
		if cause := causeOf(&c, text); cause != "" {
			in.Causes = map[component.Key]string{key: cause}
		}
		health := judged(t, given.judge, in, key, live)
		lookAtEverything(in, live)
		checkStatus(t, crd, in, status.Finding{Component: given.judge.Name, Key: key, Health: health})
	})
}

// judged is the verdict on the object, and on what is left of it in a cache.
func judged(t *testing.T, judge component.Component, in component.Input, key component.Key, live *unstructured.Unstructured) component.Health {
	t.Helper()
	before := live.DeepCopy()
	health := judge.Health(in, key, live)
	if diff := cmp.Diff(before, live); diff != "" {
		t.Errorf("the live object was changed (-before +after):\n%s", diff)
	}
	if len(health.Message) > maxMessage || !utf8.ValidString(health.Message) {
		t.Errorf("the message has %d bytes: %q", len(health.Message), health.Message)
	}
	if health.State != component.OK && (health.Reason == "" || health.Message == "") {
		t.Errorf("it is not well, without a reason or a message: %+v", health)
	}
	if key.Kind == "Application" {
		trimmed := live.DeepCopy()
		argocd.TrimApplication(trimmed)
		if diff := cmp.Diff(health, judge.Health(in, key, trimmed)); diff != "" {
			t.Errorf("the trimmed object is judged otherwise (-whole +trimmed):\n%s", diff)
		}
	}
	return health
}

// lookAtEverything calls what else reads live objects.
func lookAtEverything(in component.Input, live *unstructured.Unstructured) {
	component.HeldBy(live)
	component.MissesProject(in, live)
	component.AdoptProject(live, nil)
	in.LiveElements = argocd.Elements(live)
	if project, err := argocd.DecodeProject(live); err == nil {
		in.LiveProject = &project
	}
	if app, err := argocd.DecodeApplication(live); err == nil {
		in.Applications = []argocd.Application{app}
		component.IsOfWorkload(app, "ReplicaSet", "web-1")
	}
	component.AdoptSet(in, live, in.Applications, false)
	component.ShrinksProject(in)
	component.SecretsSynced(in, map[component.Key]*unstructured.Unstructured{component.KeyOf(live): live})
	_, _ = built(in)
}

// checkStatus holds the status that a verdict amounts to to the CRD, and to itself: told the same again, it stays.
func checkStatus(t *testing.T, crd kind, in component.Input, finding status.Finding) {
	t.Helper()
	report := status.Report{Env: in.Env, Findings: []status.Finding{finding}, Admitted: in.Admitted, Now: time.Unix(1800000000, 0)}
	for range 2 {
		data, err := json.Marshal(status.Compute(report))
		if err != nil {
			t.Fatal(err)
		}
		env := mergedJSON(t, []byte(smallest), []byte(`{"status":`+string(data)+`}`))
		if err := crd.accept(env); err != nil {
			t.Fatalf("the API server refuses the status: %v", err)
		}
		stored := v1alpha1.AppEnvironmentStatus{}
		if err := json.Unmarshal(data, &stored); err != nil {
			t.Fatal(err)
		}
		if len(in.Env.Status.Conditions) > 0 {
			if diff := cmp.Diff(in.Env.Status, stored); diff != "" {
				t.Errorf("the status changes although nothing happened (-before +after):\n%s", diff)
			}
		}
		in.Env.Status = stored
	}
}

// causeOf is the text of an Event: as it is, or where Argo CD, External Secrets and Kubernetes put it.
func causeOf(c *tape, text string) string {
	forms := [][2]string{
		{"", ""},
		{"", text},
		{"error processing spec.data[0] (key: x), err: ", text},
		{"error processing spec.dataFrom[99999999999999999999].extract, err: ", text},
		{`Error creating: pods "web-1" is forbidden: exceeded quota: hoge-dev, requested: pods=1, used: pods=50, limited: `, text},
		{`Error creating: pods "web-1" is forbidden: exceeded quota: ` + text, ", requested: a=1, used: a=1, limited: a=1"},
	}
	form := forms[c.below(len(forms))]
	return form[0] + form[1]
}

// liveCases are those of the golden files.
func liveCases(t testing.TB) []liveCase {
	t.Helper()
	example := readJSON(t, filepath.Join(goldenFolder, "example.yaml"))
	var all []liveCase
	for _, judge := range component.All {
		files, err := filepath.Glob(filepath.Join(goldenFolder, judge.Name, "*", "live.yaml"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no live.yaml of %s: %v", judge.Name, err)
		}
		for _, file := range files {
			var input struct {
				Env json.RawMessage `json:"env"`
			}
			var bases []struct {
				Base       json.RawMessage `json:"base"`
				Situations []struct {
					Patch json.RawMessage `json:"patch"`
				} `json:"situations"`
			}
			read(t, readJSON(t, filepath.Join(filepath.Dir(file), "input.yaml")), &input)
			read(t, readJSON(t, file), &bases)
			env := mergedJSON(t, example, input.Env)
			for _, base := range bases {
				for _, situation := range base.Situations {
					all = append(all, liveCase{judge, env, mergedJSON(t, base.Base, situation.Patch)})
				}
			}
		}
	}
	return all
}

func read(t testing.TB, data []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

func mergedJSON(t testing.TB, base, patch []byte) map[string]any {
	t.Helper()
	if len(patch) > 0 {
		var err error
		if base, err = jsonpatch.MergePatch(base, patch); err != nil {
			t.Fatal(err)
		}
	}
	object := map[string]any{}
	if err := utiljson.Unmarshal(base, &object); err != nil {
		t.Fatal(err)
	}
	return object
}
