package status

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
)

const (
	// maxImages is how many images of an app are listed.
	maxImages = 10
	// maxRevisions is how many revisions the column shows.
	maxRevisions = 3
)

// fillRows sets rows, counts and columns. Rows stand in the order of the spec;
// what the spec no longer asks for has none.
func (s *survey) fillRows(out *v1alpha1.AppEnvironmentStatus) {
	out.Apps, out.Secrets, out.Certificates = nil, nil, nil
	out.AppsReady, out.SecretsReady, out.CertificatesReady = s.counts.apps.String(), s.counts.secrets.String(), s.counts.certificates.String()
	for _, name := range appNames(s.Env) {
		out.Apps = append(out.Apps, s.appRow(name))
	}
	for _, item := range secretItems(s.Env) {
		out.Secrets = append(out.Secrets, s.secretRow(item))
	}
	for _, item := range certificateItems(s.Env) {
		out.Certificates = append(out.Certificates, s.certificateRow(item))
	}
	out.Revision = revisions(out.Apps)
	out.CertificateExpires = earliest(out.Certificates)
}

func (s *survey) appRow(name string) v1alpha1.AppStatus {
	v := s.ofApp(name)
	if v == nil {
		_, message := s.unseenBecause(applicationsComponent)
		return v1alpha1.AppStatus{Name: name, Message: message}
	}
	row := *v.App.DeepCopy()
	row.Message = s.rowMessage(row.Message, v)
	slices.Sort(row.Images)
	row.Images = slices.Compact(row.Images)
	row.Images = row.Images[:min(len(row.Images), maxImages)]
	return row
}

func (s *survey) secretRow(i item) v1alpha1.SecretStatus {
	v := s.ofSecret(i)
	if v == nil {
		reason, message := s.unseenBecause(secretsComponent)
		return v1alpha1.SecretStatus{Name: i.name, Namespace: i.namespace, Reason: reason, Message: message}
	}
	row := *v.Secret
	row.Ready = v.State == component.OK
	if !row.Ready {
		row.Reason = v.Reason
	}
	row.Message = s.rowMessage(row.Message, v)
	return row
}

func (s *survey) certificateRow(i item) v1alpha1.CertificateStatus {
	v := s.ofCertificate(i)
	if v == nil {
		_, message := s.unseenBecause(certificatesComponent)
		return v1alpha1.CertificateStatus{Name: i.name, Namespace: i.namespace, Message: message}
	}
	row := *v.Certificate.DeepCopy()
	row.Ready = v.State == component.OK
	row.Message = s.rowMessage(row.Message, v)
	return row
}

// rowMessage is the row's own, else the verdict's.
func (s *survey) rowMessage(message string, v *verdict) string {
	return fit(cmp.Or(s.words.clean(message), v.Message), "")
}

// unseenBecause says why an item has no row: what holds its component back.
func (s *survey) unseenBecause(name string) (reason, message string) {
	if bad := worst(s.of(name)); bad != nil {
		return bad.Reason, fit(s.line(bad), "")
	}
	return v1alpha1.ReasonProgressing, "not looked at yet"
}

var commit = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)

// revisions is the column: short, distinct, sorted.
func revisions(apps []v1alpha1.AppStatus) string {
	var distinct []string
	for _, app := range apps {
		revision := app.Revision
		if commit.MatchString(revision) {
			revision = revision[:7]
		}
		if revision != "" {
			distinct = append(distinct, revision)
		}
	}
	slices.Sort(distinct)
	distinct = slices.Compact(distinct)
	suffix := ""
	if more := len(distinct) - maxRevisions; more > 0 {
		distinct, suffix = distinct[:maxRevisions], fmt.Sprintf(" (and %d more)", more)
	}
	return fit(strings.Join(distinct, ","), suffix)
}

// earliest is the first expiry of a certificate, in RFC 3339 and UTC.
func earliest(certificates []v1alpha1.CertificateStatus) string {
	var first time.Time
	for _, c := range certificates {
		expires, err := time.Parse(time.RFC3339, c.Expires)
		if err == nil && (first.IsZero() || expires.Before(first)) {
			first = expires
		}
	}
	if first.IsZero() {
		return ""
	}
	return first.UTC().Format(time.RFC3339)
}
