package status

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
)

func TestRowsStandInTheOrderOfTheSpec(t *testing.T) {
	r := wellReport()
	r.judge(app1Key, component.Failing, v1alpha1.ReasonSyncFailed, "sync failed at 2026-01-02T03:04:05Z")
	r.row(app1Key).Health = "Degraded"
	r.row(app1Key).Images = []string{"b:1", "a:1", "b:1"}
	got := Compute(r)
	want := []v1alpha1.AppStatus{
		{Name: "app2", Application: "hoge-app2-dev", Sync: "Synced", Health: "Healthy", Revision: "3f2c1ab9d0e1f2a3b4c5d6e7f8a9b0c1d2e3f4a5"},
		{
			Name: "app1", Application: "hoge-app1-dev", Sync: "Synced", Health: "Degraded", Revision: "3f2c1ab9d0e1f2a3b4c5d6e7f8a9b0c1d2e3f4a5",
			Images: []string{"a:1", "b:1"}, Message: "sync failed at …",
		},
	}
	if diff := cmp.Diff(want, got.Apps); diff != "" {
		t.Errorf("apps (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"b:1", "a:1", "b:1"}, r.row(app1Key).Images); diff != "" {
		t.Errorf("the report was changed (-before +after):\n%s", diff)
	}
	if got.AppsReady != "1/2" || got.SecretsReady != "1/1" || got.CertificatesReady != "1/1" {
		t.Errorf("counts = %s, %s, %s", got.AppsReady, got.SecretsReady, got.CertificatesReady)
	}
}

func TestEveryItemOfTheSpecHasARow(t *testing.T) {
	for name, c := range map[string]struct {
		change    func(*Report)
		row       func(v1alpha1.AppEnvironmentStatus) any
		want      any
		blockedOn string
	}{
		"an app the gate holds back": {
			change: func(r *Report) {
				r.forget(app1Key)
				r.judge(setKey, component.Progressing, v1alpha1.ReasonWaitingForSecrets, "app1 waits for ExternalSecret hoge/app1-env")
			},
			row:       func(s v1alpha1.AppEnvironmentStatus) any { return s.Apps[1] },
			want:      v1alpha1.AppStatus{Name: "app1", Message: "ApplicationSet argocd/hoge-dev: app1 waits for ExternalSecret hoge/app1-env"},
			blockedOn: "ApplicationSet argocd/hoge-dev: app1 waits for ExternalSecret hoge/app1-env",
		},
		"an app that no finding speaks of": {
			change:    func(r *Report) { r.forget(app1Key) },
			row:       func(s v1alpha1.AppEnvironmentStatus) any { return s.Apps[1] },
			want:      v1alpha1.AppStatus{Name: "app1", Message: "applications: app app1 has not been looked at yet"},
			blockedOn: "applications: app app1 has not been looked at yet",
		},
		"a secret whose component has no findings at all": {
			change: func(r *Report) { r.drop("secrets") },
			row:    func(s v1alpha1.AppEnvironmentStatus) any { return s.Secrets[0] },
			want: v1alpha1.SecretStatus{
				Name: "app1-env", Namespace: "hoge", Reason: v1alpha1.ReasonProgressing,
				Message: "secrets: secret hoge/app1-env has not been looked at yet",
			},
			blockedOn: "secrets: secret hoge/app1-env has not been looked at yet",
		},
		"a secret that could not be written although its row says ready": {
			change: func(r *Report) {
				r.Findings = append(r.Findings, Finding{Component: "secrets", Key: secretKey, Health: component.Health{
					State: component.Stalled, Reason: v1alpha1.ReasonForbidden, Message: "the role forbids it",
				}})
			},
			row: func(s v1alpha1.AppEnvironmentStatus) any { return s.Secrets[0] },
			want: v1alpha1.SecretStatus{
				Name: "app1-env", Namespace: "hoge", Reason: v1alpha1.ReasonForbidden, Message: "the role forbids it",
			},
			blockedOn: "ExternalSecret hoge/app1-env: the role forbids it",
		},
		"a certificate that is stalled": {
			change: func(r *Report) {
				r.judge(certificateKey, component.Stalled, v1alpha1.ReasonCertificateFailed, "remove it, add it again")
			},
			row: func(s v1alpha1.AppEnvironmentStatus) any { return s.Certificates[0] },
			want: v1alpha1.CertificateStatus{
				Name: "web", Namespace: "hoge", Status: "Active", Expires: "2026-04-01T00:00:00Z", Message: "remove it, add it again",
			},
			blockedOn: "ManagedCertificate hoge/web: remove it, add it again",
		},
		"a certificate whose API is missing": {
			change: func(r *Report) {
				r.drop("certificates")
				r.Findings = append(r.Findings, Finding{Component: "certificates", Key: certificateKey, Health: component.Health{
					State: component.Progressing, Reason: v1alpha1.ReasonAPINotInstalled, Message: "install GKE",
				}})
			},
			row:       func(s v1alpha1.AppEnvironmentStatus) any { return s.Certificates[0] },
			want:      v1alpha1.CertificateStatus{Name: "web", Namespace: "hoge", Message: "ManagedCertificate hoge/web: install GKE"},
			blockedOn: "ManagedCertificate hoge/web: install GKE",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := wellReport()
			c.change(&r)
			got := Compute(r)
			if diff := cmp.Diff(c.want, c.row(got)); diff != "" {
				t.Errorf("row (-want +got):\n%s", diff)
			}
			if got.BlockedOn != c.blockedOn {
				t.Errorf("blockedOn = %q, want %q", got.BlockedOn, c.blockedOn)
			}
			checkInAnyOrder(t, r, got)
			checkSettled(t, r, got)
		})
	}
}

// forget removes the findings about an object.
func (r *Report) forget(key component.Key) {
	var kept []Finding
	for _, f := range r.Findings {
		if f.Key != key {
			kept = append(kept, f)
		}
	}
	r.Findings = kept
}

func TestColumnsOfWhatIsNotAskedFor(t *testing.T) {
	r := wellReport()
	r.Env.Spec.Secrets, r.Env.Spec.Certificates = nil, nil
	r.drop("secrets")
	r.drop("certificates")
	got := Compute(r)
	if got.SecretsReady != "-" || got.CertificatesReady != "-" || got.CertificateExpires != "" {
		t.Errorf("columns = %q, %q, %q", got.SecretsReady, got.CertificatesReady, got.CertificateExpires)
	}
	if got.BlockedOn != "" {
		t.Errorf("blockedOn = %q, want nothing", got.BlockedOn)
	}
}

func TestRevisionColumn(t *testing.T) {
	sha := func(digit string) string { return strings.Repeat(digit, 40) }
	for name, c := range map[string]struct {
		revisions []string
		want      string
	}{
		"no app is synced":           {[]string{"", ""}, ""},
		"all at one commit":          {[]string{sha("a"), sha("a"), ""}, "aaaaaaa"},
		"two commits":                {[]string{sha("b"), sha("a")}, "aaaaaaa,bbbbbbb"},
		"a tag is not cut":           {[]string{"release-2026-01", sha("a")}, "aaaaaaa,release-2026-01"},
		"more than the column shows": {[]string{sha("1"), sha("2"), sha("3"), sha("4"), sha("5")}, "1111111,2222222,3333333 (and 2 more)"},
	} {
		t.Run(name, func(t *testing.T) {
			var apps []v1alpha1.AppStatus
			for _, revision := range c.revisions {
				apps = append(apps, v1alpha1.AppStatus{Revision: revision})
			}
			if got := revisions(apps); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestTheEarliestExpiryIsShown(t *testing.T) {
	certificates := []v1alpha1.CertificateStatus{
		{Expires: "2026-04-01T00:00:00Z"}, {Expires: ""}, {Expires: "2026-03-31T17:00:00-08:00"}, {Expires: "2026-04-01T00:30:00+01:00"}, {Expires: "soon"},
	}
	if got, want := earliest(certificates), "2026-03-31T23:30:00Z"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestChildren(t *testing.T) {
	r := wellReport()
	r.judge(setKey, component.OK, v1alpha1.ReasonReady, "")
	r.judge(secretKey, component.Failing, v1alpha1.ReasonStoreFailing, "down")
	r.judge(namespaceKey, component.Progressing, v1alpha1.ReasonTerminating, "being deleted")
	r.judge(projectKey, component.Stalled, "Contended", "taken back")
	r.Removing = []Finding{
		{Component: "dns", Key: dnsKey},
		{Component: "certificates", Key: certificateKey, Health: component.Health{Reason: ReasonPendingRemoval}},
	}
	old := component.Key{Group: "example.com", Kind: "Gone", Namespace: "hoge", Name: "old"}
	unjudged := child(old)
	unjudged.State, unjudged.Reason = v1alpha1.ChildStalled, v1alpha1.ReasonForbidden
	r.Children = append(r.Children, unjudged, child(dnsKey), child(component.Key{Kind: "ResourceQuota", Namespace: "hoge2", Name: "new"}))
	got := Compute(r)

	var text []string
	for _, c := range got.Children {
		if c.UID != types.UID("u-1") || c.Origin != v1alpha1.OriginCreated {
			t.Errorf("%s %s lost its UID or origin", c.Kind, c.Name)
		}
		text = append(text, strings.TrimSpace(fmt.Sprintf("%s %s/%s %s %s", c.Kind, c.Namespace, c.Name, c.State, c.Reason)))
	}
	want := []string{
		"Namespace /hoge Progressing Terminating",
		"ResourceQuota hoge/hoge-dev Ready",
		"ResourceQuota hoge2/new Progressing",
		"AppProject argocd/hoge-dev Stalled Contended",
		"SecretStore hoge/hoge-dev Ready",
		"ExternalSecret hoge/app1-env Failing StoreFailing",
		"ApplicationSet argocd/hoge-dev Ready",
		"ManagedCertificate hoge/web PendingRemoval PendingRemoval",
		"DNSEndpoint hoge/hoge-dev Deleting Pruning",
		"Gone hoge/old Stalled Forbidden",
	}
	if diff := cmp.Diff(want, text); diff != "" {
		t.Errorf("children (-want +got):\n%s", diff)
	}
	checkInAnyOrder(t, r, got)
	checkSettled(t, r, got)
}

func TestLongLinesKeepTheirCount(t *testing.T) {
	r := wellReport()
	r.judge(app1Key, component.Failing, v1alpha1.ReasonDegraded, strings.Repeat("ä", 400))
	r.judge(app2Key, component.Failing, v1alpha1.ReasonDegraded, "broken")
	got := Compute(r)
	if n := utf8.RuneCountInString(got.BlockedOn); n != maxLine || !strings.HasSuffix(got.BlockedOn, "ä… (and 1 more)") {
		t.Errorf("blockedOn has %d characters: %s", n, got.BlockedOn)
	}
	if n := utf8.RuneCountInString(got.Apps[1].Message); n != maxMessage {
		t.Errorf("the row's message has %d characters", n)
	}
}
