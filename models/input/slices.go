package input

import "github.com/neckfrac/neckfrac"

// Slice is one axial Model I slice on the spine.
type Slice struct {
	// CenterMM is the middle of the slice in LPS.
	CenterMM neckfrac.Vec3
	// Levels has bit v.Index() set for each vertebra whose box holds this z.
	Levels uint8
}

// Slices spreads Model I slices from the top of the first cervical label to the
// bottom of the last, head first. The centre of each follows the labels' centroid,
// smoothed along z. Without a cervical label there are none.
func (s Model1Spec) Slices(g Grid, labels []uint8) []Slice {
	regions := Regions(g, labels)
	span := neckfrac.EmptyBox()
	for _, v := range neckfrac.Vertebrae() {
		if r := regions[v]; r.Voxels > 0 {
			span = span.Add(r.BoxMM.Min).Add(r.BoxMM.Max)
		}
	}
	if span.Empty() {
		return nil
	}
	track := newTrack(g, labels, s.SmoothMM)
	var out []Slice
	for z := span.Max[2] - s.StepMM/2; z >= span.Min[2]; z -= s.StepMM {
		x, y := track.at(z)
		sl := Slice{CenterMM: neckfrac.Vec3{x, y + s.PosteriorMM, z}}
		for _, v := range neckfrac.Vertebrae() {
			if r := regions[v]; r.Voxels > 0 && z >= r.BoxMM.Min[2] && z <= r.BoxMM.Max[2] {
				sl.Levels |= 1 << v.Index()
			}
		}
		out = append(out, sl)
	}
	return out
}

// Slice writes the Model I input of one slice, [3, SizePx, SizePx], to dst, which
// must have spec.Len() values. Rows are y (anterior first), columns x (patient right
// first).
func (s *Stack) Slice(spec Model1Spec, sl Slice, dst []float32) {
	half := float64(spec.SizePx-1) / 2 * spec.SpacingMM
	p := s.planes(spec.SizePx, spec.SizePx, spec.SpacingMM, sl.CenterMM[0]-half, sl.CenterMM[1]-half)
	px := spec.SizePx * spec.SizePx
	for ch := range Model1Channels {
		plane := dst[ch*px:][:px]
		p.at(-sl.CenterMM[2]+float64(ch-1)*spec.OffsetMM, plane)
		applyWindow(spec.Window, plane)
	}
}

// track is the course of the spine: sums of label positions per z, cumulative so
// that a window's mean costs two lookups.
type track struct {
	g         Grid
	reach     int
	n, sx, sy []float64
}

func newTrack(g Grid, labels []uint8, smoothMM float64) *track {
	nz := g.Dims[2]
	t := &track{g: g, reach: int(smoothMM / g.SpacingMM), n: make([]float64, nz+1), sx: make([]float64, nz+1), sy: make([]float64, nz+1)}
	o := 0
	for x := range g.Dims[0] {
		for z := range nz {
			for y := range g.Dims[1] {
				if neckfrac.Vertebra(labels[o]).Valid() {
					t.n[z+1]++
					t.sx[z+1] += float64(x)
					t.sy[z+1] += float64(y)
				}
				o++
			}
		}
	}
	for z := range nz {
		t.n[z+1] += t.n[z]
		t.sx[z+1] += t.sx[z]
		t.sy[z+1] += t.sy[z]
	}
	return t
}

// at is the mean of the labels within reach of z; the reach doubles until it holds
// some, which a caller with at least one label is sure of.
func (t *track) at(zMM float64) (x, y float64) {
	k := int(t.g.ToIndex(neckfrac.Vec3{0, 0, zMM})[2] + 0.5)
	nz := t.g.Dims[2]
	for r := t.reach; ; r = 2*r + 1 {
		lo, hi := min(max(k-r, 0), nz), min(max(k+r+1, 0), nz)
		if n := t.n[hi] - t.n[lo]; n > 0 {
			mm := t.g.ToMM((t.sx[hi]-t.sx[lo])/n, (t.sy[hi]-t.sy[lo])/n, 0)
			return mm[0], mm[1]
		}
		if r > nz {
			return t.g.OriginMM[0], t.g.OriginMM[1]
		}
	}
}
