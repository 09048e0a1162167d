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
			got := Compute(r)
			if got.BlockedOn != c.want {
				t.Errorf("blockedOn = %q, want %q", got.BlockedOn, c.want)
			}
			checkInAnyOrder(t, r, got)
		})
	}
}

// TestWhatIsOnItsWayOutComesAfterWhatItWaitsFor: nothing is pruned before what is asked for is in place, and then in
// the order of a teardown. Naming an object that only waits would hide what a person can do.
func TestWhatIsOnItsWayOutComesAfterWhatItWaitsFor(t *testing.T) {
	waiting := func(name string, key component.Key) Finding {
		return Finding{Component: name, Key: key, Health: component.Health{State: component.Progressing, Reason: v1alpha1.ReasonPruning, Message: "it stays"}}
	}
	account := component.Key{Kind: "ServiceAccount", Namespace: "hoge", Name: "old"}
	certificate := component.Key{Group: "cert-manager.io", Kind: "Certificate", Namespace: "hoge", Name: "old"}
	removing := []Finding{waiting("namespaces", account), waiting("certificates", certificate)}

	r := wellReport()
	r.Removing = removing
	if got := Compute(r); got.BlockedOn != "Certificate hoge/old: it stays" {
		t.Errorf("when all that is asked for is there, blockedOn = %q", got.BlockedOn)
	}

	r = wellReport()
	r.Removing = removing
	r.forget(storeKey)
	r.Findings = append(r.Findings, Finding{
		Component: "secrets", Key: storeKey, Health: component.Health{State: component.Stalled, Reason: v1alpha1.ReasonNotAllowed, Message: "not allowed"},
	})
	got := Compute(r)
	if got.BlockedOn != "SecretStore hoge/hoge-dev: not allowed" {
		t.Errorf("when something that is asked for is not there, blockedOn = %q", got.BlockedOn)
	}
	checkInAnyOrder(t, r, got)
}
