package volume

import (
	"math"

	"github.com/neckfrac/neckfrac"
)

// field is where a volume has pixels: all of its grid, but for what undoing a shear left
// as air beside each slice.
type field struct {
	axis int
	// from has the first voxel of each slice along the axis, width how many there are; nil
	// where the slices fill the grid.
	from  []float64
	width float64
}

// field of the stack that passed the gate.
func (g gated) field() field {
	if g.shear.degrees == 0 {
		return field{}
	}
	grid, a := g.grid(), g.shear.axis
	before, after := g.shear.margins(grid.SpacingMM[a])
	f := field{axis: a, width: float64(grid.Dims[a] - before - after)}
	for _, mm := range g.shear.shiftMM {
		f.from = append(f.from, float64(before)+mm/grid.SpacingMM[a])
	}
	return f
}

// holds reports whether a place lies in the pixels of a slice, to half a voxel.
func (f field) holds(g neckfrac.Grid, mm neckfrac.Vec3) bool {
	q := g.ToIndex(mm)
	for a := range 3 {
		if q[a] < -0.5 || q[a] > float64(g.Dims[a])-0.5 {
			return false
		}
	}
	if f.from == nil {
		return true
	}
	k := min(max(int(math.Floor(q[2]+0.5)), 0), len(f.from)-1)
	at := q[f.axis] - f.from[k]
	return at >= -0.5 && at <= f.width-0.5
}

// emptyRows is how many rows of a mask at the ends of a scan a segmenter leaves empty.
const emptyRows = 2

// Cover corrects the coverage of a prediction by where the scan has pixels. A segmenter
// sees an upright box; the ends of a scan that leans cut that box aslant, and a level that
// they cut is only partly in the field although its mask ends inside the box.
func (a Assembled) Cover(p *neckfrac.Prediction) {
	m := p.Mask
	if m == nil || a.Volume == nil || m.Len() != len(m.Voxel) {
		return
	}
	var cut [neckfrac.LabelOtherBone]bool
	steps := [6]neckfrac.Vec3{{-1, 0, 0}, {1, 0, 0}, {0, -1, 0}, {0, 1, 0}, {0, 0, -emptyRows}, {0, 0, emptyRows}}
	for at, l := range m.Voxel {
		if l == 0 || l >= neckfrac.LabelOtherBone || cut[l] {
			continue
		}
		q := neckfrac.Vec3{float64(at % m.Dims[0]), float64(at / m.Dims[0] % m.Dims[1]), float64(at / (m.Dims[0] * m.Dims[1]))}
		for _, s := range steps {
			cut[l] = cut[l] || !a.field.holds(a.Volume.Grid, m.ToMM(add(q, s)))
		}
	}
	for i, v := range neckfrac.Vertebrae() {
		if l := &p.Levels[i]; cut[v] && l.Coverage == neckfrac.CoverageFull {
			l.Coverage = neckfrac.CoveragePartial
		}
	}
}
