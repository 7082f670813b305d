package phantom_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/models/phantom"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

// sent makes a study in a form and assembles what the scanner sends as the service does.
func sent(t *testing.T, f phantom.Form) (*phantom.Study, volume.Assembled, error) {
	t.Helper()
	c := small(63)
	c.Mode, c.Form = phantom.Forced, f
	// One side only: a mirrored patient is another one.
	c.Fractures = []phantom.FractureSpec{{Level: neckfrac.C7, Type: phantom.TransverseProcess}}
	s := generate(t, c)
	got, err := volume.Assemble(t.Context(), files(t, s), volume.Limits{})
	return s, got, err
}

// files are the instances of a study as the runner gets them.
func files(t *testing.T, s *phantom.Study) []volume.Input {
	t.Helper()
	dir := t.TempDir()
	if err := s.WriteDICOM(dir, acquired); err != nil {
		t.Fatalf("WriteDICOM: %v", err)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.dcm"))
	if err != nil {
		t.Fatal(err)
	}
	var out []volume.Input
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		st, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		meta, r, err := dataset.ReadPart10(f, dataset.Limits{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		ds, _, err := r.ReadHeader()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		series, _ := ds.UID(dataset.TagSeriesInstanceUID)
		out = append(out, volume.Input{Series: neckfrac.SeriesUID(series), Instance: neckfrac.InstanceUID(meta.SOPInstanceUID), File: f, Size: st.Size()})
	}
	return out
}

// centre is the middle of a level's bone, weighed by HU, in its truth box.
func centre(v *neckfrac.Volume, box [6]float64) neckfrac.Vec3 {
	var sum neckfrac.Vec3
	var w float64
	for k := range v.Dims[2] {
		for j := range v.Dims[1] {
			for i := range v.Dims[0] {
				p := v.ToMM(neckfrac.Vec3{float64(i), float64(j), float64(k)})
				hu := float64(v.HU[v.Index(i, j, k)])
				if hu < 300 || slices.ContainsFunc([]int{0, 1, 2}, func(a int) bool { return p[a] < box[a] || p[a] > box[a+3] }) {
					continue
				}
				for a := range 3 {
					sum[a] += hu * p[a]
				}
				w += hu
			}
		}
	}
	for a := range 3 {
		sum[a] /= w
	}
	return sum
}

// drift is how far a level lies beside its place in a volume whose voxels lean: the
// shift along each axis, in mm, that brings the drawn picture nearest to it.
func drift(s *phantom.Study, got *neckfrac.Volume, box [6]float64) neckfrac.Vec3 {
	const h = 0.5
	var out neckfrac.Vec3
	for a := range 3 {
		var cost [3]float64
		for k := range got.Dims[2] {
			for j := range got.Dims[1] {
				for i := range got.Dims[0] {
					p := got.ToMM(neckfrac.Vec3{float64(i), float64(j), float64(k)})
					if slices.ContainsFunc([]int{0, 1, 2}, func(a int) bool { return p[a] < box[a] || p[a] > box[a+3] }) {
						continue
					}
					for n := range cost {
						q := p
						q[a] += h * float64(n-1)
						d := between(&s.Volume, q) - float64(got.HU[got.Index(i, j, k)])
						cost[n] += d * d
					}
				}
			}
		}
		// The least of the parabola through the three costs.
		out[a] = h * (cost[0] - cost[2]) / (2 * (cost[0] - 2*cost[1] + cost[2]))
	}
	return out
}

// between is the value of a volume at a place, linear between voxels.
func between(v *neckfrac.Volume, mm neckfrac.Vec3) float64 {
	q := v.ToIndex(mm)
	var at [3]int
	var f [3]float64
	for a := range 3 {
		q[a] = min(max(q[a], 0), float64(v.Dims[a]-1))
		at[a] = min(int(q[a]), v.Dims[a]-2)
		f[a] = q[a] - float64(at[a])
	}
	var sum float64
	for c := range 8 {
		w := 1.0
		var p [3]int
		for a := range 3 {
			p[a] = at[a] + c>>a&1
			if c>>a&1 == 1 {
				w *= f[a]
			} else {
				w *= 1 - f[a]
			}
		}
		sum += w * float64(v.HU[v.Index(p[0], p[1], p[2])])
	}
	return sum
}

// checkLevels compares where the bones are in an assembled volume with where they were
// drawn; mm is how far they may be apart.
func checkLevels(t *testing.T, s *phantom.Study, got *neckfrac.Volume, mm float64) {
	t.Helper()
	for _, l := range neckfrac.Vertebrae() {
		box := s.Truth.Levels[l].BoxMM
		a, b := centre(&s.Volume, box), centre(got, box)
		for c := range 3 {
			if !(math.Abs(a[c]-b[c]) <= mm) {
				t.Errorf("%v: centre at %.3f, want %.3f", l, b, a)
				break
			}
		}
	}
}

// TestPositionsKeepThePatient proves left and right, front and back, head and foot: in
// each position every voxel of the assembled volume has the value that was drawn at its
// place, and every vertebra is where the truth says.
func TestPositionsKeepThePatient(t *testing.T) {
	t.Parallel()
	for _, p := range phantom.Positions() {
		t.Run(string(p), func(t *testing.T) {
			t.Parallel()
			s, got, err := sent(t, phantom.Form{Position: p})
			if err != nil {
				t.Fatalf("Assemble: %v", err)
			}
			v := got.Volume
			for a := range 3 {
				if r := v.SpacingMM[a] / s.Volume.SpacingMM[a]; math.Abs(r-1) > 1e-3 {
					t.Errorf("spacing %v, want %v", v.SpacingMM, s.Volume.SpacingMM)
				}
			}
			same, mirrored := 0, 0
			for k := range v.Dims[2] {
				for j := range v.Dims[1] {
					for i := range v.Dims[0] {
						q := s.Volume.ToIndex(v.ToMM(neckfrac.Vec3{float64(i), float64(j), float64(k)}))
						x, y, z := int(math.Round(q[0])), int(math.Round(q[1])), int(math.Round(q[2]))
						hu := v.HU[v.Index(i, j, k)]
						if hu == s.Volume.HU[s.Volume.Index(x, y, z)] {
							same++
						}
						if hu == s.Volume.HU[s.Volume.Index(v.Dims[0]-1-x, y, z)] {
							mirrored++
						}
					}
				}
			}
			if same != v.Len() || same != s.Volume.Len() {
				t.Errorf("%d of %d voxels have their value in place, %d in a mirrored patient", same, v.Len(), mirrored)
			}
			if mirrored*2 > same {
				t.Errorf("%d of %d voxels would be the same in a mirrored patient: it proves nothing", mirrored, same)
			}
			checkLevels(t, s, v, 1e-3)
		})
	}
}

// TestPositionsAreTheStandards: gravity pulls down the columns of an image, and rows ×
// columns points into the gantry (PS3.3 §C.7.3.1.1.2).
func TestPositionsAreTheStandards(t *testing.T) {
	long(t)
	t.Parallel()
	down := map[byte]neckfrac.Vec3{'S': {0, 1, 0}, 'P': {0, -1, 0}, 'L': {1, 0, 0}, 'R': {-1, 0, 0}}
	for _, p := range phantom.Positions() {
		c := small(3)
		c.Matrix, c.MaxSlices, c.Form.Position = 64, 40, p
		_, ds := generate(t, c).Instance(0, acquired)
		if got, _ := ds.Text(dataset.TagPatientPosition); got != string(p) {
			t.Errorf("patient position %q, want %s", got, p)
		}
		d, _ := ds.Floats(dataset.TagImageOrientationPatient)
		if len(d) != 6 {
			t.Fatalf("%s: orientation %v", p, d)
		}
		if col := (neckfrac.Vec3{d[3], d[4], d[5]}); col != down[p[len(p)-1]] {
			t.Errorf("%s: columns run along %v, want %v", p, col, down[p[len(p)-1]])
		}
		into := d[0]*d[4] - d[1]*d[3]
		if want := map[byte]float64{'H': 1, 'F': -1}[p[0]]; into != want {
			t.Errorf("%s: the head is at %v along the gantry's way in, want %v", p, into, want)
		}
	}
}

// TestTiltedGantry: a sheared stack comes out with slices that lean and the patient in
// place; one that no gantry makes is refused.
func TestTiltedGantry(t *testing.T) {
	t.Parallel()
	for _, f := range []phantom.Form{{TiltDegrees: 18.5}, {TiltDegrees: -12, Position: phantom.FFP}, {TiltDegrees: 10, Position: phantom.HFDR}} {
		t.Run(f.String(), func(t *testing.T) {
			t.Parallel()
			s, got, err := sent(t, f)
			if err != nil {
				t.Fatalf("Assemble: %v", err)
			}
			if d := math.Abs(got.ShearDegrees - math.Abs(f.TiltDegrees)); d > 0.01 {
				t.Errorf("sheared by %v°, want %v°", got.ShearDegrees, f.TiltDegrees)
			}
			want := s.Volume.SpacingMM[2] * math.Cos(f.TiltDegrees*math.Pi/180)
			if r := got.Volume.SpacingMM[2] / want; math.Abs(r-1) > 1e-3 {
				t.Errorf("spacing %v, want %v", got.Volume.SpacingMM[2], want)
			}
			for _, l := range neckfrac.Vertebrae() {
				if d := drift(s, got.Volume, s.Truth.Levels[l].BoxMM); !(max(math.Abs(d[0]), math.Abs(d[1]), math.Abs(d[2])) <= 0.1) {
					t.Errorf("%v lies %.3f mm beside its place", l, d)
				}
			}
		})
	}
	_, _, err := sent(t, phantom.Form{TiltDegrees: 33})
	refused(t, err, neckfrac.Geometry)
}

func refused(t *testing.T, err error, want neckfrac.Reason) {
	t.Helper()
	if r, ok := neckfrac.AsRefused(err); !ok || r.Reason != want {
		t.Errorf("%v, want refused %s", err, want)
	}
}

// TestLocalizerInSeries: spacing is that of the slices, whatever else has their UID.
func TestLocalizerInSeries(t *testing.T) {
	t.Parallel()
	s, got, err := sent(t, phantom.Form{LocalizerInSeries: true})
	if err != nil {
		t.Fatalf("Assemble: %v", err)
	}
	if r := got.Volume.SpacingMM[2] / s.Volume.SpacingMM[2]; math.Abs(r-1) > 1e-3 || len(got.Volume.Source) != s.Volume.Dims[2] {
		t.Errorf("%d slices every %v mm, want %d every %v", len(got.Volume.Source), got.Volume.SpacingMM[2], s.Volume.Dims[2], s.Volume.SpacingMM[2])
	}
	for _, c := range got.Candidates {
		if c.Series != got.Volume.Series {
			t.Errorf("a localizer has another series: %+v", c)
		}
	}
	checkLevels(t, s, got.Volume, 1e-3)
}

// TestWholeStudy: of all that a scanner sends, an axial series is taken, and each other
// one has its reason.
func TestWholeStudy(t *testing.T) {
	t.Parallel()
	s, got, err := sent(t, phantom.Form{Series: phantom.SeriesKinds()})
	if err != nil {
		t.Fatalf("Assemble: %v", err)
	}
	checkLevels(t, s, got.Volume, 0.2)
	if got.Volume.Dims[2] != s.Volume.Dims[2] {
		t.Errorf("%d slices, want %d", got.Volume.Dims[2], s.Volume.Dims[2])
	}
	series := map[neckfrac.SeriesUID]bool{}
	for i, c := range got.Candidates {
		series[c.Series] = true
		if (c.Lost == "") != (i == 0) {
			t.Errorf("candidate %d lost by %q", i, c.Lost)
		}
	}
	images := 0
	for _, x := range s.Truth.Series {
		images += x.Images
	}
	if n := len(files(t, s)); n != images || len(series) < len(s.Truth.Series)-1 {
		t.Errorf("%d files and %d series of images, want %d and %+v", n, len(series), images, s.Truth.Series)
	}
}

func TestMissingSlices(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		drop []int
		want neckfrac.Reason // "" for none
	}{
		{[]int{20}, neckfrac.Gap}, {[]int{20, 21, 22}, neckfrac.Gap}, {[]int{1}, ""}, {[]int{-1}, ""}, {[]int{1, -1}, ""},
	} {
		t.Run(fmt.Sprint(tc.drop), func(t *testing.T) {
			t.Parallel()
			s, got, err := sent(t, phantom.Form{Drop: tc.drop})
			if tc.want != "" {
				refused(t, err, tc.want)
				return
			}
			if err != nil {
				t.Fatalf("Assemble: %v", err)
			}
			if n := s.Volume.Dims[2] - len(tc.drop); got.Volume.Dims[2] != n {
				t.Errorf("%d slices, want %d", got.Volume.Dims[2], n)
			}
		})
	}
}

// TestDroppedEndIsTold: what is cut off by missing slices is not in the field.
func TestDroppedEndIsTold(t *testing.T) {
	t.Parallel()
	c := small(63)
	for i := range 45 {
		c.Form.Drop = append(c.Form.Drop, i+1)
	}
	s := generate(t, c)
	top, bottom := neckfrac.C1, neckfrac.C7
	if s.Truth.Seed%3 == 2 {
		top, bottom = bottom, top
	}
	if got := s.Truth.Levels[top].InField; got != "none" {
		t.Errorf("%v is %s, want none", top, got)
	}
	if got := s.Truth.Levels[bottom].InField; got != "full" {
		t.Errorf("%v is %s, want full", bottom, got)
	}
}

// TestTwoSpacings: the halves are told apart, and the fine one is taken.
func TestTwoSpacings(t *testing.T) {
	t.Parallel()
	s, got, err := sent(t, phantom.Form{TwoSpacings: true})
	if err != nil {
		t.Fatalf("Assemble: %v", err)
	}
	step := s.Volume.SpacingMM[2]
	var seen []float64
	for _, c := range got.Candidates {
		seen = append(seen, c.SpacingMM)
	}
	if len(seen) != 2 || math.Abs(max(seen[0], seen[1])/min(seen[0], seen[1])-2) > 1e-3 {
		t.Fatalf("candidates every %v mm, want two, one twice as far apart", seen)
	}
	if r := got.Volume.SpacingMM[2] / step; math.Abs(r-1) > 1e-3 && math.Abs(r-2) > 1e-3 {
		t.Errorf("spacing %v, want %v or its double", got.Volume.SpacingMM[2], step)
	}
}

func TestReverseNumbersFromTheOtherEnd(t *testing.T) {
	t.Parallel()
	c := small(63)
	c.Matrix, c.MaxSlices = 64, 40
	number := func(c phantom.Config) int64 {
		_, ds := generate(t, c).Instance(0, acquired)
		n, _ := ds.Int(dataset.TagInstanceNumber)
		return n
	}
	a := number(c)
	c.Form.Reverse = true
	if b := number(c); min(a, b) != 1 || max(a, b) != 40 {
		t.Errorf("the lowest slice has numbers %d and %d, want 1 and 40", a, b)
	}
}

func TestAskedSlices(t *testing.T) {
	t.Parallel()
	c := small(63)
	c.MaxSlices, c.Matrix, c.SliceMM, c.SpacingMM = 0, 64, 2.5, 2
	s := generate(t, c)
	if s.Volume.SpacingMM[2] != 2 || s.Volume.SliceThicknessMM != 2.5 || s.Truth.Scanner.SliceMM != 2.5 {
		t.Errorf("slices of %v mm every %v, want 2.5 and 2", s.Volume.SliceThicknessMM, s.Volume.SpacingMM[2])
	}
	c.SpacingMM = 0
	if s := generate(t, c); s.Volume.SpacingMM[2] != 2.5 {
		t.Errorf("spacing %v, want that of the thickness", s.Volume.SpacingMM[2])
	}
}

func TestFormsAreChecked(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*phantom.Config){
		"kind":     func(c *phantom.Config) { c.Form.Series = []phantom.SeriesKind{"axial"} },
		"position": func(c *phantom.Config) { c.Form.Position = "SITTING" },
		"tilt":     func(c *phantom.Config) { c.Form.TiltDegrees = phantom.MaxFormTilt + 0.1 },
		"no tilt":  func(c *phantom.Config) { c.Form.TiltDegrees = math.NaN() },
		"slice 0":  func(c *phantom.Config) { c.Form.Drop = []int{0} },
		"thin":     func(c *phantom.Config) { c.SliceMM = 0.2 },
		"wide":     func(c *phantom.Config) { c.SpacingMM = 11 },
	} {
		c := small(1)
		edit(&c)
		if _, err := phantom.Generate(c); neckfrac.KindOf(err) != neckfrac.Invalid {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}
	c := small(1)
	c.Form.Drop = slices.Repeat([]int{1}, 601)
	if _, err := phantom.Generate(c); neckfrac.KindOf(err) != neckfrac.Limit {
		t.Errorf("601 missing slices: %v, want limit", err)
	}
}
