package main

import (
	"crypto/rand"
	"encoding/hex"
)

// newID is a random opaque id of 96 bits: unguessable in a URL, short in a log line.
func newID() string {
	b := make([]byte, 12)
	rand.Read(b) // never fails on the platforms Go supports; it aborts the process instead
	return hex.EncodeToString(b)
}
