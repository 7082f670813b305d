package phantom

import "math"

// bleed is blood in the canal outside the dura: a crescent in front of the cord or behind.
type bleed struct {
	u, half float64 // level and half length in levels
	mm      float64 // thickness
	side    float64 // -1 in front, 1 behind
}

// Shares of patients with tissue that swells in front of the spine and with blood in the
// canal. Neither tells the classes apart by itself.
const (
	swellBroken, swellWhole = 0.60, 0.15
	bleedBroken, bleedWhole = 0.20, 0.03
)

// soften draws swelling and blood of Phantom4, which replace those of Phantom3: how much
// there is does not depend on the label, only how often, and where.
func (s *scene) soften(events []event, intact bool) {
	r := stream(s.seed, "swelling")
	// The same numbers decide for the twin, so that what a whole patient has stays.
	u, w := r.Float64(), r.Float64()
	swell, blood := r.between(3, 8), bleed{u: r.between(1, 6), half: r.between(0.7, 2.5), mm: r.between(1, 3), side: r.sign()}
	// Whole patients have it where others break, else its place would tell them apart.
	where, off := float64(r.pick(firstLevel[:])), r.spread(0, 0.8)
	n := r.IntN(1 << 20)
	broken := !intact && len(events) > 0
	if broken {
		at := float64(events[n%len(events)].level.Index())
		where, blood.u = at, at
	}
	where = clamp(where+off, 0.5, 6)
	share := func(b, whole float64) float64 {
		if broken {
			return b
		}
		return whole
	}
	if u < share(swellBroken, swellWhole) {
		s.swelling, s.swellingU = swell, where
	}
	if w < share(bleedBroken, bleedWhole) {
		s.blood = blood
	}
}

// at is the thickness at a level.
func (b *bleed) at(u float64) float64 {
	if b.mm == 0 {
		return 0
	}
	return b.mm * math.Exp(-sq((u-b.u)/b.half))
}
