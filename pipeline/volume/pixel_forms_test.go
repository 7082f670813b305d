package volume_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/pipeline/pixel/pixeltest"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

// withFragments replaces the pixels of one slice of a JPEG-LS series.
func withFragments(slice int, change func([][]byte) [][]byte) func(*testing.T) []volume.Input {
	return func(t *testing.T) []volume.Input {
		s := neck()
		s.syntax, s.signed = dataset.JPEGLSLossless, true
		s.edit = func(i int, ds dataset.Dataset) dataset.Dataset {
			frags := [][]byte{{}, jpegLS(t, ds)}
			if i == slice {
				frags = change(frags)
			}
			return ds.Put(dataset.Element{Tag: dataset.TagPixelData, VR: dataset.OB, Fragments: frags})
		}
		return s.files(t)
	}
}

// TestCompressedForms covers the ways in which a single frame may be put into items.
func TestCompressedForms(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func([][]byte) [][]byte{
		"one fragment": func(f [][]byte) [][]byte { return f },
		"fragments":    func(f [][]byte) [][]byte { return [][]byte{f[0], f[1][:10], f[1][10:20], f[1][20:]} },
		"offset table": func(f [][]byte) [][]byte { return [][]byte{{0, 0, 0, 0}, f[1]} },
		"table and fragments": func(f [][]byte) [][]byte {
			return [][]byte{{0, 0, 0, 0}, f[1][:12], f[1][12:]}
		},
		"padding after the codestream": func(f [][]byte) [][]byte { return [][]byte{f[0], append(f[1], 0, 0)} },
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); assembled(t, withFragments(3, change)(t)) })
	}
}

// TestFragmentsAcrossFrames: a table that lies about frames, or fragments that can't be
// dealt to them, is refused and not read in another way.
func TestFragmentsAcrossFrames(t *testing.T) {
	t.Parallel()
	table := func(m multi, change func(b []byte) []byte) multi {
		m.basic, m.parts = true, 2
		m.edit = func(ds dataset.Dataset) dataset.Dataset {
			e, _ := ds.Find(dataset.TagPixelData)
			e.Fragments = slices.Clone(e.Fragments)
			e.Fragments[0] = change(slices.Clone(e.Fragments[0]))
			return ds.Put(e)
		}
		return m
	}
	at := func(frame int, v func(uint32) uint32) func([]byte) []byte {
		return func(b []byte) []byte {
			binary.LittleEndian.PutUint32(b[4*frame:], v(binary.LittleEndian.Uint32(b[4*frame:])))
			return b
		}
	}
	extended := func(m multi, change func(b []byte) []byte) multi {
		m.extended = true
		m.edit = func(ds dataset.Dataset) dataset.Dataset {
			e, _ := ds.Find(dataset.TagExtendedOffsetTable)
			e.Value = change(slices.Clone(e.Value))
			return ds.Put(e)
		}
		return m
	}
	base := neck().enhanced(dataset.EnhancedCTImageStorage, dataset.JPEGLSLossless)
	assembled(t, []volume.Input{table(base, func(b []byte) []byte { return b }).input(t)})
	split := base
	split.parts = 2
	for name, m := range map[string]multi{
		"fragments without a table":  split,
		"table of one frame fewer":   table(base, func(b []byte) []byte { return b[:len(b)-4] }),
		"table not from the start":   table(base, at(0, func(uint32) uint32 { return 8 })),
		"offset inside a fragment":   table(base, at(5, func(v uint32) uint32 { return v + 2 })),
		"offset past the end":        table(base, at(11, func(uint32) uint32 { return 1 << 31 })),
		"offsets out of order":       table(base, at(5, func(uint32) uint32 { return 0 })),
		"second fragment as a frame": table(base, at(5, func(v uint32) uint32 { return v + 60 })),
		"extended table short":       extended(base, func(b []byte) []byte { return b[:len(b)-8] }),
		"extended table huge":        extended(base, func(b []byte) []byte { b[15] = 0xFF; return b }),
		"extended table beside":      extended(base, func(b []byte) []byte { b[8]++; return b }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refusedPixels(t, []volume.Input{m.input(t)}, volume.Limits{}, "fragments do not make up the frames", "offset table", "pixels of a slice")
		})
	}
}

// refusedPixels wants the reason PixelUnreadable with one of the details.
func refusedPixels(t *testing.T, in []volume.Input, lim volume.Limits, details ...string) {
	t.Helper()
	err := second(volume.Assemble(t.Context(), in, lim))
	if r, ok := neckfrac.AsRefused(err); !ok || r.Reason != neckfrac.PixelUnreadable || !slices.Contains(details, r.Detail) {
		t.Fatalf("%v, want refused %s with a detail of %q", err, neckfrac.PixelUnreadable, details)
	}
}

// TestPixelFaults goes through the rows D3, D4, D5, D7 and D8 of hostile objects: rows
// and columns that overflow, bit layouts that lie, rescale that is none, frames that are
// not there, pixels of another length, bombs and malformed codestreams.
func TestPixelFaults(t *testing.T) {
	t.Parallel()
	u16 := func(tag dataset.Tag, v int64) func(*scan) {
		return func(s *scan) { s.extra = append(s.extra, dataset.NewInt(tag, v)) }
	}
	text := func(tag dataset.Tag, v string) func(*scan) {
		return func(s *scan) { s.extra = append(s.extra, dataset.NewText(tag, v)) }
	}
	raw := func(tag dataset.Tag, vr dataset.VR, b ...byte) func(*scan) {
		return func(s *scan) { s.extra = append(s.extra, dataset.NewBytes(tag, vr, b)) }
	}
	pixels := func(n int) func(*scan) {
		return func(s *scan) { s.edit = put(3, dataset.NewBytes(dataset.TagPixelData, dataset.OW, make([]byte, n))) }
	}
	both := func(fs ...func(*scan)) func(*scan) {
		return func(s *scan) {
			for _, f := range fs {
				f(s)
			}
		}
	}
	for _, tc := range []struct {
		row, name string
		edit      func(*scan)
		detail    string
	}{
		{"D3", "65535 rows and columns", both(u16(dataset.TagRows, 65535), u16(dataset.TagColumns, 65535)), "pixel length"},
		{"D3", "46341 rows and columns", both(u16(dataset.TagRows, 46341), u16(dataset.TagColumns, 46341)), "pixel length"},
		{"D3", "product is the length modulo 2^32", both(u16(dataset.TagRows, 46341), u16(dataset.TagColumns, 46341),
			pixels(46341*46341*2-1<<32)), "pixel length"},
		{"D3", "rows as UL", raw(dataset.TagRows, dataset.UL, 6, 0, 0, 0), "no rows or columns"},
		{"D3", "no rows", u16(dataset.TagRows, 0), "no rows or columns"},
		{"D3", "frames 1e9", text(dataset.TagNumberOfFrames, "1000000000"), "not a single frame"},
		{"D3", "frames -1", text(dataset.TagNumberOfFrames, "-1"), "not a single frame"},
		{"D3", "frames empty", text(dataset.TagNumberOfFrames, ""), "not a single frame"},
		{"D3", "frames 0", text(dataset.TagNumberOfFrames, "0"), "not a single frame"},
		{"D4", "16 allocated, 12 stored, high bit 15", u16(dataset.TagBitsStored, 12), "bit layout"},
		{"D4", "high bit above", u16(dataset.TagHighBit, 16), "bit layout"},
		{"D4", "17 stored", both(u16(dataset.TagBitsStored, 17), u16(dataset.TagHighBit, 16)), "bit layout"},
		{"D4", "8 allocated", u16(dataset.TagBitsAllocated, 8), "bit layout"},
		{"D4", "32 allocated", u16(dataset.TagBitsAllocated, 32), "bit layout"},
		{"D4", "representation 2", u16(dataset.TagPixelRepresentation, 2), "bit layout"},
		{"D4", "monochrome1", text(dataset.TagPhotometricInterpretation, "MONOCHROME1"), "not one grey channel"},
		{"D4", "rgb", text(dataset.TagPhotometricInterpretation, "RGB"), "not one grey channel"},
		{"D4", "palette", text(dataset.TagPhotometricInterpretation, "PALETTE COLOR"), "not one grey channel"},
		{"D4", "three samples", u16(dataset.TagSamplesPerPixel, 3), "not one grey channel"},
		{"D4", "no slope", text(dataset.TagRescaleSlope, ""), "rescale to HU"},
		{"D4", "no intercept", text(dataset.TagRescaleIntercept, ""), "rescale to HU"},
		{"D4", "slope 0", text(dataset.TagRescaleSlope, "0"), "rescale to HU"},
		{"D4", "slope -1", text(dataset.TagRescaleSlope, "-1"), "rescale to HU"},
		{"D4", "slope NaN", text(dataset.TagRescaleSlope, "NaN"), "rescale to HU"},
		{"D4", "slope infinite", text(dataset.TagRescaleSlope, "1e400"), "rescale to HU"},
		{"D4", "slope 1e38", text(dataset.TagRescaleSlope, "1e38"), "rescale to HU"},
		{"D4", "intercept 1e38", text(dataset.TagRescaleIntercept, "1e38"), "rescale to HU"},
		{"D4", "rescale type OD", text(dataset.TagRescaleType, "OD"), "rescale to HU"},
		{"D4", "modality table", func(s *scan) {
			s.extra = dataset.Dataset{dataset.NewSequence(dataset.TagModalityLUTSequence)}
		}, "rescale to HU"},
		{"D5", "pixels empty", pixels(0), "pixel length"},
		{"D5", "1 byte short", func(s *scan) {
			s.cut = func(_ int, file []byte) []byte { // no encoder of ours writes an odd length
				file[len(file)-100]--
				return file[:len(file)-1]
			}
		}, "pixel length"},
		{"D5", "2 bytes short", pixels(94), "pixel length"},
		{"D5", "odd", pixels(97), "pixel length"},
		{"D5", "2 bytes more", pixels(98), "pixel length"},
		{"D5", "twice the pixels", pixels(192), "pixel length"},
		{"D5", "float pixels", func(s *scan) {
			s.edit = func(i int, ds dataset.Dataset) dataset.Dataset {
				return drop(dataset.TagPixelData)(i, ds).Put(dataset.NewBytes(dataset.TagFloatPixelData, dataset.OF, make([]byte, 96)))
			}
		}, "no pixel data"},
		{"D8", "fragments in a native syntax", func(s *scan) {
			s.extra = dataset.Dataset{{Tag: dataset.TagPixelData, VR: dataset.OB, Fragments: [][]byte{{}, {1, 2}}}}
		}, "pixels do not fit the transfer syntax"},
		{"D8", "native pixels in a compressed syntax", func(s *scan) { s.syntax = dataset.JPEGLSLossless }, "pixels do not fit the transfer syntax"},
		{"D8", "syntax without a decoder", func(s *scan) {
			s.syntax = dataset.JPEGBaseline8Bit
			s.extra = dataset.Dataset{{Tag: dataset.TagPixelData, VR: dataset.OB, Fragments: [][]byte{{}, {1, 2}}}}
		}, "no decoder for the transfer syntax"},
	} {
		t.Run(tc.row+" "+tc.name, func(t *testing.T) {
			t.Parallel()
			s := neck()
			tc.edit(&s)
			in := s.files(t)
			err := second(volume.Assemble(t.Context(), in, volume.Limits{}))
			if r, ok := neckfrac.AsRefused(err); !ok || r.Reason != neckfrac.PixelUnreadable && r.Detail != "larger than the limits" {
				t.Fatalf("%v, want refused", err)
			}
			// Without a cap on sides, the checked product alone must hold.
			refusedPixels(t, in, volume.Limits{MaxSide: 1 << 16, MaxVoxels: 1 << 62}, tc.detail)
		})
	}
}

// TestCodestreamFaults is the part of D8 that fragments of one slice show.
func TestCodestreamFaults(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func([][]byte) [][]byte{
		"no fragment":          func(f [][]byte) [][]byte { return f[:1] },
		"empty fragment":       func(f [][]byte) [][]byte { return [][]byte{{}, {}} },
		"no codestream":        func(f [][]byte) [][]byte { return [][]byte{{}, {1, 2, 3, 4}} },
		"cut":                  func(f [][]byte) [][]byte { return [][]byte{{}, f[1][:len(f[1])/2]} },
		"size in the stream":   func(f [][]byte) [][]byte { f[1][8]++; return f },
		"offset table of two":  func(f [][]byte) [][]byte { return [][]byte{make([]byte, 8), f[1]} },
		"table of 6 bytes":     func(f [][]byte) [][]byte { return [][]byte{make([]byte, 6), f[1]} },
		"longer than can be":   func(f [][]byte) [][]byte { return [][]byte{{}, append(f[1], make([]byte, 100<<10)...)} },
		"fewer bits than sign": func(f [][]byte) [][]byte { return [][]byte{{}, fewBits(f[1])} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refusedPixels(t, withFragments(3, change)(t), volume.Limits{}, "pixels of a slice", "fragments do not make up the frames", "offset table")
		})
	}
}

// TestDeflateBomb is D7: a file that grows more than a hundredfold is unreadable.
func TestDeflateBomb(t *testing.T) {
	t.Parallel()
	s := neck()
	s.rows, s.cols = 512, 512
	var in []volume.Input
	for i := range 4 {
		ds := s.dataset(i).Put(dataset.NewBytes(dataset.TagPixelData, dataset.OW, make([]byte, 512*512*2)))
		in = append(in, encoded(t, dataset.DeflatedExplicitVRLittleEndian, ds))
	}
	if in[0].Size*100 > 512*512*2 {
		t.Fatalf("the bomb has %d bytes, it does not grow a hundredfold", in[0].Size)
	}
	refusedPixels(t, in, volume.Limits{}, "pixels of a slice")
}

// TestSignComesFromTheHeader reads a codestream, which has no sign, under a header that
// has one: the highest stored bit is the sign.
func TestSignComesFromTheHeader(t *testing.T) {
	t.Parallel()
	got := assembled(t, withFragments(-1, nil)(t))
	if slices.Min(got.Volume.HU) >= 0 {
		t.Fatal("no value is negative")
	}
}

// TestNotImagesOfModalityCT: a report, a segmentation or a key object that says CT is
// passed over by its class, also where it can't be read.
func TestNotImagesOfModalityCT(t *testing.T) {
	t.Parallel()
	s := neck()
	for i, class := range []string{dataset.EnhancedSRStorage, dataset.SegmentationStorage, dataset.KeyObjectSelectionStorage} {
		uid := fmt.Sprintf("1.2.3.1.8%d", i)
		ds := s.dataset(0).Put(dataset.NewText(dataset.TagSOPClassUID, class)).Put(dataset.NewText(dataset.TagSOPInstanceUID, uid))
		in := append(s.files(t), encoded(t, dataset.ExplicitVRLittleEndian, ds))
		if got := assembled(t, in); len(got.Candidates) != 2 || got.Candidates[1].Lost != "It is not a CT image series." {
			t.Errorf("%s: candidates %+v", class, got.Candidates)
		}
		last := &in[len(in)-1]
		b := make([]byte, last.Size*2/3)
		if _, err := last.File.ReadAt(b, 0); err != nil {
			t.Fatal(err)
		}
		last.File, last.Size = bytes.NewReader(b), int64(len(b))
		assembled(t, in)
	}
}

// fewBits is a good frame of 6 by 8 samples of 12 bits.
func fewBits([]byte) []byte {
	b, err := pixeltest.EncodeJLS(make([]uint16, 48), pixeltest.JLS{Rows: 6, Cols: 8, Bits: 12})
	if err != nil {
		panic(err)
	}
	return b
}
