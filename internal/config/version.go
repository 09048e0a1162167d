package config

import "runtime/debug"

// Version and Commit are set by the linker; Build says what they are otherwise.
var (
	// Version is the release, as in v0.1.0.
	Version string
	// Commit is the Git commit that was built.
	Commit string
)

// BuildInfo says which operator this is.
type BuildInfo struct {
	// Version is the release, or "devel".
	Version string
	// Commit is the Git commit, or "unknown".
	Commit string
	// Go is the version of Go it was built with.
	Go string
}

// String is version, commit and Go on one line.
func (b BuildInfo) String() string {
	return b.Version + " (commit " + b.Commit + ", " + b.Go + ")"
}

// Build is what the linker was told, else what Go recorded in the binary.
func Build() BuildInfo {
	info, _ := debug.ReadBuildInfo()
	return build(Version, Commit, info)
}

func build(version, commit string, info *debug.BuildInfo) BuildInfo {
	b := BuildInfo{Version: version, Commit: commit}
	if info != nil {
		b.Go = info.GoVersion
		if b.Version == "" && info.Main.Version != "(devel)" {
			b.Version = info.Main.Version
		}
		for _, setting := range info.Settings {
			if b.Commit == "" && setting.Key == "vcs.revision" {
				b.Commit = setting.Value
			}
		}
	}
	if b.Version == "" {
		b.Version = "devel"
	}
	if b.Commit == "" {
		b.Commit = "unknown"
	}
	return b
}
