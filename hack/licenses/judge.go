package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// allowed are the licences that ask for no more than that their text and the names in it are kept, so that the
// operator can be given on under its own. Whoever adds one decides that its conditions can be met.
var allowed = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT"}

// heading is how many words a licence file may have that belong to no licence known: as many as its title.
// A condition that somebody added is longer.
const heading = 5

// read are licence files in which more stands, by SHA-256, and what somebody who has read them found. A file that
// changes has to be read again.
var read = map[string][]string{
	// go.yaml.in/yaml/v2, LICENSE.libyaml: which files are ported from libyaml, and under its licence.
	"a94710b55e03b5285f77d048c5ba61bb9d6ee04a06c0eb90e68821e11b0c707a": {"MIT"},
	// go.yaml.in/yaml/v3: the same, and Apache-2.0 for the rest.
	"d18f6323b71b0b768bb5e9616e36da390fbd39369a81807cca352de4e4e6aa0b": {"Apache-2.0", "MIT"},
	// sigs.k8s.io/yaml: its own, and those of the two copies of go-yaml in it.
	"5dc79da695aea39a47245008a168e3f7d461b686da8bec299fd55fee0393cbcc": {"Apache-2.0", "BSD-3-Clause", "MIT"},
	// sigs.k8s.io/json: which licence is for which folder.
	"ef523ecf6292d4b80e02e6003dcbaf386e774efe70e8607ad762b1437d1f383b": {"Apache-2.0", "BSD-3-Clause"},
	// github.com/google/cel-go: a heading above the licence of one file, which is that of Go's protocol buffers.
	"4cdb9af102dfbb0ca03d87d6f650a505df098646a4080f4665b389ad9c6caa02": {"Apache-2.0", "BSD-3-Clause"},
	// std, crypto/internal/boring: Go's own licence for the Go code there. The others in it, OpenSSL's among them, are
	// those of an object file that is linked with GOEXPERIMENT=boringcrypto and cgo only; we build with neither.
	"56210f826b8f0fbac3160dfe55c97f4019eb6cdda3963b5a0eab8a8bdb62360e": {"BSD-3-Clause"},
}

// A verdict is what a module comes under, and what is wrong with that.
type verdict struct {
	module   string
	licences []string
	problems []string
}

func (v verdict) String() string { return v.module + ": " + strings.Join(v.licences, ", ") }

// A judge remembers which of the files that were read it has met.
type judge struct{ met map[string]bool }

func newJudge() *judge { return &judge{met: map[string]bool{}} }

// module judges a module by its licence files, all of which count.
func (j *judge) module(name string, files []string) (verdict, error) {
	v := verdict{module: name}
	if len(files) == 0 {
		v.problems = append(v.problems, name+" has no licence file")
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return v, err
		}
		licences, problem := j.text(content)
		if problem != "" {
			v.problems = append(v.problems, fmt.Sprintf("%s: %s: %s", name, file, problem))
		}
		v.licences = append(v.licences, licences...)
	}
	slices.Sort(v.licences)
	v.licences = slices.Compact(v.licences)
	for _, licence := range v.licences {
		if !slices.Contains(allowed, licence) {
			v.problems = append(v.problems, fmt.Sprintf("%s: %s is not an allowed licence (%s)", name, licence, strings.Join(allowed, ", ")))
		}
	}
	return v, nil
}

// text names the licences in a file, and says when more stands in it than they.
func (j *judge) text(content []byte) (licences []string, problem string) {
	sum := sha256.Sum256(content)
	key := hex.EncodeToString(sum[:])
	if found, ok := read[key]; ok {
		j.met[key] = true
		return found, ""
	}
	var unknown []string
	at := 0
	for _, match := range licensecheck.Scan(content).Match {
		licences = append(licences, match.ID)
		unknown = append(unknown, strings.Fields(string(content[at:match.Start]))...)
		at = match.End
	}
	unknown = append(unknown, strings.Fields(string(content[at:]))...)
	if len(licences) == 0 {
		return nil, "no known licence; its SHA-256 is " + key
	}
	if len(unknown) > heading {
		return licences, fmt.Sprintf("besides %s it says %q: read it, and add what you found to read in judge.go, as %s",
			strings.Join(licences, " and "), strings.Join(unknown[:min(len(unknown), 30)], " "), key)
	}
	return licences, ""
}

// stale are the files that were read and are linked no more.
func (j *judge) stale() []string {
	var found []string
	for key := range read {
		if !j.met[key] {
			found = append(found, "no linked module has the licence file "+key+": remove it from read in judge.go")
		}
	}
	slices.Sort(found)
	return found
}
