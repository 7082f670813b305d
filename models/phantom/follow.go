package phantom

import (
	"math"
	"slices"
)

// shift moves the head end of the spine as a rigid body, in the frame of a vertebra:
// chain[0] to chain[moves] and what hangs on them. With moves below 0 only the head goes.
type shift struct {
	ref, moves int
	at         vec // about which spin turns
	spin       mat
	move       vec
}

// outer takes a place in the patient to where the shift brings it.
func (t *shift) outer(f pose, p vec) vec {
	q := f.local(p)
	if t.spin != (mat{}) {
		q = add(t.at, t.spin.tmul(sub(q, t.at)))
	}
	return f.outer(add(q, t.move))
}

// move applies a shift to bones; curve and clouds are to be made afterwards.
func (s *scene) move(t shift) {
	f := s.chain[t.ref].pose
	carry := func(b *bone) {
		at := t.outer(f, b.pose.at)
		for a := range 3 {
			b.pose.rot[a] = sub(t.outer(f, add(b.pose.at, b.pose.rot[a])), at)
		}
		b.pose.at = at
	}
	for i := 0; i <= t.moves; i++ {
		carry(s.chain[i])
	}
	for _, b := range append(append([]*bone{}, s.unders...), s.others...) {
		ride := b.ride
		switch b.name {
		case "skull", "mandible":
			ride = -1
		case "hyoid":
			ride = 2
		case "ossicle":
			ride = s.nearest(b)
		case "T1 ribs", "T2 ribs", "lower spine", "clavicle", "humerus", "scapula":
			ride = levels
		}
		if ride <= t.moves {
			carry(b)
		}
	}
	s.chin = t.outer(f, s.chin)
}

// nearest is the vertebra whose pose a bone has.
func (s *scene) nearest(b *bone) int {
	for i, c := range s.chain {
		if c.pose.at == b.pose.at {
			return i
		}
	}
	return levels
}

// head gives back a share of a kyphosis of deg degrees at the joint above chain[moves]:
// patients keep their eyes level with the joints that are left to them.
func (s *scene) head(moves int, deg float64) {
	const share = 0.6
	joints := float64(max(moves-1, 0) + 1)
	step := turn(vec{1, 0, 0}, -share*deg/joints)
	for i := moves - 1; i >= 1; i-- {
		low := &s.chain[i+1].marks
		// About the facets: about the disc they would be driven into each other.
		s.move(shift{ref: i + 1, moves: i, at: vec{0, low.pillar[0][1], low.height/2 + s.p.level[i].disc/2}, spin: step})
	}
	s.move(shift{ref: 0, moves: -1, at: vec{0, 7, 9}, spin: step})
}

// wedgeShift is what the loss of height of vertebra i's body does to the neck above: it
// tips forward about the facets, which stay in touch.
func wedgeShift(s *scene, i int, front, back float64) shift {
	b := s.chain[i]
	k := &b.marks
	y := k.pillar[0][1]
	low := min(back, 0.7)
	deg := math.Atan((front*0.9-low)/(k.halfDepth+y)) * 180 / math.Pi
	return shift{ref: i, moves: i - 1, at: vec{0, y, k.height / 2}, spin: turn(vec{1, 0, 0}, deg), move: vec{0, 0, -low}}
}

// slipShift lets chain[0] to chain[moves] glide forward by mm on the facets of the
// vertebra below, which lifts them behind, and turn about the side that holds. It gives
// the degrees of kyphosis too.
func slipShift(s *scene, moves int, mm, side float64) (shift, float64) {
	ref := moves + 1
	k := &s.chain[ref].marks
	tan := math.Tan(s.p.level[ref].facetDeg * math.Pi / 180)
	deg := math.Atan(mm*tan/(k.pillar[0][1]+1)) * 180 / math.Pi * 0.9
	spin := turn(vec{1, 0, 0}, deg).then(turn(vec{0, 0, 1}, -side*mm*1.4))
	return shift{ref: ref, moves: moves, at: vec{0, 0, k.height/2 + s.p.level[moves].disc/2}, spin: spin, move: vec{0, -mm, 0.2 * mm}}, deg
}

// follow lets the neck follow its fractures, from the lowest up. What the scan looks at
// stays that of the twin.
func (s *scene) follow(events []event) {
	s.still = s.knots
	moved := false
	events = slices.SortedStableFunc(slices.Values(events), func(a, b event) int { return int(b.level) - int(a.level) })
	for n := range events {
		for _, t := range events[n].shifts {
			s.move(t)
			moved = true
			if t.moves > 0 && t.spin != (mat{}) {
				s.head(t.moves, flexionOf(t.spin))
			}
		}
	}
	if !moved {
		return
	}
	for i := range s.clouds {
		s.clouds[i] = s.chain[i].cloud()
	}
	s.knots, s.backs = nil, s.backs[:len(s.backs)-levels]
	s.curve()
}

// flexionOf is the forward turn of a spin, degrees.
func flexionOf(m mat) float64 { return math.Atan2(m[1][2], m[1][1]) * 180 / math.Pi }
