package phantom

// flexion is the share of each joint in the bending of a neck, C1/C2 first, T1/T2 last;
// the joint above C1 has skullFlexion.
var flexion = [levels - 1]float64{.06, .08, .12, .15, .16, .15, .10, .04}

const skullFlexion = .12

// pose bends a mesh anatomy. The atlas stands as its maker left it; the patient bends
// away from that by some 20 degrees either way, which is as far as its joints go without
// collision. Every joint turns about a place in the lower vertebra's body, which lets the
// facets glide and open; C1 turns round the dens.
func (w *meshPerson) pose(s *scene, r random) {
	flex, tilt, yaw := clamp(r.spread(4, 9), -17, 22), r.spread(0, 4), r.spread(0, 7)
	body := turn(vec{1, 0, 0}, r.spread(0, 5)).then(turn(vec{0, 1, 0}, r.spread(0, 2)))
	s.chain[t1].pose = pose{vec{r.spread(0, 6), r.spread(0, 6), 0}, body.then(w.frame[t1].rot)}
	w.link(s, t1, t2, w.pivot(t1), turn(vec{1, 0, 0}, r.spread(0, 0.6)))
	for i := t1 - 1; i >= 0; i-- {
		delta := turn(vec{1, 0, 0}, flex*flexion[i]+r.spread(0, 0.9)).
			then(turn(vec{0, 1, 0}, tilt/7+r.spread(0, 0.5))).
			then(turn(vec{0, 0, 1}, yaw*0.08+r.spread(0, 0.4)))
		if i == 0 {
			delta = delta.then(turn(vec{0, 0, 1}, yaw*0.45))
		}
		w.link(s, i+1, i, w.pivot(i), delta)
	}
	c1 := s.chain[0]
	delta := turn(vec{1, 0, 0}, flex*skullFlexion+r.spread(0, 1.5)).then(turn(vec{0, 0, 1}, yaw*0.05))
	w.hang(&s.skull.pose, w.head, c1, 0, w.frame[0].outer(vec{0, -3.5, 12}), delta, w.size3(w.whole))
	s.skull.pose.at = add(s.skull.pose.at, c1.pose.outerDir(vec{0, 0, upperGap}))
	w.followers(s, r)
}

// upperGap lifts C1 off C2 and the skull off C1, mm: atlases let these joints touch, and
// opening them by cutting alone would take bone from C1 on both sides.
const upperGap = 0.6

// pivot is the place in the atlas about which vertebra i turns on the one below.
func (w *meshPerson) pivot(i int) vec {
	low := w.atlas.chain[i+1]
	if i == 0 {
		return w.frame[1].outer(low.up)
	}
	return w.frame[i+1].outer(add(low.up, vec{0, 0, -7}))
}

// link puts vertebra b next to vertebra a, turned by delta about a place in the atlas.
// The disc between them is thinner or thicker by its factor.
func (w *meshPerson) link(s *scene, a, b int, at vec, delta mat) {
	from, to := s.chain[a], s.chain[b]
	w.hang(&to.pose, w.frame[b], from, a, at, delta, w.size3(w.scale[b]))
	up, low := min(a, b), max(a, b)
	if up == 0 {
		to.pose.at = add(to.pose.at, to.pose.outerDir(vec{0, 0, upperGap}))
		return
	}
	gap := sub(w.frame[up].outer(w.atlas.chain[up].down), w.frame[low].outer(w.atlas.chain[low].up))
	local := w.frame[a].rot.mul(gap)
	grow := scale(from.pose.outerDir(local), (w.disc[up]-1)*w.scale[up][2])
	if b == low {
		grow = scale(grow, -1)
	}
	to.pose.at = add(to.pose.at, grow)
}

// hang poses a body with a frame in the atlas on vertebra a.
func (w *meshPerson) hang(to *pose, frame pose, from *bone, a int, at vec, delta mat, size vec) {
	rest := transpose(w.frame[a].rot).then(frame.rot)
	to.rot = from.pose.rot.then(delta).then(rest)
	place := from.pose.outer(times(w.size3(w.scale[a]), w.frame[a].local(at)))
	to.at = sub(place, to.outerDir(times(size, frame.local(at))))
}

// size3 is a scale without its mirror: frames are mirrored themselves.
func (w *meshPerson) size3(v vec) vec {
	if v[0] < 0 {
		v[0] = -v[0]
	}
	return v
}

func times(a, b vec) vec { return vec{a[0] * b[0], a[1] * b[1], a[2] * b[2]} }

func transpose(m mat) (out mat) {
	for a := range 3 {
		for b := range 3 {
			out[a][b] = m[b][a]
		}
	}
	return out
}

// followers places what hangs on the chain: jaw on the skull, hyoid on C3 and C4, ribs on
// their vertebrae, the rest on T1.
func (w *meshPerson) followers(s *scene, r random) {
	at := func(i int, frame pose) (out pose) {
		w.hang(&out, frame, s.chain[i], i, w.frame[i].at, identity, w.size3(w.whole))
		return out
	}
	for n, b := range w.others {
		frame := w.atlas.others[n].frame
		if w.mirror {
			frame = mirrored(frame)
		}
		switch b.name {
		case "skull":
		case "mandible":
			b.pose = s.skull.pose
			s.chin = b.pose.outer(b.marks.spinousTip)
		case "hyoid":
			p, q := at(2, frame), at(3, frame)
			b.pose = pose{scale(add(p.at, q.at), 0.5), p.rot}
			b.pose.at = add(b.pose.at, vec{0, r.spread(0, 1), r.spread(0, 2)})
		case "T2 ribs", "lower spine":
			b.pose = at(t2, frame)
		default:
			b.pose = at(t1, frame)
		}
	}
	for _, b := range s.others[len(w.others):] {
		b.pose = pose{s.chain[t1].pose.at, identity}
	}
}
