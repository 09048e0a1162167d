package operations

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/appenv/appenv-operator/test/fixture"
)

var (
	seed  = flag.Uint64("operations.seed", 1, "what decides on the order of operations")
	lanes = flag.Int("operations.lanes", 8, "how many environments are operated on at once")
)

const (
	// patience is how long an environment may take to come to its end while others keep the machine busy. What was
	// refused for good is tried again after a minute.
	patience = 2 * time.Minute
	// pause is that between two looks.
	pause = 500 * time.Millisecond
	// stay is how long an end has to last.
	stay = time.Second
)

var plane *fixture.Plane

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", fmt.Sprint(*lanes)); err != nil {
		panic(err)
	}
	os.Exit(fixture.Main(m, func(p *fixture.Plane) { plane = p }))
}
