package phantom

import (
	"github.com/neckfrac/neckfrac"
)

// bone is a union of parts with a pose. Parts that are added come before those that
// are taken away.
type bone struct {
	name   string
	level  neckfrac.Vertebra // 0 for other bone
	pose   pose
	parts  []part
	lo, hi vec // local box of the added parts
	// wobble moves the surface by about this many mm over several mm.
	wobble float64
	marks  marks
	spongy float64 // mean HU of the spongy part
	hard   float64 // HU of compact bone
	phase  float64 // where the bone looks at the wobble
	// Of Phantom4. ride is the vertebra that a piece goes with; unmarked pieces leave
	// labels alone; metal has streaks; remodel is the shape that an old fracture left.
	ride            int
	unmarked, metal bool
	remodel         *squash
	tints           []tint
}

// tint is denser or looser spongy bone about a place, fading over the radii h.
type tint struct {
	c, h vec
	hu   float64
}

// tint adds HU to the spongy bone about c.
func (b *bone) tint(c, h vec, hu float64) { b.tints = append(b.tints, tint{c, h, hu}) }

func (b *bone) tinted(p vec) float64 {
	var sum float64
	for i := range b.tints {
		t := &b.tints[i]
		x, y, z := (p[0]-t.c[0])/t.h[0], (p[1]-t.c[1])/t.h[1], (p[2]-t.c[2])/t.h[2]
		sum += t.hu * smooth(1, 0.45, x*x+y*y+z*z)
	}
	return sum
}

// marks are the places that fractures and soft tissue need, in the local frame.
type marks struct {
	halfWidth, halfDepth, height float64 // of the body
	canal                        vec     // centre
	canalHalf                    [2]float64
	foramen                      [2]vec // right, left
	pillar                       [2]vec
	pillarHalf                   vec
	pedicle                      [2]vec
	lamina                       [2]vec // middle of each lamina
	laminaDir                    [2]vec
	tip                          [2]vec // transverse processes
	spinousBase, spinousTip      vec
	dens                         vec // middle of the dens
	densTip, densNeck            float64
}

// solid adds a part.
func (b *bone) solid(t part) {
	if t.blend == 0 {
		t.blend = 1.5
	}
	if t.cortex == 0 {
		t.cortex = 0.8
	}
	if t.rot == (mat{}) {
		t.rot = identity
	}
	t.bound()
	b.parts = append(b.parts, t)
}

// hole takes a part away.
func (b *bone) hole(t part) {
	t.hollow = true
	if t.blend == 0 {
		t.blend = 0.6
	}
	if t.rot == (mat{}) {
		t.rot = identity
	}
	t.bound()
	b.parts = append(b.parts, t)
}

// seal orders the parts and computes the box.
func (b *bone) seal() {
	var out []part
	lo, hi := vec{1e9, 1e9, 1e9}, vec{-1e9, -1e9, -1e9}
	for _, t := range b.parts {
		if !t.hollow {
			out = append(out, t)
			for a := range 3 {
				lo[a] = min(lo[a], t.bc[a]-t.br)
				hi[a] = max(hi[a], t.bc[a]+t.br)
			}
		}
	}
	for _, t := range b.parts {
		if t.hollow {
			out = append(out, t)
		}
	}
	b.parts, b.lo, b.hi = out, lo, hi
}

// sample is what a bone has to say about a point.
type sample struct {
	d      float64 // signed distance, mm
	cortex float64 // thickness of compact bone there, mm
	dense  float64 // HU on top of the spongy mean
}

// far is a distance at which nothing is left of a bone.
const far = 50.0

// at samples the unbroken bone at a local point.
func (b *bone) at(p vec) sample {
	out := sample{d: far, cortex: 0.6}
	if b.remodel != nil {
		p, _ = b.remodel.source(p)
	}
	for i := range b.parts {
		t := &b.parts[i]
		dx, dy, dz := p[0]-t.bc[0], p[1]-t.bc[1], p[2]-t.bc[2]
		if t.hollow {
			// A hole counts only where it reaches above the present distance.
			reach := t.br - out.d + t.blend
			if reach <= 0 || dx*dx+dy*dy+dz*dz > reach*reach {
				continue
			}
			out.d = smax(out.d, -t.distance(p), t.blend)
			continue
		}
		reach := out.d + t.blend + t.br
		if reach <= 0 || dx*dx+dy*dy+dz*dz > reach*reach {
			continue
		}
		d := t.distance(p)
		if d < out.d {
			out.cortex, out.dense = t.cortex, t.dense
			if t.kind == shapeGrid {
				out.cortex, out.dense = t.grid.look(p)
			}
		}
		out.d = smin(out.d, d, t.blend)
	}
	if len(b.tints) > 0 && out.d < 1 {
		out.dense += b.tinted(p)
	}
	if out.d < 2.5 && b.wobble > 0 {
		out.d += b.wobble * wobbleGrain.at(vec{p[0] + b.phase, p[1], p[2]})
	}
	return out
}

// wobbleGrain makes surfaces uneven; bones look at it from their own phase.
var wobbleGrain = grain{t: &tiles()[0], inv: 1 / 3.2}
