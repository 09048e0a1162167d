package argocd

import (
	"fmt"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // the same time zones everywhere, whatever the image holds

	"github.com/robfig/cron/v3"
)

// Validate says what Argo CD would not understand about the window. Argo CD's own
// check runs only in its API server, and takes an unknown time zone for UTC.
func (w SyncWindow) Validate() error {
	// The parser also takes a time zone before the fields, and panics when nothing follows it.
	if strings.HasPrefix(w.Schedule, "TZ=") || strings.HasPrefix(w.Schedule, "CRON_TZ=") {
		return fmt.Errorf("schedule %q names a time zone; write that into timeZone", w.Schedule)
	}
	parser := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)
	if _, err := parser.Parse(w.Schedule); err != nil {
		return fmt.Errorf("schedule %q: %w", w.Schedule, err)
	}
	if _, err := time.ParseDuration(w.Duration); err != nil {
		return fmt.Errorf("duration %q is not a duration; write it as in 8h or 1h30m", w.Duration)
	}
	if _, err := time.LoadLocation(w.TimeZone); err != nil {
		return fmt.Errorf("timeZone %q is unknown; use an IANA name such as Europe/Berlin", w.TimeZone)
	}
	return nil
}

// SameTime says whether two windows differ in nothing but manualSync. Argo CD
// refuses a project with such a pair.
func (w SyncWindow) SameTime(other SyncWindow) bool {
	return w.Kind == other.Kind && w.Schedule == other.Schedule && w.Duration == other.Duration &&
		w.TimeZone == other.TimeZone && slices.Equal(w.Applications, other.Applications)
}
