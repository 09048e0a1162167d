package controller

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/component"
	"github.com/appenv/appenv-operator/internal/status"
)

// Protection Confirm: what is removed from the environment waits until somebody
// confirms just that, in just this generation. A confirmation cannot be left lying
// around: the next change of the spec makes it void.

// protection is the protection in force. One that is on record ends only when its end
// is confirmed, whatever the spec says.
func (p *pass) protection() v1alpha1.Protection {
	recorded, asked := p.env.Status.Protection, p.env.Spec.Protection
	if asked == v1alpha1.ProtectionConfirm || recorded == v1alpha1.ProtectionConfirm && !p.confirms(endOfProtection) {
		return v1alpha1.ProtectionConfirm
	}
	return v1alpha1.ProtectionNone
}

// endOfProtection is what is confirmed when the protection itself ends. It is not the
// word for a deletion: nobody who gave the one has given the other.
const endOfProtection = "protection"

// confirms says whether the annotation confirms the removal of something, named by the
// environment's UID for the whole of it, or as in apps/app1.
func (p *pass) confirms(what string) bool {
	given := strings.Split(p.env.Annotations[v1alpha1.AnnotationConfirm], ",")
	generations := []int64{p.env.Generation}
	if !p.env.DeletionTimestamp.IsZero() {
		generations = append(generations, p.env.Generation-1) // beginning a deletion raises it by one
	}
	return slices.ContainsFunc(generations, func(generation int64) bool {
		return slices.ContainsFunc(given, func(word string) bool { return strings.TrimSpace(word) == confirmation(what, generation) })
	})
}

func confirmation(what string, generation int64) string {
	return fmt.Sprintf("%s@%d", what, generation)
}

// mustWaitForConfirmation says whether the deletion of the environment waits.
func (p *pass) mustWaitForConfirmation() bool {
	return p.protection() == v1alpha1.ProtectionConfirm && !p.confirms(string(p.env.UID))
}

// waitForConfirmation holds the deletion of the whole environment back.
func (p *pass) waitForConfirmation() {
	word := confirmation(string(p.env.UID), p.env.Generation)
	p.pending = []string{word}
	p.refuseAll(refuse(component.Stalled, v1alpha1.ReasonConfirmationRequired, fmt.Sprintf(
		"kubectl annotate --overwrite appenv %s %s=%s confirms its deletion, which waits since it is protected",
		p.env.Name, v1alpha1.AnnotationConfirm, word)))
}

// freeze finds the parts that have left the spec without a confirmation. They stay as
// they are: neither repaired nor removed, their names and what the AppProject permits
// them kept.
func (p *pass) freeze() {
	p.frozen = frozen{namespaces: map[string]bool{}, objects: map[component.Key]bool{}}
	if p.protection() != v1alpha1.ProtectionConfirm {
		return
	}
	pending := map[string]bool{}
	waits := func(part string) bool {
		if p.confirms(part) {
			return false
		}
		pending[confirmation(part, p.env.Generation)] = true
		return true
	}
	p.freezeApps(waits)
	asked := p.askedParts()
	for key := range p.records {
		part := partOf(key)
		if part == "" || asked[askedPart{part, key.Namespace}] || !waits(part) {
			continue
		}
		p.frozen.objects[key] = true
		if key.Kind == "Namespace" {
			p.frozen.namespaces[key.Name] = true
		}
	}
	if p.env.Spec.Protection != v1alpha1.ProtectionConfirm {
		pending[confirmation(endOfProtection, p.env.Generation)] = true
	}
	p.pending = slices.Sorted(maps.Keys(pending))
	p.in.KeptNamespaces = slices.Sorted(maps.Keys(p.frozen.namespaces))
}

// freezeApps keeps the elements of apps that have left the spec, as they are in the live
// list.
func (p *pass) freezeApps(waits func(string) bool) {
	apps := map[string]bool{}
	for app := range p.in.LiveElements {
		apps[app] = true
	}
	for _, app := range p.env.Status.AdmittedApps {
		apps[app] = true
	}
	for _, app := range p.env.Spec.Apps {
		delete(apps, app.Name)
	}
	for app := range apps {
		if !waits("apps/" + app) {
			continue
		}
		p.frozen.apps = append(p.frozen.apps, app)
		if element, live := p.in.LiveElements[app]; live {
			p.in.KeptElements = append(p.in.KeptElements, element)
		}
	}
	slices.Sort(p.frozen.apps)
}

// frozen is what waits for a confirmation of its removal.
type frozen struct {
	apps       []string
	namespaces map[string]bool
	objects    map[component.Key]bool
}

// An askedPart is a part of the spec in its namespace: moved to another one, it is
// removed from the first.
type askedPart struct{ part, namespace string }

// partOf names the part of the spec that an object stands for, as in secrets/app1-env;
// empty for one that needs no confirmation.
func partOf(key component.Key) string {
	switch key.Kind {
	case "Namespace":
		return "namespaces/" + key.Name
	case "ExternalSecret":
		return "secrets/" + key.Name
	case "ManagedCertificate", "Certificate":
		return "certificates/" + key.Name
	}
	return ""
}

func (p *pass) askedParts() map[askedPart]bool {
	asked := map[askedPart]bool{}
	for _, namespace := range p.env.Spec.Namespaces {
		asked[askedPart{"namespaces/" + namespace.Name, ""}] = true
	}
	if p.env.Spec.Secrets != nil {
		for _, item := range p.env.Spec.Secrets.Items {
			asked[askedPart{"secrets/" + item.Name, component.NamespaceOf(p.env, item.Namespace)}] = true
		}
	}
	for _, certificate := range p.env.Spec.Certificates {
		asked[askedPart{"certificates/" + certificate.Name, component.NamespaceOf(p.env, certificate.Namespace)}] = true
	}
	return asked
}

// isFrozen says whether an object on record waits for a confirmation: itself, with its
// namespace, or as the store of a secret that does.
func (p *pass) isFrozen(key component.Key) bool {
	if p.frozen.objects[key] || p.frozen.namespaces[key.Namespace] {
		return true
	}
	for other := range p.frozen.objects {
		if key.Kind == "SecretStore" && other.Kind == "ExternalSecret" && other.Namespace == key.Namespace {
			return true
		}
	}
	return false
}

// reportFrozen makes what waits visible.
func (p *pass) reportFrozen() {
	for key := range p.records {
		if p.isFrozen(key) {
			info, _ := kindOf(key)
			p.leaving(info.component, key, component.Health{Reason: status.ReasonPendingRemoval})
		}
	}
}
