package dataset

import (
	"math"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/input"
)

// paddingHU is what a volume holds where no pixel was taken: the margins of a stack that
// was sheared back, and the scanner's own padding.
const paddingHU = -1024

// leansBy is how far the ends of an axis lie beside the patient's before a volume
// counts as leaning.
const leansBy = 0.3 // mm

// shown tells places that a volume shows from those that it does not, nil for a volume
// along the patient's axes, which shows all that its grid holds. A gantry that leans
// takes a sheared box; the truth, drawn upright, goes on in the wedges beside it, and a
// label on a wedge would teach that air is bone.
func shown(v *neckfrac.Volume) func(mm neckfrac.Vec3) bool {
	if !leans(v.Grid) {
		return nil
	}
	return func(mm neckfrac.Vec3) bool {
		p := v.ToIndex(mm)
		var at [3]int
		for a := range 3 {
			i := int(math.Floor(p[a] + 0.5))
			if i < 0 || i >= v.Dims[a] {
				return false
			}
			at[a] = i
		}
		return v.HU[v.Index(at[0], at[1], at[2])] > paddingHU
	}
}

// leans reports whether an axis runs beside the patient's axis that it follows.
func leans(g neckfrac.Grid) bool {
	for a := range 3 {
		most, length := 0, float64(g.Dims[a]-1)*g.SpacingMM[a]
		for c := range 3 {
			if math.Abs(g.Direction[a][c]) > math.Abs(g.Direction[a][most]) {
				most = c
			}
		}
		for c := range 3 {
			if c != most && length*math.Abs(g.Direction[a][c]) > leansBy {
				return true
			}
		}
	}
	return false
}

// hide turns labels on places that are not shown to background.
func hide(g input.Grid, labels []uint8, in func(neckfrac.Vec3) bool) {
	if in == nil {
		return
	}
	for x := range g.Dims[0] {
		for z := range g.Dims[2] {
			row := labels[g.Index(x, 0, z):][:g.Dims[1]]
			for y, l := range row {
				if l != 0 && !in(g.ToMM(float64(x), float64(y), float64(z))) {
					row[y] = 0
				}
			}
		}
	}
}
