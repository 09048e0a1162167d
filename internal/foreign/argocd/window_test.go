package argocd

import (
	"strings"
	"testing"
)

func TestSyncWindowValidate(t *testing.T) {
	tests := map[string]struct {
		change func(*SyncWindow)
		want   string // part of the error, empty when valid
	}{
		"a window as it should be":     {},
		"no time zone means UTC":       {change: func(w *SyncWindow) { w.TimeZone = "" }},
		"a minute that does not exist": {change: func(w *SyncWindow) { w.Schedule = "61 22 * * *" }, want: `schedule "61 22 * * *"`},
		"six fields":                   {change: func(w *SyncWindow) { w.Schedule = "0 0 22 * * *" }, want: "schedule"},
		"a time zone in the schedule":  {change: func(w *SyncWindow) { w.Schedule = "CRON_TZ=UTC 0 22 * * *" }, want: "write that into timeZone"},
		"nothing but a time zone":      {change: func(w *SyncWindow) { w.Schedule = "TZ=UTC" }, want: "write that into timeZone"},
		"a duration without a unit":    {change: func(w *SyncWindow) { w.Duration = "8" }, want: `duration "8"`},
		"an unknown time zone":         {change: func(w *SyncWindow) { w.TimeZone = "Asia/Tokio" }, want: `timeZone "Asia/Tokio"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			window := SyncWindow{Kind: "deny", Schedule: "0 22 * * 1-5", Duration: "1h30m", TimeZone: "Asia/Tokyo"}
			if test.change != nil {
				test.change(&window)
			}
			err := window.Validate()
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestSameTime(t *testing.T) {
	window := SyncWindow{Kind: "deny", Schedule: "0 22 * * *", Duration: "8h", Applications: []string{"*"}}
	manual, other := window, window
	manual.ManualSync = true
	other.TimeZone = "Asia/Tokyo"
	if !window.SameTime(manual) {
		t.Error("manualSync alone makes no other window")
	}
	if window.SameTime(other) {
		t.Error("another time zone is another window")
	}
}
