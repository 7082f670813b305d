package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// Version is set by the release build; else it is the module's own.
var Version = ""

// VersionCmd prints version, commit, toolchain and platform.
type VersionCmd struct{}

// Run prints one line.
func (VersionCmd) Run(rt *Runtime) error {
	_, err := fmt.Fprintf(rt.Stdout, "neckfrac %s (%s, %s/%s)\n", softwareVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// softwareVersion is what outputs state as the software's version.
func softwareVersion() string {
	if Version != "" {
		return Version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unversioned"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "0.1.0-dev+" + s.Value[:12]
		}
	}
	return "0.1.0-dev"
}
