package bench_test

import (
	"math"
	"slices"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/bench"
	"github.com/neckfrac/neckfrac/models/phantom"
)

// side of the test volumes, voxels; spacing differs by axis so that none is mixed up.
const side = 40

var spacing = neckfrac.Vec3{0.5, 1, 2}

// blockStudy is a study with one block of bone, C4, in tissue of 40 HU. hu gives the
// bone's values, keep leaves voxels out of the block.
func blockStudy(lo, hi [3]int, hu func(p [3]int) int16, keep func(p [3]int) bool) *phantom.Study {
	g := neckfrac.Grid{Dims: [3]int{side, side, side}, SpacingMM: spacing, Direction: [3]neckfrac.Vec3{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}
	s := &phantom.Study{Fracture: make([]uint8, g.Len())}
	s.Volume = neckfrac.Volume{Grid: g, HU: make([]int16, g.Len())}
	s.Labels = neckfrac.Labels{Grid: g, Voxel: make([]uint8, g.Len())}
	for k := range side {
		for j := range side {
			for i := range side {
				p := [3]int{i, j, k}
				at := g.Index(i, j, k)
				s.Volume.HU[at] = 40
				if i >= lo[0] && i <= hi[0] && j >= lo[1] && j <= hi[1] && k >= lo[2] && k <= hi[2] && (keep == nil || keep(p)) {
					s.Volume.HU[at] = hu(p)
					s.Labels.Voxel[at] = uint8(neckfrac.C4)
				}
			}
		}
	}
	s.Truth.Levels = map[neckfrac.Vertebra]*phantom.LevelTruth{}
	for _, v := range neckfrac.Vertebrae() {
		s.Truth.Levels[v] = &phantom.LevelTruth{InField: "none"}
	}
	s.Truth.Levels[neckfrac.C4].InField = "full"
	return s
}

var (
	blockLo = [3]int{10, 10, 10}
	blockHi = [3]int{29, 29, 19}
)

// measure returns C4's features by name.
func measure(t *testing.T, s *phantom.Study) map[string]float64 {
	t.Helper()
	l := bench.Measure(s).Levels[neckfrac.C4.Index()]
	if len(l.Shape) != len(bench.ShapeNames()) || len(l.Image) != len(bench.ImageNames()) {
		t.Fatalf("%d and %d features, want %d and %d", len(l.Shape), len(l.Image), len(bench.ShapeNames()), len(bench.ImageNames()))
	}
	out := map[string]float64{}
	for i, name := range slices.Concat(bench.ShapeNames(), bench.ImageNames()) {
		out[name] = float64(slices.Concat(l.Shape, l.Image)[i])
	}
	return out
}

func expect(t *testing.T, got, want map[string]float64) {
	t.Helper()
	for name, w := range want {
		if g := got[name]; !(math.Abs(g-w) <= 1e-9*(1+math.Abs(w))) && !(math.IsNaN(g) && math.IsNaN(w)) {
			t.Errorf("%s: got %v, want %v", name, g, w)
		}
	}
}

func flat(hu int16) func([3]int) int16 { return func([3]int) int16 { return hu } }

func TestBlock(t *testing.T) {
	t.Parallel()
	got := measure(t, blockStudy(blockLo, blockHi, flat(700), nil))
	// 20 x 20 x 10 voxels of 0.5 x 1 x 2 mm: 10 x 20 x 20 mm.
	expect(t, got, map[string]float64{
		"volume": 4000, "box_x": 10, "box_y": 20, "box_z": 20, "fill": 1, "surface": 2 * (10*20 + 10*20 + 20*20) / 4000.0,
		"height_front": 20, "height_middle": 20, "height_back": 20, "height_front_back": 1, "height_middle_back": 1,
		"hu_p1": 700, "hu_p50": 700, "hu_p99": 700, "hu_mean": 700, "hu_sd": 0, "gap_share": 0,
		"height_beside_neighbours": math.NaN(), "prevertebral": math.NaN(),
	})
}

func TestPercentiles(t *testing.T) {
	t.Parallel()
	// Ten slices of ten values, twice as many voxels of each as of the next higher would
	// be no test: equal shares, so that the q-quantile of 0, 100 … 900 is known.
	got := measure(t, blockStudy(blockLo, blockHi, func(p [3]int) int16 { return int16(p[2]-10) * 100 }, nil))
	expect(t, got, map[string]float64{
		"hu_p1": 0, "hu_p5": 0, "hu_p25": 200, "hu_p50": 400, "hu_p75": 700, "hu_p95": 900, "hu_p99": 900,
		"hu_mean": 450, "hu_sd": 100 * math.Sqrt(8.25),
	})
}

// TestEdge: a ramp of 30 HU a millimetre along each axis; the border of the block, where
// tissue begins, is left out by making everything ramp.
func TestEdge(t *testing.T) {
	t.Parallel()
	for axis := range 3 {
		s := blockStudy(blockLo, blockHi, flat(0), nil)
		for at := range s.Volume.HU {
			p := [3]int{at % side, at / side % side, at / (side * side)}
			s.Volume.HU[at] = int16(float64(p[axis]) * spacing[axis] * 30)
		}
		expect(t, measure(t, s), map[string]float64{"edge_1mm": 30, "edge_2mm": 30, "gap_share": 0})
	}
}

// TestGap: a slit one voxel wide is found at its full depth whichever way it runs, and
// covers a twentieth or a tenth of the block.
func TestGap(t *testing.T) {
	t.Parallel()
	for axis, share := range [3]float64{1.0 / 20, 1.0 / 20, 1.0 / 10} {
		middle := (blockLo[axis] + blockHi[axis]) / 2
		got := measure(t, blockStudy(blockLo, blockHi, func(p [3]int) int16 {
			if p[axis] == middle {
				return 300
			}
			return 900
		}, nil))
		expect(t, got, map[string]float64{"gap_depth": 600, "gap_share": share})
	}
	// Dark towards one side alone is an edge and no gap.
	got := measure(t, blockStudy(blockLo, blockHi, func(p [3]int) int16 {
		if p[0] < 20 {
			return 300
		}
		return 900
	}, nil))
	if got["gap_share"] != 0 {
		t.Errorf("an edge counts as a gap: %v", got["gap_share"])
	}
}

// TestWedge: a body that loses height towards the front, and a canal behind which the
// arch must not count for the body's back.
func TestWedge(t *testing.T) {
	t.Parallel()
	lo, hi := [3]int{10, 10, 10}, [3]int{29, 34, 19}
	height := func(j int) int { // slices: 5 at the front, 10 from the middle on
		if j < 20 {
			return 5
		}
		return 10
	}
	keep := func(p [3]int) bool {
		canal := p[1] >= 30 && p[1] < 33
		return !canal && p[2]-lo[2] < height(p[1])
	}
	got := measure(t, blockStudy(lo, hi, flat(500), keep))
	// Rows 10 to 29 are the body: bands 2 to 7, 8 to 11 and 12 to 17 of its 20 rows.
	expect(t, got, map[string]float64{
		"height_front": 10, "height_middle": 15, "height_back": 20, "height_front_back": 0.5, "height_middle_back": 0.75,
	})
}

func TestHeightBesideNeighbours(t *testing.T) {
	t.Parallel()
	s := blockStudy([3]int{10, 10, 2}, [3]int{29, 29, 37}, flat(500), nil)
	for at := range s.Labels.Voxel { // C5, C4 and C3 of 10, 6 and 14 slices
		switch k := at / (side * side); {
		case s.Labels.Voxel[at] == 0:
		case k < 12:
			s.Labels.Voxel[at] = uint8(neckfrac.C5)
		case k >= 18 && k < 32:
			s.Labels.Voxel[at] = uint8(neckfrac.C3)
		case k >= 32:
			s.Labels.Voxel[at] = 8
		}
	}
	for _, v := range []neckfrac.Vertebra{neckfrac.C3, neckfrac.C5} {
		s.Truth.Levels[v].InField = "full"
	}
	expect(t, measure(t, s), map[string]float64{"height_front": 12, "height_beside_neighbours": 12.0 / 24})
	s.Truth.Levels[neckfrac.C3].InField = "partial"
	expect(t, measure(t, s), map[string]float64{"height_beside_neighbours": 12.0 / 20})
}

func TestPrevertebral(t *testing.T) {
	t.Parallel()
	s := blockStudy(blockLo, blockHi, flat(500), nil)
	for at := range s.Volume.HU {
		if at/side%side <= 3 {
			s.Volume.HU[at] = -900
		}
	}
	// From row 10 to row 3, 1 mm each.
	expect(t, measure(t, s), map[string]float64{"prevertebral": 7})
}

// TestLevelsOutOfField: what is not wholly there has no features and is not scored.
func TestLevelsOutOfField(t *testing.T) {
	t.Parallel()
	s := blockStudy(blockLo, blockHi, flat(500), nil)
	s.Truth.Levels[neckfrac.C4].InField = "partial"
	if l := bench.Measure(s).Levels[neckfrac.C4.Index()]; l.Shape != nil || l.Image != nil {
		t.Errorf("features of a level that the stack cuts: %+v", l)
	}
}

func TestEntry(t *testing.T) {
	t.Parallel()
	s := blockStudy(blockLo, blockHi, flat(500), nil)
	s.Truth.ID = "nf-1"
	s.Truth.Levels[neckfrac.C4].Label = 1
	s.Truth.Levels[neckfrac.C6].Occult = true
	s.Truth.Levels[neckfrac.C5].InField = "partial"
	got := bench.Measure(s).Entry()
	if want := (bench.Entry{ID: "nf-1", Digest: s.Digest(), State: "...x.o.", Field: "nnnfpnn"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
