package controller

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/appenv/appenv-operator/internal/component"
)

const (
	synced  = "secret synced"
	broken  = "could not get secret data from provider"
	refused = "could not update secret"
)

// An ExternalSecret as it is asked for, what it says of itself, and the type that its Secret keeps: empty when the
// spec decides.
func TestTheTypeOfASecretIsThatOfTheLastSync(t *testing.T) {
	type look struct {
		asked, message string
		isSynced       bool // of what is asked for
		want           string
	}
	for name, looks := range map[string][]look{
		"nothing happens":                                 {{"A", synced, true, "A"}, {"A", synced, true, "A"}},
		"the store fails":                                 {{"A", synced, true, "A"}, {"A", broken, true, "A"}},
		"a sync of what is as it was is refused":          {{"A", synced, true, "A"}, {"A", refused, true, "A"}, {"A", synced, true, "A"}},
		"other fields change":                             {{"A", synced, true, "A"}, {"A", synced, false, "A"}},
		"somebody changes the type":                       {{"A", synced, true, "A"}, {"B", synced, false, "A"}, {"B", refused, false, "A"}},
		"somebody changes the type while the store fails": {{"A", broken, true, "A"}, {"B", broken, false, "A"}},
		"the operator begins and all is well":             {{"A", synced, false, "A"}},
		"the operator begins and the Secret has another":  {{"B", refused, false, ""}},
	} {
		t.Run(name, func(t *testing.T) {
			m, key := &memory{writings: map[component.Key]writing{}}, component.Key{Kind: "ExternalSecret", Name: "env"}
			for i, l := range looks {
				secret, ok := m.written(key, externalSecret("1", l.asked, l.message, l.isSynced))
				if ok != (l.want != "") || ok && string(secret.Type) != l.want {
					t.Errorf("look %d: the type is %q, %v; want %q", i+1, secret.Type, ok, l.want)
				}
			}
		})
	}
}

func TestTheTypeOfAnotherSecretSaysNothing(t *testing.T) {
	m, key := &memory{writings: map[component.Key]writing{}}, component.Key{Kind: "ExternalSecret", Name: "env"}
	m.written(key, externalSecret("1", "A", synced, true))
	renamed := externalSecret("1", "B", broken, false)
	if err := unstructured.SetNestedField(renamed.Object, "another", "spec", "target", "name"); err != nil {
		t.Fatal(err)
	}
	if secret, ok := m.written(key, renamed); ok && secret.Name != "env" {
		t.Errorf("Secret %s, which is yet to be written, has type %s", secret.Name, secret.Type)
	}
	if secret, ok := m.written(key, externalSecret("1", "B", broken, false)); !ok || secret.Type != "A" {
		t.Errorf("taken back, the type is %q, %v; want A", secret.Type, ok)
	}
	if secret, ok := m.written(key, externalSecret("2", "B", synced, false)); !ok || secret.Type != "B" {
		t.Errorf("made again, the type is %q, %v; want B", secret.Type, ok)
	}
}

func externalSecret(uid types.UID, secretType, message string, isSynced bool) *unstructured.Unstructured {
	generation := map[bool]string{true: "2-x", false: "1-x"}[isSynced]
	u := &unstructured.Unstructured{Object: map[string]any{
		"spec": map[string]any{"target": map[string]any{"name": "env", "template": map[string]any{"type": secretType}}},
		"status": map[string]any{
			"binding": map[string]any{"name": "env"}, "refreshTime": "2026-09-01T00:00:00Z", "syncedResourceVersion": generation,
			"conditions": []any{map[string]any{"type": "Ready", "status": map[bool]string{true: "True", false: "False"}[message == synced], "message": message}},
		},
	}}
	u.SetName("env")
	u.SetUID(uid)
	u.SetGeneration(2)
	return u
}
