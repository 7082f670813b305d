package volume

import (
	"math"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// plane is where an image lies in the patient (PS3.3 §C.7.6.2.1.1).
type plane struct {
	position neckfrac.Vec3 // centre of the first pixel, mm
	row, col neckfrac.Vec3 // unit vectors along a row and down a column
	colMM    float64       // distance of columns, along row
	rowMM    float64       // distance of rows, along col
}

// Bounds of a sane pixel distance and of coordinates in millimetres: a scanner's
// bore is about 2 m long.
const (
	minPixelMM = 0.05
	maxPixelMM = 10
	maxCoordMM = 1e5
)

// place reads size and plane. placed stays false where something is missing or can't
// be: direction cosines that are no right angle, a spacing of zero.
func (h *header) place(ds dataset.Dataset) {
	rows, okR := ds.Uint16(dataset.TagRows)
	cols, okC := ds.Uint16(dataset.TagColumns)
	if okR && okC {
		h.rows, h.cols = int(rows), int(cols)
	}
	pos, ok1 := ds.Floats(dataset.TagImagePositionPatient)
	dir, ok2 := ds.Floats(dataset.TagImageOrientationPatient)
	mm, ok3 := ds.Floats(dataset.TagPixelSpacing)
	if !ok1 || !ok2 || !ok3 || len(pos) != 3 || len(dir) != 6 || len(mm) != 2 {
		return
	}
	p := plane{rowMM: mm[0], colMM: mm[1]}
	copy(p.position[:], pos)
	var okRow, okCol bool
	p.row, okRow = unit(neckfrac.Vec3(dir[:3]))
	p.col, okCol = unit(neckfrac.Vec3(dir[3:]))
	h.placed = okRow && okCol && math.Abs(dot(p.row, p.col)) < 1e-3 &&
		within(p.rowMM, minPixelMM, maxPixelMM) && within(p.colMM, minPixelMM, maxPixelMM) &&
		within(p.position[0], -maxCoordMM, maxCoordMM) && within(p.position[1], -maxCoordMM, maxCoordMM) &&
		within(p.position[2], -maxCoordMM, maxCoordMM)
	if h.placed {
		h.plane = p
	}
}

// like reports whether two images are parallel with the same pixel distances, so
// that they could be of one stack.
func (p plane) like(q plane) bool {
	for a := range 3 {
		if math.Abs(p.row[a]-q.row[a]) > 1e-3 || math.Abs(p.col[a]-q.col[a]) > 1e-3 {
			return false
		}
	}
	return math.Abs(p.rowMM-q.rowMM) < 1e-3 && math.Abs(p.colMM-q.colMM) < 1e-3
}

// tiltDegrees is the angle of the image's normal to the patient's long axis.
func (p plane) tiltDegrees() float64 {
	n := cross(p.row, p.col)
	return math.Acos(min(1, math.Abs(n[2]))) * 180 / math.Pi
}

// unit normalises a direction; ok is false where its length is not near 1.
func unit(v neckfrac.Vec3) (neckfrac.Vec3, bool) {
	n := math.Sqrt(dot(v, v))
	if !within(n, 0.99, 1.01) {
		return v, false
	}
	return scale(v, 1/n), true
}

func within(v, lo, hi float64) bool { return v >= lo && v <= hi }

func dot(a, b neckfrac.Vec3) float64 { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] }

func cross(a, b neckfrac.Vec3) neckfrac.Vec3 {
	return neckfrac.Vec3{a[1]*b[2] - a[2]*b[1], a[2]*b[0] - a[0]*b[2], a[0]*b[1] - a[1]*b[0]}
}

func scale(a neckfrac.Vec3, f float64) neckfrac.Vec3 {
	return neckfrac.Vec3{a[0] * f, a[1] * f, a[2] * f}
}

func add(a, b neckfrac.Vec3) neckfrac.Vec3 {
	return neckfrac.Vec3{a[0] + b[0], a[1] + b[1], a[2] + b[2]}
}

func sub(a, b neckfrac.Vec3) neckfrac.Vec3 { return add(a, scale(b, -1)) }
