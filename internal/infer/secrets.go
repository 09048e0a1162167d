package infer

import (
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// readSecrets reads spec.secrets: the ExternalSecrets that read from the store that most of them read from, as often as
// most of them.
func (m *importer) readSecrets() {
	all := m.of("ExternalSecret", "")
	var stores, intervals []string
	for _, u := range all {
		stores = append(stores, compact(fields(u.Object, "spec", "secretStoreRef")))
	}
	store := mostly(stores)
	for i, u := range all {
		if stores[i] == store {
			intervals = append(intervals, text(u.Object, "spec", "refreshInterval"))
		}
	}
	interval := mostly(intervals)
	secrets := &v1alpha1.Secrets{}
	written := map[string]bool{}
	for i, u := range all {
		if stores[i] != store {
			m.leave(u, "spec.secretStoreRef", "an environment's secrets are read from one store, the others' is "+store)
			continue
		}
		item, field, why := m.secretItem(u)
		place := u.GetNamespace() + "/" + text(u.Object, "spec", "target", "name")
		switch {
		case why != "":
		case text(u.Object, "spec", "refreshInterval") != interval:
			field, why = "spec.refreshInterval", "an environment's secrets are read equally often, the others every "+interval
		case written[place] || written[item.Name]:
			field, why = "metadata.name", "another one has the name, or writes the same Secret"
		case len(secrets.Items) == maxSecrets:
			why = tooMany(maxSecrets, "secrets")
		}
		if why != "" {
			m.leave(u, field, why)
			continue
		}
		written[place], written[item.Name] = true, true
		m.take(u, fmt.Sprintf("spec.secrets.items[%d]", len(secrets.Items)))
		secrets.Items = append(secrets.Items, *item)
	}
	if len(secrets.Items) > 0 {
		secrets.RefreshInterval = duration(interval)
		m.env.Spec.Secrets = secrets
		m.readStore()
	}
	for _, u := range m.of("SecretStore", "") {
		m.leave(u, "", "an environment writes one store, called "+m.env.Name+", in the namespaces whose secrets are read from it")
	}
}

// duration is nil for an hour, the default.
func duration(text string) *metav1.Duration {
	found := &metav1.Duration{}
	data, err := json.Marshal(text)
	if err != nil || found.UnmarshalJSON(data) != nil || found.Hours() == 1 {
		return nil
	}
	return found
}

// secretItem is what an ExternalSecret is in spec.secrets.items, or the field that has no place there, and why.
func (m *importer) secretItem(u *unstructured.Unstructured) (item *v1alpha1.SecretItem, field, why string) {
	spec := fields(u.Object, "spec")
	if field, why := unlikeItem(spec); why != "" {
		return nil, field, why
	}
	item = &v1alpha1.SecretItem{
		Name: u.GetName(), Namespace: unless(u.GetNamespace(), m.namespaces[0]),
		SecretName: unless(text(spec, "target", "name"), u.GetName()), Type: unless(text(spec, "target", "template", "type"), "Opaque"),
	}
	from, _ := items(spec, "dataFrom")
	for i, entry := range from {
		remote := fields(entry, "extract")
		if unexpected(entry, "extract") != "" || unexpected(remote, "key", "version") != "" || remote == nil {
			return nil, fmt.Sprintf("spec.dataFrom[%d]", i), "an environment's secret extracts all keys of remote secrets, and does nothing else to them"
		}
		item.Extract = append(item.Extract, v1alpha1.RemoteSecret{Key: text(remote, "key"), Version: unless(text(remote, "version"), "")})
	}
	data, _ := items(spec, "data")
	for i, entry := range data {
		remote := fields(entry, "remoteRef")
		if unexpected(entry, "secretKey", "remoteRef") != "" || unexpected(remote, "key", "property", "version") != "" {
			return nil, fmt.Sprintf("spec.data[%d]", i), "an environment's secret takes values as they are, by key, property and version"
		}
		item.Data = append(item.Data, v1alpha1.SecretKey{
			Key: text(entry, "secretKey"), RemoteKey: text(remote, "key"),
			Property: unless(text(remote, "property"), ""), Version: unless(text(remote, "version"), ""),
		})
	}
	if len(item.Data)+len(item.Extract) == 0 {
		return nil, "spec", "it has neither data nor dataFrom"
	}
	return item, "", ""
}

// unlikeItem is the first field of an ExternalSecret, but for its data, that no item has.
func unlikeItem(spec map[string]any) (field, why string) {
	target := fields(spec, "target")
	template := fields(target, "template")
	for _, part := range []struct {
		path     string
		in       map[string]any
		expected []string
	}{
		{"spec", spec, []string{"secretStoreRef", "refreshInterval", "target", "data", "dataFrom"}},
		{"spec.target", target, []string{"name", "creationPolicy", "deletionPolicy", "template"}},
		{"spec.target.template", template, []string{"type", "engineVersion", "mergePolicy", "metadata"}},
		{"spec.target.template.metadata", fields(template, "metadata"), []string{"labels"}},
	} {
		if other := unexpected(part.in, part.expected...); other != "" {
			return part.path + "." + other, "an environment's secret has none"
		}
	}
	for path, want := range map[string]string{"creationPolicy": "Owner", "deletionPolicy": "Retain"} {
		if have := text(target, path); have != want {
			return "spec.target." + path, "an environment's secret has " + want + ", not " + have
		}
	}
	if text(template, "engineVersion") != "v2" || text(template, "mergePolicy") != "Replace" {
		return "spec.target.template", "an environment's secret has engineVersion v2 and mergePolicy Replace"
	}
	return "", ""
}
