package phantom

import "math"

// warp takes places of the patient to the atlas, on a coarse lattice between whose nodes
// it is linear. Near a bone it is that bone's own move; between bones their moves are
// mixed by distance.
type warp struct {
	lo   vec
	n    [3]int
	node []vec
}

// warpStep is the distance of the nodes, mm: moves change over the size of a vertebra.
const warpStep = 8.0

// anchor is a place of the patient where the move of one bone holds.
type anchor struct {
	at   vec
	move int
	w    float64
}

// moved is the move of one bone: the frame in the (mirrored) atlas, the pose and scale.
type moved struct {
	frame, pose pose
	size        vec
}

// back takes a place of the patient to the mirrored atlas.
func (m *moved) back(p vec) vec {
	q := m.pose.local(p)
	return m.frame.outer(vec{q[0] / m.size[0], q[1] / m.size[1], q[2] / m.size[2]})
}

// newWarp covers a lattice.
func (w *meshPerson) newWarp(s *scene, g *lattice) *warp {
	moves, anchors := w.anchors(s)
	out := &warp{lo: sub(g.origin, vec{warpStep, warpStep, warpStep})}
	for c, size := range [3]float64{float64(g.nx-1) * g.px, float64(g.ny-1) * g.px, float64(g.nz-1) * g.dz} {
		out.n[c] = int(math.Ceil(size/warpStep)) + 4
	}
	out.node = make([]vec, out.n[0]*out.n[1]*out.n[2])
	share := make([]float64, len(moves))
	at := 0
	for k := range out.n[2] {
		for j := range out.n[1] {
			for i := range out.n[0] {
				p := add(out.lo, scale(vec{float64(i), float64(j), float64(k)}, warpStep))
				clear(share)
				var sum float64
				for _, a := range anchors {
					d := sub(p, a.at)
					v := a.w / sq(dot(d, d)+40)
					share[a.move] += v
					sum += v
				}
				var q vec
				for m, v := range share {
					if v > 1e-4*sum {
						q = add(q, scale(moves[m].back(p), v/sum))
					}
				}
				if w.mirror {
					q[0] = -q[0]
				}
				out.node[at] = q
				at++
			}
		}
	}
	// Shares below the cut are left out of the mean, which they would change by less than
	// a twentieth of a millimetre.
	return out
}

// anchors lists the moves of all bones and where they hold.
func (w *meshPerson) anchors(s *scene) (moves []moved, out []anchor) {
	hold := func(b *bone, places ...vec) {
		for _, p := range places {
			out = append(out, anchor{b.pose.outer(p), len(moves), 1})
		}
	}
	for i, b := range s.chain {
		k := &b.marks
		hold(b, vec{}, k.canal, k.spinousTip, k.spinousBase, k.tip[0], k.tip[1], k.pillar[0], k.pillar[1])
		moves = append(moves, moved{w.frame[i], b.pose, w.size3(w.scale[i])})
	}
	hold(s.skull, vec{}, vec{0, -95, -5}, vec{40, -60, -15}, vec{-40, -60, -15}, vec{0, 75, 25}, vec{60, 0, 15}, vec{-60, 0, 15}, vec{0, -20, 60}, vec{0, 30, 10})
	if s.chin != (vec{}) {
		out = append(out, anchor{s.chin, len(moves), 3})
	}
	moves = append(moves, moved{w.head, s.skull.pose, w.size3(w.whole)})
	thorax := moved{pose{w.frame[t1].at, identity}, pose{}, w.size3(w.whole)}
	w.hang(&thorax.pose, thorax.frame, s.chain[t1], t1, thorax.frame.at, identity, thorax.size)
	for _, p := range []vec{{60, 0, -20}, {-60, 0, -20}, {110, 20, -40}, {-110, 20, -40}, {0, -65, -45}, {50, -60, -15}, {-50, -60, -15}, {0, 75, -30}, {150, 0, -50}, {-150, 0, -50}} {
		out = append(out, anchor{thorax.pose.outer(p), len(moves), 2})
	}
	return append(moves, thorax), out
}

// row interpolates the nodes along x at a height and depth.
func (w *warp) row(y, z float64, into []vec) []vec {
	fy, fz := (y-w.lo[1])/warpStep, (z-w.lo[2])/warpStep
	j, k := clampInt(int(fy), w.n[1]-1), clampInt(int(fz), w.n[2]-1)
	fy, fz = fy-float64(j), fz-float64(k)
	into = into[:0]
	for i := range w.n[0] {
		at := (k*w.n[1]+j)*w.n[0] + i
		up := at + w.n[0]*w.n[1]
		var p vec
		for c := range 3 {
			p[c] = lerp(lerp(w.node[at][c], w.node[at+w.n[0]][c], fy), lerp(w.node[up][c], w.node[up+w.n[0]][c], fy), fz)
		}
		into = append(into, p)
	}
	return into
}

// along is the place in the atlas of x in a row.
func (w *warp) along(row []vec, x float64) vec {
	f := (x - w.lo[0]) / warpStep
	i := clampInt(int(f), len(row)-1)
	f -= float64(i)
	a, b := &row[i], &row[i+1]
	return vec{a[0] + (b[0]-a[0])*f, a[1] + (b[1]-a[1])*f, a[2] + (b[2]-a[2])*f}
}
