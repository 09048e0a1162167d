package process

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

const grace = 10 * time.Second

func start(t *testing.T, table Table, name string, args ...string) *Process {
	t.Helper()
	p, err := table.Start(Spec{
		Name: name, Path: "/bin/sh", Args: append([]string{"-c"}, args...),
		Log: filepath.Join(table.state, "logs", name+".log"), Fingerprint: "print",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := table.Stop(name, grace); err != nil {
			t.Error(err)
		}
	})
	return p
}

func TestAStartedProcessIsFoundAndStopped(t *testing.T) {
	table := NewTable(t.TempDir())
	start(t, table, "one", "sleep 1000 & wait")
	r, alive := table.Find("one")
	if !alive || r.Fingerprint != "print" {
		t.Fatalf("found %+v, alive %v", r, alive)
	}
	if err := table.Stop("one", grace); err != nil {
		t.Fatal(err)
	}
	if _, alive := table.Find("one"); alive {
		t.Error("still alive after it was stopped")
	}
	left, err := table.Leftovers()
	if err != nil || len(left) > 0 {
		t.Errorf("its child remains: %v, %v", left, err)
	}
}

func TestAProcessThatIgnoresTheRequestIsKilled(t *testing.T) {
	table := NewTable(t.TempDir())
	start(t, table, "stubborn", "trap '' TERM; while :; do sleep 0.05; done")
	if err := table.Stop("stubborn", 300*time.Millisecond); err != nil {
		t.Fatal(err)
	}
}

func TestAnotherProcessUnderTheSamePIDIsLeftAlone(t *testing.T) {
	table := NewTable(t.TempDir())
	start(t, table, "mine", "sleep 1000")
	r, _ := table.Find("mine")
	other := NewTable(t.TempDir())
	if err := os.MkdirAll(filepath.Dir(other.file("theirs")), 0o755); err != nil {
		t.Fatal(err)
	}
	record := []byte("1\n1\n-\n")
	if err := os.WriteFile(other.file("theirs"), record, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, alive := other.Find("theirs"); alive {
		t.Error("a process with another start time was taken for the recorded one")
	}
	if err := other.Stop("theirs", grace); err != nil {
		t.Fatal(err)
	}
	if startTime(r.PID) != r.Started {
		t.Error("an unrelated process was stopped")
	}
}

func TestTheEndOfAProcessIsReported(t *testing.T) {
	table := NewTable(t.TempDir())
	p := start(t, table, "brief", "exit 3")
	select {
	case err := <-p.Exited():
		if !errors.Is(err, ErrGone) {
			t.Errorf("reported %v", err)
		}
	case <-time.After(grace):
		t.Error("its end was not reported")
	}
	if _, alive := table.Find("brief"); alive {
		t.Error("found alive")
	}
}

func TestALeftoverIsFoundByItsEnvironment(t *testing.T) {
	table := NewTable(t.TempDir())
	// A child in a session of its own outlives its parent and the parent's group.
	start(t, table, "parent", "setsid sleep 1000 & sleep 1000")
	deadline := time.Now().Add(grace)
	isAsleep := func(l Leftover) bool { return l.Command == "sleep 1000" }
	for { // setsid becomes the child once that has its session
		left, err := table.Leftovers()
		if err != nil {
			t.Fatal(err)
		}
		if asleep := slices.DeleteFunc(left, func(l Leftover) bool { return !isAsleep(l) }); len(asleep) == 2 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("not both children sleep: %+v", left)
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err := table.Stop("parent", grace); err != nil {
		t.Fatal(err)
	}
	left, err := table.Leftovers()
	if err != nil || len(left) != 1 || !left[0].Ours {
		t.Fatalf("left over: %+v, %v", left, err)
	}
	if err := left[0].End(grace); err != nil {
		t.Fatal(err)
	}
}
