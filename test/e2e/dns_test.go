package e2e

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

var dns = []scenario{
	{name: "dns-record-follows", run: dnsRecordFollows},
}

// dnsRecordFollows changes a record in every way and compares what reaches Cloudflare.
func dnsRecordFollows(s *stage) {
	env := s.environment("web")
	env.Spec.DNS = &v1alpha1.DNS{Records: []v1alpha1.DNSRecord{{
		Name: s.domain(), Type: v1alpha1.RecordTypeA, Targets: []string{"192.0.2.1"}, TTL: new(int64(300)), CloudflareProxied: new(false),
	}}}
	s.apply(env)
	s.ready()
	s.record("192.0.2.1", 300, false)
	// Cloudflare chooses the TTL of proxied records by itself: 1 is automatic.
	s.change(func(env *v1alpha1.AppEnvironment) { env.Spec.DNS.Records[0].CloudflareProxied = new(true) })
	s.record("192.0.2.1", 1, true)
	s.change(func(env *v1alpha1.AppEnvironment) { env.Spec.DNS.Records[0].CloudflareProxied = new(false) })
	s.record("192.0.2.1", 300, false)
	s.change(func(env *v1alpha1.AppEnvironment) { env.Spec.DNS.Records[0].Targets = []string{"192.0.2.2"} })
	s.record("192.0.2.2", 300, false)
	s.ready()
	settled := len(s.calls())
	s.never(12*time.Second, func() string { // longer than external-dns's interval
		if calls := s.calls(); len(calls) != settled {
			return fmt.Sprintf("external-dns changes records although nothing changed: %v", calls[settled:])
		}
		return ""
	})
	s.removed()
	s.until(func() string {
		if records := s.records(); len(records) > 0 {
			return fmt.Sprintf("the record's end; Cloudflare has %v", records)
		}
		return ""
	})
	var verbs []string
	for _, call := range s.calls() {
		if call.Record.Type != "A" {
			continue
		}
		verbs = append(verbs, call.Verb)
		s.note("Cloudflare was asked to %s %s %s, ttl %d, proxied %v", call.Verb, call.Record.Name, call.Record.Content, call.Record.TTL, call.Record.Proxied)
	}
	// external-dns replaces a record whose target changes.
	if want := []string{"create", "update", "update", "delete", "create", "delete"}; !slices.Equal(verbs, want) {
		s.Errorf("Cloudflare was asked to %v, want %v", verbs, want)
	}
}

// calls are the changes of the scenario's records that Cloudflare was asked for.
func (s *stage) calls() []dnsCall {
	s.Helper()
	var calls []dnsCall
	s.cloudflare("calls", &calls)
	return slices.DeleteFunc(calls, func(c dnsCall) bool { return !strings.Contains(c.Record.Name, s.domain()) })
}

// records are the scenario's at Cloudflare, with those by which external-dns knows what it owns.
func (s *stage) records() []dnsRecord {
	s.Helper()
	var records []dnsRecord
	s.cloudflare("records", &records)
	return slices.DeleteFunc(records, func(r dnsRecord) bool { return !strings.Contains(r.Name, s.domain()) })
}

// record waits until Cloudflare has the scenario's one record.
func (s *stage) record(target string, ttl int, proxied bool) {
	s.Helper()
	want := []dnsRecord{{Name: s.domain(), Type: "A", Content: target, TTL: ttl, Proxied: proxied}}
	s.until(func() string {
		records := slices.DeleteFunc(s.records(), func(r dnsRecord) bool { return r.Type == "TXT" })
		if !slices.Equal(records, want) {
			return fmt.Sprintf("%v; Cloudflare has %v", want, records)
		}
		return ""
	})
}
