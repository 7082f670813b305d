package phantom

import "math"

// shape says how a part's distance is measured.
type shape uint8

const (
	shapeBox     shape = iota // rounded box, sheared along its y by shear
	shapeCapsule              // round cone from c to e, radii h[0] and h[1]
	shapeEllipsoid
	shapeColumn // endless along its z, superelliptic
	shapeArc    // piece of an elliptic ring in its xy plane
	shapeBody   // vertebral body with endplates
	shapeShell  // skin of an ellipsoid, thickness round
	shapeGrid   // distance grid sampled from a mesh
)

// part is one piece of a bone in the bone's local frame (x left, y back, z up, mm).
type part struct {
	kind   shape
	hollow bool    // is taken away instead of added
	c, e   vec     // centre, or the two ends
	rot    mat     // outer (bone) to part frame
	h      vec     // half sizes or radii
	round  float64 // edge radius, or half thickness of a shell
	shear  float64 // box: fall of z per y
	blend  float64 // radius of the union with the parts before
	cortex float64 // thickness of the compact shell, mm
	dense  float64 // added to the spongy HU
	arc    [3]float64
	body   *bodyShape
	grid   *gridShape
	bc     vec     // bounding sphere
	br     float64 // infinite for columns
}

// bodyShape holds the measures of a vertebral body, mm.
type bodyShape struct {
	aTop, aBot, bTop, bBot float64 // half widths and half depths
	hFront, hBack          float64
	waist                  float64
	hollowTop, hollowBot   float64
	uncus, bevel, lip      float64
}

// smin is the polynomial smooth minimum with radius k.
func smin(a, b, k float64) float64 {
	if b < a {
		a, b = b, a
	}
	d := k - (b - a)
	if d <= 0 {
		return a
	}
	return a - d*d/(4*k)
}

func smax(a, b, k float64) float64 { return -smin(-a, -b, k) }

// super is the first order distance to (|x|/a)^2.5 + (|y|/b)^2.5 = 1: square roots
// only, since a power costs as much as the rest of a part.
func super(x, y, a, b float64) float64 {
	x, y = math.Abs(x)/a, math.Abs(y)/b
	sx, sy := math.Sqrt(x), math.Sqrt(y)
	gx, gy := 2.5*x*sx/a, 2.5*y*sy/b
	g := math.Sqrt(gx*gx + gy*gy)
	return (x*x*sx + y*y*sy - 1) / (g + 1e-6)
}

// distance is the signed distance from p to the part's surface, negative inside. It
// is exact near the surface only.
func (t *part) distance(p vec) float64 {
	if t.kind == shapeCapsule {
		return t.capsule(p)
	}
	q := t.rot.mul(sub(p, t.c))
	switch t.kind {
	case shapeBox:
		q[2] += t.shear * q[1]
		x := math.Abs(q[0]) - t.h[0] + t.round
		y := math.Abs(q[1]) - t.h[1] + t.round
		z := math.Abs(q[2]) - t.h[2] + t.round
		if t.shear != 0 {
			z /= math.Sqrt(1 + t.shear*t.shear)
		}
		in := min(max(x, max(y, z)), 0)
		x, y, z = max(x, 0), max(y, 0), max(z, 0)
		return in + math.Sqrt(x*x+y*y+z*z) - t.round
	case shapeEllipsoid:
		return ellipsoid(q, t.h)
	case shapeShell:
		return math.Abs(ellipsoid(q, t.h)+t.round) - t.round
	case shapeColumn:
		return super(q[0], q[1], t.h[0], t.h[1])
	case shapeArc:
		return t.ring(q)
	case shapeGrid:
		return t.grid.distance(q)
	default:
		return t.body.distance(q)
	}
}

func ellipsoid(q, h vec) float64 {
	x, y, z := q[0]/h[0], q[1]/h[1], q[2]/h[2]
	k0 := math.Sqrt(x*x + y*y + z*z)
	x, y, z = x/h[0], y/h[1], z/h[2]
	k1 := math.Sqrt(x*x + y*y + z*z)
	if k1 < 1e-9 {
		return -min(h[0], min(h[1], h[2]))
	}
	return k0 * (k0 - 1) / k1
}

func (t *part) capsule(p vec) float64 {
	pa, ba := sub(p, t.c), sub(t.e, t.c)
	u := clamp(dot(pa, ba)/dot(ba, ba), 0, 1)
	return norm(sub(pa, scale(ba, u))) - lerp(t.h[0], t.h[1], u)
}

// ring is a band round the ellipse with half axes h[0], h[1]; arc holds the middle
// azimuth (degrees from +y to +x), the half span and the half thickness. h[2] is the
// half height.
func (t *part) ring(q vec) float64 {
	a, b := t.h[0], t.h[1]
	x, y := q[0]/a, q[1]/b
	f := math.Sqrt(x*x + y*y)
	g := math.Sqrt(x*x/(a*a)+y*y/(b*b)) / (f + 1e-9)
	dr := math.Abs((f-1)/(g+1e-9)) - t.arc[2] + t.round
	dz := math.Abs(q[2]) - t.h[2] + t.round
	az := math.Atan2(q[0], q[1])*180/math.Pi - t.arc[0]
	az -= 360 * math.Round(az/360)
	da := (math.Abs(az)-t.arc[1])*math.Pi/180*math.Sqrt(a*b) + t.round
	in := min(max(dr, max(dz, da)), 0)
	dr, dz, da = max(dr, 0), max(dz, 0), max(da, 0)
	return in + math.Sqrt(dr*dr+dz*dz+da*da) - t.round
}

// distance of the body: a waisted superelliptic column between two curved endplates.
func (s *bodyShape) distance(q vec) float64 {
	h := (s.hFront + s.hBack) / 2
	t := clamp(q[2]/h+0.5, 0, 1)
	w := 1 - s.waist*4*t*(1-t)
	a, b := lerp(s.aBot, s.aTop, t)*w, lerp(s.bBot, s.bTop, t)*w
	dr := super(q[0], q[1], a, b)
	if dr > 8 {
		return dr
	}
	rx, ry := math.Abs(q[0])/a, q[1]/b
	half := lerp(s.hFront, s.hBack, clamp(ry*0.5+0.5, 0, 1)) / 2
	bowl := max(0, 1-rx*rx*rx*rx-ry*ry*ry*ry)
	top := half - s.hollowTop*bowl + s.uncus*smooth(0.60, 0.96, rx)*smooth(-0.75, 0.1, ry)
	bot := -half + s.hollowBot*max(0, 1-ry*ry) + s.bevel*smooth(0.55, 1.0, rx) - s.lip*smooth(-0.55, -1.0, ry)
	dz := max(q[2]-top, bot-q[2]) * 0.88
	return smax(dr, dz, 1.0)
}

// bound sets the part's bounding sphere, used to skip it.
func (t *part) bound() {
	t.bc = t.c
	switch t.kind {
	case shapeCapsule:
		t.bc = scale(add(t.c, t.e), 0.5)
		t.br = norm(sub(t.e, t.c))/2 + max(t.h[0], t.h[1])
	case shapeColumn:
		t.br = math.Inf(1)
	case shapeGrid:
		t.bc, t.br = t.grid.sphere()
	case shapeArc:
		t.br = norm(vec{max(t.h[0], t.h[1]) + t.arc[2], 0, t.h[2]})
	case shapeBody:
		s := t.body
		t.br = norm(vec{max(s.aTop, s.aBot), max(s.bTop, s.bBot), (s.hFront+s.hBack)/4 + s.uncus + s.lip})
	case shapeBox:
		t.br = norm(vec{t.h[0], t.h[1], t.h[2] + math.Abs(t.shear)*t.h[1]})
	default:
		t.br = max(t.h[0], max(t.h[1], t.h[2]))
	}
}
