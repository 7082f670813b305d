package phantom

import (
	"math"

	"github.com/neckfrac/neckfrac"
)

// metalHU is above what a scan can show: titanium clips.
const metalHU = 7000

// metal adds a piece of hardware; the study is then a post-operative one.
func (x *look) metal(name string, i int) *bone {
	b := x.over(name, i)
	b.unmarked, b.metal, b.hard, b.wobble = true, true, metalHU, 0
	x.s.hardware = true
	return b
}

// block is two vertebrae that never parted: bodies and facets are one, with the rest of a
// disc between them and a waist.
func (x *look) block() {
	i := x.index([]float64{0, 5, 1, 1, 3, 2, 0}, 1, 5)
	x.fuse(i, x.r.between(0.72, 0.92))
	x.s.joints[i].gap = -0.8
	x.note(neckfrac.Vertebra(i + 1))
	x.note(neckfrac.Vertebra(i + 2))
}

// fuse fills the disc below vertebra i with spongy bone, as wide as a share of the bodies.
func (x *look) fuse(i int, share float64) {
	up, lo := x.s.chain[i], x.s.chain[i+1]
	b := x.under("fusion", i)
	b.level = up.level
	a, z := vec{0, 0, -up.marks.height / 2}, up.pose.local(lo.pose.outer(vec{0, 0, lo.marks.height / 2}))
	d := sub(z, a)
	b.solid(part{kind: shapeBox, c: scale(add(a, z), 0.5), rot: frame(vec{1, 0, 0}, d),
		h: vec{up.marks.halfWidth * share, up.marks.halfDepth * share, norm(d)/2 + 2.5}, round: 2, cortex: 0.7, dense: 40})
}

// anteriorPlate is a fusion from the front: a plate, two screws in each body, bone or a
// cage in the discs.
func (x *look) anteriorPlate() {
	n := 1 + x.r.pick([]float64{5, 4, 1})
	first := min(x.index([]float64{0, 0, 1, 2, 4, 3, 0}, 1, 5), 6-n)
	from := x.s.chain[first]
	thick := x.r.between(1.1, 1.5)
	seat := func(b *bone, up float64) vec {
		return vec{0, -b.marks.halfDepth - thick + 0.7, up * b.marks.height * 0.32}
	}
	plate := x.metal("plate", first)
	local := func(b *bone, p vec) vec { return from.pose.local(b.pose.outer(p)) }
	last := seat(from, 0.9)
	for i := first; i <= first+n; i++ {
		b := x.s.chain[i]
		next := local(b, seat(b, -0.9))
		if i < first+n {
			next = local(b, seat(b, -1.3))
		}
		d := sub(next, last)
		plate.solid(part{kind: shapeBox, c: scale(add(last, next), 0.5), rot: frame(d, vec{1, 0, 0}), h: vec{norm(d)/2 + 0.6, thick, x.r.between(7, 8.5)}, round: 0.6, cortex: solidAll})
		last = next
		long := min(x.r.between(12, 15), b.marks.halfDepth*2-1.5)
		lean := vec{0, 1, x.r.between(-0.1, 0.25)}
		if i == first+n {
			lean[2] = -lean[2]
		}
		for _, side := range sides {
			at := add(seat(b, 0), vec{side * 4.6, 0, 0})
			dir := unit(add(lean, vec{-side * 0.12, 0, 0}))
			screw := x.metal("screw", i)
			screw.solid(part{kind: shapeCapsule, c: at, e: add(at, scale(dir, long)), h: vec{1.9, 1.3}, cortex: solidAll})
		}
		if i < first+n {
			x.fuse(i, x.r.between(0.6, 0.8))
			if x.r.chance(0.3) {
				x.cage(i)
			}
		}
		x.note(neckfrac.Vertebra(i + 1))
	}
}

// cage is a spacer in the disc below vertebra i: a frame of plastic with two markers.
func (x *look) cage(i int) {
	b := x.metal("marker", i)
	k := &x.s.chain[i].marks
	for _, y := range []float64{-0.5, 0.55} {
		c := vec{0, k.halfDepth * y, -k.height/2 - 2.2}
		b.solid(part{kind: shapeCapsule, c: add(c, vec{0, 0, -1.6}), e: add(c, vec{0, 0, 1.6}), h: vec{0.5, 0.5}, cortex: solidAll, blend: 0.1})
	}
}

// posteriorRods is a fusion from behind: screws in the articular pillars and a rod on
// each side.
func (x *look) posteriorRods() {
	n := 2 + x.r.IntN(3)
	first := min(x.index([]float64{0, 0, 3, 3, 1, 0, 0}, 1, 5), 6-n)
	out, up := x.r.between(10, 28), x.r.between(10, 35)
	var heads [2][]vec // in the patient
	for i := first; i <= first+n; i++ {
		b := x.s.chain[i]
		for s, side := range sides {
			p := b.marks.pillar[s]
			at := add(p, vec{-side * 0.8, b.marks.pillarHalf[1] - 0.6, -1})
			rad := math.Pi / 180
			dir := unit(vec{side * math.Tan(out*rad), -1, math.Tan(up * rad)})
			screw := x.metal("screw", i)
			screw.solid(part{kind: shapeCapsule, c: sub(at, scale(dir, 5)), e: add(at, scale(dir, x.r.between(9, 12))), h: vec{1.75, 1.5}, cortex: solidAll})
			head := sub(at, scale(dir, 6))
			screw.solid(part{kind: shapeEllipsoid, c: head, h: vec{3.2, 3.2, 3.2}, cortex: solidAll, blend: 0.5})
			heads[s] = append(heads[s], b.pose.outer(head))
		}
		x.note(neckfrac.Vertebra(i + 1))
	}
	for s := range sides {
		for n := 1; n < len(heads[s]); n++ {
			i := first + n
			rod := x.metal("rod", i)
			h := x.s.chain[i].pose
			rod.solid(part{kind: shapeCapsule, c: h.local(heads[s][n-1]), e: h.local(heads[s][n]), h: vec{1.75, 1.75}, cortex: solidAll})
		}
	}
}

// implants puts the streaks of hardware into the slices that it crosses: rays about each
// piece, and dark along its length, where a beam meets most metal.
func (a *acquisition) implants(s *scene, v []float32) {
	r := stream(s.seed, "implants")
	amp := r.logBetween(90, 330)
	for _, b := range s.others {
		if !b.metal {
			continue
		}
		for i := range b.parts {
			t := &b.parts[i]
			c, e := b.pose.outer(t.c), b.pose.outer(t.c)
			if t.kind == shapeCapsule {
				e = b.pose.outer(t.e)
			}
			a.rays(r, v, c, e, amp)
		}
	}
}

// rays draws the streaks of a piece of metal from c to e.
func (a *acquisition) rays(r random, v []float32, c, e vec, amp float64) {
	const bins, reach, thick = 512, 55.0, 1.5
	ray := make([]float64, bins)
	x := 0.0
	for i := range ray {
		x = 0.55*x + r.NormFloat64()
		ray[i] = x
	}
	d := sub(e, c)
	flat := math.Hypot(d[0], d[1])
	along := math.Atan2(d[1], d[0])
	dark := amp * 1.3 * smooth(3, 12, flat)
	slice := func(z float64) int { return int(math.Round((z - a.origin[2]) / a.SpacingMM)) }
	lo, hi := min(c[2], e[2])-thick, max(c[2], e[2])+thick
	for k := max(0, slice(lo)); k <= min(a.nz-1, slice(hi)); k++ {
		z := a.origin[2] + float64(k)*a.SpacingMM
		at := add(c, scale(d, 0.5))
		if math.Abs(d[2]) > flat {
			at = add(c, scale(d, clamp((z-c[2])/d[2], 0, 1)))
		}
		i0, i1 := clampInt(int((at[0]-reach-a.origin[0])/a.PixelMM), a.nx), clampInt(int((at[0]+reach-a.origin[0])/a.PixelMM), a.nx)
		j0, j1 := clampInt(int((at[1]-reach-a.origin[1])/a.PixelMM), a.ny), clampInt(int((at[1]+reach-a.origin[1])/a.PixelMM), a.ny)
		for j := j0; j <= j1; j++ {
			dy := a.origin[1] + float64(j)*a.PixelMM - at[1]
			for i := i0; i <= i1; i++ {
				dx := a.origin[0] + float64(i)*a.PixelMM - at[0]
				far := math.Hypot(dx, dy)
				if far > reach || far < 1 {
					continue
				}
				az := math.Atan2(dy, dx)
				fade := 6 / (6 + far) * smooth(reach, reach*0.4, far)
				b := int((az/math.Pi+1)*bins/2) & (bins - 1)
				off := math.Sin(az - along)
				n := (k*a.ny+j)*a.nx + i
				v[n] += float32(fade * (amp*0.7*ray[b] - dark*math.Exp(-off*off/0.02)))
			}
		}
	}
}
