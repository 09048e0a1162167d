package gke

import (
	"testing"
	"time"
)

// FuzzExpiryIsATimeOrNothing: what Google writes as the end of a certificate becomes a moment in UTC, or nothing.
func FuzzExpiryIsATimeOrNothing(f *testing.F) {
	for _, text := range []string{"", "2026-04-01T00:00:00.000-07:00", "2026-04-01T00:00:00Z", "0000-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-02-30T00:00:00Z", "now", "2026-04-01"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := Expiry(text)
		if got == "" {
			return
		}
		moment, err := time.Parse(time.RFC3339, got)
		if err != nil || moment.UTC().Format(time.RFC3339) != got {
			t.Errorf("%q becomes %q: %v", text, got, err)
		}
	})
}
