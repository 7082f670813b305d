package main

import (
	"testing"

	"github.com/neckfrac/neckfrac/chaos"
)

// child is a service in a process of its own.
type child struct {
	*chaos.Process
	dicom string
}

// startChild starts the service, which ends with the test.
func startChild(t *testing.T, config string) *child {
	t.Helper()
	p, err := chaos.Start(t.Context(), killCommand(config, nil, nil))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		<-p.Ended()
	})
	return &child{p, p.DICOM}
}

// stop ends the service in order and wants exit code 0.
func (c *child) stop(t *testing.T) {
	t.Helper()
	if err := c.Stop(2 * shutdownTime); err != nil {
		t.Fatal(err)
	}
}
