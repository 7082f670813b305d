package dataset

import (
	"math"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/input"
)

// lesions lists the places of visible fractures, so that the few hundred of them are
// visited once per crop and slice and not with the millions around them.
type lesions struct {
	at []lesion
	// halfZMM is half the height of a place, along LPS z.
	halfZMM float64
	// unknown has bit v.Index() set for a level that is broken at places nobody marked.
	unknown uint8
	// weakMM are the heights, bottom and top, between which an unknown level lies.
	weakMM [neckfrac.Levels][2]float64
	// boxes and unplaced count the boxes that were used and those on no broken level.
	boxes, unplaced int
}

// lesion is a place and the number of voxels or pixels that it stands for.
type lesion struct {
	mm    neckfrac.Vec3
	level neckfrac.Vertebra
	n     int
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
					out.at = append(out.at, lesion{l.ToMM(neckfrac.Vec3{float64(i), float64(j), float64(k)}), v, 1})
				}
				o++
			}
		}
	}
	return out, nil
}

// within keeps the places that are shown.
func (l lesions) within(in func(neckfrac.Vec3) bool) lesions {
	if in == nil {
		return l
	}
	kept := make([]lesion, 0, len(l.at))
	for _, p := range l.at {
		if in(p.mm) {
			kept = append(kept, p)
		}
	}
	l.at = kept
	return l
}

// mapKnown reports whether it is known where level v is broken, if it is.
func (l lesions) mapKnown(v neckfrac.Vertebra) bool { return l.unknown>>v.Index()&1 == 0 }

// cells marks in a crop's map the cells that hold a visible fracture of level v; they
// are Unknown where nobody marked it. A place reaches over its own height, so that thick
// slices leave no gaps.
func (l lesions) cells(c input.CropGeometry, v neckfrac.Vertebra) []uint8 {
	n := c.Spec.MapPx
	out := make([]uint8, c.Spec.Slices*n*n)
	if !l.mapKnown(v) {
		for i := range out {
			out[i] = Unknown
		}
		return out
	}
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
			n[p.level.Index()] += p.n
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

// weak gives the levels at an axial slice that are broken somewhere, nobody says where.
func (l lesions) weak(zMM float64) uint8 {
	var mask uint8
	for i, w := range l.weakMM {
		if l.unknown>>i&1 == 1 && zMM >= w[0] && zMM <= w[1] {
			mask |= 1 << i
		}
	}
	return mask
}
