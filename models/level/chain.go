package level

import (
	"math"
	"slices"

	"github.com/neckfrac/neckfrac"
)

// Scores of the dynamic programme. A vertebra of typical size under its own name is
// worth 1; the other numbers say what that is weighed against.
const (
	typicalMM3 = 4000
	// sameName, nextName, farName are a fragment's worth under its own name, one and
	// two levels away. Further away it can't be meant.
	sameName, nextName, farName = 1.0, 0.45, 0.15
	// missing is the price of a level left out between two others.
	missing = 0.3
	// leastGapMM and mostGapMM are the plausible distance of neighbours in the
	// sagittal plane (research: 15 to 18 mm in the mean, C1 to C2 less, a bent neck
	// with its arches more); each millimetre outside costs perMM, and under hardMM
	// two fragments are parts of one vertebra.
	leastGapMM, mostGapMM, perMM, hardMM = 12.0, 25.0, 0.08, 7.0
)

// link says which fragment is the body of a level.
type link struct {
	frag  int
	level neckfrac.Vertebra
}

// choose picks for the levels the fragments that fit anatomical order best, head to
// foot. The first and the last level are free: a stack may start or end in the neck.
func choose(frags []fragment) []link {
	type cell struct {
		score float64
		prev  link
	}
	best := make([][neckfrac.Levels]cell, len(frags))
	end, top := link{frag: -1}, 0.0
	for j, f := range frags {
		for _, v := range neckfrac.Vertebrae() {
			c := cell{score: 0, prev: link{frag: -1}}
			for i := range j {
				for _, u := range neckfrac.Vertebrae() {
					if u >= v || math.IsInf(best[i][u.Index()].score, -1) {
						continue
					}
					if s := best[i][u.Index()].score - gap(frags[i], f, int(v)-int(u)); s > c.score {
						c = cell{score: s, prev: link{i, u}}
					}
				}
			}
			c.score += worth(f, v)
			best[j][v.Index()] = c
			if c.score > top {
				end, top = link{j, v}, c.score
			}
		}
	}
	var chain []link
	for at := end; at.frag >= 0; at = best[at.frag][at.level.Index()].prev {
		chain = append(chain, at)
	}
	slices.Reverse(chain)
	return chain
}

// worth is what fragment f adds as level v, minus infinity where it can't be it.
func worth(f fragment, v neckfrac.Vertebra) float64 {
	size := min(f.mm3/typicalMM3, 1)
	switch d := int(f.class) - int(v); d {
	case 0:
		return size * sameName
	case -1, 1:
		return size * nextName
	case -2, 2:
		return size * farName
	default:
		return math.Inf(-1)
	}
}

// gap is the price of two fragments being levels apart.
func gap(a, b fragment, levels int) float64 {
	d := math.Hypot(a.at[1]-b.at[1], a.at[2]-b.at[2])
	if b.at[2] <= a.at[2] || d < hardMM*float64(levels) {
		return math.Inf(1)
	}
	n := float64(levels)
	out := max(leastGapMM*n-d, d-mostGapMM*n, 0)
	return out*perMM + missing*(n-1)
}

const (
	// reachMM and reachZMM bound how far a loose piece lies from the middle of its
	// vertebra: the tip of C7's spinous process.
	reachMM, reachZMM = 40.0, 20.0
	// otherReachZMM bounds it for a piece with another level's name.
	otherReachZMM = 11.0
	// conflictShare is the share of a vertebra under another name that makes the
	// naming doubtful.
	conflictShare = 0.25
)

// attach gives every fragment its final label: that of its link in the chain, that
// of the vertebra it is a loose piece of, or other bone.
func attach(frags []fragment, chain []link) (names []uint8, conflict bool) {
	names = make([]uint8, len(frags))
	for i := range names {
		names[i] = neckfrac.LabelOtherBone
	}
	taken := make([]bool, len(frags))
	for _, l := range chain {
		names[l.frag], taken[l.frag] = uint8(l.level), true
	}
	for i, f := range frags {
		if taken[i] {
			continue
		}
		same, other := link{frag: -1}, link{frag: -1}
		for _, l := range chain {
			a := frags[l.frag]
			if a.class == f.class && near(a, f, reachZMM) && (same.frag < 0 || distance(a, f) < distance(frags[same.frag], f)) {
				same = l
			}
			if near(a, f, otherReachZMM) && (other.frag < 0 || distance(a, f) < distance(frags[other.frag], f)) {
				other = l
			}
		}
		switch {
		case same.frag >= 0:
			names[i] = uint8(same.level)
		case other.frag >= 0:
			names[i] = uint8(other.level)
			conflict = conflict || f.mm3 > conflictShare*frags[other.frag].mm3
		default:
			conflict = conflict || len(chain) > 0 && f.mm3 > typicalMM3/2
		}
	}
	return names, conflict
}

func near(a, b fragment, reachZ float64) bool {
	return math.Abs(a.at[2]-b.at[2]) <= reachZ && distance(a, b) <= reachMM
}

func distance(a, b fragment) float64 {
	return math.Sqrt((a.at[0]-b.at[0])*(a.at[0]-b.at[0]) + (a.at[1]-b.at[1])*(a.at[1]-b.at[1]) + (a.at[2]-b.at[2])*(a.at[2]-b.at[2]))
}
