package phantom_test

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/phantom"
)

// small keeps tests fast: coarse pixels and few slices.
// long skips a test that computes for seconds on one core: the race detector makes
// minutes of it and has nothing to find.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("computes for seconds: run without -short")
	}
}

func small(seed uint64) phantom.Config {
	return phantom.Config{Seed: seed, Matrix: 96, MaxSlices: 90, Protocol: phantom.ProtocolDiagnostic, Coverage: phantom.CoverageFull}
}

func generate(t *testing.T, c phantom.Config) *phantom.Study {
	t.Helper()
	s, err := phantom.Generate(c)
	if err != nil {
		t.Fatalf("Generate: %v", err)
	}
	return s
}

func TestEqualConfigEqualStudy(t *testing.T) {
	t.Parallel()
	c := small(7)
	c.Mode = phantom.Enriched
	a, b := generate(t, c), generate(t, c)
	if a.Digest() != b.Digest() {
		t.Error("two runs differ")
	}
	c.Seed = 8
	if generate(t, c).Digest() == a.Digest() {
		t.Error("another seed gives the same study")
	}
}

// centroids gives the mean place of every label that is present.
func centroids(s *phantom.Study) map[uint8]neckfrac.Vec3 {
	sum, n := map[uint8]neckfrac.Vec3{}, map[uint8]float64{}
	for k := range s.Labels.Dims[2] {
		for j := range s.Labels.Dims[1] {
			for i := range s.Labels.Dims[0] {
				v := s.Labels.Voxel[s.Labels.Index(i, j, k)]
				if v == 0 {
					continue
				}
				p := s.Labels.ToMM(neckfrac.Vec3{float64(i), float64(j), float64(k)})
				c := sum[v]
				for a := range 3 {
					c[a] += p[a]
				}
				sum[v] = c
				n[v]++
			}
		}
	}
	for v, c := range sum {
		for a := range 3 {
			c[a] /= n[v]
		}
		sum[v] = c
	}
	return sum
}

func TestLabelsRunFromHeadToFoot(t *testing.T) {
	long(t)
	t.Parallel()
	for seed := range uint64(4) {
		s := generate(t, small(100+seed))
		c := centroids(s)
		for v := neckfrac.C1; v <= neckfrac.C7; v++ {
			p, ok := c[uint8(v)]
			if !ok {
				t.Fatalf("seed %d: %v is missing", 100+seed, v)
			}
			box := s.Truth.Levels[v].BoxMM
			for a := range 3 {
				if p[a] < box[a] || p[a] > box[a+3] {
					t.Errorf("seed %d: %v lies outside its box on axis %d", 100+seed, v, a)
				}
			}
			if v == neckfrac.C1 {
				continue
			}
			if d := c[uint8(v-1)][2] - p[2]; d < 8 || d > 32 {
				t.Errorf("seed %d: %v lies %.1f mm below %v, want 8 to 32", 100+seed, v, d, v-1)
			}
		}
	}
}

// Bone must be bone: the median of labelled voxels is far above soft tissue, and the
// vertebrae have plausible volumes.
func TestVertebraeHaveBoneAndSize(t *testing.T) {
	t.Parallel()
	s := generate(t, small(55))
	cc := s.Volume.SpacingMM[0] * s.Volume.SpacingMM[1] * s.Volume.SpacingMM[2] / 1000
	var n, sum [9]float64
	for i, v := range s.Labels.Voxel {
		n[v]++
		sum[v] += float64(s.Volume.HU[i])
	}
	for v := neckfrac.C1; v <= neckfrac.C7; v++ {
		if c := n[v] * cc; c < 5 || c > 22 {
			t.Errorf("%v has %.1f cm3, want 5 to 22", v, c)
		}
		if m := sum[v] / n[v]; m < 200 || m > 1100 {
			t.Errorf("%v has a mean of %.0f HU, want 200 to 1100", v, m)
		}
	}
}

func TestTwinDiffersNearTheFractureAlone(t *testing.T) {
	long(t)
	t.Parallel()
	for _, f := range []phantom.FractureSpec{
		{Level: neckfrac.C2, Type: phantom.DensNeck}, {Level: neckfrac.C5, Type: phantom.Burst},
		{Level: neckfrac.C7, Type: phantom.SpinousProcess},
	} {
		c := small(31)
		c.Mode, c.Fractures = phantom.Forced, []phantom.FractureSpec{f}
		s := generate(t, c)
		c.Intact = true
		twin := generate(t, c)
		if twin.Truth.Patient != 0 || twin.Truth.Levels[f.Level].Label != 0 {
			t.Errorf("%v: the twin is labelled broken", f)
		}
		if s.Truth.Levels[f.Level].Label != 1 {
			t.Errorf("%v: not visible: %+v", f, s.Truth.Levels[f.Level])
		}
		near, away := changes(s, twin, s.Truth.Levels[f.Level].BoxMM)
		if near == 0 {
			t.Errorf("%v: nothing changed", f)
		}
		if away > 0 {
			t.Errorf("%v: %d bone voxels changed away from the fracture", f, away)
		}
		for i, v := range twin.Fracture {
			if v != 0 {
				t.Fatalf("%v: the twin has a fracture mask at %d", f, i)
			}
		}
	}
}

// changes counts voxels that differ by more than 60 HU near a box and, in bone, away
// from it. Soft tissue in front of the spine may swell.
func changes(a, b *phantom.Study, box [6]float64) (near, away int) {
	for k := range a.Volume.Dims[2] {
		for j := range a.Volume.Dims[1] {
			for i := range a.Volume.Dims[0] {
				at := a.Volume.Index(i, j, k)
				d := int(a.Volume.HU[at]) - int(b.Volume.HU[at])
				if d > -60 && d < 60 {
					continue
				}
				p := a.Volume.ToMM(neckfrac.Vec3{float64(i), float64(j), float64(k)})
				in := true
				for c := range 3 {
					in = in && p[c] > box[c]-12 && p[c] < box[c+3]+12
				}
				switch {
				case in:
					near++
				case a.Labels.Voxel[at] != 0 && b.Labels.Voxel[at] != 0:
					away++
				}
			}
		}
	}
	return near, away
}

func TestNaturalDrawHasThePriors(t *testing.T) {
	t.Parallel()
	// Shares of positives at C1..C7, RSNA 2022.
	want := [7]float64{15.2, 29.7, 7.6, 11.2, 16.9, 28.8, 40.9}
	const n = 20000
	var got [7]float64
	var positive, levels float64
	for seed := range uint64(n) {
		l := phantom.DrawLevels(seed, phantom.Natural)
		if len(l) > 0 {
			positive++
		}
		levels += float64(len(l))
		for _, v := range l {
			got[v.Index()]++
		}
	}
	if p := positive / n; math.Abs(p-0.476) > 0.012 {
		t.Errorf("%.3f of the patients are positive, want 0.476", p)
	}
	if m := levels / positive; math.Abs(m-1.50) > 0.04 {
		t.Errorf("%.2f levels per positive, want 1.50", m)
	}
	for i, w := range want {
		if g := 100 * got[i] / positive; math.Abs(g-w) > 1.6 {
			t.Errorf("C%d is broken in %.1f %% of the positives, want %.1f", i+1, g, w)
		}
	}
	var first400 float64
	for seed := range uint64(400) {
		if len(phantom.DrawLevels(seed, phantom.Natural)) > 0 {
			first400++
		}
	}
	if first400 < 150 || first400 > 230 {
		t.Errorf("%v of 400 patients are positive, want about 190", first400)
	}
}

func TestEnrichedBreaksThreeOrFour(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		if n := len(phantom.DrawLevels(seed, phantom.Enriched)); n < 3 || n > 4 {
			t.Fatalf("seed %d breaks %d bones", seed, n)
		}
	}
}

func TestPartialCoverageIsTold(t *testing.T) {
	long(t)
	t.Parallel()
	seen := map[string]int{}
	for seed := range uint64(6) {
		c := small(300 + seed)
		c.Coverage = phantom.CoveragePartial
		s := generate(t, c)
		n := map[uint8]int{}
		for _, v := range s.Labels.Voxel {
			n[v]++
		}
		missing := 0
		for v, l := range s.Truth.Levels {
			seen[l.InField]++
			if l.InField != "full" {
				missing++
			}
			switch has := n[uint8(v)] > 0; {
			case l.InField == "none" && n[uint8(v)] > 200:
				t.Errorf("seed %d: %v is said to be absent and has %d voxels", 300+seed, v, n[uint8(v)])
			case l.InField != "none" && !has:
				t.Errorf("seed %d: %v is said to be %s and has no voxels", 300+seed, v, l.InField)
			}
		}
		if missing == 0 {
			t.Errorf("seed %d: nothing is cut off", 300+seed)
		}
	}
	if seen["full"] == 0 || seen["partial"] == 0 || seen["none"] == 0 {
		t.Errorf("coverage seen: %v, want all three", seen)
	}
	full := generate(t, small(300))
	for v, l := range full.Truth.Levels {
		if l.InField != "full" {
			t.Errorf("full coverage: %v is %s", v, l.InField)
		}
	}
}

// Every pattern of every level has to show, most of the time, at the usual resolution.
func TestEveryTypeShows(t *testing.T) {
	if testing.Short() {
		t.Skip("paints 50 studies")
	}
	t.Parallel()
	var all, visible int
	for _, v := range []neckfrac.Vertebra{neckfrac.C1, neckfrac.C2, neckfrac.C5} {
		for _, k := range phantom.Types(v) {
			hit := 0
			for seed := range uint64(2) {
				c := small(500 + seed)
				c.Mode, c.Fractures = phantom.Forced, []phantom.FractureSpec{{Level: v, Type: k}}
				s := generate(t, c)
				l := s.Truth.Levels[v]
				hit += l.Label
				if l.Label == 1 == l.Occult {
					t.Errorf("%v %s: label and occult agree", v, k)
				}
				if l.Label == 1 && l.Fractures[0].Voxels < 3 {
					t.Errorf("%v %s: labelled with %d voxels", v, k, l.Fractures[0].Voxels)
				}
			}
			all += 2
			visible += hit
			if hit == 0 {
				t.Errorf("%v %s: never visible in 2 seeds", v, k)
			}
		}
	}
	t.Logf("%d of %d fractures are visible", visible, all)
	if visible*10 < all*7 {
		t.Errorf("only %d of %d fractures are visible", visible, all)
	}
}

// The label must not be readable from anything but the bone: scan and patient are
// those of the twin.
func TestScanDoesNotDependOnTheLabel(t *testing.T) {
	long(t)
	t.Parallel()
	for seed := range uint64(3) {
		c := small(700 + seed)
		c.Coverage, c.Mode = phantom.CoverageMixed, phantom.Natural
		a := generate(t, c)
		c.Mode = phantom.Enriched
		b := generate(t, c)
		if a.Volume.Grid != b.Volume.Grid || a.Truth.Scanner != b.Truth.Scanner || a.Truth.Person != b.Truth.Person {
			t.Errorf("seed %d: scan or person changed with the fractures", 700+seed)
		}
		if len(a.Truth.Negatives) != len(b.Truth.Negatives) {
			t.Errorf("seed %d: look-alikes changed with the fractures", 700+seed)
		}
		if d := math.Abs(airNoise(a) - airNoise(b)); d > 0.5 {
			t.Errorf("seed %d: noise in the corner differs by %.2f HU", 700+seed, d)
		}
	}
}

// airNoise is the SD of the first rows of the top slice.
func airNoise(s *phantom.Study) float64 {
	var sum, sq float64
	n := s.Volume.Dims[0] * 3
	at := s.Volume.Index(0, 0, s.Volume.Dims[2]-1)
	for _, v := range s.Volume.HU[at : at+n] {
		sum += float64(v)
		sq += float64(v) * float64(v)
	}
	m := sum / float64(n)
	return math.Sqrt(sq/float64(n) - m*m)
}

func TestConfigRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]phantom.Config{
		"matrix":         {Matrix: 1024},
		"slices":         {MaxSlices: 5000},
		"mode":           {Mode: 9},
		"list unforced":  {Fractures: []phantom.FractureSpec{{Level: neckfrac.C5}}},
		"no level":       {Mode: phantom.Forced, Fractures: []phantom.FractureSpec{{}}},
		"type elsewhere": {Mode: phantom.Forced, Fractures: []phantom.FractureSpec{{Level: neckfrac.C5, Type: phantom.DensNeck}}},
	} {
		if _, err := phantom.Generate(c); err == nil || neckfrac.KindOf(err) != neckfrac.Invalid {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}
}

// The sheet goes to NECKFRAC_PHANTOM_PNG, a folder, to be looked at;
// NECKFRAC_PHANTOM_SEED picks the first of two seeds.
func TestContactSheet(t *testing.T) {
	t.Parallel()
	dir, first := os.Getenv("NECKFRAC_PHANTOM_PNG"), uint64(1)
	if n, err := strconv.ParseUint(os.Getenv("NECKFRAC_PHANTOM_SEED"), 10, 32); err == nil {
		first = n
	}
	for seed := first; seed < first+2; seed++ {
		c := phantom.Config{Seed: seed, Mode: phantom.Enriched}
		if dir == "" {
			c = small(seed)
			c.Mode = phantom.Enriched
		}
		var b bytes.Buffer
		if err := generate(t, c).ContactSheet(&b); err != nil {
			t.Fatalf("ContactSheet: %v", err)
		}
		if !bytes.HasPrefix(b.Bytes(), []byte("\x89PNG")) || b.Len() < 20_000 {
			t.Errorf("seed %d: %d bytes are no contact sheet", seed, b.Len())
		}
		to := dir
		if to == "" {
			to = t.TempDir()
		}
		if err := os.WriteFile(filepath.Join(to, "sheet-"+strconv.FormatUint(seed, 10)+".png"), b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
