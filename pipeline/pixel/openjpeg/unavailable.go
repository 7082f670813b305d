//go:build !((linux || darwin) && (amd64 || arm64))

package openjpeg

import "errors"

var errSystem = errors.New("openjpeg: not on this system")

// Available returns why no library will decode.
func Available() (version string, err error) { return "", errSystem }

// HighThroughput reports false.
func HighThroughput() bool { return false }

// Decode decodes nothing.
func Decode([]uint16, []byte, int, int) (Info, error) { return Info{}, errSystem }
