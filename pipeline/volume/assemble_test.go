package volume_test

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

func ExampleAssemble() {
	files := neck().files(&testing.B{})
	got, err := volume.Assemble(context.Background(), files, volume.Limits{})
	fmt.Println(err, got.Volume.Dims, got.Volume.SpacingMM, got.AgeYears)

	_, err = volume.Assemble(context.Background(), slices.Delete(files, 5, 6), volume.Limits{})
	fmt.Println(err)
	// Output:
	// <nil> [8 6 12] [0.5 0.5 1] 44
	// assemble: gap: step between slices
}

// assembled fails the test where a scan is refused, and checks every voxel by its
// place in the patient.
func assembled(t *testing.T, in []volume.Input) volume.Assembled {
	t.Helper()
	got, err := volume.Assemble(t.Context(), in, volume.Limits{})
	if err != nil {
		t.Fatalf("Assemble: %v", err)
	}
	v := got.Volume
	for k := range v.Dims[2] {
		for j := range v.Dims[1] {
			for i := range v.Dims[0] {
				p := v.ToMM(neckfrac.Vec3{float64(i), float64(j), float64(k)})
				if have := int(v.HU[v.Index(i, j, k)]); have != max(hu(p), -1024) {
					t.Fatalf("HU at (%d,%d,%d) = %d, want %d at %v", i, j, k, have, hu(p), p)
				}
			}
		}
	}
	return got
}

// TestAssembleOrientation covers each way a patient can lie in the scanner, and rows
// along either axis: the volume is always left, posterior, head.
func TestAssembleOrientation(t *testing.T) {
	t.Parallel()
	x, y := neckfrac.Vec3{1, 0, 0}, neckfrac.Vec3{0, 1, 0}
	neg := func(v neckfrac.Vec3) neckfrac.Vec3 { return neckfrac.Vec3{-v[0], -v[1], -v[2]} }
	for _, tc := range []struct {
		name     string
		row, col neckfrac.Vec3
	}{
		{"head first supine", x, y},
		{"rows to the right, feet first", neg(x), y},
		{"prone", neg(x), neg(y)},
		{"upside down", x, neg(y)},
		{"rows along posterior", y, x},
		{"rows along anterior", neg(y), x},
		{"rows along posterior, columns right", y, neg(x)},
		{"rows along anterior, columns right", neg(y), neg(x)},
	} {
		for _, step := range []float64{1, -1} {
			t.Run(fmt.Sprintf("%s step %v", tc.name, step), func(t *testing.T) {
				t.Parallel()
				s := neck()
				s.row, s.col, s.stepMM = tc.row, tc.col, step
				v := assembled(t, s.files(t)).Volume
				want := [3]neckfrac.Vec3{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
				for a := range 3 {
					for c := range 3 {
						if math.Abs(v.Direction[a][c]-want[a][c]) > 1e-12 {
							t.Fatalf("direction %v, want %v", v.Direction, want)
						}
					}
				}
				first := s.instance(0)
				if step < 0 {
					first = s.instance(s.n - 1)
				}
				if v.SpacingMM[2] != 1 || string(v.Source[0]) != first || len(v.Source) != s.n {
					t.Fatalf("spacing %v, first source %s, want 1 and %s", v.SpacingMM, v.Source[0], first)
				}
			})
		}
	}
}

func TestAssembleOblique(t *testing.T) {
	t.Parallel()
	const deg = 5 * math.Pi / 180
	s := neck()
	s.row = neckfrac.Vec3{math.Cos(deg), math.Sin(deg), 0}
	s.col = neckfrac.Vec3{-math.Sin(deg), math.Cos(deg), 0}
	got, err := volume.Assemble(t.Context(), s.files(t), volume.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if d := got.Volume.Direction[0]; math.Abs(d[1]-math.Sin(deg)) > 1e-9 {
		t.Fatalf("i = %v, want the oblique cosines kept", d)
	}
}

func TestAssemblePixelForms(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*scan){
		"unsigned":        func(*scan) {},
		"signed":          func(s *scan) { s.signed = true },
		"implicit":        func(s *scan) { s.syntax = dataset.ImplicitVRLittleEndian },
		"12 of 16 bits":   func(s *scan) { s.extra = bits(12) },
		"overlay bits":    func(s *scan) { s.extra = bits(12); s.edit = overlay },
		"rescale type HU": func(s *scan) { s.extra = dataset.Dataset{dataset.NewText(dataset.TagRescaleType, "HU")} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := neck()
			edit(&s)
			assembled(t, s.files(t))
		})
	}
}

func bits(n int64) dataset.Dataset {
	return dataset.Dataset{dataset.NewInt(dataset.TagBitsStored, n), dataset.NewInt(dataset.TagHighBit, n-1)}
}

// overlay sets bits above BitsStored, as old scanners do.
func overlay(_ int, ds dataset.Dataset) dataset.Dataset {
	px, _ := ds.Bytes(dataset.TagPixelData)
	px = slices.Clone(px)
	for i := 1; i < len(px); i += 4 {
		px[i] |= 0xF0
	}
	return ds.Put(dataset.NewBytes(dataset.TagPixelData, dataset.OW, px))
}

func TestAssemblePadding(t *testing.T) {
	t.Parallel()
	s := neck()
	s.signed = true
	s.extra = dataset.Dataset{dataset.NewBytes(dataset.TagPixelPaddingValue, dataset.SS, []byte{0x30, 0xF8})} // -2000
	s.edit = func(_ int, ds dataset.Dataset) dataset.Dataset {
		px, _ := ds.Bytes(dataset.TagPixelData)
		px = slices.Clone(px)
		copy(px, []byte{0x30, 0xF8, 0x00, 0xF0}) // padding, and -4096 below the scale
		return ds.Put(dataset.NewBytes(dataset.TagPixelData, dataset.OW, px))
	}
	got, err := volume.Assemble(t.Context(), s.files(t), volume.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if v := got.Volume.HU; v[0] != volume.Air || v[1] != volume.Air || v[2] == volume.Air {
		t.Fatalf("HU %v, want air, air, tissue", v[:3])
	}
}

// TestAssembleIgnoresOrder is the promise that no arrival order changes an answer.
func TestAssembleIgnoresOrder(t *testing.T) {
	t.Parallel()
	bone, soft, scout := neck(), neck(), neck()
	soft.series, soft.kernel, soft.stepMM, soft.n = "1.2.3.2", "B30s", 2, 6
	scout.n, scout.imageType, scout.row = 1, `ORIGINAL\PRIMARY\LOCALIZER`, neckfrac.Vec3{0, 1, 0}
	scout.series, scout.col = "1.2.3.3", neckfrac.Vec3{0, 0, -1}
	double := neck() // the same slice under another instance UID
	double.n, double.edit = 1, put(0, dataset.NewText(dataset.TagSOPInstanceUID, "1.2.3.1.999"))
	in := slices.Concat(bone.files(t), soft.files(t), scout.files(t))
	copied := double.files(t)
	copied[0].Instance = "1.2.3.1.999"
	in = append(in, copied...)
	want := assembled(t, in)
	rapid.Check(t, func(t *rapid.T) {
		shuffled := rapid.Permutation(in).Draw(t, "order")
		got, err := volume.Assemble(context.Background(), shuffled, volume.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Volume.HU, want.Volume.HU) || got.Volume.Grid != want.Volume.Grid ||
			!slices.Equal(got.Volume.Source, want.Volume.Source) || !reflect.DeepEqual(got.Candidates, want.Candidates) {
			t.Fatalf("another order gave %v %v", got.Volume.Grid, got.Candidates)
		}
	})
}

func TestAssembleAge(t *testing.T) {
	t.Parallel()
	age := func(v string) dataset.Dataset { return dataset.Dataset{dataset.NewText(dataset.TagPatientAge, v)} }
	birth := func(v string) dataset.Dataset {
		return append(age(""), dataset.NewText(dataset.TagPatientBirthDate, v))
	}
	for _, tc := range []struct {
		name   string
		extra  dataset.Dataset
		years  int
		reason neckfrac.Reason
	}{
		{"adult", age("018Y"), 18, ""},
		{"child", age("017Y"), 0, neckfrac.AgeUnder18},
		{"infant in months", age("006M"), 0, neckfrac.AgeUnder18},
		{"adult in months", age("240M"), 20, ""},
		{"day before the birthday", birth("20080103"), 0, neckfrac.AgeUnder18},
		{"birthday", birth("20080102"), 18, ""},
		{"unknown", age(""), -1, ""},
		{"placeholder", age("999Y"), -1, ""},
		{"born after the study", birth("20270101"), -1, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := neck()
			s.extra = tc.extra
			got, err := volume.Assemble(t.Context(), s.files(t), volume.Limits{})
			if r, _ := neckfrac.AsRefused(err); tc.reason != "" {
				if r == nil || r.Reason != tc.reason || len(r.Candidates) != 1 {
					t.Fatalf("error %v, want %s with the candidate", err, tc.reason)
				}
				return
			}
			if err != nil || got.AgeYears != tc.years || slices.Contains(got.Limits, neckfrac.AgeUnknown) != (tc.years < 0) {
				t.Fatalf("age %d, limits %v, error %v, want %d", got.AgeYears, got.Limits, err, tc.years)
			}
		})
	}
}

func TestAssembleLimits(t *testing.T) {
	t.Parallel()
	in := neck().files(t)
	at := volume.Limits{MaxInputs: 12, MaxSlices: 12, MaxSide: 8, MaxVoxels: 12 * 6 * 8}
	if _, err := volume.Assemble(t.Context(), in, at); err != nil {
		t.Fatalf("at the limits: %v", err)
	}
	for name, lim := range map[string]volume.Limits{
		"slices": {MaxSlices: 11}, "side": {MaxSide: 7}, "voxels": {MaxVoxels: 12*6*8 - 1},
	} {
		if r, _ := neckfrac.AsRefused(second(volume.Assemble(t.Context(), in, lim))); r == nil || r.Reason != neckfrac.Geometry {
			t.Errorf("%s one below: want refused geometry, got %v", name, r)
		}
	}
	if err := second(volume.Assemble(t.Context(), in, volume.Limits{MaxInputs: 11})); neckfrac.KindOf(err) != neckfrac.Limit {
		t.Errorf("inputs: %v, want Limit", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := second(volume.Assemble(ctx, in, volume.Limits{})); neckfrac.KindOf(err) != neckfrac.Unavailable {
		t.Errorf("ended context: %v, want Unavailable", err)
	}
}

func second(_ volume.Assembled, err error) error { return err }
