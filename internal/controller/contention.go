package controller

import (
	"fmt"
	"slices"
	"time"

	"github.com/appenv/appenv-operator/api/v1alpha1"
	"github.com/appenv/appenv-operator/internal/apply"
	"github.com/appenv/appenv-operator/internal/component"
)

// A field that another manager takes back this often in this time is contended: it is
// written less often from then on, and somebody has to decide who writes it.
const (
	contentionLimit  = 5
	contentionWindow = 10 * time.Minute
)

// A contention is when each rival took a field of one object, within the window.
type contention map[apply.Contender][]time.Time

// contended says whether a field of the object was taken back too often, and whose it
// then is. Otherwise it counts this time.
func (p *pass) contended(s *step) (component.Health, bool) {
	rivals := p.applier.Contenders(s.intent, s.live)
	now := p.now()
	known := p.memory.contentions[s.key]
	for rival, times := range known {
		known[rival] = slices.DeleteFunc(times, func(at time.Time) bool { return now.Sub(at) > contentionWindow })
	}
	for _, rival := range rivals {
		if times := known[rival]; len(times) >= contentionLimit {
			p.recheckIn(times[0].Add(contentionWindow).Sub(now) + time.Second)
			return refuse(component.Stalled, v1alpha1.ReasonContended, fmt.Sprintf(
				"field %s is set again and again by %s, %d times within %s; stop that, or take the field out of what the spec asks for",
				rival.Path, rival.Manager, contentionLimit, contentionWindow)), true
		}
	}
	if len(rivals) > 0 && known == nil {
		known = contention{}
		p.memory.contentions[s.key] = known
	}
	for _, rival := range rivals {
		known[rival] = append(known[rival], now)
	}
	return component.Health{}, false
}
