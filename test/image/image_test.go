// Package image runs what the Dockerfile tells a container engine to run, without one: the very build
// command, on just the files that are copied, for every platform that is released.
package image

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

const root = "../.."

// An instruction of the Dockerfile: its name and what follows, lines joined.
type instruction struct{ name, rest string }

// instructions are those of the Dockerfile, per stage.
func instructions(t *testing.T) (build, final []instruction) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	var stages [][]instruction
	for line := range strings.Lines(strings.ReplaceAll(string(content), "\\\n", "")) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case name == "" || strings.HasPrefix(name, "#"):
			continue
		case name == "FROM":
			stages = append(stages, nil)
		}
		stages[len(stages)-1] = append(stages[len(stages)-1], instruction{name, strings.TrimSpace(rest)})
	}
	if len(stages) != 2 {
		t.Fatalf("the Dockerfile has %d stages, want 2", len(stages))
	}
	return stages[0], stages[1]
}

// of are the instructions of a name.
func of(all []instruction, name string) []string {
	var found []string
	for _, i := range all {
		if i.name == name {
			found = append(found, i.rest)
		}
	}
	return found
}

// copied makes a folder of just what the build stage copies, and fails when .dockerignore holds it back.
func copied(t *testing.T, build []instruction) string {
	t.Helper()
	ignored, err := os.ReadFile(filepath.Join(root, ".dockerignore"))
	if err != nil {
		t.Fatal(err)
	}
	allowed := strings.Fields(string(ignored))
	folder := t.TempDir()
	for _, copy := range of(build, "COPY") {
		words := strings.Fields(copy)
		for _, source := range words[:len(words)-1] {
			if !slices.Contains(allowed, "!"+source) {
				t.Errorf(".dockerignore keeps %s from the build", source)
			}
			target := filepath.Join(folder, words[len(words)-1])
			info, err := os.Stat(filepath.Join(root, source))
			if err != nil {
				t.Fatal(err)
			}
			if info.IsDir() {
				err = os.CopyFS(target, os.DirFS(filepath.Join(root, source)))
			} else {
				var content []byte
				if content, err = os.ReadFile(filepath.Join(root, source)); err == nil {
					err = os.WriteFile(filepath.Join(target, source), content, 0o644)
				}
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return folder
}

func TestTheBuildCommandBuildsEveryPlatform(t *testing.T) {
	build, final := instructions(t)
	commands := of(build, "RUN")
	command := commands[len(commands)-1]
	if !strings.Contains(command, "-o /manager ") || !slices.Contains(of(final, "COPY"), "--from=build /manager /manager") {
		t.Fatalf("the last command of the build does not make /manager: %s", command)
	}
	source := copied(t, build)
	for platform, machine := range map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64} {
		t.Run(platform, func(t *testing.T) {
			program := filepath.Join(t.TempDir(), "manager")
			cmd := exec.CommandContext(t.Context(), "sh", "-euc", strings.Replace(command, "-o /manager ", "-o "+program+" ", 1))
			cmd.Dir = source
			cmd.Env = append(os.Environ(), "TARGETOS=linux", "TARGETARCH="+platform, "VERSION=v1.2.3", "COMMIT=0123abc", "GOFLAGS=-mod=readonly", "GOWORK=off")
			if output, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s", command, err, output)
			}
			checkProgram(t, program, machine, source)
			if machine != elf.EM_X86_64 {
				return
			}
			output, err := exec.CommandContext(t.Context(), program, "--version").CombinedOutput()
			if err != nil || !strings.Contains(string(output), "v1.2.3") || !strings.Contains(string(output), "0123abc") {
				t.Errorf("--version says %q, %v; want version and commit", output, err)
			}
		})
	}
}

// checkProgram: an image without anything else can run it, and it is the same wherever it was built.
func checkProgram(t *testing.T, program string, machine elf.Machine, source string) {
	t.Helper()
	file, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if file.Machine != machine {
		t.Errorf("it is for %s, want %s", file.Machine, machine)
	}
	for _, part := range file.Progs {
		if part.Type == elf.PT_INTERP {
			t.Error("it needs a dynamic linker")
		}
	}
	content, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(content), source+"/internal/") {
		t.Error("it names the folder it was built in")
	}
}

// TestTheImageRunsAsTheDeploymentWants: the Pod has runAsNonRoot, which the kubelet can check for a number only.
func TestTheImageRunsAsTheDeploymentWants(t *testing.T) {
	_, final := instructions(t)
	users := of(final, "USER")
	if len(users) != 1 || !regexp.MustCompile(`^[1-9][0-9]*:[1-9][0-9]*$`).MatchString(users[0]) {
		t.Errorf("USER is %q, want one number that is not 0", users)
	}
	if entry := of(final, "ENTRYPOINT"); !slices.Equal(entry, []string{`["/manager"]`}) {
		t.Errorf("ENTRYPOINT is %q", entry)
	}
	if len(of(final, "RUN")) > 0 {
		t.Error("the final stage runs something, and has no shell to do so")
	}
	content, err := os.ReadFile(filepath.Join(root, "config", "manager", "manager.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var deployment struct {
		Spec struct {
			Template struct {
				Spec struct {
					Containers []struct{ Command []string } `json:"containers"`
				} `json:"spec"`
			} `json:"template"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(content, &deployment); err != nil {
		t.Fatal(err)
	}
	if containers := deployment.Spec.Template.Spec.Containers; len(containers) != 1 || containers[0].Command != nil {
		t.Errorf("the Deployment overrides the entry point, or has not one container: %+v", containers)
	}
}
