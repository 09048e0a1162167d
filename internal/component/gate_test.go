package component

import (
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/foreign/argocd"
)

// exampleInput is the example: apps app1 and db-migration, secret app1-env.
func exampleInput(t *testing.T) Input {
	t.Helper()
	in := readInput(t, filepath.Join("testdata", "applications", "example", "input.yaml"))
	in.Admitted = nil
	return in
}

func TestAdmit(t *testing.T) {
	missing := &Waiting{
		Key:    Key{Group: esoGroup, Kind: "ExternalSecret", Namespace: "hoge-namespace", Name: "app1-env"},
		Health: Health{State: Progressing, Reason: v1alpha1.ReasonSecretNotSynced, Message: `key "a" not found; create it`},
	}
	taken := map[string]Health{"app1": {State: Stalled, Reason: v1alpha1.ReasonNameTaken, Message: "belongs to somebody else"}}
	tests := map[string]struct {
		change   func(*Input)
		waiting  *Waiting
		taken    map[string]Health
		admitted []string
		held     map[string]string // app to reason
	}{
		"every app is admitted once the secrets are there": {
			admitted: []string{"app1", "db-migration"},
		},
		"new apps wait for a secret": {
			waiting: missing,
			held:    map[string]string{"app1": v1alpha1.ReasonWaitingForSecrets, "db-migration": v1alpha1.ReasonWaitingForSecrets},
		},
		"new apps do not wait when the gate is off": {
			change:   func(in *Input) { in.Env.Spec.Sync.Gate = v1alpha1.GateNone },
			waiting:  missing,
			admitted: []string{"app1", "db-migration"},
		},
		"without sync the gate is on": {
			change:  func(in *Input) { in.Env.Spec.Sync = nil },
			waiting: missing,
			held:    map[string]string{"app1": v1alpha1.ReasonWaitingForSecrets, "db-migration": v1alpha1.ReasonWaitingForSecrets},
		},
		"an app admitted before is not held back, though the ApplicationSet is gone": {
			change:   func(in *Input) { in.Env.Status.AdmittedApps = []string{"app1"} },
			waiting:  missing,
			admitted: []string{"app1"},
			held:     map[string]string{"db-migration": v1alpha1.ReasonWaitingForSecrets},
		},
		"an app in the live list is not held back, though status was cleared": {
			change:   func(in *Input) { in.LiveElements = map[string]argocd.Element{"db-migration": {}} },
			waiting:  missing,
			admitted: []string{"db-migration"},
			held:     map[string]string{"app1": v1alpha1.ReasonWaitingForSecrets},
		},
		"an app that left the spec is not admitted": {
			change:   func(in *Input) { in.Env.Status.AdmittedApps = []string{"app1", "gone"} },
			admitted: []string{"app1", "db-migration"},
		},
		"a new app whose Application is somebody else's is held back, the others are not": {
			taken:    taken,
			admitted: []string{"db-migration"},
			held:     map[string]string{"app1": v1alpha1.ReasonNameTaken},
		},
		"a taken name holds back an app that was admitted and is not in the live list": {
			change:   func(in *Input) { in.Env.Status.AdmittedApps = []string{"app1", "db-migration"} },
			taken:    taken,
			admitted: []string{"db-migration"},
			held:     map[string]string{"app1": v1alpha1.ReasonNameTaken},
		},
		"a taken name never drops an element of the live list": {
			change:   func(in *Input) { in.LiveElements = map[string]argocd.Element{"app1": {}} },
			taken:    taken,
			admitted: []string{"app1", "db-migration"},
		},
		"a new app waits for its namespace": {
			change: func(in *Input) {
				in.Withheld["hoge-namespace"] = Health{State: Stalled, Reason: v1alpha1.ReasonNameTaken, Message: "belongs to somebody else"}
			},
			held: map[string]string{"app1": v1alpha1.ReasonWaitingForNamespace, "db-migration": v1alpha1.ReasonWaitingForNamespace},
		},
		"an element of the live list stays though its namespace is withheld": {
			change: func(in *Input) {
				in.Withheld["hoge-namespace"] = Health{State: Progressing, Reason: v1alpha1.ReasonTerminating}
				in.LiveElements = map[string]argocd.Element{"app1": {}}
			},
			admitted: []string{"app1"},
			held:     map[string]string{"db-migration": v1alpha1.ReasonWaitingForNamespace},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			in := exampleInput(t)
			if test.change != nil {
				test.change(&in)
			}
			got := Admit(in, test.waiting, test.taken)
			if diff := gocmp.Diff(test.admitted, got.Admitted); diff != "" {
				t.Errorf("admitted (-want +got):\n%s", diff)
			}
			held := map[string]string{}
			for app, health := range got.Held {
				held[app] = health.Reason
				if health.App == nil || health.App.Name != app || health.App.Application != app+"-dev" || health.App.Message != health.Message {
					t.Errorf("the row of %s is %+v", app, health.App)
				}
			}
			if test.held == nil {
				test.held = map[string]string{}
			}
			if diff := gocmp.Diff(test.held, held); diff != "" {
				t.Errorf("held (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAHeldAppNamesTheSecretAndWhy(t *testing.T) {
	in := exampleInput(t)
	key := Key{Group: esoGroup, Kind: "ExternalSecret", Namespace: "hoge-namespace", Name: "app1-env"}
	in.Causes = map[Key]string{key: "error processing spec.dataFrom[0].extract, err: Secret does not exist"}
	waiting := SecretsSynced(in, map[Key]*unstructured.Unstructured{key: liveSecret("", "False")})
	if waiting == nil {
		t.Fatal("the gate is open")
	}
	message := Admit(in, waiting, nil).Held["app1"].Message
	want := `waits for ExternalSecret hoge-namespace/app1-env: key "hoge-dev-app1" not found; create it in Secret Manager project my-project`
	if message != want {
		t.Errorf("got  %s\nwant %s", message, want)
	}
}

func liveSecret(refreshTime, ready string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
		"metadata": map[string]any{"name": "app1-env", "namespace": "hoge-namespace"},
		"spec":     map[string]any{"dataFrom": []any{map[string]any{"extract": map[string]any{"key": "hoge-dev-app1"}}}},
		"status": map[string]any{
			"refreshTime": refreshTime,
			"conditions":  []any{map[string]any{"type": "Ready", "status": ready}},
		},
	}}
}

func leaving(u *unstructured.Unstructured) *unstructured.Unstructured {
	now := metav1.Now()
	u.SetDeletionTimestamp(&now)
	return u
}

func TestSecretsSynced(t *testing.T) {
	key := Key{Group: esoGroup, Kind: "ExternalSecret", Namespace: "hoge-namespace", Name: "app1-env"}
	tests := map[string]struct {
		change func(*Input)
		live   *unstructured.Unstructured
		want   string // part of the message, empty when the gate is open
	}{
		"a secret that does not exist":                {want: "not created yet"},
		"a secret that was never synced":              {live: liveSecret("", "False"), want: "not synced"},
		"a secret that was synced once":               {live: liveSecret("2026-09-01T00:00:00Z", "True")},
		"a secret that was synced once and fails now": {live: liveSecret("2026-09-01T00:00:00Z", "False")},
		"a secret that goes with its ExternalSecret":  {live: leaving(liveSecret("2026-09-01T00:00:00Z", "True")), want: "is being deleted"},
		"no secrets at all":                           {change: func(in *Input) { in.Env.Spec.Secrets = nil }},
		"a secret in a namespace that belongs to others": {
			change: func(in *Input) {
				in.Withheld["hoge-namespace"] = Health{State: Stalled, Message: "belongs to somebody else"}
			},
			live: liveSecret("2026-09-01T00:00:00Z", "True"),
			want: "Namespace hoge-namespace: belongs to somebody else",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			in := exampleInput(t)
			if test.change != nil {
				test.change(&in)
			}
			live := map[Key]*unstructured.Unstructured{}
			if test.live != nil {
				live[key] = test.live
			}
			waiting := SecretsSynced(in, live)
			if (waiting == nil) != (test.want == "") {
				t.Fatalf("waits for %+v", waiting)
			}
			if waiting != nil && (waiting.Key != key || !strings.Contains(waiting.Health.Message, test.want)) {
				t.Errorf("waits for %s: %s", waiting.Key, waiting.Health.Message)
			}
		})
	}
}
