// Program licenses names the licence of every module that is linked into the operator. It fails on a licence that
// is not allowed, on one that it does not know, and when linked.txt says something else.
//
//	go -C hack/licenses run . [-update]
//
// It looks at licence files, not at the heads of source files, and at modules, not at what is embedded as data.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// snapshot has a line per module, without its version: it changes when what we come under does.
const snapshot = "linked.txt"

func main() {
	update := flag.Bool("update", false, "write "+snapshot)
	flag.Parse()
	if err := run(context.Background(), os.Stdout, *update); err != nil {
		fmt.Fprintln(os.Stderr, "licenses:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, update bool) error {
	j := newJudge()
	verdicts, err := linkedInto(ctx, j, "../..", "./cmd/...")
	if err != nil {
		return err
	}
	problems := j.stale()
	for _, v := range verdicts {
		problems = append(problems, v.problems...)
	}
	table := lines(verdicts)
	fmt.Fprint(out, table)
	fmt.Fprintln(out, summary(verdicts))
	if update {
		if err := os.WriteFile(snapshot, []byte(table), 0o644); err != nil {
			return err
		}
	}
	before, err := os.ReadFile(snapshot)
	if err != nil {
		return err
	}
	problems = append(problems, changes(string(before), table)...)
	if len(problems) > 0 {
		return fmt.Errorf("%d problems:\n  %s", len(problems), strings.Join(problems, "\n  "))
	}
	return nil
}

// linkedInto judges every module that the program in the folder links, ordered by name.
func linkedInto(ctx context.Context, j *judge, folder, program string) ([]verdict, error) {
	all, err := packages(ctx, folder, program)
	if err != nil {
		return nil, err
	}
	files, err := licenceFiles(all)
	if err != nil {
		return nil, err
	}
	var verdicts []verdict
	for module, of := range files {
		v, err := j.module(module, of)
		if err != nil {
			return nil, err
		}
		verdicts = append(verdicts, v)
	}
	slices.SortFunc(verdicts, func(a, b verdict) int { return strings.Compare(a.module, b.module) })
	return verdicts, nil
}

func lines(verdicts []verdict) string {
	var out strings.Builder
	for _, v := range verdicts {
		fmt.Fprintln(&out, v)
	}
	return out.String()
}

// summary counts how many modules come under each licence; one with several counts for each.
func summary(verdicts []verdict) string {
	counts := map[string]int{}
	for _, v := range verdicts {
		for _, licence := range v.licences {
			counts[licence]++
		}
	}
	var parts []string
	for licence, count := range counts {
		parts = append(parts, fmt.Sprintf("%s %d", licence, count))
	}
	slices.Sort(parts)
	return fmt.Sprintf("%d modules, std among them: %s", len(verdicts), strings.Join(parts, ", "))
}

// changes are the lines that only one of two tables has.
func changes(before, now string) []string {
	old, current := strings.Split(before, "\n"), strings.Split(now, "\n")
	var found []string
	for _, line := range old {
		if !slices.Contains(current, line) {
			found = append(found, snapshot+" has what is linked no more: "+line)
		}
	}
	for _, line := range current {
		if !slices.Contains(old, line) {
			found = append(found, snapshot+" lacks: "+line)
		}
	}
	if len(found) > 0 {
		found = append(found, "go -C hack/licenses run . -update writes it; read what it changes")
	}
	return found
}
