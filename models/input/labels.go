package input

import (
	"math"

	"github.com/neckfrac/neckfrac"
)

// SampleLabels brings a label volume of any axis order onto g. Each voxel takes the
// most frequent label among eight points inside it, on a tie that of the lowest
// number above background, so that thin bone is not lost. Outside is background.
// The error is Invalid for a volume whose size does not match its voxels.
func SampleLabels(l *neckfrac.Labels, g Grid) ([]uint8, error) {
	if l == nil || l.Dims[0] < 1 || l.Dims[1] < 1 || l.Dims[2] < 1 ||
		float64(l.Dims[0])*float64(l.Dims[1])*float64(l.Dims[2]) > MaxVoxels || len(l.Voxel) != l.Len() {
		return nil, neckfrac.Errorf(neckfrac.Invalid, "input: labels", "size does not match the voxels")
	}
	out := make([]uint8, g.Len())
	quarter := 0.25
	parallel(g.Dims[0], func(lo, hi int) {
		for x := lo; x < hi; x++ {
			for z := range g.Dims[2] {
				for y := range g.Dims[1] {
					var votes [neckfrac.LabelOtherBone + 1]uint8
					for corner := range 8 {
						d := [3]float64{-quarter, -quarter, -quarter}
						for c := range 3 {
							if corner>>c&1 == 1 {
								d[c] = quarter
							}
						}
						mm := g.ToMM(float64(x)+d[0], float64(y)+d[1], float64(z)+d[2])
						votes[labelAt(l, mm)]++
					}
					out[g.Index(x, y, z)] = winner(&votes)
				}
			}
		}
	})
	return out, nil
}

func winner(votes *[neckfrac.LabelOtherBone + 1]uint8) uint8 {
	best := uint8(0)
	for l := 1; l < len(votes); l++ {
		if votes[l] > votes[best] || best == 0 && votes[l] > 0 && votes[l] == votes[0] {
			best = uint8(l)
		}
	}
	return best
}

// labelAt is the label of the voxel that holds a point, 0 outside or out of range.
func labelAt(l *neckfrac.Labels, mm neckfrac.Vec3) uint8 {
	p := l.ToIndex(mm)
	var at [3]int
	for a := range 3 {
		i := int(math.Floor(p[a] + 0.5))
		if i < 0 || i >= l.Dims[a] {
			return 0
		}
		at[a] = i
	}
	v := l.Voxel[l.Index(at[0], at[1], at[2])]
	if v > neckfrac.LabelOtherBone {
		return 0
	}
	return v
}

// ToLabels writes a label field as a label volume: columns to the left, rows to
// posterior, slices to the head, right-handed like every grid that leaves us.
func ToLabels(g Grid, labels []uint8) *neckfrac.Labels {
	nx, ny, nz := g.Dims[0], g.Dims[1], g.Dims[2]
	out := &neckfrac.Labels{
		Grid: neckfrac.Grid{Dims: g.Dims, SpacingMM: neckfrac.Vec3{g.SpacingMM, g.SpacingMM, g.SpacingMM},
			OriginMM: g.ToMM(0, 0, float64(nz-1)), Direction: [3]neckfrac.Vec3{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}},
		Voxel: make([]uint8, g.Len()),
	}
	for x := range nx {
		for z := range nz {
			src := labels[g.Index(x, 0, z):][:ny]
			for y, l := range src {
				out.Voxel[out.Index(x, y, nz-1-z)] = l
			}
		}
	}
	return out
}
