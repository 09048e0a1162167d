package boundary

import (
	"fmt"
	"testing"
	"time"
)

// seeds are those of how late the events are.
var seeds = []uint64{1, 2, 3}

// Events that come late, twice, and out of order between kinds, change nothing about where a journey leads.
func TestEventsThatComeLateTwiceAndOutOfOrderChangeNothingAboutTheEnd(t *testing.T) {
	for _, j := range journeys {
		t.Run(j.name, func(t *testing.T) {
			t.Parallel()
			want, _ := undisturbed(t, j)
			for _, seed := range seeds {
				t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
					t.Parallel()
					name := fmt.Sprintf("%s-late%d", slug(j.name), seed)
					operator := operatorOf(name)
					operator.View.Disturb(seed)
					before := begin(t, j, operator, name)
					j.act(t, name)
					await(t, func() error { return arrivedAt(j, name, before, want) })
					time.Sleep(stay)
					if err := arrivedAt(j, name, before, want); err != nil {
						t.Fatalf("it did not stay so: %v", err)
					}
				})
			}
		})
	}
}
