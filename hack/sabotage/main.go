// Command sabotage breaks the product one line at a time, in a copy of it, and runs for each breakage the one
// test that has to notice. It ends non-zero when a breakage goes unnoticed, or cannot be made any more.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// limit is how long the tests of one run may take, their control plane included.
const limit = "10m"

func main() {
	only := flag.String("run", "", "make only the breakages whose description contains this")
	results := flag.String("results", "", "write the results to this file; what is not made this time keeps its own")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *only, *results); err != nil {
		fmt.Fprintln(os.Stderr, "sabotage:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, only, results string) error {
	var chosen []breakage
	for _, b := range breakages {
		if strings.Contains(b.what, only) {
			chosen = append(chosen, b)
		}
	}
	if len(chosen) == 0 {
		return fmt.Errorf("no breakage is called %q", only)
	}
	dir, err := scratch(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // a copy; what was found counts
	began := time.Now()
	if err := whole(ctx, dir, chosen); err != nil {
		return err
	}
	rows := map[string]string{}
	unnoticed := 0
	for i, b := range chosen {
		started := time.Now()
		verdict := caught
		if err := b.try(ctx, dir); err != nil {
			unnoticed++
			verdict = "NOT CAUGHT: " + err.Error()
		}
		if ctx.Err() != nil {
			return errors.New("interrupted")
		}
		fmt.Printf("[%2d of %d] %s: %s by %s (%.0f s)\n", i+1, len(chosen), b.what, verdict, b.test, time.Since(started).Seconds())
		rows[b.what] = b.row(strings.SplitN(verdict, "\n", 2)[0])
	}
	fmt.Printf("%d of %d caught in %.0f s\n", len(chosen)-unnoticed, len(chosen), time.Since(began).Seconds())
	if results != "" {
		if err := write(results, rows); err != nil {
			return err
		}
	}
	if unnoticed > 0 {
		return fmt.Errorf("%d breakages were not caught", unnoticed)
	}
	return nil
}

// scratch copies what Git knows of the checkout, with the built components beside it.
func scratch(ctx context.Context) (string, error) {
	listing, err := exec.CommandContext(ctx, "git", "ls-files", "--cached", "--others", "--exclude-standard", "-z").Output()
	if err != nil {
		return "", fmt.Errorf("listing the files of the checkout: %w", err)
	}
	dir, err := os.MkdirTemp("", "appenv-sabotage-")
	if err != nil {
		return "", err
	}
	here, err := os.Getwd()
	if err == nil {
		err = os.Symlink(filepath.Join(here, "bin"), filepath.Join(dir, "bin"))
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(listing), "\x00"), "\x00") {
		if err != nil {
			break
		}
		var content []byte
		if content, err = os.ReadFile(name); errors.Is(err, os.ErrNotExist) {
			err = nil // deleted, and not yet committed
			continue
		}
		target := filepath.Join(dir, name)
		if err == nil {
			err = os.MkdirAll(filepath.Dir(target), 0o755)
		}
		if err == nil {
			err = os.WriteFile(target, content, 0o600)
		}
	}
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return dir, nil
}

// whole runs the tests on the copy as it is: a test that fails there would notice everything.
func whole(ctx context.Context, dir string, chosen []breakage) error {
	tests := map[string][]string{}
	for _, b := range chosen {
		if !slices.Contains(tests[b.folder], b.test) {
			tests[b.folder] = append(tests[b.folder], b.test)
		}
	}
	for _, folder := range slices.Sorted(maps.Keys(tests)) {
		output, err := test(ctx, dir, folder, "^("+strings.Join(tests[folder], "|")+")$", false)
		if err != nil {
			return fmt.Errorf("nothing is broken yet, and a test fails: %w: %s", err, bytes.TrimSpace(output))
		}
		fmt.Printf("%s: the %d tests pass while nothing is broken\n", folder, len(tests[folder]))
	}
	return nil
}

func test(ctx context.Context, dir, folder, pattern string, failfast bool) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-count=1", "-failfast="+strconv.FormatBool(failfast), "-timeout", limit, "-run", pattern, folder)
	cmd.Dir = dir
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // so that the test ends its servers
	return cmd.CombinedOutput()
}

// try breaks the copy, runs the test, and mends the copy. An error says that the test noticed nothing.
func (b breakage) try(ctx context.Context, dir string) (err error) {
	path := filepath.Join(dir, b.file)
	whole, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if found := bytes.Count(whole, []byte(b.from)); found != 1 {
		return fmt.Errorf("%s has %q %d times instead of once", b.file, b.from, found)
	}
	if err := os.WriteFile(path, bytes.Replace(whole, []byte(b.from), []byte(b.to), 1), 0o600); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.WriteFile(path, whole, 0o600)) }()
	output, err := test(ctx, dir, b.folder, "^"+b.test+"$", true)
	var failed *exec.ExitError
	switch {
	case err == nil:
		return errors.New("the test passed")
	case !errors.As(err, &failed):
		return err
	case bytes.Contains(output, []byte("--- FAIL: "+b.test)):
		return nil
	}
	return fmt.Errorf("something else failed: %s", bytes.TrimSpace(output))
}

const caught = "caught"

// row is what the results say of a breakage.
func (b breakage) row(verdict string) string {
	return fmt.Sprintf("| %s | `%s` | `%s` | %s |", b.what, b.file, b.test, verdict)
}

// write keeps what came of it, without times: the file changes when that does. A breakage that was
// not made this time keeps the row that it has.
func write(path string, rows map[string]string) error {
	before, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	var table strings.Builder
	count := 0
	for _, b := range breakages {
		row := rows[b.what]
		if row == "" && bytes.Contains(before, []byte(b.row(caught))) {
			row = b.row(caught)
		}
		if row == "" {
			row = b.row("not made yet")
		}
		if row == b.row(caught) {
			count++
		}
		table.WriteString(row + "\n")
	}
	text := fmt.Sprintf("# Sabotage\n\nWhat `make sabotage` found last: each line of the product below was broken by itself, and the test named beside it\n"+
		"had to notice. %d of %d were caught. The tests passed while nothing was broken.\n\n"+
		"| broken so that | in | noticed by | |\n|---|---|---|---|\n%s", count, len(breakages), table.String())
	return os.WriteFile(path, []byte(text), 0o644)
}
