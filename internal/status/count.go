package status

import (
	"fmt"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
)

// The components that have rows of their own in the status.
const (
	secretsComponent      = "secrets"
	applicationsComponent = "applications"
	certificatesComponent = "certificates"
)

// An item is what a row of secrets or certificates is about.
type item struct{ namespace, name string }

func appNames(env *v1alpha1.AppEnvironment) []string {
	names := make([]string, 0, len(env.Spec.Apps))
	for _, app := range env.Spec.Apps {
		names = append(names, app.Name)
	}
	return names
}

func secretItems(env *v1alpha1.AppEnvironment) []item {
	var items []item
	if env.Spec.Secrets != nil {
		for _, i := range env.Spec.Secrets.Items {
			items = append(items, item{inNamespace(env, i.Namespace), i.Name})
		}
	}
	return items
}

func certificateItems(env *v1alpha1.AppEnvironment) []item {
	var items []item
	for _, c := range env.Spec.Certificates {
		items = append(items, item{inNamespace(env, c.Namespace), c.Name})
	}
	return items
}

func inNamespace(env *v1alpha1.AppEnvironment, namespace *string) string {
	if namespace != nil {
		return *namespace
	}
	if len(env.Spec.Namespaces) == 0 {
		return ""
	}
	return env.Spec.Namespaces[0].Name
}

// rows are the verdicts that carry the rows of what the spec asks for, by what they are about.
type rows struct {
	apps                  map[string]*verdict
	secrets, certificates map[item]*verdict
}

func newRows() rows {
	return rows{apps: map[string]*verdict{}, secrets: map[item]*verdict{}, certificates: map[item]*verdict{}}
}

// add keeps the first verdict with a row. What is on its way out has none.
func (r rows) add(v *verdict) {
	if v.removing {
		return
	}
	if v.App != nil {
		addFirst(r.apps, v.App.Name, v)
	}
	if v.Secret != nil {
		addFirst(r.secrets, item{v.Secret.Namespace, v.Secret.Name}, v)
	}
	if v.Certificate != nil {
		addFirst(r.certificates, item{v.Certificate.Namespace, v.Certificate.Name}, v)
	}
}

func addFirst[K comparable](all map[K]*verdict, key K, v *verdict) {
	if all[key] == nil {
		all[key] = v
	}
}

// The verdicts that carry a given row; nil when none does.

func (s *survey) ofApp(name string) *verdict { return s.atWorst(s.rows.apps[name]) }

func (s *survey) ofSecret(i item) *verdict { return s.atWorst(s.rows.secrets[i]) }

func (s *survey) ofCertificate(i item) *verdict { return s.atWorst(s.rows.certificates[i]) }

// atWorst is the verdict, as bad as the worst about the same object.
func (s *survey) atWorst(v *verdict) *verdict {
	if v == nil || v.Key == (component.Key{}) || s.worst[v.Key] == v {
		return v
	}
	bad, worse := s.worst[v.Key], *v
	worse.State, worse.Reason, worse.Message = bad.State, bad.Reason, bad.Message
	return &worse
}

// none stands in the column of something the spec asks for none of.
const none = "-"

// A count is how many of how many are ready.
type count struct{ ready, total int }

// String is as in "1/2"; "-" for none.
func (c count) String() string {
	if c.total == 0 {
		return none
	}
	return fmt.Sprintf("%d/%d", c.ready, c.total)
}

func (c *count) add(v *verdict) {
	c.total++
	if v != nil && v.State == component.OK {
		c.ready++
	}
}

// counts are of what the spec asks for.
type counts struct{ apps, secrets, certificates count }

func (s *survey) count() (c counts) {
	for _, name := range appNames(s.Env) {
		c.apps.add(s.ofApp(name))
	}
	for _, i := range secretItems(s.Env) {
		c.secrets.add(s.ofSecret(i))
	}
	for _, i := range certificateItems(s.Env) {
		c.certificates.add(s.ofCertificate(i))
	}
	return c
}

// tally is the count of a component that has one, in words; else empty.
func (s *survey) tally(name string) string {
	switch {
	case name == applicationsComponent && s.counts.apps.total > 0:
		return s.counts.apps.String() + " apps are deployed and healthy"
	case name == secretsComponent && s.counts.secrets.total > 0:
		return s.counts.secrets.String() + " secrets are synced"
	case name == certificatesComponent && s.counts.certificates.total > 0:
		return s.counts.certificates.String() + " certificates serve"
	}
	return ""
}

// remarks are what a ready environment should still mention.
func (s *survey) remarks() []string {
	outOfSync, suspended := 0, 0
	for _, name := range appNames(s.Env) {
		v := s.ofApp(name)
		if v == nil {
			continue
		}
		if v.App.Sync == "OutOfSync" {
			outOfSync++
		}
		if v.App.Health == "Suspended" {
			suspended++
		}
	}
	var remarks []string
	if outOfSync > 0 {
		remarks = append(remarks, counted(outOfSync, "app")+" OutOfSync, to be synced by hand")
	}
	if suspended > 0 {
		remarks = append(remarks, counted(suspended, "app")+" Suspended")
	}
	if pending := len(s.Pending); pending > 0 {
		remarks = append(remarks, counted(pending, "removal")+" waiting for a confirmation, see status.pendingRemovals")
	}
	return remarks
}

// unseen are findings about what the spec asks for and no finding speaks of.
// Without them an incomplete report would look ready.
func (s *survey) unseen() []Finding {
	var missing []Finding
	note := func(name, what string, seen *verdict) {
		if seen == nil && first(s.of(name)) == nil {
			missing = append(missing, Finding{Component: name, Health: component.Health{
				State:   component.Progressing,
				Reason:  v1alpha1.ReasonProgressing,
				Message: what + " has not been looked at yet",
			}})
		}
	}
	for _, name := range appNames(s.Env) {
		note(applicationsComponent, "app "+name, s.ofApp(name))
	}
	for _, i := range secretItems(s.Env) {
		note(secretsComponent, "secret "+i.namespace+"/"+i.name, s.ofSecret(i))
	}
	for _, i := range certificateItems(s.Env) {
		note(certificatesComponent, "certificate "+i.namespace+"/"+i.name, s.ofCertificate(i))
	}
	return missing
}
