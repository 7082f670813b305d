package dataset

import (
	"math"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/input"
)

// leastOverlap is the share of a predicted mask that must lie on one true vertebra
// for its truth to count; under it the mask is on nothing that is labelled.
const leastOverlap = 0.3

// TrueLevel gives the vertebra that most of a predicted level's mask lies on; false
// when too little of it lies on any. The fields must have the same grid.
func TrueLevel(predicted, truth []uint8, level uint8) (neckfrac.Vertebra, bool) {
	var hits [neckfrac.LabelOtherBone + 1]int
	n := 0
	for i, l := range predicted {
		if l == level {
			n++
			hits[min(truth[i], neckfrac.LabelOtherBone)]++
		}
	}
	var best neckfrac.Vertebra
	most := 0
	for _, v := range neckfrac.Vertebrae() {
		if hits[v] > most {
			best, most = v, hits[v]
		}
	}
	return best, n > 0 && float64(most) >= leastOverlap*float64(n)
}

// lesions lists the voxels of a fracture volume, so that the few hundred of them are
// visited once per crop and slice and not with the millions around them.
type lesions struct {
	at []lesion
	// halfZMM is half the height of a voxel, along LPS z.
	halfZMM float64
}

type lesion struct {
	mm    neckfrac.Vec3
	level neckfrac.Vertebra
}

func findLesions(l *neckfrac.Labels) (lesions, error) {
	if l == nil || len(l.Voxel) != l.Len() {
		return lesions{}, neckfrac.Errorf(neckfrac.Invalid, "dataset: fracture volume", "size does not match the voxels")
	}
	var out lesions
	for a := range 3 {
		out.halfZMM += math.Abs(l.Direction[a][2]) * l.SpacingMM[a] / 2
	}
	o := 0
	for k := range l.Dims[2] {
		for j := range l.Dims[1] {
			for i := range l.Dims[0] {
				if v := neckfrac.Vertebra(l.Voxel[o]); v.Valid() {
					out.at = append(out.at, lesion{l.ToMM(neckfrac.Vec3{float64(i), float64(j), float64(k)}), v})
				}
				o++
			}
		}
	}
	return out, nil
}

// cells marks in a crop's map the cells that hold a visible fracture of level v. A
// voxel reaches over its own height, so that thick slices leave no gaps.
func (l lesions) cells(c input.CropGeometry, v neckfrac.Vertebra) []uint8 {
	n := c.Spec.MapPx
	out := make([]uint8, c.Spec.Slices*n*n)
	for _, p := range l.at {
		if p.level != v {
			continue
		}
		t, row, col := c.Cell(p.mm)
		if row < 0 || row >= n || col < 0 || col >= n {
			continue
		}
		reach := l.halfZMM / c.StepMM
		first := max(int(math.Floor(t-reach+1e-9)), 0)
		last := min(int(math.Ceil(t+reach-1e-9))-1, c.Spec.Slices-1)
		for s := first; s <= last; s++ {
			out[(s*n+row)*n+col] = 1
		}
	}
	return out
}

const (
	// leastSliceVoxels within sliceReachMM make a slice a fractured one.
	leastSliceVoxels = 3
	sliceReachMM     = 1.25
)

// fractured gives the levels with a visible fracture near an axial slice.
func (l lesions) fractured(zMM float64) uint8 {
	var n [neckfrac.Levels]int
	for _, p := range l.at {
		if math.Abs(p.mm[2]-zMM) <= sliceReachMM {
			n[p.level.Index()]++
		}
	}
	var mask uint8
	for i, c := range n {
		if c >= leastSliceVoxels {
			mask |= 1 << i
		}
	}
	return mask
}
