package volume_test

import (
	"context"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

// tilted leans the gantry against the table: the columns of each image rise by degrees,
// the table still moves along the patient.
func (s scan) tilted(degrees float64) scan {
	a := degrees * math.Pi / 180
	for c := range 3 {
		s.col[c] *= math.Cos(a)
	}
	s.col[2] = math.Sin(a)
	return s
}

// ramp is linear in space, so that linear interpolation of it is exact.
func ramp(p neckfrac.Vec3) float64 { return 200 + 7*p[0] - 9*p[1] + 5*(p[2]+95) }

// TestTiltIsShearedBack is the promise about a tilted gantry, in every position of the
// patient: each voxel has the value of its place, each slice lies in the plane of the
// file it names, and no distance is stretched.
func TestTiltIsShearedBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		p := rapid.SampledFrom(positions).Draw(r, "position")
		deg := rapid.Float64Range(5, volume.MaxTiltDegrees-0.01).Draw(r, "degrees") *
			rapid.SampledFrom([]float64{1, -1}).Draw(r, "sign")
		s := p.lying().tilted(deg)
		s.n = rapid.IntRange(12, 40).Draw(r, "slices")
		s.rows, s.cols = rapid.IntRange(3, 9).Draw(r, "rows"), rapid.IntRange(3, 9).Draw(r, "cols")
		s.stepMM *= rapid.SampledFrom([]float64{0.625, 1, 1.25}).Draw(r, "step")
		s.edit = paint(ramp)
		got, err := volume.Assemble(context.Background(), rapid.Permutation(s.files(t)).Draw(r, "order"), volume.Limits{})
		if err != nil {
			r.Fatalf("Assemble: %v", err)
		}
		if d := math.Abs(got.ShearDegrees - math.Abs(deg)); d > 1e-6 {
			r.Fatalf("sheared by %v°, want %v°", got.ShearDegrees, deg)
		}
		if want := math.Abs(s.stepMM) * math.Cos(deg*math.Pi/180); math.Abs(got.Volume.SpacingMM[2]/want-1) > 1e-6 {
			r.Fatalf("spacing %v, want %v along the slices' normal", got.Volume.SpacingMM, want)
		}
		checkSheared(r, s, got.Volume)
	})
}

type fataler interface{ Fatalf(string, ...any) }

// checkSheared compares a volume with the headers of the files that its slices name.
func checkSheared(t fataler, s scan, v *neckfrac.Volume) {
	if v.SpacingMM[0] != pixelMM || v.SpacingMM[1] != pixelMM {
		t.Fatalf("pixels %v, want %v as in the files", v.SpacingMM, pixelMM)
	}
	rightHanded(t, v.Grid)
	inside := 0
	for k, u := range v.Source {
		i := slices.IndexFunc(slices.Collect(sequence(s.n)), func(i int) bool { return s.instance(i) == string(u) })
		corner := s.corner(i)
		for j := range v.Dims[1] {
			for x := range v.Dims[0] {
				p := v.ToMM(neckfrac.Vec3{float64(x), float64(j), float64(k)})
				var along [3]float64
				for c := range 3 {
					d := p[c] - corner[c]
					along[0] += d * s.row[c] / pixelMM
					along[1] += d * s.col[c] / pixelMM
					along[2] += d * v.Direction[2][c]
				}
				if math.Abs(along[2]) > 1e-6 {
					t.Fatalf("slice %d lies %v mm beside the file it names", k, along[2])
				}
				hu := float64(v.HU[v.Index(x, j, k)])
				in := min(along[0], along[1], float64(s.cols-1)-along[0], float64(s.rows-1)-along[1])
				switch {
				case in > 1e-3 && math.Abs(hu-ramp(p)) > 1.01:
					t.Fatalf("HU at (%d,%d,%d) = %v, want %v", x, j, k, hu, ramp(p))
				case in < -1e-3 && hu != volume.Air:
					t.Fatalf("HU at (%d,%d,%d) = %v, want air beside the slice", x, j, k, hu)
				}
				if hu != volume.Air {
					inside++
				}
			}
		}
	}
	// A slice that is moved by part of a pixel has one line of pixel pairs less than lines.
	if least := s.n * min((s.rows-1)*s.cols, s.rows*(s.cols-1)); inside < least {
		t.Fatalf("%d voxels hold the patient, want at least %d", inside, least)
	}
}

func sequence(n int) func(func(int) bool) {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

func rightHanded(t fataler, g neckfrac.Grid) {
	d := g.Direction
	for a := range 3 {
		b, c := d[(a+1)%3], d[(a+2)%3]
		n := neckfrac.Vec3{b[1]*c[2] - b[2]*c[1], b[2]*c[0] - b[0]*c[2], b[0]*c[1] - b[1]*c[0]}
		for x := range 3 {
			if math.Abs(n[x]-d[a][x]) > 1e-9 {
				t.Fatalf("directions %v are not orthogonal and right-handed", d)
			}
		}
		if d[a][a] < 0.85 {
			t.Fatalf("directions %v are not left, posterior, head", d)
		}
	}
}

// TestTiltLimit is the widest tilt that is undone, and a little more.
func TestTiltLimit(t *testing.T) {
	t.Parallel()
	for _, deg := range []float64{-29.99, 29.99} {
		if _, err := volume.Assemble(t.Context(), neck().tilted(deg).files(t), volume.Limits{}); err != nil {
			t.Errorf("%v°: %v", deg, err)
		}
	}
	for _, deg := range []float64{-30.01, 30.01} {
		r, ok := neckfrac.AsRefused(second(volume.Assemble(t.Context(), neck().tilted(deg).files(t), volume.Limits{})))
		if !ok || r.Reason != neckfrac.Geometry {
			t.Errorf("%v°: %v, want refused geometry", deg, r)
		}
	}
}

// TestTiltGrowsWithinLimits: the grid that holds all shifted slices is larger than the
// slices, and counts against the limits.
func TestTiltGrowsWithinLimits(t *testing.T) {
	t.Parallel()
	in := neck().tilted(20).files(t)
	got, err := volume.Assemble(t.Context(), in, volume.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	d := got.Volume.Dims
	if d[1] <= 6 || d[0] != 8 {
		t.Fatalf("dims %v, want more than 6 rows and 8 columns", d)
	}
	n := int64(got.Volume.Len())
	if err := second(volume.Assemble(t.Context(), in, volume.Limits{MaxVoxels: n, MaxSide: max(d[0], d[1])})); err != nil {
		t.Errorf("at the limits: %v", err)
	}
	for name, lim := range map[string]volume.Limits{"voxels": {MaxVoxels: n - 1}, "side": {MaxSide: max(d[0], d[1]) - 1}} {
		if r, ok := neckfrac.AsRefused(second(volume.Assemble(t.Context(), in, lim))); !ok || r.Reason != neckfrac.Geometry {
			t.Errorf("%s one below: %v, want refused geometry", name, r)
		}
	}
}

// TestTiltGap: a missing slice of a tilted scan is a gap as in any other.
func TestTiltGap(t *testing.T) {
	t.Parallel()
	in := neck().tilted(18.5).files(t)
	r, ok := neckfrac.AsRefused(second(volume.Assemble(t.Context(), slices.Delete(in, 5, 6), volume.Limits{})))
	if !ok || r.Reason != neckfrac.Gap {
		t.Fatalf("%v, want refused gap", r)
	}
}

// TestTiltedEnhanced: the multi-frame form goes the same way and cites its frames.
func TestTiltedEnhanced(t *testing.T) {
	t.Parallel()
	s := neck().tilted(-18.5)
	s.edit = paint(ramp)
	want, err := volume.Assemble(t.Context(), s.files(t), volume.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	m := s.enhanced(dataset.EnhancedCTImageStorage, dataset.ExplicitVRLittleEndian)
	slices.Reverse(m.frames)
	got, err := volume.Assemble(t.Context(), []volume.Input{m.input(t)}, volume.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	samePatient(t, got, want)
	frames := slices.Collect(sequence(s.n))
	for i := range frames {
		frames[i] = s.n - i
	}
	if want.Volume.SourceFrame != nil || !slices.Equal(got.Volume.SourceFrame, frames) {
		t.Fatalf("frames %v and %v, want none and %v", want.Volume.SourceFrame, got.Volume.SourceFrame, frames)
	}
}
