package upkeep

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/template"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// withGo is a shell whose go build writes what it was asked for into the program. What the compiler makes of the sources is
// not asked here.
func withGo(t *testing.T) *shell {
	t.Helper()
	s := newShell(t)
	s.take(t, "hack/plugin-archives.sh", "LICENSE")
	s.write(t, "tools/go", `#!/usr/bin/env bash
while [ $# -gt 0 ]; do
  if [ "$1" = -ldflags ]; then flags=$2; fi
  if [ "$1" = -o ]; then program=$2; fi
  shift
done
echo "$GOOS/$GOARCH $flags" >"$program"
chmod 0700 "$program"
`)
	if err := os.Chmod(s.path("tools/go"), 0o755); err != nil {
		t.Fatal(err)
	}
	s.commit(t, "first")
	path, _ := strings.CutPrefix(s.env[0], "PATH=")
	return s.with("PATH=" + s.path("tools") + ":" + path)
}

func TestArchivesOfThePluginAreTheSameWheneverTheyAreMade(t *testing.T) {
	s := withGo(t)
	platforms := strings.Fields(s.must(t, "hack/plugin-archives.sh", "platforms"))
	if len(platforms) < 5 {
		t.Errorf("there are only the platforms %v", platforms)
	}
	s.must(t, "hack/plugin-archives.sh", "v1.2.3")
	first := read(t, s.path("bin/plugin/checksums.txt"))
	s.must(t, "hack/plugin-archives.sh", "v1.2.3")
	if diff := cmp.Diff(first, read(t, s.path("bin/plugin/checksums.txt"))); diff != "" {
		t.Errorf("made again, they are others:\n%s", diff)
	}
	for _, platform := range platforms {
		system, machine, _ := strings.Cut(platform, "/")
		archive := fmt.Sprintf("bin/plugin/kubectl-appenv_%s_%s.tar.gz", system, machine)
		program := "kubectl-appenv"
		if system == "windows" {
			program += ".exe"
		}
		want := "-rw-r--r-- 0/0 LICENSE\n-rwxr-xr-x 0/0 " + program + "\n"
		var listed string
		for line := range strings.Lines(s.must(t, "tar", "--list", "--verbose", "--gzip", "--file", archive)) {
			fields := strings.Fields(line)
			listed += fields[0] + " " + fields[1] + " " + fields[len(fields)-1] + "\n"
		}
		if diff := cmp.Diff(want, listed); diff != "" {
			t.Errorf("%s (-want +got):\n%s", archive, diff)
		}
		content := s.must(t, "tar", "--extract", "--to-stdout", "--gzip", "--file", archive, program)
		if !strings.HasPrefix(content, platform+" ") || !strings.Contains(content, "Version=v1.2.3 ") {
			t.Errorf("%s was built with %q", archive, content)
		}
		if !strings.Contains(first, "  "+filepath.Base(archive)+"\n") {
			t.Errorf("there is no checksum of %s", archive)
		}
	}
}

// The template is filled in as krew-release-bot does: https://github.com/rajatjindal/krew-release-bot.
func TestTheKrewManifestNamesEveryArchive(t *testing.T) {
	filled, err := template.New("krew").Funcs(template.FuncMap{"addURIAndSha": func(url, tag string) string {
		return fmt.Sprintf("uri: %s\n    sha256: %064d", strings.ReplaceAll(url, "{{ .TagName }}", tag), 0)
	}}).Parse(read(t, filepath.Join(root, ".krew.yaml")))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := filled.Execute(&text, map[string]string{"TagName": "v1.2.3"}); err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		APIVersion, Kind string
		Metadata         struct{ Name string }
		Spec             struct {
			Version, Homepage, ShortDescription, Description, Caveats string
			Platforms                                                 []struct {
				Selector         struct{ MatchLabels map[string]string }
				URI, SHA256, Bin string
				Files            []struct{ From, To string }
			}
		}
	}
	if err := yaml.UnmarshalStrict([]byte(text.String()), &manifest); err != nil {
		t.Fatalf("%v\n%s", err, text.String())
	}
	if manifest.Kind != "Plugin" || manifest.Metadata.Name != "appenv" || manifest.Spec.Version != "v1.2.3" || len(manifest.Spec.ShortDescription) > 50 {
		t.Errorf("the manifest says %+v", manifest)
	}
	s := withGo(t)
	var platforms []string
	for _, platform := range manifest.Spec.Platforms {
		system, machine := platform.Selector.MatchLabels["os"], platform.Selector.MatchLabels["arch"]
		platforms = append(platforms, system+"/"+machine)
		want := fmt.Sprintf("https://github.com/appenv/appenv-operator/releases/download/v1.2.3/kubectl-appenv_%s_%s.tar.gz", system, machine)
		if platform.URI != want {
			t.Errorf("%s/%s is fetched from %s, want %s", system, machine, platform.URI, want)
		}
		if len(platform.Files) != 2 || platform.Files[0].From != platform.Bin || platform.Files[1].From != "LICENSE" {
			t.Errorf("of %s/%s krew takes %v", system, machine, platform.Files)
		}
	}
	if diff := cmp.Diff(strings.Fields(s.must(t, "hack/plugin-archives.sh", "platforms")), platforms); diff != "" {
		t.Errorf("(-built +in the manifest):\n%s", diff)
	}
}

func TestThePluginIsInstalledWithItsCompletion(t *testing.T) {
	s := newShell(t)
	s.take(t, "hack/install-plugin.sh")
	s.write(t, "bin/kubectl-appenv", "#!/usr/bin/env sh\necho \"asked: $*\"\n")
	folder := s.path("a folder")
	got := s.must(t, "hack/install-plugin.sh", folder)
	if !strings.Contains(got, "kubectl-appenv is in "+folder+"\n") || !strings.Contains(got, "put it on the PATH: export PATH=\""+folder+":$PATH\"") {
		t.Errorf("it says %q", got)
	}
	path, _ := strings.CutPrefix(s.env[0], "PATH=")
	inPath := s.with("PATH=" + folder + ":" + path)
	if got := inPath.must(t, "bash", "-c", "kubectl_complete-appenv status ''"); got != "asked: __complete status \n" {
		t.Errorf("to complete words, the plugin is %q", got)
	}
	if got := inPath.must(t, "hack/install-plugin.sh", folder); strings.Contains(got, "put it on the PATH") {
		t.Errorf("though it is on the PATH, it says %q", got)
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 2 {
		t.Errorf("the folder has %v, %v", entries, err)
	}
	if got := s.run(t, "hack/install-plugin.sh"); got.code == 0 || !strings.Contains(got.stderr, "usage: hack/install-plugin.sh FOLDER") {
		t.Errorf("without a folder it ends with %d and says %q", got.code, got.stderr)
	}
}
