package config

import (
	"runtime/debug"
	"testing"
)

func TestBuild(t *testing.T) {
	recorded := &debug.BuildInfo{
		GoVersion: "go1.26.8",
		Main:      debug.Module{Version: "v0.2.0"},
		Settings:  []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}},
	}
	for name, test := range map[string]struct {
		version, commit string
		info            *debug.BuildInfo
		want            string
	}{
		"the linker's word counts":             {"v1.0.0", "def", recorded, "v1.0.0 (commit def, go1.26.8)"},
		"without it, what Go recorded":         {"", "", recorded, "v0.2.0 (commit abc, go1.26.8)"},
		"a build from a checkout has no name":  {"", "", &debug.BuildInfo{GoVersion: "go1", Main: debug.Module{Version: "(devel)"}}, "devel (commit unknown, go1)"},
		"a binary that Go recorded nothing in": {"", "", nil, "devel (commit unknown, )"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := build(test.version, test.commit, test.info).String(); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
