package main

import (
	"os"
	"syscall"
)

// init lets a tracer that is no ancestor attach to a service of the tests, where the
// kernel's Yama asks for that; elsewhere it is no error that changes anything.
func init() {
	const setPtracer, anyone = 0x59616d61, ^uintptr(0)
	if os.Getenv(roleEnv) != "" {
		syscall.RawSyscall(syscall.SYS_PRCTL, setPtracer, anyone, 0)
	}
}
