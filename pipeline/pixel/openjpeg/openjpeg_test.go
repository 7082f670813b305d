package openjpeg_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/neckfrac/neckfrac/pipeline/pixel/openjpeg"
)

// missing skips, unless NECKFRAC_REQUIRE_OPENJPEG says that the library must be there.
func missing(t testing.TB, err error) {
	t.Helper()
	if os.Getenv("NECKFRAC_REQUIRE_OPENJPEG") != "" {
		t.Fatal(err)
	}
	t.Skip(err)
}

// read reads a codestream of testdata, which OpenJPEG and OpenJPH (ht*) wrote, or skips
// where nothing can decode it.
func read(t testing.TB, name string) []byte {
	t.Helper()
	if _, err := openjpeg.Available(); err != nil {
		missing(t, err)
	}
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAvailable(t *testing.T) {
	t.Parallel()
	v, err := openjpeg.Available()
	if err != nil {
		if openjpeg.HighThroughput() || v != "" {
			t.Errorf("no library, but version %q, high throughput %v", v, openjpeg.HighThroughput())
		}
		missing(t, err)
	}
	if !strings.HasPrefix(v, "2.4.") && !strings.HasPrefix(v, "2.5.") || openjpeg.HighThroughput() != (strings.HasPrefix(v, "2.5.") && v != "2.5.0") {
		t.Errorf("version %q, high throughput %v", v, openjpeg.HighThroughput())
	}
}

func TestDecodeTellsTheCoding(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]openjpeg.Info{
		"lossless.j2c":  {Bits: 12, Reversible: true},
		"signed.j2c":    {Bits: 12, Signed: true, Reversible: true},
		"lossy.j2c":     {Bits: 12},
		"ht.j2c":        {Bits: 16, Reversible: true, HighThroughput: true},
		"ht_signed.j2c": {Bits: 16, Signed: true, Reversible: true, HighThroughput: true},
		"ht_lossy.j2c":  {Bits: 16, HighThroughput: true},
	} {
		b := read(t, name)
		if want.HighThroughput && !openjpeg.HighThroughput() {
			continue
		}
		got, err := openjpeg.Decode(make([]uint16, 48*40), b, 48, 40)
		if err != nil || got != want {
			t.Errorf("%s: %+v, error %v, want %+v", name, got, err, want)
		}
	}
}

// TestSizeComesFirst: a size other than the caller's never reaches the library.
func TestSizeComesFirst(t *testing.T) {
	t.Parallel()
	b := read(t, "lossless.j2c")
	for _, size := range [][2]int{{40, 48}, {48, 39}, {1, 48 * 40}} {
		if _, err := openjpeg.Decode(make([]uint16, size[0]*size[1]), b, size[0], size[1]); !errors.Is(err, openjpeg.ErrCodestream) {
			t.Errorf("%v: error %v, want one of the codestream", size, err)
		}
	}
	for _, n := range []int{0, 48*40 - 1, 48*40 + 1} {
		if _, err := openjpeg.Decode(make([]uint16, n), b, 48, 40); err == nil {
			t.Errorf("%d values: no error", n)
		}
	}
	if _, err := openjpeg.Decode(nil, b, -48, -40); err == nil {
		t.Error("negative size: no error")
	}
}

// TestDecodeAtOnce: callbacks of several decoders must not meet.
func TestDecodeAtOnce(t *testing.T) {
	t.Parallel()
	good, ht := read(t, "lossless.j2c"), read(t, "ht.j2c")
	want := make([]uint16, 48*40)
	if _, err := openjpeg.Decode(want, good, 48, 40); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			got := make([]uint16, 48*40)
			b := good
			if i%2 == 1 && openjpeg.HighThroughput() {
				b = ht
			}
			for range 8 {
				if _, err := openjpeg.Decode(got, b, 48, 40); err != nil {
					t.Error(err)
				}
				for j := range want {
					if got[j] != want[j] {
						t.Errorf("value %d is %d, want %d", j, got[j], want[j])
						return
					}
				}
			}
		})
	}
	wg.Wait()
}
