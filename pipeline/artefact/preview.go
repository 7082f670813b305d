package artefact

import (
	"math"

	"github.com/neckfrac/neckfrac"
)

// Bounds of the preview.
const (
	previewMarginMM = 25
	previewMM       = 1.0
)

// crop is a part of a volume's lattice that is averaged in blocks.
type crop struct {
	v             *neckfrac.Volume
	from          [3]int // first voxel
	block         [3]int // voxels per preview voxel
	neckfrac.Grid        // of the preview
}

// newCrop covers the extents of all levels in field. ok is false where there are none.
func newCrop(v *neckfrac.Volume, p neckfrac.Prediction) (c crop, ok bool) {
	lo := neckfrac.Vec3{math.Inf(1), math.Inf(1), math.Inf(1)}
	hi := neckfrac.Vec3{math.Inf(-1), math.Inf(-1), math.Inf(-1)}
	for _, l := range p.Levels {
		if l.Coverage == neckfrac.CoverageNone || !usable(l.Extent) {
			continue
		}
		b := l.Extent.Grow(previewMarginMM)
		for n := range 8 {
			var corner neckfrac.Vec3
			for a := range 3 {
				corner[a] = b.Min[a]
				if n>>a&1 == 1 {
					corner[a] = b.Max[a]
				}
			}
			at := v.ToIndex(corner)
			for a := range 3 {
				lo[a], hi[a] = min(lo[a], at[a]), max(hi[a], at[a])
			}
		}
	}
	c = crop{v: v, Grid: v.Grid}
	var first neckfrac.Vec3
	for a := range 3 {
		c.block[a] = max(1, int(math.Round(previewMM/v.SpacingMM[a])))
		from := max(0, math.Floor(lo[a]))
		to := min(float64(v.Dims[a]), math.Ceil(hi[a])+1)
		n := 0
		if to > from {
			n = int(to-from) / c.block[a]
		}
		if n == 0 {
			return crop{}, false
		}
		c.from[a], c.Dims[a] = int(from), n
		c.SpacingMM[a] *= float64(c.block[a])
		first[a] = from + float64(c.block[a]-1)/2
	}
	c.OriginMM = v.ToMM(first)
	return c, true
}

// slice writes the block means of one slice of the preview to out.
func (c crop) slice(k int, out []int16) {
	n := c.block[0] * c.block[1] * c.block[2]
	for j := range c.Dims[1] {
		for i := range c.Dims[0] {
			sum := 0
			for dk := range c.block[2] {
				for dj := range c.block[1] {
					at := c.v.Index(c.from[0]+i*c.block[0], c.from[1]+j*c.block[1]+dj, c.from[2]+k*c.block[2]+dk)
					for _, hu := range c.v.HU[at : at+c.block[0]] {
						sum += int(hu)
					}
				}
			}
			out[j*c.Dims[0]+i] = int16(math.Round(float64(sum) / float64(n)))
		}
	}
}

// labels writes one slice of the mask on the preview's grid to out: the label of the
// nearest voxel, background outside the mask.
func (c crop) labels(m *neckfrac.Labels, k int, out []uint8) {
	for j := range c.Dims[1] {
		for i := range c.Dims[0] {
			at := m.ToIndex(c.ToMM(neckfrac.Vec3{float64(i), float64(j), float64(k)}))
			label := uint8(0)
			x, y, z := int(math.Round(at[0])), int(math.Round(at[1])), int(math.Round(at[2]))
			if x >= 0 && y >= 0 && z >= 0 && x < m.Dims[0] && y < m.Dims[1] && z < m.Dims[2] {
				label = m.Voxel[m.Index(x, y, z)]
			}
			out[j*c.Dims[0]+i] = label
		}
	}
}
