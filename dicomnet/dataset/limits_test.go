package dataset_test

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"runtime"
	"testing"

	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// nested returns explicit VR sequences of undefined length, depth levels deep,
// closed if closed is true.
func nested(depth int, closed bool) []byte {
	var b []byte
	for range depth {
		b = append(b, "\x40\x00\x30\xA7SQ\x00\x00\xFF\xFF\xFF\xFF\xFE\xFF\x00\xE0\xFF\xFF\xFF\xFF"...)
	}
	if closed {
		for range depth {
			b = append(b, "\xFE\xFF\x0D\xE0\x00\x00\x00\x00\xFE\xFF\xDD\xE0\x00\x00\x00\x00"...)
		}
	}
	return b
}

func TestLimits(t *testing.T) {
	t.Parallel()
	comment := func(n int) []byte {
		return encode(t, dataset.ExplicitVRLittleEndian, dataset.Dataset{
			dataset.NewBytes(dataset.TagTextValue, dataset.UT, bytes.Repeat([]byte{'x'}, n))})
	}
	pixels := func(n int) []byte {
		return encode(t, dataset.ExplicitVRLittleEndian, dataset.Dataset{
			dataset.NewBytes(dataset.TagPixelData, dataset.OW, make([]byte, n))})
	}
	two := func(n int) []byte {
		v := bytes.Repeat([]byte{'x'}, n/2)
		return encode(t, dataset.ExplicitVRLittleEndian, dataset.Dataset{
			dataset.NewBytes(dataset.TagTextValue, dataset.UT, v),
			dataset.NewBytes(dataset.TagTrackingID, dataset.UT, v)})
	}
	frags := func(n int) []byte {
		return encode(t, dataset.RLELossless, dataset.Dataset{
			{Tag: dataset.TagPixelData, VR: dataset.OB, Fragments: [][]byte{{}, make([]byte, n-2), make([]byte, 2)}}})
	}
	tests := []struct {
		name     string
		lim      dataset.Limits
		at, over []byte
	}{
		{"element", dataset.Limits{MaxElementBytes: 1000}, comment(1000), comment(1002)},
		{"total", dataset.Limits{MaxTotalBytes: 1000}, two(1000), two(1004)},
		{"pixels", dataset.Limits{MaxPixelBytes: 1000}, pixels(1000), pixels(1002)},
		{"fragments", dataset.Limits{MaxPixelBytes: 1000}, frags(1000), frags(1002)},
		{"depth", dataset.Limits{MaxDepth: 8}, nested(8, true), nested(9, true)},
		{"default depth", dataset.Limits{}, nested(64, true), nested(65, true)},
		{"elements", dataset.Limits{MaxElements: 8}, nested(2, true), append(nested(2, true), comment(2)...)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := read(t, dataset.ExplicitVRLittleEndian, tt.at, tt.lim); err != nil {
				t.Errorf("at the limit: %v", err)
			}
			if _, err := read(t, dataset.ExplicitVRLittleEndian, tt.over, tt.lim); !errors.Is(err, dataset.ErrLimit) {
				t.Errorf("over the limit: %v, want ErrLimit", err)
			}
		})
	}
}

func TestDeflateBomb(t *testing.T) {
	t.Parallel()
	deflate := func(n int) []byte {
		body := encode(t, dataset.ExplicitVRLittleEndian, dataset.Dataset{
			dataset.NewBytes(dataset.TagPixelData, dataset.OW, make([]byte, n-12))})
		var b bytes.Buffer
		w, _ := flate.NewWriter(&b, flate.BestCompression)
		_, _ = w.Write(body)
		_ = w.Close()
		return b.Bytes()
	}
	lim := dataset.Limits{MaxInflatedBytes: 1 << 16}
	if _, err := read(t, dataset.DeflatedExplicitVRLittleEndian, deflate(1<<16), lim); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	if _, err := read(t, dataset.DeflatedExplicitVRLittleEndian, deflate(1<<16+2), lim); !errors.Is(err, dataset.ErrLimit) {
		t.Errorf("over the limit: %v, want ErrLimit", err)
	}
}

// A length field alone must not buy memory.
func TestLengthFieldBuysNoMemory(t *testing.T) {
	b := []byte("\x10\x00\x00\x40UT\x00\x00")
	b = binary.LittleEndian.AppendUint32(b, 15<<20)
	b = append(b, "few"...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 100 {
		if _, err := read(t, dataset.ExplicitVRLittleEndian, b, dataset.Limits{}); !errors.Is(err, dataset.ErrTruncated) {
			t.Fatalf("got %v, want ErrTruncated", err)
		}
	}
	runtime.ReadMemStats(&after)
	if perRead := (after.TotalAlloc - before.TotalAlloc) / 100; perRead > 256<<10 {
		t.Errorf("%d bytes allocated for %d bytes of input", perRead, len(b))
	}
}

func TestMalformed(t *testing.T) {
	t.Parallel()
	const item = "\xFE\xFF\x00\xE0"
	tests := []struct{ name, in string }{
		{"bad VR", "\x08\x00\x16\x00u1\x02\x001."},
		{"delimiter at top", "\xFE\xFF\x0D\xE0\x00\x00\x00\x00"},
		{"item at top", item + "\x00\x00\x00\x00"},
		{"undefined length text", "\x08\x00\x16\x00UT\x00\x00\xFF\xFF\xFF\xFF"},
		{"no item in sequence", "\x40\x00\x30\xA7SQ\x00\x00\x0A\x00\x00\x00\x08\x00\x16\x00UI\x02\x001."},
		{"item longer than sequence", "\x40\x00\x30\xA7SQ\x00\x00\x08\x00\x00\x00" + item + "\x0A\x00\x00\x00\x08\x00\x16\x00UI\x02\x001."},
		{"value longer than item", "\x40\x00\x30\xA7SQ\x00\x00\x12\x00\x00\x00" + item + "\x0A\x00\x00\x00\x08\x00\x16\x00UI\x04\x001.2."},
		{"item without its delimiter, at the end of its sequence", "\x40\x00\x30\xA7SQ\x00\x00\x12\x00\x00\x00" + item + "\xFF\xFF\xFF\xFF\x08\x00\x16\x00UI\x02\x001."},
		{"fragment of undefined length", "\xE0\x7F\x10\x00OB\x00\x00\xFF\xFF\xFF\xFF" + item + "\xFF\xFF\xFF\xFF"},
		{"element among fragments", "\xE0\x7F\x10\x00OB\x00\x00\xFF\xFF\xFF\xFF\x08\x00\x16\x00\x00\x00\x00\x00"},
	}
	for _, tt := range tests {
		if ds, err := read(t, dataset.ExplicitVRLittleEndian, []byte(tt.in), dataset.Limits{}); !errors.Is(err, dataset.ErrSyntax) {
			t.Errorf("%s: %v, %v; want ErrSyntax", tt.name, ds, err)
		}
	}
}
