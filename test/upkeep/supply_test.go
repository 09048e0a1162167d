package upkeep

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// parser is a small package of the operator that calls NewParser of the module cron, which has no dependencies.
const (
	parser = "./internal/foreign/argocd"
	cron   = "github.com/robfig/cron/v3"
)

// inTree runs in the folder, with Go as it is set up here and nothing else of the user.
func inTree(t *testing.T, folder string) *shell {
	t.Helper()
	home, err := filepath.Abs(folder)
	if err != nil {
		t.Fatal(err)
	}
	output, err := exec.CommandContext(t.Context(), "go", "env", "-json", "GOCACHE", "GOMODCACHE", "GOPROXY", "GOSUMDB", "GOFLAGS").Output()
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]string{}
	if err := json.Unmarshal(output, &settings); err != nil {
		t.Fatal(err)
	}
	s := &shell{dir: home, env: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir(), "LC_ALL=C", "GOWORK=off", "GOTOOLCHAIN=local"}}
	for name, value := range settings {
		s.env = append(s.env, name+"="+value)
	}
	return s
}

// database makes a folder that is a database of vulnerabilities, and has one: of a function of the module cron.
func database(t *testing.T, function string) string {
	t.Helper()
	s := &shell{dir: t.TempDir()}
	const day = "2026-01-01T00:00:00Z"
	s.write(t, "index/db.json", `{"modified": "`+day+`"}`)
	s.write(t, "index/modules.json", `[{"path": "`+cron+`", "vulns": [{"id": "GO-0000-0001", "modified": "`+day+`"}]}]`)
	s.write(t, "ID/GO-0000-0001.json", `{
  "schema_version": "1.3.1", "id": "GO-0000-0001", "modified": "`+day+`", "published": "`+day+`",
  "summary": "A test may find this", "details": "It is in no release.",
  "database_specific": {"url": "https://example.com/GO-0000-0001"},
  "affected": [{
    "package": {"name": "`+cron+`", "ecosystem": "Go"},
    "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}],
    "ecosystem_specific": {"imports": [{"path": "`+cron+`", "symbols": ["`+function+`"]}]}
  }]
}`)
	return s.dir
}

// checked is what the script says about a package, given a database and more in its environment.
func checked(t *testing.T, database, packages string, env ...string) result {
	t.Helper()
	return inTree(t, root).with(append(env, "VULNDB="+database)...).run(t, "hack/vulnerabilities.sh", packages)
}

func (r result) wants(t *testing.T, code int, words ...string) {
	t.Helper()
	all := r.stdout + r.stderr
	if r.code != code {
		t.Errorf("it ended with %d, want %d:\n%s", r.code, code, all)
	}
	for _, word := range words {
		if !strings.Contains(all, word) {
			t.Errorf("it does not say %q:\n%s", word, all)
		}
	}
}

func TestAKnownVulnerabilityThatIsCalledFails(t *testing.T) {
	found := checked(t, "file://"+database(t, "NewParser"), parser)
	found.wants(t, 1, "database of 2026-01-01", "GO-0000-0001", "NewParser", "something with a known vulnerability is called")
	if strings.Contains(found.stdout, "NOT CHECKED") {
		t.Errorf("it says that nothing was checked:\n%s", found.stdout)
	}
}

func TestAKnownVulnerabilityThatIsNotCalledIsNoFailure(t *testing.T) {
	checked(t, "file://"+database(t, "Cron.Stop"), parser, "STRICT=1").wants(t, 0, "database of 2026-01-01", "nothing with a known vulnerability is called")
}

func TestADatabaseThatCannotBeReadIsNoResult(t *testing.T) {
	release := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(silent.Close)
	t.Cleanup(func() { close(release) })
	other := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(other.Close)
	for name, c := range map[string]struct{ database, why string }{
		"a folder that is not there":           {"file://" + filepath.Join(t.TempDir(), "missing"), "no such file"},
		"a server that is not there":           {"http://127.0.0.1:1", "the database cannot be read"},
		"a server that does not answer":        {silent.URL, "no answer within 2 seconds"},
		"a server that has something else":     {other.URL, "unrecognized vulndb format"},
		"an address that no program can reach": {"ftp://example.com", "unsupported scheme"},
	} {
		t.Run(name, func(t *testing.T) {
			checked(t, c.database, parser, "VULNDB_TIMEOUT=2").wants(t, 0, "NOT CHECKED", c.why, "STRICT=1 makes this a failure")
			checked(t, c.database, parser, "VULNDB_TIMEOUT=2", "STRICT=1").wants(t, 1, "NOT CHECKED", c.why)
		})
	}
}

// TestACheckThatBreaksOffFails: once the database is there, no failure passes for one to reach it.
func TestACheckThatBreaksOffFails(t *testing.T) {
	without := database(t, "NewParser")
	if err := os.Remove(filepath.Join(without, "ID", "GO-0000-0001.json")); err != nil {
		t.Fatal(err)
	}
	checked(t, "file://"+without, parser).wants(t, 1, "says nothing about them")
	checked(t, "file://"+database(t, "NewParser"), "./no/such/package").wants(t, 1, "says nothing about them")
}

func TestProgramsThatDifferAreSeen(t *testing.T) {
	script, err := filepath.Abs(filepath.Join(root, "hack/reproducible.sh"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		command, says string
		code          int
	}{
		"the same":                {"go build -trimpath -buildvcs=false -o bin/manager ./cmd", "both builds have the SHA-256", 0},
		"they name their folder":  {"go build -buildvcs=false -o bin/manager ./cmd", "two builds of the same source differ", 1},
		"they know what time was": {`go build -trimpath -buildvcs=false -ldflags "-X main.made=$$(date +%N)" -o bin/manager ./cmd`, "two builds of the same source differ", 1},
		"one is not made":         {"mkdir -p bin", "make build made no bin/manager", 1},
		"the build fails":         {"exit 3", "", 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := inTree(t, t.TempDir())
			s.write(t, "Makefile", "build:\n\t@CGO_ENABLED=0 "+c.command+"\n")
			s.write(t, "go.mod", "module example.com/program\n\ngo 1.26\n")
			s.write(t, "go.sum", "")
			s.write(t, "cmd/main.go", "package main\n\nvar made string\n\nfunc main() { println(made) }\n")
			s.write(t, "api/doc.go", "package api\n")
			s.write(t, "internal/doc.go", "package internal\n")
			s.run(t, script, s.dir).wants(t, c.code, c.says)
		})
	}
}
