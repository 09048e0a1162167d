package boundary

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/appenv/appenv-operator/test/fixture"
)

var plane *fixture.Plane

// parallel is how many journeys are made at once: they wait more than they work.
const parallel = "8"

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", parallel); err != nil {
		panic(err)
	}
	os.Exit(run(m))
}

// run starts no operator: each journey has one of its own.
func run(m *testing.M) int {
	var err error
	if plane, err = fixture.StartPlane(fixture.Options{}); err != nil {
		fmt.Fprintln(os.Stderr, errors.Join(err, plane.Stop()))
		return 1
	}
	ended := make(chan struct{})
	go matrix.tell(ended)
	code := m.Run()
	close(ended)
	fmt.Print(matrix.table())
	if err := plane.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	if code == 0 {
		_ = os.RemoveAll(plane.Logs)
		return 0
	}
	fmt.Fprintln(os.Stderr, "the logs of the operators and of the control plane are in", plane.Logs)
	return code
}
