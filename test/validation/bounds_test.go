package validation

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// mayBeEmpty are the strings for which empty has a meaning.
var mayBeEmpty = []string{
	"spec.labels.key", "spec.namespaces[0].labels.key", "spec.namespaces[0].annotations.key",
	"spec.clusterResources[0].group",
}

// TestEveryFieldIsBounded keeps the rules' cost finite and a field from being set to nothing.
func TestEveryFieldIsBounded(t *testing.T) {
	walk(specSchema(t), "", func(path string, node *apiextensionsv1.JSONSchemaProps) {
		switch {
		case node.XIntOrString:
			if node.MaxLength == nil {
				t.Errorf("%s has no maxLength", path)
			}
		case node.Type == "string" && len(node.Enum) == 0:
			if node.MaxLength == nil {
				t.Errorf("%s has no maxLength", path)
			}
			if node.MinLength == nil && !slices.Contains(mayBeEmpty, path) {
				t.Errorf("%s has no minLength", path)
			}
		case node.Type == "array" && node.MaxItems == nil:
			t.Errorf("%s has no maxItems", path)
		case node.AdditionalProperties != nil && node.MaxProperties == nil:
			t.Errorf("%s has no maxProperties", path)
		case node.Type == "integer" && (node.Minimum == nil || node.Maximum == nil):
			t.Errorf("%s has no minimum or no maximum", path)
		case node.Type == "object" && node.XPreserveUnknownFields != nil:
			t.Errorf("%s takes unknown fields", path)
		}
	})
}

// A probe is a value beyond one bound, the value at the bound, and the refusal's words.
type probe struct {
	bound          string
	inside, beyond any
	finding        string
}

// TestEveryBoundIsEnforced tries each bound of the schema from both sides.
func TestEveryBoundIsEnforced(t *testing.T) {
	walk(specSchema(t), "", func(path string, node *apiextensionsv1.JSONSchemaProps) {
		for _, p := range probes(node) {
			t.Run(path+" "+p.bound, func(t *testing.T) {
				if found := findings(t, path, p.beyond, p.finding); len(found) == 0 {
					t.Errorf("a value beyond it should be refused with %q", p.finding)
				}
				if found := findings(t, path, p.inside, p.finding); len(found) > 0 {
					t.Errorf("a value at it should not be refused, but: %v", found)
				}
			})
		}
	})
}

func probes(node *apiextensionsv1.JSONSchemaProps) []probe {
	var all []probe
	add := func(bound string, inside, beyond any, finding string) {
		all = append(all, probe{bound, inside, beyond, finding})
	}
	if n := node.MaxLength; n != nil {
		add("maxLength", strings.Repeat("1", int(*n)), strings.Repeat("1", int(*n)+1), fmt.Sprintf("may not be more than %d", *n))
	}
	if n := node.MinLength; n != nil {
		add("minLength", strings.Repeat("a", int(*n)), strings.Repeat("a", int(*n)-1), fmt.Sprintf("should be at least %d chars long", *n))
	}
	if n := node.MaxItems; n != nil {
		add("maxItems", entries(node, *n), entries(node, *n+1), fmt.Sprintf("must have at most %d items", *n))
	}
	if n := node.MinItems; n != nil {
		add("minItems", entries(node, *n), entries(node, *n-1), fmt.Sprintf("should have at least %d items", *n))
	}
	if n := node.MaxProperties; n != nil {
		add("maxProperties", properties(*n), properties(*n+1), fmt.Sprintf("must have at most %d items", *n))
	}
	if n := node.Minimum; n != nil {
		add("minimum", int64(*n), int64(*n)-1, fmt.Sprintf("should be greater than or equal to %d", int64(*n)))
	}
	if n := node.Maximum; n != nil {
		add("maximum", int64(*n), int64(*n)+1, fmt.Sprintf("should be less than or equal to %d", int64(*n)))
	}
	for _, value := range node.Enum {
		known := strings.Trim(string(value.Raw), `"`)
		add("enum "+known, known, known+"x", "supported values")
	}
	return all
}

// entries are n different entries of a list.
func entries(node *apiextensionsv1.JSONSchemaProps, n int64) []any {
	if node.Items.Schema.Type == "string" {
		return times(int(n), `a%d`)
	}
	keys := node.XListMapKeys
	if len(keys) == 0 {
		return times(int(n), `{x: a%d}`)
	}
	return times(int(n), "{"+strings.Join(keys, ": a%[1]d, ")+": a%[1]d}")
}

func properties(n int64) map[string]any {
	made := map[string]any{}
	for i := range n {
		made[fmt.Sprintf("a%d", i)] = "1"
	}
	return made
}

// findings are what the server says about the field at path once it holds value.
// Other findings are expected: what stands beside the field may be missing.
func findings(t *testing.T, path string, value any, words string) []metav1.StatusCause {
	t.Helper()
	found := causes(lenient(t.Context(), example(t, set(path, value))))
	return slices.DeleteFunc(found, func(cause metav1.StatusCause) bool {
		return !strings.Contains(strings.ToLower(cause.Message), words) || !sameField(path, cause)
	})
}

// sameField compares a path with the server's: it writes values of maps as [key] or .key.
func sameField(path string, cause metav1.StatusCause) bool {
	return slices.Equal(steps(path), steps(cause.Field))
}

// TestWhatASchemaAloneRefuses covers what needs neither rule nor bound.
func TestWhatASchemaAloneRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		edits []edit
		want  string
	}{
		"no application":       {[]edit{drop("spec.application")}, "Required value"},
		"no environment":       {[]edit{drop("spec.environment")}, "Required value"},
		"no namespaces":        {[]edit{drop("spec.namespaces")}, "Required value"},
		"no source":            {[]edit{drop("spec.source")}, "Required value"},
		"no apps":              {[]edit{drop("spec.apps")}, "Required value"},
		"no store for secrets": {[]edit{drop("spec.secrets.store")}, "Required value"},
		"Google Secret Manager without service account": {[]edit{drop("spec.secrets.store.gcpSecretManager.serviceAccount")}, "Required value"},
		"two namespaces of one name":                    {[]edit{put("spec.namespaces[1]", `{name: hoge-namespace}`)}, "Duplicate value"},
		"two apps of one name":                          {[]edit{put("spec.apps[1]", `{name: app1}`)}, "Duplicate value"},
		"two images of one name":                        {[]edit{put("spec.apps[0].images[1]", `{name: app1, newTag: v2}`)}, "Duplicate value"},
		"two service accounts of one name":              {[]edit{put("spec.namespaces[0].serviceAccounts[1]", `{name: app1}`)}, "Duplicate value"},
		"one group and role twice":                      {[]edit{put("spec.access[1]", `{group: team-hoge@example.com, role: edit}`)}, "Duplicate value"},
		"one sync option twice":                         {[]edit{put("spec.sync.options", `[PruneLast=true, PruneLast=true]`)}, "Duplicate value"},
		"one cluster resource twice":                    {[]edit{put("spec.clusterResources", `[{group: storage.k8s.io, kind: StorageClass}, {group: storage.k8s.io, kind: StorageClass}]`)}, "Duplicate value"},
		"two secrets of one name":                       {[]edit{put("spec.secrets.items[1]", `{name: app1-env, secretName: x, extract: [{key: k}]}`)}, "Duplicate value"},
		"one key of a secret twice":                     {[]edit{put("spec.secrets.items[0].data[1]", `{key: DATABASE_URL, remoteKey: k}`)}, "Duplicate value"},
		"two certificates of one name":                  {[]edit{put("spec.certificates[1]", `{name: web, google: {domains: [b.example.com]}}`)}, "Duplicate value"},
		"one domain twice in a certificate":             {[]edit{put("spec.certificates[0].google.domains", `[a.example.com, a.example.com]`)}, "Duplicate value"},
		"two records of one name and type":              {[]edit{put("spec.dns.records[1]", `{name: dev.hoge.example.com, type: A, targets: [203.0.113.11]}`)}, "Duplicate value"},
		"one target twice":                              {[]edit{put("spec.dns.records[0].targets", `[203.0.113.10, 203.0.113.10]`)}, "Duplicate value"},
		"an unknown field":                              {[]edit{set("spec.sync.automated.enabled", false)}, `unknown field "spec.sync.automated.enabled"`},
		"a number as a tag":                             {[]edit{set("spec.apps[0].images[0].newTag", int64(3))}, "must be of type string"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := create(t.Context(), example(t, tt.edits...), true); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("should be refused with %q, but got: %v", tt.want, err)
			}
		})
	}
}
