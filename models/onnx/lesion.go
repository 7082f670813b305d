package onnx

import (
	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/input"
)

// hotShare is the share of the key slice's range above which a cell is part of the
// lesion; lower shares make boxes twice too large.
const hotShare = 0.7

// lesion is the box around the hot cells that hang together with the hottest cell of
// the key slice, over all slices. Cells touch by their faces.
func lesion(c input.CropGeometry, maps []float32, key int) neckfrac.Box {
	n := c.Spec.MapPx
	slice := maps[key*n*n:][:n*n]
	start := key*n*n + argmax(slice)
	low := slice[0]
	for _, v := range slice {
		low = min(low, v)
	}
	cut := low + hotShare*(maps[start]-low)
	lo, hi := cellAt(start, n), cellAt(start, n)
	seen := make([]bool, len(maps))
	seen[start] = true
	for queue := []int{start}; len(queue) > 0; {
		o := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		at := cellAt(o, n)
		for a := range 3 {
			lo[a], hi[a] = min(lo[a], at[a]), max(hi[a], at[a])
			for _, d := range [2]int{-1, 1} {
				next := at
				next[a] += d
				if next[a] < 0 || next[0] >= c.Spec.Slices || a > 0 && next[a] >= n {
					continue
				}
				if i := (next[0]*n+next[1])*n + next[2]; !seen[i] && maps[i] >= cut {
					seen[i] = true
					queue = append(queue, i)
				}
			}
		}
	}
	return c.CellBox(lo[0], lo[1], lo[2], hi[0], hi[1], hi[2])
}

// cellAt gives slice, row and column of a map's cell.
func cellAt(o, n int) [3]int { return [3]int{o / (n * n), o / n % n, o % n} }
