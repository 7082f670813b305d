package phantom

import "github.com/neckfrac/neckfrac"

// The patterns that Phantom4 adds.
const (
	C2Body        Type = "c2-body"
	C2LateralMass Type = "c2-lateral-mass"
)

// axisShares are those of C2 in a series of 233 fractures of the axis: 79 % of the dens,
// 11 % hangman's, 10 % others.
var axisShares = []share{
	{DensNeck, 54}, {DensBody, 24}, {DensTip, 1}, {Hangman, 11}, {C2Body, 3}, {C2LateralMass, 2.5}, {ExtensionTeardrop, 2.5}, {TransverseProcess, 1.5}, {Lamina, 0.5},
}

// shares of the patterns at a level in an edition.
func (e Edition) shares(v neckfrac.Vertebra) []share {
	if e == Phantom4 && v == neckfrac.C2 {
		return axisShares
	}
	return shares(v)
}

// Types lists the patterns that an edition draws at a level.
func (e Edition) Types(v neckfrac.Vertebra) []Type {
	var out []Type
	if !v.Valid() {
		return nil
	}
	for _, s := range e.shares(v) {
		out = append(out, s.t)
	}
	return out
}

// more is what Phantom4 makes of a pattern: its own geometry where it has one, the
// moves of the neck above, and further fragments. r is a stream of its own, so that the
// pattern's width is drawn as in Phantom3.
func (b *breaker) more(t Type, s *scene, r random) {
	first := len(b.k.cuts)
	b.own(t, r)
	b.moved = 0
	if b.k.squash != nil {
		b.moved = b.k.squash.front
	}
	for i := first; i < len(b.k.cuts); i++ {
		b.moved = max(b.moved, norm(b.k.cuts[i].move))
	}
	b.displace(t, s, r)
	if r.chance(0.2) {
		b.shatter(first, r)
	}
}

func (b *breaker) own(t Type, r random) {
	switch t {
	case C1Jefferson:
		b.ringParts()
	case C2Body:
		b.axisBody()
	case C2LateralMass:
		b.axisMass()
	case Burst:
		b.burst()
		b.retropulse(r)
	default:
		b.breakAs(t)
	}
}

// ringParts breaks the atlas into two to four pieces; the lateral masses move out by 1 to
// 5 mm where the ring is open on both sides of them, and less where it is a hairline.
func (b *breaker) ringParts() {
	k := &b.b.marks
	parts := 2 + b.r.pick([]float64{35, 35, 30})
	_, x := b.side()
	for n := range 2 {
		front := vec{x * b.r.between(2.5, 9), -(k.canalHalf[1] + 3), 0}
		back := vec{x * b.r.between(4, 11), k.canalHalf[1] + 2.5, 0}
		d := sub(back, front)
		c := cut{at: scale(add(front, back), 0.5), n: add(cross(unit(d), vec{0, 0, x}), vec{0, 0, b.r.spread(0, 0.15)})}
		c.lo, c.hi = half(x)
		out := b.r.between(1, 5) * smooth(0.15, 1.4, b.width)
		switch {
		case n == 1 && parts == 2:
			return
		case n == 1 && parts == 3:
			// The other side breaks in one arch alone and cannot move far.
			if b.r.chance(0.5) {
				c.lo[1] = k.canalHalf[1] * 0.4
			} else {
				c.hi[1] = -k.canalHalf[1] * 0.5
			}
			c.move, c.decay = vec{x * out * 0.2, b.r.spread(0, 0.3), 0}, 12
		default:
			c.move = vec{x * out, b.r.spread(0, 0.4), b.r.spread(0, 0.4)}
		}
		b.cut(c)
		x = -x
	}
}

// axisBody splits the body of C2 under the dens, from side to side or from front to back.
func (b *breaker) axisBody() {
	k := &b.b.marks
	wide := k.halfWidth + 5
	c := cut{lo: vec{-wide, -200, -200}, hi: vec{wide, k.halfDepth + 1.5, k.densNeck - 2}, rough: 0.7}
	if b.r.chance(0.6) {
		c.at, c.n = vec{0, k.halfDepth * b.r.between(-0.1, 0.6), -1}, vec{b.r.spread(0, 0.2), 1, b.r.between(-0.1, 0.35)}
		c.move = vec{0, b.step(2.2), -b.step(0.8)}
	} else {
		_, x := b.side()
		c.at, c.n = vec{b.r.spread(0, 2.5), 0, -1}, vec{x, b.r.spread(0, 0.3), b.r.spread(0, 0.25)}
		c.move = vec{x * b.step(1.8), 0, -b.step(0.8)}
	}
	b.cut(c)
}

// axisMass splits a lateral mass of C2 under its upper facet.
func (b *breaker) axisMass() {
	k := &b.b.marks
	_, x := b.side()
	top := k.height / 2
	lo, hi := half(x)
	lo[1], hi[1], lo[2] = -11, 11, -k.height/2+1
	b.cut(cut{
		at: vec{x * b.r.between(12.5, 17), 1, top - 2}, n: vec{x, b.r.spread(0, 0.35), b.r.between(-0.1, 0.5)}, lo: lo, hi: hi,
		move: vec{x * b.step(1.6), 0, -b.step(2)},
	})
}

// retropulse drives a fragment of a burst body 1 to 7 mm into the canal: the one that
// burst made, or a new one.
func (b *breaker) retropulse(r random) {
	k := &b.b.marks
	into := min(r.logBetween(1, 7), 2*k.canalHalf[1]-5)
	b.canal = into
	for i := range b.k.cuts {
		if c := &b.k.cuts[i]; c.n[1] > 0.8 {
			c.move[1] = into
			return
		}
	}
	b.cut(cut{
		at: vec{0, k.halfDepth - r.between(2.5, 4.5), 1}, n: vec{r.spread(0, 0.15), 1, 0.25}, rough: 0.8, gap: max(0.4, b.width*0.7),
		lo: vec{-k.halfWidth * 0.75, 0, -b.m.hBack * 0.2}, hi: vec{k.halfWidth * 0.75, k.halfDepth + 8, b.m.hBack},
		move: vec{0, into, 0}, spin: turn(vec{1, 0, 0}, r.spread(0, 7)),
	})
}

// displace moves the neck above a break that does not hold it.
func (b *breaker) displace(t Type, s *scene, r random) {
	i := b.level.Index()
	open := smooth(0.2, 1.6, b.width)
	switch {
	case b.k.squash != nil && i >= 2:
		sh := wedgeShift(s, i, b.k.squash.front, b.k.squash.back)
		b.kyphosis = flexionOf(sh.spin)
		b.shifts = append(b.shifts, sh)
	case t == Facet && r.chance(0.2):
		b.slide(s, r, i)
	case t == FlexionTeardrop && i >= 2 && i < 6:
		back, deg := r.between(1, 4)*max(open, 0.3), r.between(2, 8)
		low := &s.chain[i+1].marks
		b.slip, b.kyphosis = back, deg
		b.shifts = append(b.shifts, shift{ref: i + 1, moves: i, at: vec{0, 0, low.height/2 + s.p.level[i].disc/2}, spin: turn(vec{1, 0, 0}, deg), move: vec{0, back, 0.1 * back}})
	case t == Hangman:
		fwd, deg := r.between(0, 4)*open, r.spread(3, 4)*open
		low := &s.chain[2].marks
		b.slip, b.kyphosis = fwd, deg
		b.shifts = append(b.shifts, shift{ref: 2, moves: 1, at: vec{0, 0, low.height/2 + s.p.level[1].disc/2}, spin: turn(vec{1, 0, 0}, deg), move: vec{0, -fwd, 0}})
		// The arch stays on C3.
		c := &b.k.cuts[len(b.k.cuts)-1]
		c.move[1] += fwd
		b.moved = max(b.moved, norm(c.move))
	case t == DensNeck || t == DensBody:
		// C1 and the head go with the dens.
		c := &b.k.cuts[len(b.k.cuts)-1]
		b.shifts = append(b.shifts, shift{ref: 1, moves: 0, at: c.at, spin: c.spin, move: c.move})
	}
}

// slide lets the vertebra above a broken facet slip forward by 1 to 4 mm, or ride up until
// the facet is perched. A broken lower facet lets its own vertebra go.
func (b *breaker) slide(s *scene, r random, i int) {
	c := &b.k.cuts[len(b.k.cuts)-1]
	moves, side := i-1, 1.0
	if c.at[0] < 0 {
		side = -1
	}
	if c.n[2] < 0 && i < 6 {
		moves = i
	}
	if moves < 1 {
		return
	}
	mm := r.between(1, 4)
	if r.chance(0.15) {
		mm = r.between(4, 5.5)
	}
	sh, deg := slipShift(s, moves, mm, side)
	b.slip, b.kyphosis = mm, deg
	b.shifts = append(b.shifts, sh)
}

// shatter breaks a further piece out beside a cut of the pattern, or splits a crushed body.
func (b *breaker) shatter(first int, r random) {
	k := &b.b.marks
	gap := max(0.3, b.width*r.between(0.4, 0.9))
	if len(b.k.cuts) == first {
		wide := k.halfWidth + 4
		b.cut(cut{at: vec{r.spread(0, 3), 0, 0}, n: vec{r.sign(), r.spread(0, 0.3), 0}, gap: gap,
			lo: vec{-wide, -200, -200}, hi: vec{wide, k.halfDepth * 0.8, 200}})
		b.comminuted = true
		return
	}
	c := b.k.cuts[first]
	at := add(c.at, add(scale(c.n, r.between(1.5, 3)*r.sign()), add(scale(c.u, r.spread(0, 1.5)), scale(c.v, r.spread(0, 1.5)))))
	n := unit(add(scale(c.u, r.NormFloat64()), add(scale(c.v, r.NormFloat64()), scale(c.n, 0.5*r.sign()))))
	piece := cut{at: at, n: n, gap: gap, rough: c.rough, lo: c.lo, hi: c.hi, move: scale(n, gap*r.between(0.2, 0.8))}
	for a := range 3 {
		piece.lo[a], piece.hi[a] = max(c.lo[a], at[a]-r.between(5, 9)), min(c.hi[a], at[a]+r.between(5, 9))
		if piece.lo[a] >= piece.hi[a] {
			return
		}
	}
	b.cut(piece)
	b.comminuted = true
}
