package artefact

import (
	"math"

	"github.com/neckfrac/neckfrac"
)

// SizePX is the side of a key image in pixels.
const SizePX = 320

// View places a picture in the patient: a square of FieldMM around CenterMM in a
// plane of the patient's axes.
type View struct {
	Plane    neckfrac.Plane
	CenterMM neckfrac.Vec3
	FieldMM  float64
}

// layout says for a plane which patient axis runs to the right and which down, with
// the letters at the left, right, upper and lower edge (PS3.3 §C.7.6.1.1.1).
type layout struct {
	right, down neckfrac.Vec3
	letters     [4]string
	fieldMM     float64
}

var layouts = map[neckfrac.Plane]layout{
	// A vertebra is about 60 mm wide; along the spine its neighbours help to count.
	neckfrac.Axial:    {neckfrac.Vec3{1, 0, 0}, neckfrac.Vec3{0, 1, 0}, [4]string{"R", "L", "A", "P"}, 80},
	neckfrac.Sagittal: {neckfrac.Vec3{0, 1, 0}, neckfrac.Vec3{0, 0, -1}, [4]string{"A", "P", "H", "F"}, 120},
	neckfrac.Coronal:  {neckfrac.Vec3{1, 0, 0}, neckfrac.Vec3{0, 0, -1}, [4]string{"R", "L", "H", "F"}, 120},
}

// LevelView is the view of a level: through its lesion, or the middle of its extent
// where the model points nowhere. ok is false for a level without either, or an
// unknown plane.
func LevelView(l neckfrac.LevelPrediction, p neckfrac.Plane) (v View, ok bool) {
	lay, known := layouts[p]
	box := l.Lesion
	if !usable(box) {
		box = l.Extent
	}
	if !known || !usable(box) {
		return View{}, false
	}
	return View{Plane: p, CenterMM: box.Center(), FieldMM: lay.fieldMM}, true
}

// pixelMM is the side of a pixel.
func (v View) pixelMM() float64 { return v.FieldMM / SizePX }

// pixel maps a place to fractional pixel coordinates, (0,0) the centre of the upper
// left pixel.
func (v View) pixel(mm neckfrac.Vec3) (x, y float64) {
	lay := layouts[v.Plane]
	for a := range 3 {
		d := (mm[a] - v.CenterMM[a]) / v.pixelMM()
		x += d * lay.right[a]
		y += d * lay.down[a]
	}
	return x + (SizePX-1)/2.0, y + (SizePX-1)/2.0
}

// place is the inverse of pixel on the view's plane.
func (v View) place(x, y float64) neckfrac.Vec3 {
	lay := layouts[v.Plane]
	p := v.CenterMM
	for a := range 3 {
		p[a] += v.pixelMM() * ((x-(SizePX-1)/2.0)*lay.right[a] + (y-(SizePX-1)/2.0)*lay.down[a])
	}
	return p
}

// usable reports whether a box has numbers and an extent.
func usable(b neckfrac.Box) bool {
	for a := range 3 {
		if w := b.Max[a] - b.Min[a]; !(w > 0) || math.IsInf(w, 0) {
			return false
		}
	}
	return true
}
