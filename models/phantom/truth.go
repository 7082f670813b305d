package phantom

import (
	"math"

	"github.com/neckfrac/neckfrac"
)

// truth fills what is known before the picture: persons, boxes, coverage.
func (s *scene) truth(c Config, a *acquisition, events []event) Truth {
	t := Truth{
		ID: studyID(c.Seed), Generator: Version, Anatomy: c.Anatomy.Name(), Seed: c.Seed, Intact: c.Intact,
		Levels: map[neckfrac.Vertebra]*LevelTruth{}, Negatives: s.negatives, Scanner: a.Scanner,
		Person: Person{Age: math.Floor(s.p.age), Sex: "F"},
	}
	if s.p.male {
		t.Person.Sex = "M"
	}
	t.Scanner.Contrast = s.look().contrast > 100
	for _, v := range neckfrac.Vertebrae() {
		b := s.chain[v.Index()]
		box, in := b.extent(a)
		lt := &LevelTruth{Fractures: []Fracture{}, InField: in}
		for i := range 3 {
			lt.BoxMM[i], lt.BoxMM[i+3] = round2(box.Min[i]), round2(box.Max[i])
		}
		t.Levels[v] = lt
	}
	if !c.Intact {
		for _, e := range events {
			t.Levels[e.level].Fractures = append(t.Levels[e.level].Fractures, e.found...)
		}
	}
	return t
}

// extent samples the whole bone every 1.5 mm: its box and how much of it the stack
// holds.
func (b *bone) extent(a *acquisition) (neckfrac.Box, string) {
	const step = 1.5
	grid := neckfrac.Grid{
		Dims: [3]int{a.nx, a.ny, a.nz}, SpacingMM: vec{a.PixelMM, a.PixelMM, a.SpacingMM}, OriginMM: a.origin, Direction: identity,
	}
	field := grid.Bounds()
	for c, h := range [3]float64{a.PixelMM / 2, a.PixelMM / 2, a.SpacingMM / 2} {
		field.Min[c] -= h
		field.Max[c] += h
	}
	box := neckfrac.EmptyBox()
	var in, all int
	for z := b.lo[2]; z <= b.hi[2]; z += step {
		for y := b.lo[1]; y <= b.hi[1]; y += step {
			for x := b.lo[0]; x <= b.hi[0]; x += step {
				if b.at(vec{x, y, z}).d > 0.2 {
					continue
				}
				p := b.pose.outer(vec{x, y, z})
				box = box.Add(p)
				all++
				if field.Contains(p) {
					in++
				}
			}
		}
	}
	box = box.Grow(0.5)
	switch {
	case in*100 >= all*98:
		return box, "full"
	case in*100 <= all*2:
		return box, "none"
	}
	return box, "partial"
}
