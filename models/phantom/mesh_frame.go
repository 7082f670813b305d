package phantom

import (
	"math"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/stl"
)

// A vertebra's frame is found from its outline as it is seen along the canal, which is
// the largest opening of the outline when the direction is right: first the direction
// in steps of five degrees, then for C3 to T2 the mean of the planes through the end
// plates, for C1 the line through the middles of its arches. x stays the atlas's own:
// atlases are made upright and nearly symmetric.

// leastCanal is the least opening that counts as a canal, mm2.
const leastCanal = 60

// canalAxis turns a mesh about x until the canal is widest.
func canalAxis(mesh []stl.Triangle) (pose, error) {
	lo, hi := meshBox(mesh)
	mid := scale(add(lo, hi), 0.5)
	for grow := range maxGrow + 1 {
		best, most := pose{mid, identity}, 0.0
		for deg := -45.0; deg <= 45; deg += 5 {
			f := pose{mid, turn(vec{1, 0, 0}, deg)}
			if h, ok := newColumns(localMesh(mesh, f), axisStep).canal(grow); ok && h.area > most {
				best, most = f, h.area
			}
		}
		if most > 0 {
			return best, nil
		}
	}
	return pose{}, neckfrac.Errorf(neckfrac.Invalid, "frame", "no canal of %d mm2 or more: is this a vertebra with its feet down?", leastCanal)
}

// frameSteps are the cells of the views that a frame is fitted from, one after the other,
// mm: the first is that of canalAxis, which has seen the canal.
var frameSteps = [3]float64{axisStep, 0.5, 0.5}

const axisStep = 0.8

// axisFrame is the frame of C2: z runs along the canal, the origin is a place in the body.
func axisFrame(mesh []stl.Triangle) (pose, error) {
	f, err := canalAxis(mesh)
	if err != nil {
		return f, err
	}
	c := newColumns(localMesh(mesh, f), axisStep)
	h, _ := c.anyCanal()
	p, _, err := c.body(h)
	f.at = f.outer(p)
	return f, err
}

// lowerFrame is the frame of C3 to T2; its origin is a place in the body.
func lowerFrame(mesh []stl.Triangle) (pose, error) {
	f, err := canalAxis(mesh)
	if err != nil {
		return f, err
	}
	for _, step := range frameSteps {
		c := newColumns(localMesh(mesh, f), step)
		h, ok := c.anyCanal()
		if !ok {
			break
		}
		p, depth, err := c.body(h)
		if err != nil {
			return f, err
		}
		pitch, roll := c.endplates(p[0], p[1]-0.3*depth, p[1]+0.3*depth)
		f.at = f.outer(p)
		f.rot = f.rot.then(turn(vec{1, 0, 0}, clamp(pitch, -25, 25))).then(turn(vec{0, 1, 0}, clamp(-roll, -6, 6)))
	}
	return f, nil
}

// body is a place in the body in front of a canal, and the body's depth.
func (c *columns) body(h hole) (vec, float64, error) {
	back := h.lo[1] - 0.8
	front := c.front(h.x, back)
	at, ok := c.index(h.x, (front+back)/2)
	if back-front < 6 || !ok || math.IsNaN(c.top[at]) {
		return vec{}, 0, odd("no body in front of the canal")
	}
	return vec{h.x, (front + back) / 2, (c.top[at] + c.bottom[at]) / 2}, back - front, nil
}

// front walks forward over bone from (x, y) to the outline.
func (c *columns) front(x, y float64) float64 {
	for ; ; y -= c.step {
		if i, ok := c.index(x, y); !ok || math.IsNaN(c.top[i]) {
			return y + c.step/2
		}
	}
}

// endplates fits a plane to the upper and one to the lower surface of the body about x
// and gives the mean slopes in degrees: over y, about x, and over x, about y.
func (c *columns) endplates(x, y0, y1 float64) (pitch, roll float64) {
	var n, sx, sy, sxx, syy, sz, szx, szy float64
	for y := y0; y <= y1; y += c.step {
		for dx := -4.0; dx <= 4; dx += c.step {
			i, ok := c.index(x+dx, y)
			if !ok || math.IsNaN(c.top[i]) {
				continue
			}
			z := (c.top[i] + c.bottom[i]) / 2
			n++
			sx, sy, sz = sx+dx, sy+y, sz+z
			sxx, syy = sxx+dx*dx, syy+y*y
			szx, szy = szx+z*dx, szy+z*y
		}
	}
	if n < 8 {
		return 0, 0
	}
	bx := (szx - sz*sx/n) / (sxx - sx*sx/n)
	by := (szy - sz*sy/n) / (syy - sy*sy/n)
	return math.Atan(by) * 180 / math.Pi, math.Atan(bx) * 180 / math.Pi
}

// atlasFrame is the frame of C1: its y axis runs through the middles of the arches in
// the plane of symmetry, its origin is the middle of the ring.
func atlasFrame(mesh []stl.Triangle) (pose, error) {
	f, err := canalAxis(mesh)
	if err != nil {
		return f, err
	}
	for _, step := range frameSteps {
		c := newColumns(localMesh(mesh, f), step)
		h, ok := c.anyCanal()
		if !ok {
			break
		}
		front, back := c.archZ(h.x, h.lo[1], -1), c.archZ(h.x, h.hi[1], 1)
		mid := vec{h.x, (h.lo[1] + h.hi[1]) / 2, (front + back) / 2}
		slope := math.Atan((back-front)/(h.hi[1]-h.lo[1])) * 180 / math.Pi
		f = pose{f.outer(mid), f.rot.then(turn(vec{1, 0, 0}, clamp(slope, -25, 25)))}
	}
	return f, nil
}

// archZ is the mean height of the bone within 5 mm behind (dir 1) or before (-1) y.
func (c *columns) archZ(x, y, dir float64) float64 {
	var sum, n float64
	for d := 0.5; d < 5; d += c.step {
		if i, ok := c.index(x, y+dir*d); ok && !math.IsNaN(c.top[i]) {
			sum, n = sum+(c.top[i]+c.bottom[i])/2, n+1
		}
	}
	if n == 0 {
		return 0
	}
	return sum / n
}
