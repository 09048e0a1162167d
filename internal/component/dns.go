package component

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

var dnsEndpointKind = Kind{
	GroupVersionKind: schema.GroupVersionKind{Group: "externaldns.k8s.io", Version: "v1alpha1", Kind: "DNSEndpoint"},
	Resource:         "dnsendpoints", Provider: "external-dns",
}

// dns are the environment's DNS records, in one DNSEndpoint that external-dns reads.
var dns = Component{
	Name:      "dns",
	Condition: v1alpha1.ConditionDNSReady,
	Kinds:     []Kind{dnsEndpointKind},
	Desired:   desiredDNS,
	Health:    dnsHealth,
}

func desiredDNS(in Input) ([]*unstructured.Unstructured, error) {
	if in.Env.Spec.DNS == nil || len(in.Env.Spec.DNS.Records) == 0 {
		return nil, nil
	}
	namespace := NamespaceOf(in.Env, nil)
	if _, withheld := in.Withheld[namespace]; withheld {
		return nil, nil
	}
	records := slices.DeleteFunc(slices.Clone(in.Env.Spec.DNS.Records), func(record v1alpha1.DNSRecord) bool {
		_, taken := in.TakenRecords[strings.ToLower(record.Name)]
		return taken
	})
	if len(records) == 0 {
		return nil, nil
	}
	slices.SortFunc(records, func(a, b v1alpha1.DNSRecord) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type))
	})
	endpoints := make([]map[string]any, len(records))
	for i, record := range records {
		endpoints[i] = endpoint(in.Settings, record)
	}
	u, err := object(dnsEndpointKind, namespace, in.Env.Name, map[string]any{
		"spec": map[string]any{"endpoints": endpoints},
	})
	if err != nil {
		return nil, err
	}
	return []*unstructured.Unstructured{u}, nil
}

// endpoint names Cloudflare's proxy, true or false, only where the record does:
// other providers would update a record with a property of Cloudflare's for ever.
func endpoint(settings Settings, record v1alpha1.DNSRecord) map[string]any {
	fields := map[string]any{
		"dnsName":    record.Name,
		"recordType": string(record.Type),
		"targets":    sorted(slices.Clone(record.Targets)),
	}
	if record.TTL != nil {
		fields["recordTTL"] = *record.TTL
	}
	if record.CloudflareProxied != nil {
		fields["providerSpecific"] = []map[string]any{{
			"name":  settings.CloudflareProxiedProperty,
			"value": strconv.FormatBool(*record.CloudflareProxied),
		}}
	}
	return fields
}

// dnsHealth: external-dns tells no more than which generation it has read.
func dnsHealth(_ Input, _ Key, live *unstructured.Unstructured) Health {
	health, ok := existence(live)
	if !ok {
		return health
	}
	observed, _, _ := unstructured.NestedInt64(live.Object, "status", "observedGeneration")
	if observed != live.GetGeneration() {
		return Health{
			State: Progressing, Reason: v1alpha1.ReasonProgressing,
			Message: "external-dns has not read the records yet; check that it runs and watches DNSEndpoints (--source=crd)",
		}
	}
	return Health{Message: "external-dns has read the records, which does not prove that they resolve"}
}
