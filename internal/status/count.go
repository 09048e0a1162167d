package status

import (
	"fmt"
	"slices"

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
	var names []string
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

// The verdicts that carry a given row; nil when none does.

func (s *survey) ofApp(name string) *verdict {
	return s.carrier(func(v verdict) bool { return v.App != nil && v.App.Name == name })
}

func (s *survey) ofSecret(i item) *verdict {
	return s.carrier(func(v verdict) bool {
		return v.Secret != nil && v.Secret.Name == i.name && v.Secret.Namespace == i.namespace
	})
}

func (s *survey) ofCertificate(i item) *verdict {
	return s.carrier(func(v verdict) bool {
		return v.Certificate != nil && v.Certificate.Name == i.name && v.Certificate.Namespace == i.namespace
	})
}

// carrier is the verdict that carries a row, as bad as the worst about the same object.
func (s *survey) carrier(carries func(verdict) bool) *verdict {
	i := slices.IndexFunc(s.verdicts, func(v verdict) bool { return !v.removing && carries(v) })
	if i < 0 {
		return nil
	}
	v := s.verdicts[i]
	if v.Key != (component.Key{}) {
		bad := s.worst[v.Key]
		v.State, v.Reason, v.Message = bad.State, bad.Reason, bad.Message
	}
	return &v
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

func (s *survey) counts() (apps, secrets, certificates count) {
	for _, name := range appNames(s.Env) {
		apps.add(s.ofApp(name))
	}
	for _, i := range secretItems(s.Env) {
		secrets.add(s.ofSecret(i))
	}
	for _, i := range certificateItems(s.Env) {
		certificates.add(s.ofCertificate(i))
	}
	return apps, secrets, certificates
}

// tally is the count of a component that has one, in words; else empty.
func (s *survey) tally(name string) string {
	apps, secrets, certificates := s.counts()
	switch {
	case name == applicationsComponent && apps.total > 0:
		return apps.String() + " apps are deployed and healthy"
	case name == secretsComponent && secrets.total > 0:
		return secrets.String() + " secrets are synced"
	case name == certificatesComponent && certificates.total > 0:
		return certificates.String() + " certificates serve"
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
