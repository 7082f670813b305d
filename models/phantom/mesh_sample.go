package phantom

import "math"

// at is the trilinear distance at a place and its gradient. Beyond the box the distance
// is a lower bound that is close where the bone is near.
func (g *distGrid) at(p vec) (d float64, grad vec) {
	var q vec
	var off float64
	var at [3]int
	for a := range 3 {
		x := (p[a] - g.lo[a]) / g.step
		top := float64(g.n[a] - 1)
		switch {
		case x < 0:
			off += sq(x * g.step)
			x = 0
		case x > top:
			off += sq((x - top) * g.step)
			x = top
		}
		at[a] = min(int(x), g.n[a]-2)
		q[a] = x - float64(at[a])
	}
	sy, sz := g.n[0], g.n[0]*g.n[1]
	i := at[2]*sz + at[1]*sy + at[0]
	v := g.v[i : i+sz+sy+2]
	c000, c100, c010, c110 := float64(v[0]), float64(v[1]), float64(v[sy]), float64(v[sy+1])
	c001, c101, c011, c111 := float64(v[sz]), float64(v[sz+1]), float64(v[sz+sy]), float64(v[sz+sy+1])
	x0, x1, x2, x3 := c000+(c100-c000)*q[0], c010+(c110-c010)*q[0], c001+(c101-c001)*q[0], c011+(c111-c011)*q[0]
	y0, y1 := x0+(x1-x0)*q[1], x2+(x3-x2)*q[1]
	d = (y0 + (y1-y0)*q[2]) * distUnit
	if off > 0 {
		// The nearest bone lies on the other side of the box's face, so that the two
		// legs are at a right angle or wider.
		d = max(d, 0)
		return math.Sqrt(d*d + off), vec{}
	}
	e0, e1 := c100-c000+(c110-c010-c100+c000)*q[1], c101-c001+(c111-c011-c101+c001)*q[1]
	grad[0] = e0 + (e1-e0)*q[2]
	grad[1] = x1 - x0 + (x3-x2-x1+x0)*q[2]
	grad[2] = y1 - y0
	return d, grad
}

// gridShape is a distance grid as a part: scaled by axis, perhaps mirrored, and bent.
type gridShape struct {
	grid  *distGrid
	scale vec // mm of the part per mm of the grid; x is negative for a mirrored bone
	// bend shifts each axis by a quadratic in the two others, in 1/mm: x by y2, z2 and
	// yz, y by z2, x2 and zx, z by x2, y2 and xy. Such a shift keeps volumes.
	bend [3]vec
	// The compact shell is front mm thick before the plane y = split, back behind it;
	// dense is added to the spongy HU there.
	split, front, back float64
	dense              float64
}

// bendRadius is the distance from a bone's origin at which bends are given, mm.
const bendRadius = 30.0

// maxBend bounds what a bend adds to the reach of a vertebra, mm.
const maxBend = 4.0

// drawBend draws bends of about mm at bendRadius.
func drawBend(r random, mm float64) (out [3]vec) {
	for a := range 3 {
		for i := range 3 {
			out[a][i] = r.spread(0, mm) / (bendRadius * bendRadius)
		}
	}
	return out
}

// distance is exact to first order at the surface, whatever the scale.
func (s *gridShape) distance(p vec) float64 {
	x, y, z := p[0], p[1], p[2]
	xx, yy, zz := x*x, y*y, z*z
	if xx+yy+zz < 4*bendRadius*bendRadius {
		p[0] += s.bend[0][0]*yy + s.bend[0][1]*zz + s.bend[0][2]*y*z
		p[1] += s.bend[1][0]*zz + s.bend[1][1]*xx + s.bend[1][2]*z*x
		p[2] += s.bend[2][0]*xx + s.bend[2][1]*yy + s.bend[2][2]*x*y
	}
	d, grad := s.grid.at(vec{p[0] / s.scale[0], p[1] / s.scale[1], p[2] / s.scale[2]})
	if d > 8 || grad == (vec{}) {
		return d * min(math.Abs(s.scale[0]), s.scale[1], s.scale[2])
	}
	g2 := dot(grad, grad)
	s2 := sq(grad[0]/s.scale[0]) + sq(grad[1]/s.scale[1]) + sq(grad[2]/s.scale[2])
	return d * math.Sqrt(g2/s2)
}

// look is the compact shell and the density at a place.
func (s *gridShape) look(p vec) (cortex, dense float64) {
	t := smooth(s.split-2.5, s.split+2.5, p[1])
	return lerp(s.front, s.back, t), s.dense * t
}

// sphere holds the bone that the grid was made from.
func (s *gridShape) sphere() (mid vec, radius float64) {
	g := s.grid
	var half vec
	for a := range 3 {
		lo, hi := g.lo[a]+gridMargin, g.lo[a]+float64(g.n[a]-1)*g.step-gridMargin
		mid[a], half[a] = (lo+hi)/2*s.scale[a], (hi-lo)/2*math.Abs(s.scale[a])
	}
	if s.bend != ([3]vec{}) {
		return mid, norm(half) + maxBend
	}
	return mid, norm(half)
}
