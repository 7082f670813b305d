package phantom

import (
	"math"

	"github.com/neckfrac/neckfrac"
)

type vec = neckfrac.Vec3

// mat is a rotation by rows: row a holds the local axis a in outer coordinates, so
// mul takes outer to local and tmul local to outer.
type mat [3]vec

var identity = mat{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}

func add(a, b vec) vec             { return vec{a[0] + b[0], a[1] + b[1], a[2] + b[2]} }
func sub(a, b vec) vec             { return vec{a[0] - b[0], a[1] - b[1], a[2] - b[2]} }
func scale(a vec, s float64) vec   { return vec{a[0] * s, a[1] * s, a[2] * s} }
func dot(a, b vec) float64         { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] }
func norm(a vec) float64           { return math.Sqrt(dot(a, a)) }
func lerp(a, b, t float64) float64 { return a + (b-a)*t }

func cross(a, b vec) vec {
	return vec{a[1]*b[2] - a[2]*b[1], a[2]*b[0] - a[0]*b[2], a[0]*b[1] - a[1]*b[0]}
}

func unit(a vec) vec {
	n := norm(a)
	if n < 1e-12 {
		return vec{0, 0, 1}
	}
	return scale(a, 1/n)
}

func (m mat) mul(p vec) vec { return vec{dot(m[0], p), dot(m[1], p), dot(m[2], p)} }

func (m mat) tmul(p vec) vec {
	return vec{
		m[0][0]*p[0] + m[1][0]*p[1] + m[2][0]*p[2],
		m[0][1]*p[0] + m[1][1]*p[1] + m[2][1]*p[2],
		m[0][2]*p[0] + m[1][2]*p[1] + m[2][2]*p[2],
	}
}

// then composes: the result takes outer coordinates first through m, then through n.
func (m mat) then(n mat) mat {
	var out mat
	for a := range 3 {
		out[a] = m.tmul(n[a])
	}
	return out
}

// turn is the matrix of a body turned by deg about axis: its rows are the body's
// axes after the turn.
func turn(axis vec, deg float64) mat {
	k := unit(axis)
	s, c := math.Sincos(deg * math.Pi / 180)
	var out mat
	for a := range 3 {
		e := identity[a]
		out[a] = add(add(scale(e, c), scale(cross(k, e), s)), scale(k, dot(k, e)*(1-c)))
	}
	return out
}

// frame has its first axis along d and its third as near to up as it can be.
func frame(d, up vec) mat {
	x := unit(d)
	y := unit(cross(up, x))
	return mat{x, y, cross(x, y)}
}

func clamp(v, lo, hi float64) float64 { return min(max(v, lo), hi) }

// smooth is the cubic step from 0 at a to 1 at b; a may be above b.
func smooth(a, b, v float64) float64 {
	t := (v - a) / (b - a)
	if t <= 0 {
		return 0
	}
	if t >= 1 {
		return 1
	}
	return t * t * (3 - 2*t)
}

// pose places a body's local frame in the patient.
type pose struct {
	at  vec
	rot mat
}

func (q pose) local(p vec) vec    { return q.rot.mul(sub(p, q.at)) }
func (q pose) outer(p vec) vec    { return add(q.at, q.rot.tmul(p)) }
func (q pose) outerDir(d vec) vec { return q.rot.tmul(d) }
