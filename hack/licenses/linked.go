package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// platforms are those that are released: what is linked may differ between them.
var platforms = []string{"linux/amd64", "linux/arm64"}

// licenceFile are names of files that hold a licence. A NOTICE names people, and PATENTS grants more than a licence.
var licenceFile = regexp.MustCompile(`(?i)^(un)?(licen[cs]e|copying|copyright)s?([-._].*)?$`)

// A linked package is one whose code ends up in the program.
type linked struct {
	Dir      string
	Root     string
	Standard bool
	Module   *struct {
		Path, Dir string
		Main      bool
	}
}

// home is the module that the package belongs to, and that module's folder; empty for the program's own module.
func (l linked) home() (module, folder string) {
	switch {
	case l.Standard:
		return "std", l.Root
	case l.Module == nil || l.Module.Main:
		return "", ""
	}
	return l.Module.Path, l.Module.Dir
}

// packages are all that the program in the folder links, on each platform.
func packages(ctx context.Context, folder, program string) ([]linked, error) {
	var all []linked
	for _, platform := range platforms {
		system, machine, _ := strings.Cut(platform, "/")
		var output, complaints bytes.Buffer
		command := exec.CommandContext(ctx, "go", "list", "-deps", "-json=Dir,Root,Standard,Module", program)
		command.Dir, command.Stdout, command.Stderr = folder, &output, &complaints
		command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOOS="+system, "GOARCH="+machine)
		if err := command.Run(); err != nil {
			return nil, fmt.Errorf("listing what %s links on %s: %w\n%s", program, platform, err, complaints.Bytes())
		}
		for decoder := json.NewDecoder(&output); ; {
			var l linked
			if err := decoder.Decode(&l); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return nil, fmt.Errorf("reading what %s links on %s: %w", program, platform, err)
			}
			all = append(all, l)
		}
	}
	return all, nil
}

// licenceFiles are, for each module, those of its folder and of every folder between it and a linked package:
// what was copied from elsewhere brings a licence of its own. A module without any has an empty list.
func licenceFiles(all []linked) (map[string][]string, error) {
	found := map[string][]string{}
	seen := map[string]bool{}
	for _, l := range all {
		module, top := l.home()
		if module == "" {
			continue
		}
		if _, ok := found[module]; !ok {
			found[module] = nil
		}
		for folder := l.Dir; !seen[folder]; folder = filepath.Dir(folder) {
			seen[folder] = true
			files, err := licencesIn(folder)
			if err != nil {
				return nil, err
			}
			found[module] = append(found[module], files...)
			if folder == top {
				break
			}
		}
		slices.Sort(found[module])
	}
	return found, nil
}

func licencesIn(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, entry := range entries {
		if !entry.IsDir() && licenceFile.MatchString(entry.Name()) && filepath.Ext(entry.Name()) != ".go" {
			found = append(found, filepath.Join(folder, entry.Name()))
		}
	}
	return found, nil
}
