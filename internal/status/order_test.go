package status

import (
	"testing"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
)

// TestWhichOfOneComponentComesFirst: two things of the same component are wrong.
func TestWhichOfOneComponentComesFirst(t *testing.T) {
	unwell := func(of Finding, state component.State, message string) Finding {
		of.State, of.Reason, of.Message = state, v1alpha1.ReasonProgressing, message
		return of
	}
	other := func(key component.Key, namespace, name string) component.Key {
		key.Namespace, key.Name = namespace, name
		return key
	}
	whole := Finding{Component: "namespaces"}
	for name, c := range map[string]struct {
		findings, removing []Finding
		want               string
	}{
		"the worse": {
			findings: []Finding{unwell(finding(storeKey), component.Progressing, "x"), unwell(finding(secretKey), component.Failing, "x")},
			want:     "ExternalSecret hoge/app1-env: x",
		},
		"the kind that is applied first, whatever its name": {
			findings: []Finding{unwell(finding(secretKey), component.Progressing, "x"), unwell(finding(storeKey), component.Progressing, "x")},
			want:     "SecretStore hoge/hoge-dev: x (and 1 more)",
		},
		"what is asked for, before what is on its way out": {
			findings: []Finding{unwell(finding(other(secretKey, "hoge", "z")), component.Progressing, "x")},
			removing: []Finding{unwell(finding(other(secretKey, "hoge", "a")), component.Progressing, "x")},
			want:     "ExternalSecret hoge/z: x (and 1 more)",
		},
		"the first namespace, then the first name": {
			findings: []Finding{
				unwell(finding(other(secretKey, "b", "a")), component.Progressing, "x"),
				unwell(finding(other(secretKey, "a", "c")), component.Progressing, "x"),
				unwell(finding(other(secretKey, "a", "b")), component.Progressing, "x"),
			},
			want: "ExternalSecret a/b: x (and 2 more)",
		},
		"the first message, when both are about the whole": {
			findings: []Finding{unwell(whole, component.Progressing, "b"), unwell(whole, component.Progressing, "a")},
			want:     "namespaces: a (and 1 more)",
		},
		"one of two findings about one object, which counts once": {
			findings: []Finding{unwell(finding(storeKey), component.Progressing, "b"), unwell(finding(storeKey), component.Progressing, "a")},
			want:     "SecretStore hoge/hoge-dev: a",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := wellReport()
			r.forget(storeKey)
			r.forget(secretKey)
			r.Findings, r.Removing = append(r.Findings, c.findings...), c.removing
			checkBlockedOn(t, r, c.want)
		})
	}
}

func checkBlockedOn(t *testing.T, r Report, want string) {
	t.Helper()
	got := Compute(r)
	if got.BlockedOn != want {
		t.Errorf("blockedOn = %q, want %q", got.BlockedOn, want)
	}
	checkInAnyOrder(t, r, got)
}

// TestWhatCanOnlyWaitIsNeverTheCause: naming it would hide what a person can do. What waits for nothing keeps its
// place, on its way out or not.
func TestWhatCanOnlyWaitIsNeverTheCause(t *testing.T) {
	leaving := func(name, kind string, state component.State, waiting bool) Finding {
		key := component.Key{Group: kindGroups[kind], Kind: kind, Namespace: "hoge", Name: "old"}
		return Finding{Component: name, Key: key, Health: component.Health{State: state, Reason: v1alpha1.ReasonPruning, Message: "x"}, Waiting: waiting}
	}
	account := leaving("namespaces", "ServiceAccount", component.Progressing, true)
	certificate := leaving("certificates", "Certificate", component.Progressing, true)
	store := Finding{Component: "secrets", Key: storeKey, Health: component.Health{State: component.Progressing, Reason: v1alpha1.ReasonProgressing, Message: "x"}}
	for name, c := range map[string]struct {
		findings, removing []Finding
		want               string
	}{
		"when all that is asked for is there, the step that comes first": {
			removing: []Finding{account, certificate}, want: "Certificate hoge/old: x",
		},
		"what an unknown component leaves comes last": {
			removing: []Finding{leaving("odd", "Odd", component.Progressing, true), account}, want: "ServiceAccount hoge/old: x",
		},
		"what is asked for comes first": {
			findings: []Finding{store}, removing: []Finding{account, certificate}, want: "SecretStore hoge/hoge-dev: x",
		},
		"what is refused to go is worse, and waits for nothing": {
			findings: []Finding{store}, removing: []Finding{leaving("secrets", "ExternalSecret", component.Stalled, false)},
			want: "ExternalSecret hoge/old: x",
		},
		"what is going already waits for nothing of a later component": {
			findings: []Finding{store}, removing: []Finding{leaving("namespaces", "ServiceAccount", component.Progressing, false)},
			want: "ServiceAccount hoge/old: x",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := wellReport()
			if c.findings != nil {
				r.forget(storeKey)
			}
			r.Findings, r.Removing = append(r.Findings, c.findings...), c.removing
			checkBlockedOn(t, r, c.want)
		})
	}
}

// kindGroups are the API groups of kinds.
var kindGroups = map[string]string{"Certificate": "cert-manager.io", "ExternalSecret": "external-secrets.io"}
