package status

import (
	"math/rand"
	"testing"
	"unicode/utf8"

	"github.com/appenv/appenv-operator/api/v1alpha1"
)

// FuzzAnyFindingsGiveAWholeStatus: whatever the findings say, in whatever words, the status is one that the API
// server takes, that contradicts itself nowhere, and that stays when it is computed again.
func FuzzAnyFindingsGiveAWholeStatus(f *testing.F) {
	for seed, text := range []string{
		"", "{{.name}}", "a\nb", "\x00", "\xff\xfe", "\u202e", "2026-01-02T03:04:05Z", "attempt #2 in 3m4s", "0x0123456789abcdef", "RequestId: 4f0c",
		"11111111-2222-3333-4444-555555555555", "10.0.0.1:1234->10.0.0.2:443", strings300, "é…", "dial tcp [::1]:1->", "took 1.5s", "\U0001f600",
	} {
		f.Add(int64(seed), text, text)
		f.Add(int64(seed), text, v1alpha1.ReasonDegraded)
	}
	f.Fuzz(func(t *testing.T, seed int64, message, reason string) {
		random := rand.New(rand.NewSource(seed))
		r := randomReport(random)
		r.Children = append(r.Children, child(app1Key), child(dnsKey))
		for _, findings := range [][]Finding{r.Findings, r.Removing} {
			for i := range findings {
				if random.Intn(3) > 0 {
					continue
				}
				findings[i].Message, findings[i].Reason = message, reason
				if row := findings[i].App; row != nil {
					row.Message, row.Revision, row.Images = message, message, []string{message, reason}
				}
				if row := findings[i].Secret; row != nil {
					row.Message = message
				}
				if row := findings[i].Certificate; row != nil {
					row.Message, row.Status, row.Expires = message, reason, message
				}
			}
		}
		for range 2 {
			got := Compute(r)
			if problem := broken(got); problem != "" {
				t.Fatalf("%s\n%v\nblockedOn: %s", problem, lines(got.Conditions), got.BlockedOn)
			}
			for _, text := range append(lines(got.Conditions), got.BlockedOn) {
				if !utf8.ValidString(text) {
					t.Errorf("%q is no text", text)
				}
			}
			checkInAnyOrder(t, r, got)
			checkSettled(t, r, got)
			r.Env.Status = stored(t, got)
		}
	})
}
