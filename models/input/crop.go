package input

import (
	"math"

	"github.com/neckfrac/neckfrac"
)

// CropGeometry places a vertebra's crop sequence in the patient, so that a network's
// map leads back to millimetres.
type CropGeometry struct {
	Spec ClassifySpec
	// TopMM is the LPS z of the upper face of the first slice; slices follow each
	// other downwards at StepMM.
	TopMM, StepMM float64
	// CenterMM is the middle of the crop in x and y, and of the box in z.
	CenterMM neckfrac.Vec3
}

// CropGeometry spreads the spec's slices over a region's box.
func (s ClassifySpec) CropGeometry(r Region) CropGeometry {
	top, bottom := r.BoxMM.Max[2]+s.GrowMM, r.BoxMM.Min[2]-s.GrowMM
	return CropGeometry{Spec: s, TopMM: top, StepMM: (top - bottom) / float64(s.Slices),
		CenterMM: neckfrac.Vec3{r.CentroidMM[0], r.CentroidMM[1], (top + bottom) / 2}}
}

// SliceZMM is the LPS z of slice t's middle.
func (c CropGeometry) SliceZMM(t int) float64 { return c.TopMM - (float64(t)+0.5)*c.StepMM }

// first is the x and y of the first pixel's centre.
func (c CropGeometry) first() (x, y float64) {
	half := float64(c.Spec.SizePx-1) / 2 * c.Spec.SpacingMM
	return c.CenterMM[0] - half, c.CenterMM[1] - half
}

// Cell finds the slice and map cell that hold a point; the results may lie outside
// 0..Slices-1 and 0..MapPx-1. t is fractional, measured from the upper face of the
// first slice.
func (c CropGeometry) Cell(mm neckfrac.Vec3) (t float64, row, col int) {
	side := float64(c.Spec.SizePx) * c.Spec.SpacingMM
	at := func(v, center float64) int {
		return int(math.Floor((v - center + side/2) / side * float64(c.Spec.MapPx)))
	}
	return (c.TopMM - mm[2]) / c.StepMM, at(mm[1], c.CenterMM[1]), at(mm[0], c.CenterMM[0])
}

// CellBox is the box in LPS of the map cells from (t0,row0,col0) to (t1,row1,col1),
// all included.
func (c CropGeometry) CellBox(t0, row0, col0, t1, row1, col1 int) neckfrac.Box {
	side := float64(c.Spec.SizePx) * c.Spec.SpacingMM
	cell := side / float64(c.Spec.MapPx)
	x, y := c.CenterMM[0]-side/2, c.CenterMM[1]-side/2
	return neckfrac.Box{
		Min: neckfrac.Vec3{x + float64(col0)*cell, y + float64(row0)*cell, c.TopMM - float64(t1+1)*c.StepMM},
		Max: neckfrac.Vec3{x + float64(col1+1)*cell, y + float64(row1+1)*cell, c.TopMM - float64(t0)*c.StepMM},
	}
}

// Crop writes the classifier's input of one vertebra, [Slices, 4, SizePx, SizePx],
// to dst, which must have spec.Len() values: HU above, at and below each slice, and
// the vertebra's share of the label field, trilinear and so soft at its edge. Rows
// are y (anterior first), columns x (patient right first).
func (s *Stack) Crop(c CropGeometry, g Grid, labels []uint8, label uint8, dst []float32) {
	spec := c.Spec
	px := spec.SizePx * spec.SizePx
	x0, y0 := c.first()
	p := s.planes(spec.SizePx, spec.SizePx, spec.SpacingMM, x0, y0)
	mask := newMaskSampler(g, labels, label, spec.SizePx, spec.SpacingMM, x0, y0)
	for t := range spec.Slices {
		depth := -c.SliceZMM(t)
		out := dst[t*ClassifyChannels*px:][:ClassifyChannels*px]
		for ch := range ClassifyChannels - 1 {
			plane := out[ch*px:][:px]
			p.at(depth+float64(ch-1)*spec.OffsetSteps*c.StepMM, plane)
			applyWindow(spec.Window, plane)
		}
		mask.at(depth, out[(ClassifyChannels-1)*px:][:px])
	}
}

func applyWindow(w Window, v []float32) {
	for i, hu := range v {
		v[i] = w.Apply(hu)
	}
}

// maskSampler samples one label of a field as a trilinear share.
type maskSampler struct {
	g        Grid
	labels   []uint8
	label    uint8
	ix, iy   []int
	fx, fy   []float32
	okx, oky []bool
}

func newMaskSampler(g Grid, labels []uint8, label uint8, n int, spacingMM, x0, y0 float64) *maskSampler {
	m := &maskSampler{g: g, labels: labels, label: label}
	table := func(first, origin float64, size int) (ix []int, f []float32, ok []bool) {
		for i := range n {
			k, fr, in := cell((first+float64(i)*spacingMM-origin)/g.SpacingMM, size)
			ix, f, ok = append(ix, k), append(f, float32(fr)), append(ok, in)
		}
		return ix, f, ok
	}
	m.ix, m.fx, m.okx = table(x0, g.OriginMM[0], g.Dims[0])
	m.iy, m.fy, m.oky = table(y0, g.OriginMM[1], g.Dims[1])
	return m
}

func (m *maskSampler) at(depthMM float64, dst []float32) {
	clear(dst)
	k, fz, ok := cell((depthMM+m.g.OriginMM[2])/m.g.SpacingMM, m.g.Dims[2])
	if !ok {
		return
	}
	n := len(m.ix)
	for r := range n {
		if !m.oky[r] {
			continue
		}
		for c := range n {
			if m.okx[c] {
				dst[r*n+c] = m.share(m.ix[c], m.iy[r], k, m.fx[c], m.fy[r], float32(fz))
			}
		}
	}
}

// share is the label's weight among the eight voxels of a cell.
func (m *maskSampler) share(x, y, z int, fx, fy, fz float32) float32 {
	var v float32
	for corner := range 8 {
		w := float32(1)
		at := [3]int{x, y, z}
		for c, f := range [3]float32{fx, fy, fz} {
			if corner>>c&1 == 1 {
				at[c]++
				w *= f
			} else {
				w *= 1 - f
			}
		}
		if w > 0 && m.labels[m.g.Index(at[0], at[1], at[2])] == m.label {
			v += w
		}
	}
	return v
}
