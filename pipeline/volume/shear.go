package volume

import (
	"math"

	"github.com/neckfrac/neckfrac"
)

// shear is how far slices lie beside the stack's axis: a gantry that is tilted against
// the table's way gives parallel slices whose corners do not stand above each other.
// It is undone in each slice's own plane, along one axis of its lattice, so that slices
// keep their distance, their pixels' size and their source; nothing is stretched, and
// nothing is mixed between slices.
type shear struct {
	axis    int       // of the canonical grid: 0 along i, 1 along j
	shiftMM []float64 // of each slice along the axis, from the first
	degrees float64   // between the stack's normal and the way of the table; 0 is none
}

// measureShear compares the corners of slices in order of place with the line along
// dir[2]. Corners within maxDriftMM of it are taken as they are.
func measureShear(in []header, dir [3]neckfrac.Vec3) (shear, fault) {
	n := len(in)
	var sh [2][]float64
	at := make([]float64, n)
	for i, h := range in {
		d := sub(h.plane.position, in[0].plane.position)
		at[i] = dot(d, dir[2])
		for a := range sh {
			sh[a] = append(sh[a], dot(d, dir[a]))
		}
	}
	worst := func(v []float64, slope float64) float64 {
		w := 0.0
		for i := range v {
			w = max(w, math.Abs(v[i]-slope*at[i]))
		}
		return w
	}
	straight := [2]bool{worst(sh[0], 0) <= maxDriftMM, worst(sh[1], 0) <= maxDriftMM}
	if straight[0] && straight[1] {
		return shear{}, fault{}
	}
	if !straight[0] && !straight[1] {
		return shear{}, fault{neckfrac.Geometry, "sheared across rows and columns"}
	}
	out := shear{axis: 0}
	if straight[0] {
		out.axis = 1
	}
	out.shiftMM = sh[out.axis]
	slope := slopeOf(at, out.shiftMM)
	if worst(out.shiftMM, slope) > maxDriftMM {
		return shear{}, fault{neckfrac.Geometry, "slices beside each other"}
	}
	out.degrees = math.Atan(math.Abs(slope)) * 180 / math.Pi
	if out.degrees > MaxTiltDegrees {
		return shear{}, fault{neckfrac.Geometry, "gantry tilt"}
	}
	return out, fault{}
}

// epsPixel is the share of a pixel below which a shift counts as whole pixels.
const epsPixel = 1e-4

// slopeOf fits v = slope·at, both 0 at the first slice.
func slopeOf(at, v []float64) float64 {
	var num, den float64
	for i := range at {
		num += at[i] * v[i]
		den += at[i] * at[i]
	}
	return num / den
}

// margins are the pixels that the grid needs before and after those of the first slice
// to hold every slice.
func (s shear) margins(pixelMM float64) (before, after int) {
	lo, hi := 0.0, 0.0
	for _, d := range s.shiftMM {
		lo, hi = min(lo, d), max(hi, d)
	}
	return int(math.Ceil(-lo/pixelMM - epsPixel)), int(math.Floor(hi/pixelMM + epsPixel))
}

// undo writes a slice of w×h pixels, in canonical order, to its place in dst, which has
// the margins' pixels more along the axis. by is the slice's shift in pixels of dst and
// is not negative. Between two pixels the value is linear along the axis; where one of
// them is outside the slice it is air.
func (s shear) undo(dst, src []int16, w, h int, by float64) {
	whole := math.Floor(by + epsPixel)
	f := by - whole
	if f < epsPixel {
		f = 0
	}
	q := int(whole)
	if s.axis == 1 {
		s.undoRows(dst, src, w, h, q, f)
		return
	}
	wide := len(dst) / h
	for r := range h {
		row, to := src[r*w:(r+1)*w], dst[r*wide:(r+1)*wide]
		if f == 0 {
			air(to[:q])
			copy(to[q:], row)
		} else {
			air(to[:q+1])
			blend(to[q+1:q+w], row[1:], row, f)
		}
		air(to[q+w:])
	}
}

// undoRows is undo along the columns, where whole rows move.
func (s shear) undoRows(dst, src []int16, w, h, q int, f float64) {
	if f == 0 {
		air(dst[:q*w])
		copy(dst[q*w:], src[:h*w])
	} else {
		air(dst[:(q+1)*w])
		blend(dst[(q+1)*w:(q+h)*w], src[w:h*w], src, f)
	}
	air(dst[(q+h)*w:])
}

func air(dst []int16) {
	for i := range dst {
		dst[i] = Air
	}
}

// blend writes a·(1-f) + b·f.
func blend(dst, a, b []int16, f float64) {
	const one = 1 << 14
	g := int32(math.Round(f * one))
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		// 2^16 · 2^14 fits; the half rounds to the nearest.
		dst[i] = a[i] + int16(((int32(b[i])-int32(a[i]))*g+one/2)>>14)
	}
}
