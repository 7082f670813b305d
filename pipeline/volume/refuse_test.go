package volume_test

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

// TestAssembleRefuses goes through the bad studies of the reliability list: each must
// end in its reason, never in a volume.
func TestAssembleRefuses(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		in   func(*testing.T) []volume.Input
		want neckfrac.Reason
	}{
		{"nothing", func(*testing.T) []volume.Input { return nil }, neckfrac.NoEligibleSeries},
		{"one slice missing", without(5), neckfrac.Gap},
		{"five slices missing", without(3, 4, 5, 6, 7), neckfrac.Gap},
		{"two spacings", func(t *testing.T) []volume.Input {
			a, b := neck(), neck()
			b.firstMM, b.stepMM = a.firstMM+float64(a.n), 2
			b.edit = func(i int, ds dataset.Dataset) dataset.Dataset {
				return ds.Put(dataset.NewText(dataset.TagSOPInstanceUID, "1.2.3.1.7"+b.instance(i)[8:]))
			}
			in := b.files(t)
			for i := range in {
				in[i].Instance = neckfrac.InstanceUID("1.2.3.1.7" + b.instance(i)[8:])
			}
			return append(in, a.files(t)...)
		}, neckfrac.Gap},
		{"uneven step", edited(func(s *scan) { s.edit = shift(5, neckfrac.Vec3{0, 0, 0.4}) }), neckfrac.Geometry},
		{"steps that grow by a hair", edited(func(s *scan) {
			s.n = 40
			s.edit = move(func(i int) neckfrac.Vec3 { return neckfrac.Vec3{0, 0, 0.001 * float64(i*i)} })
		}), neckfrac.Geometry},
		{"sheared", edited(func(s *scan) { s.edit = shear(math.Tan(31 * math.Pi / 180)) }), neckfrac.Geometry},
		{"sheared along rows and columns", edited(func(s *scan) {
			s.edit = move(func(i int) neckfrac.Vec3 { return neckfrac.Vec3{0.1 * float64(i), 0.1 * float64(i), 0} })
		}), neckfrac.Geometry},
		{"tilted gantry", edited(func(s *scan) {
			const a = 31 * math.Pi / 180
			s.col = neckfrac.Vec3{0, math.Cos(a), math.Sin(a)}
		}), neckfrac.Geometry},
		{"tilted stack", edited(func(s *scan) {
			const a = 31 * math.Pi / 180
			s.col = neckfrac.Vec3{0, math.Cos(a), math.Sin(a)}
			s.edit = shear(-math.Tan(a))
		}), neckfrac.Geometry},
		{"one slice beside", edited(func(s *scan) { s.edit = shift(4, neckfrac.Vec3{0, 1, 0}) }), neckfrac.Geometry},
		{"one slice beside in a tilted scan", edited(func(s *scan) {
			s.edit = func(i int, ds dataset.Dataset) dataset.Dataset {
				return shift(6, neckfrac.Vec3{0, 1, 0})(i, shear(0.3)(i, ds))
			}
		}), neckfrac.Geometry},
		{"a copy beside its slice", func(t *testing.T) []volume.Input {
			s, c := neck(), neck()
			c.n = 1
			c.edit = func(_ int, ds dataset.Dataset) dataset.Dataset {
				return shift(0, neckfrac.Vec3{0, 3, 0})(0, ds).Put(dataset.NewText(dataset.TagSOPInstanceUID, "1.2.3.1.9"))
			}
			copied := c.files(t)
			copied[0].Instance = "1.2.3.1.9"
			return append(s.files(t), copied...)
		}, neckfrac.Geometry},
		{"two different slices at one place", edited(func(s *scan) {
			s.edit = func(i int, ds dataset.Dataset) dataset.Dataset {
				if i == 7 {
					c := s.corner(6)
					return ds.Put(dataset.NewFloat(dataset.TagImagePositionPatient, c[0], c[1], c[2]))
				}
				return ds
			}
			s.n = 8
		}), neckfrac.Geometry},
		{"thick", edited(func(s *scan) { s.thickness = 6 }), neckfrac.SliceThickness},
		{"wide step", edited(func(s *scan) { s.stepMM = 5.5 }), neckfrac.SliceThickness},
		{"sagittal", edited(func(s *scan) { s.row, s.col = neckfrac.Vec3{0, 1, 0}, neckfrac.Vec3{0, 0, -1} }), neckfrac.NoEligibleSeries},
		{"three slices", edited(func(s *scan) { s.n = 3 }), neckfrac.NoEligibleSeries},
		{"localizer", edited(func(s *scan) { s.imageType = `ORIGINAL\PRIMARY\LOCALIZER` }), neckfrac.NoEligibleSeries},
		{"projection", edited(func(s *scan) { s.imageType = `DERIVED\SECONDARY\AXIAL\MIP` }), neckfrac.NoEligibleSeries},
		{"mr", edited(func(s *scan) { s.extra = texts(dataset.TagModality, "MR") }), neckfrac.NoEligibleSeries},
		{"no position", edited(func(s *scan) { s.edit = drop(dataset.TagImagePositionPatient) }), neckfrac.NoEligibleSeries},
		{"skewed orientation", edited(func(s *scan) { s.col = neckfrac.Vec3{0.1, 0.995, 0} }), neckfrac.NoEligibleSeries},
		{"intrathecal", edited(func(s *scan) { s.extra = texts(dataset.TagContrastBolusRoute, "INTRATHECAL") }), neckfrac.IntrathecalContrast},
		{"rgb", edited(func(s *scan) { s.extra = texts(dataset.TagPhotometricInterpretation, "RGB") }), neckfrac.PixelUnreadable},
		{"monochrome1", edited(func(s *scan) { s.extra = texts(dataset.TagPhotometricInterpretation, "MONOCHROME1") }), neckfrac.PixelUnreadable},
		{"high bit", edited(func(s *scan) { s.extra = dataset.Dataset{dataset.NewInt(dataset.TagBitsStored, 12)} }), neckfrac.PixelUnreadable},
		{"no slope", edited(func(s *scan) { s.edit = drop(dataset.TagRescaleSlope) }), neckfrac.PixelUnreadable},
		{"slope zero", edited(func(s *scan) { s.extra = dataset.Dataset{dataset.NewFloat(dataset.TagRescaleSlope, 0)} }), neckfrac.PixelUnreadable},
		{"slope 1e38", edited(func(s *scan) { s.extra = texts(dataset.TagRescaleSlope, "1e38") }), neckfrac.PixelUnreadable},
		{"slope nan", edited(func(s *scan) { s.extra = texts(dataset.TagRescaleSlope, "nan") }), neckfrac.PixelUnreadable},
		{"not hu", edited(func(s *scan) { s.extra = texts(dataset.TagRescaleType, "US") }), neckfrac.PixelUnreadable},
		{"two frames", edited(func(s *scan) { s.extra = texts(dataset.TagNumberOfFrames, "2") }), neckfrac.PixelUnreadable},
		{"no pixels", edited(func(s *scan) { s.edit = drop(dataset.TagPixelData) }), neckfrac.PixelUnreadable},
		{"pixels short", edited(func(s *scan) { s.edit = put(3, dataset.NewBytes(dataset.TagPixelData, dataset.OW, make([]byte, 94))) }), neckfrac.PixelUnreadable},
		{"pixels long", edited(func(s *scan) { s.edit = put(3, dataset.NewBytes(dataset.TagPixelData, dataset.OW, make([]byte, 98))) }), neckfrac.PixelUnreadable},
		{"file cut in the pixels", edited(func(s *scan) { s.cut = cutTo(3, func(n int) int { return n - 1 }) }), neckfrac.PixelUnreadable},
		{"last file cut in the header", edited(func(s *scan) { s.cut = cutTo(11, func(int) int { return 500 }) }), neckfrac.PixelUnreadable},
		{"rows as UL", edited(func(s *scan) {
			s.extra = dataset.Dataset{dataset.NewBytes(dataset.TagRows, dataset.UL, []byte{6, 0, 0, 0})}
		}), neckfrac.PixelUnreadable},
		{"compressed", edited(func(s *scan) {
			s.syntax = dataset.JPEGLosslessSV1
			s.extra = dataset.Dataset{{Tag: dataset.TagPixelData, VR: dataset.OB, Fragments: [][]byte{{}, {1, 2}}}}
		}), neckfrac.PixelUnreadable},
		{"two people", func(t *testing.T) []volume.Input {
			s := neck()
			s.edit = put(4, dataset.NewText(dataset.TagPatientID, "P2"))
			return s.files(t)
		}, neckfrac.IdentityConflict},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := volume.Assemble(t.Context(), tc.in(t), volume.Limits{})
			r, ok := neckfrac.AsRefused(err)
			if !ok || r.Reason != tc.want || neckfrac.KindOf(err) != neckfrac.Refused {
				t.Fatalf("got %v, error %v, want refused %s", got.Candidates, err, tc.want)
			}
			for _, c := range r.Candidates {
				if c.Lost == "" {
					t.Errorf("a refused study has a chosen candidate: %+v", c)
				}
			}
		})
	}
}

func edited(f func(*scan)) func(*testing.T) []volume.Input {
	return func(t *testing.T) []volume.Input { s := neck(); f(&s); return s.files(t) }
}

func without(missing ...int) func(*testing.T) []volume.Input {
	return func(t *testing.T) []volume.Input {
		var out []volume.Input
		for i, in := range neck().files(t) {
			if !slices.Contains(missing, i) {
				out = append(out, in)
			}
		}
		return out
	}
}

func texts(tag dataset.Tag, v string) dataset.Dataset {
	return dataset.Dataset{dataset.NewText(tag, v)}
}

func cutTo(slice int, to func(int) int) func(int, []byte) []byte {
	return func(i int, b []byte) []byte {
		if i != slice {
			return b
		}
		return b[:to(len(b))]
	}
}

// shift moves the position of one slice.
func shift(slice int, by neckfrac.Vec3) func(int, dataset.Dataset) dataset.Dataset {
	return move(func(i int) neckfrac.Vec3 {
		if i == slice {
			return by
		}
		return neckfrac.Vec3{}
	})
}

// shear moves each slice along y in proportion to its height.
func shear(slope float64) func(int, dataset.Dataset) dataset.Dataset {
	return move(func(i int) neckfrac.Vec3 { return neckfrac.Vec3{0, float64(i) * slope, 0} })
}

func move(by func(int) neckfrac.Vec3) func(int, dataset.Dataset) dataset.Dataset {
	return func(i int, ds dataset.Dataset) dataset.Dataset {
		p, _ := ds.Floats(dataset.TagImagePositionPatient)
		d := by(i)
		return ds.Put(dataset.NewFloat(dataset.TagImagePositionPatient, p[0]+d[0], p[1]+d[1], p[2]+d[2]))
	}
}

// TestAssembleTruncated cuts one file at every length: never a volume, never a panic.
func TestAssembleTruncated(t *testing.T) {
	t.Parallel()
	s := neck()
	s.n = 4
	in := s.files(t)
	full := in[3]
	for n := range full.Size {
		b := make([]byte, n)
		if _, err := full.File.ReadAt(b, 0); err != nil {
			t.Fatal(err)
		}
		in[3].File, in[3].Size = bytes.NewReader(b), n
		if _, err := volume.Assemble(t.Context(), in, volume.Limits{}); neckfrac.KindOf(err) != neckfrac.Refused {
			t.Fatalf("cut at %d of %d: %v", n, full.Size, err)
		}
	}
}

// TestRefusalNamesNobody keeps patient data out of errors.
func TestRefusalNamesNobody(t *testing.T) {
	t.Parallel()
	s := neck()
	s.extra = dataset.Dataset{dataset.NewText(dataset.TagPatientName, "CANARY"), dataset.NewText(dataset.TagRescaleSlope, "CANARY")}
	err := second(volume.Assemble(t.Context(), s.files(t), volume.Limits{}))
	if err == nil || strings.Contains(err.Error(), "CANARY") {
		t.Fatalf("error %v, want a refusal without values", err)
	}
}
