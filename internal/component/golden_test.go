package component

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/foreign/argocd"
	"github.com/appenv/appenv-operator/test/golden"
)

// caseInput is testdata/<component>/<case>/input.yaml. The AppEnvironment is the
// example of testdata/example.yaml, changed by env as by a JSON merge patch.
type caseInput struct {
	Env          map[string]any    `json:"env"`
	Settings     map[string]any    `json:"settings"`
	Admitted     *[]string         `json:"admitted"` // every app when unset
	Withheld     map[string]string `json:"withheld"` // namespace to reason
	Adopted      map[string]string `json:"adopted"`  // namespace to the level kept on it
	Applications []map[string]any  `json:"applications"`
	LiveProject  *argocd.Project   `json:"liveProject"`
	LiveElements []argocd.Element  `json:"liveElements"`
	TakenRecords map[string]string `json:"takenRecords"` // DNS name to its holder

	KeptElements   []argocd.Element `json:"keptElements"`
	KeptNamespaces []string         `json:"keptNamespaces"`

	LiveDomains map[string][]string      `json:"liveDomains"` // namespace/name to domains
	LiveSecrets map[string]WrittenSecret `json:"liveSecrets"` // namespace/name to what is written
}

// liveCase is an entry of live.yaml: situations of one object, each a merge patch on base.
type liveCase struct {
	Base       map[string]any  `json:"base"`
	Situations []liveSituation `json:"situations"`
}

type liveSituation struct {
	Name   string         `json:"situation"`
	Absent bool           `json:"absent"`
	Patch  map[string]any `json:"patch"`
	Cause  string         `json:"cause"` // from an Event
}

// judged is an entry of health.yaml.
type judged struct {
	Situation   string                      `json:"situation"`
	Object      string                      `json:"object"`
	State       string                      `json:"state"`
	Reason      string                      `json:"reason,omitempty"`
	Message     string                      `json:"message,omitempty"`
	App         *v1alpha1.AppStatus         `json:"app,omitempty"`
	Secret      *v1alpha1.SecretStatus      `json:"secret,omitempty"`
	Certificate *v1alpha1.CertificateStatus `json:"certificate,omitempty"`
}

var stateNames = map[State]string{OK: "OK", Progressing: "Progressing", Failing: "Failing", Stalled: "Stalled"}

func TestComponentsWantWhatTheirGoldenFilesSay(t *testing.T) {
	forEachCase(t, func(t *testing.T, c Component, dir string, in Input) {
		objects, err := c.Intent(in)
		golden.Check(t, filepath.Join(dir, "want.yaml"), renderIntent(t, objects, err))
	})
}

func TestTeardownProjectsAreWhatTheirGoldenFilesSay(t *testing.T) {
	forEachCase(t, func(t *testing.T, c Component, dir string, in Input) {
		if len(in.Applications) == 0 {
			return
		}
		u, err := TeardownProject(in)
		golden.Check(t, filepath.Join(dir, "teardown.yaml"), renderIntent(t, []*unstructured.Unstructured{u}, err))
	})
}

func TestComponentsJudgeWhatTheirGoldenFilesSay(t *testing.T) {
	forEachCase(t, func(t *testing.T, c Component, dir string, in Input) {
		var all []judged
		for _, live := range readLive(t, dir) {
			for _, situation := range live.Situations {
				all = append(all, situation.judge(t, c, in, live.Base))
			}
		}
		if all != nil {
			golden.Check(t, filepath.Join(dir, "health.yaml"), toYAML(t, all))
		}
	})
}

func (s liveSituation) judge(t *testing.T, c Component, in Input, base map[string]any) judged {
	t.Helper()
	key, object := s.object(t, base)
	in.Causes = nil
	if s.Cause != "" {
		in.Causes = map[Key]string{key: s.Cause}
	}
	health := c.Health(in, key, object)
	return judged{
		Situation: s.Name, Object: key.String(), State: stateNames[health.State],
		Reason: health.Reason, Message: health.Message,
		App: health.App, Secret: health.Secret, Certificate: health.Certificate,
	}
}

// object is the situation's object and key. An absent object is nil.
func (s liveSituation) object(t *testing.T, base map[string]any) (Key, *unstructured.Unstructured) {
	t.Helper()
	object := &unstructured.Unstructured{Object: golden.Merged(t, base, s.Patch)}
	key := KeyOf(object)
	if s.Absent {
		return key, nil
	}
	return key, object
}

// forEachCase runs f for every case of every component.
func forEachCase(t *testing.T, f func(t *testing.T, c Component, dir string, in Input)) {
	t.Helper()
	for _, c := range All {
		for _, dir := range caseDirs(t, c) {
			t.Run(c.Name+"/"+filepath.Base(dir), func(t *testing.T) {
				f(t, c, dir, readInput(t, filepath.Join(dir, "input.yaml")))
			})
		}
	}
}

func caseDirs(t *testing.T, c Component) []string {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join("testdata", c.Name, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return dirs
}

func readInput(t *testing.T, path string) Input {
	t.Helper()
	var given caseInput
	golden.ReadYAML(t, path, &given)
	var example map[string]any
	golden.ReadYAML(t, filepath.Join("testdata", "example.yaml"), &example)
	env := &v1alpha1.AppEnvironment{}
	convert(t, golden.Merged(t, example, given.Env), env)
	in := Input{
		Env: env,
		Settings: Settings{
			ArgoCDNamespace:           "argocd",
			CloudflareProxiedProperty: "external-dns.alpha.kubernetes.io/cloudflare-proxied",
		},
		Withheld:     map[string]Health{},
		Adopted:      given.Adopted,
		LiveProject:  given.LiveProject,
		LiveElements: map[string]argocd.Element{},
		LiveDomains:  map[Key][]string{},
		LiveSecrets:  map[Key]WrittenSecret{},
		TakenRecords: given.TakenRecords,

		KeptElements:   given.KeptElements,
		KeptNamespaces: given.KeptNamespaces,
	}
	convert(t, given.Settings, &in.Settings)
	given.fillFacts(t, &in)
	return in
}

func (given caseInput) fillFacts(t *testing.T, in *Input) {
	t.Helper()
	if given.Admitted != nil {
		in.Admitted = *given.Admitted
	} else {
		for _, app := range in.Env.Spec.Apps {
			in.Admitted = append(in.Admitted, app.Name)
		}
	}
	for namespace, reason := range given.Withheld {
		in.Withheld[namespace] = Health{State: Stalled, Reason: reason, Message: "belongs to somebody else"}
	}
	for _, application := range given.Applications {
		app, err := argocd.DecodeApplication(&unstructured.Unstructured{Object: application})
		if err != nil {
			t.Fatal(err)
		}
		in.Applications = append(in.Applications, app)
	}
	for _, element := range given.LiveElements {
		in.LiveElements[element[argocd.ElementName]] = element
	}
	for name, domains := range given.LiveDomains {
		namespace, name, _ := strings.Cut(name, "/")
		in.LiveDomains[Key{Group: managedCertificateKind.Group, Kind: managedCertificateKind.Kind, Namespace: namespace, Name: name}] = domains
	}
	for name, secret := range given.LiveSecrets {
		namespace, name, _ := strings.Cut(name, "/")
		in.LiveSecrets[Key{Group: esoGroup, Kind: externalSecretKind.Kind, Namespace: namespace, Name: name}] = secret
	}
}

// readLive reads live.yaml, where the case has one.
func readLive(t *testing.T, dir string) []liveCase {
	t.Helper()
	path := filepath.Join(dir, "live.yaml")
	if _, err := os.Stat(path); os.IsNotExist(err) {
		return nil
	}
	var live []liveCase
	golden.ReadYAML(t, path, &live)
	return live
}

func renderIntent(t *testing.T, objects []*unstructured.Unstructured, err error) []byte {
	t.Helper()
	if err != nil {
		return toYAML(t, map[string]any{"error": err.Error()})
	}
	var out bytes.Buffer
	for i, object := range objects {
		if i > 0 {
			out.WriteString("---\n")
		}
		out.Write(toYAML(t, object.Object))
	}
	return out.Bytes()
}

// convert reads plain values into a typed one and fails on unknown fields.
func convert(t *testing.T, from, into any) {
	t.Helper()
	data, err := json.Marshal(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(data, into); err != nil {
		t.Fatal(err)
	}
}

func toYAML(t *testing.T, value any) []byte {
	t.Helper()
	data, err := yaml.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
