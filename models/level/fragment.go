package level

import (
	"cmp"
	"slices"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/input"
)

const (
	// leastMM3 is the size under which a fragment is noise: a tenth of a vertebra.
	leastMM3 = 400
	// maxFragments bounds the dynamic programme; a spine has seven and a few loose
	// spinous processes.
	maxFragments = 64
)

// fragment is a connected piece of one class. Positions are in millimetres along the
// grid: x, y, and z growing towards the feet.
type fragment struct {
	class  neckfrac.Vertebra
	voxels int
	mm3    float64
	at     [3]float64
}

// fragments finds the connected pieces of the cervical labels, in order from head to
// foot. ids holds the number of each voxel's fragment, from 1, and 0 for voxels
// outside all of them.
func fragments(g input.Grid, labels []uint8) (frags []fragment, ids []int32) {
	ids = make([]int32, len(labels))
	var queue []int32
	voxelMM3 := g.SpacingMM * g.SpacingMM * g.SpacingMM
	for start, l := range labels {
		if ids[start] != 0 || !neckfrac.Vertebra(l).Valid() {
			continue
		}
		f := fragment{class: neckfrac.Vertebra(l)}
		id := int32(len(frags) + 1)
		ids[start] = id
		queue = append(queue[:0], int32(start))
		for len(queue) > 0 {
			o := int(queue[len(queue)-1])
			queue = queue[:len(queue)-1]
			at := position(g, o)
			f.voxels++
			for c := range 3 {
				f.at[c] += float64(at[c])
			}
			for _, n := range neighbours(g, o, at) {
				if n >= 0 && ids[n] == 0 && labels[n] == l {
					ids[n] = id
					queue = append(queue, int32(n))
				}
			}
		}
		for c := range 3 {
			f.at[c] *= g.SpacingMM / float64(f.voxels)
		}
		f.mm3 = float64(f.voxels) * voxelMM3
		frags = append(frags, f)
	}
	return keep(frags, ids)
}

// keep drops noise and sorts the rest from head to foot.
func keep(all []fragment, ids []int32) ([]fragment, []int32) {
	order := make([]int, 0, len(all))
	for i, f := range all {
		if f.mm3 >= leastMM3 {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(all[b].voxels, all[a].voxels) })
	order = order[:min(len(order), maxFragments)]
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(all[a].at[2], all[b].at[2]) })
	number := make([]int32, len(all)+1)
	out := make([]fragment, len(order))
	for i, o := range order {
		out[i] = all[o]
		number[o+1] = int32(i + 1)
	}
	for i, id := range ids {
		ids[i] = number[id]
	}
	return out, ids
}

// position gives x, y and z of an offset.
func position(g input.Grid, o int) [3]int {
	y := o % g.Dims[1]
	o /= g.Dims[1]
	return [3]int{o / g.Dims[2], y, o % g.Dims[2]}
}

// neighbours gives the offsets of the six neighbours, -1 beyond the border.
func neighbours(g input.Grid, o int, at [3]int) [6]int {
	step := [3]int{g.Dims[1] * g.Dims[2], 1, g.Dims[1]}
	out := [6]int{-1, -1, -1, -1, -1, -1}
	for c := range 3 {
		if at[c] > 0 {
			out[2*c] = o - step[c]
		}
		if at[c] < g.Dims[c]-1 {
			out[2*c+1] = o + step[c]
		}
	}
	return out
}
