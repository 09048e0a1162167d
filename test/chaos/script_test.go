package chaos

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// An act is what somebody does to an environment.
type act string

// The acts. Those that need time wait for what they lead to.
const (
	create  act = "create"
	change  act = "change"
	restore act = "restore" // to what it was created with
	shrink  act = "shrink"
	remove  act = "remove"      // and wait until it is gone
	hang    act = "remove hung" // the same, with something in its namespace that holds it for a while
	adopt   act = "adopt"       // what was made by hand, and wait until it is ready
	pause   act = "pause"
	observe act = "observe"
	enforce act = "enforce"
	damage  act = "damage" // delete and change children by hand
	// terminate deletes the namespace by hand, with something in it that holds it for a while, and waits until it is ready.
	terminate act = "terminate"
)

// A scene is an act and the pause before it.
type scene struct {
	after time.Duration
	act   act
}

// A script is what happens to one environment.
type script struct {
	name   string
	scenes []scene
}

// perScene is how long a scene takes on average.
const perScene = 25 * time.Second

// scripts are those of all environments. One in ten takes over what was made by hand, and only comes and goes.
func scripts(seed uint64, environments int, duration time.Duration) []script {
	var all []script
	for i := range environments {
		s := script{name: fmt.Sprintf("chaos%02d", i)}
		random := randomOf(seed, s.name)
		state := act("absent")
		for left := duration; left > 0; {
			after := time.Duration(random.Int64N(int64(2 * perScene)))
			left -= after
			state = next(random, state, i%10 == 9)
			s.scenes = append(s.scenes, scene{after, state})
		}
		if last := s.scenes[len(s.scenes)-1].act; last == pause || last == observe {
			s.scenes = append(s.scenes, scene{time.Second, enforce})
		}
		all = append(all, s)
	}
	return all
}

// next is what may come after an act.
func next(random *rand.Rand, after act, byHand bool) act {
	choices := []act{change, restore, shrink, remove, hang, pause, observe, damage, change, restore, terminate}
	switch {
	case byHand && (after == "absent" || after == remove):
		return adopt
	case byHand:
		return remove
	case after == "absent" || after == remove || after == hang:
		return create
	case after == pause || after == observe:
		choices = []act{enforce, enforce, remove}
	}
	return choices[random.IntN(len(choices))]
}

func randomOf(seed uint64, name string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}
