//go:build (linux || darwin) && (amd64 || arm64)

package openjpeg

import "testing"

func TestKnownVersions(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]struct{ ok, high bool }{
		"2.4.0": {true, false}, "2.5.0": {true, false}, "2.5.1": {true, true}, "2.5.12": {true, true},
		"2.3.1": {}, "2.50.0": {}, "2.6.0": {}, "3.0.0": {}, "": {}, "2.5": {}, "openjpeg 2.5.0": {},
	} {
		high, err := known(version)
		if (err == nil) != want.ok || high != want.high {
			t.Errorf("%q: high throughput %v, error %v, want %+v", version, high, err, want)
		}
	}
}

// TestStreamStaysInside: whatever the library asks for, nothing but the codestream is
// read.
func TestStreamStaysInside(t *testing.T) {
	t.Parallel()
	handle, closeSource := openSource([]byte{1, 2, 3, 4, 5})
	buffer := make([]byte, 8)
	if n := streamRead(&buffer[0], 3, handle); n != 3 || buffer[2] != 3 || buffer[3] != 0 {
		t.Errorf("read %d, % x", n, buffer)
	}
	for _, n := range []int64{3, -4, 1 << 62, -1 << 63} {
		if got := streamSkip(n, handle); got != -1 {
			t.Errorf("skip %d gives %d", n, got)
		}
	}
	if streamSkip(-3, handle) != -3 || streamSkip(4, handle) != 4 {
		t.Error("steps inside are refused")
	}
	if n := streamRead(&buffer[0], 8, handle); n != 1 || buffer[0] != 5 {
		t.Errorf("read %d at the end", n)
	}
	if n := streamRead(&buffer[0], 8, handle); n != endOfStream {
		t.Errorf("read %d past the end", n)
	}
	if streamSeek(6, handle) != 0 || streamSeek(-1, handle) != 0 || streamSeek(5, handle) != 1 || streamSeek(0, handle) != 1 {
		t.Error("seek")
	}
	closeSource()
	if streamRead(&buffer[0], 1, handle) != endOfStream || streamSkip(0, handle) != -1 || streamSeek(0, handle) != 0 {
		t.Error("a closed source is still read")
	}
}
