package infer

import (
	"fmt"
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// readDNS reads spec.dns from the DNSEndpoint that is called as the operator's would be, in the first namespace.
func (m *importer) readDNS() {
	for _, namespace := range m.namespaces[1:] {
		for _, u := range m.of("DNSEndpoint", namespace) {
			m.leave(u, "metadata.namespace", "the operator's stands in the first namespace, "+m.namespaces[0])
		}
	}
	m.leaveNamed("DNSEndpoint", m.namespaces[0], m.env.Name, "spec.dns")
	u := m.named("DNSEndpoint", m.namespaces[0], m.env.Name)
	if u == nil {
		return
	}
	var records []v1alpha1.DNSRecord
	endpoints, _ := items(u.Object, "spec", "endpoints")
	for i, endpoint := range endpoints {
		record, why := m.record(endpoint)
		if why != "" {
			m.leave(u, fmt.Sprintf("spec.endpoints[%d]", i), why)
			return
		}
		records = append(records, record)
	}
	switch {
	case len(records) == 0:
		m.leave(u, "spec.endpoints", "it has no records")
		return
	case len(records) > maxRecords: // an object is taken as a whole
		m.leave(u, "spec.endpoints", tooMany(maxRecords, "records"))
		return
	}
	m.take(u, "spec.dns")
	m.env.Spec.DNS = &v1alpha1.DNS{Records: records}
}

// record is what an endpoint is in spec.dns, or why it is nothing there.
func (m *importer) record(endpoint map[string]any) (record v1alpha1.DNSRecord, why string) {
	targets, _ := texts(endpoint["targets"])
	record = v1alpha1.DNSRecord{Name: text(endpoint, "dnsName"), Type: v1alpha1.RecordType(text(endpoint, "recordType")), Targets: targets}
	if other := unexpected(endpoint, "dnsName", "recordType", "targets", "recordTTL", "providerSpecific"); other != "" {
		return record, "an environment's record has no " + other
	}
	if !contains([]string{"A", "AAAA", "CNAME"}, string(record.Type)) {
		return record, "an environment's records are of type A, AAAA and CNAME, not " + string(record.Type)
	}
	if ttl, set, _ := unstructured.NestedInt64(endpoint, "recordTTL"); set && ttl > 0 {
		record.TTL = &ttl
	}
	properties, _ := items(endpoint, "providerSpecific")
	for _, property := range properties {
		proxied, err := strconv.ParseBool(text(property, "value"))
		if text(property, "name") != m.o.Settings.CloudflareProxiedProperty || err != nil {
			return record, "an environment's record has no property " + text(property, "name")
		}
		record.CloudflareProxied = &proxied
	}
	return record, ""
}
