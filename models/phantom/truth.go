package phantom

import (
	"math"

	"github.com/neckfrac/neckfrac"
)

// truth fills what is known before the picture: persons, boxes, coverage.
func (s *scene) truth(c Config, a *acquisition, events []event) Truth {
	t := Truth{
		ID: studyID(c.Seed), Generator: string(c.Edition), Anatomy: c.Anatomy.Name(), Seed: c.Seed, Intact: c.Intact, Recipe: c.recipe(),
		Levels: map[neckfrac.Vertebra]*LevelTruth{}, Negatives: s.negatives, Scanner: a.Scanner,
		Person: Person{Age: math.Floor(s.p.age), Sex: "F", PostOperative: s.hardware},
	}
	if s.p.male {
		t.Person.Sex = "M"
	}
	if m, ok := c.Anatomy.(*MeshAnatomy); ok {
		t.Attribution = m.Attribution()
	}
	t.Scanner.Contrast = s.look().contrast > 100
	for _, v := range neckfrac.Vertebrae() {
		cloud := s.clouds[v.Index()]
		box := boxOf(cloud)
		lt := &LevelTruth{Fractures: []Fracture{}, InField: a.inField(cloud)}
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

// cloud are the places inside a bone on a lattice of 2 mm, in the patient.
func (b *bone) cloud() []vec {
	const step = 2.0
	var out []vec
	for z := b.lo[2]; z <= b.hi[2]; z += step {
		for y := b.lo[1]; y <= b.hi[1]; y += step {
			for x := b.lo[0]; x <= b.hi[0]; x += step {
				if p := (vec{x, y, z}); b.at(p).d <= 0.2 {
					out = append(out, b.pose.outer(p))
				}
			}
		}
	}
	return out
}

// boxOf is the box of a cloud, grown by half a step.
func boxOf(cloud []vec) neckfrac.Box {
	box := neckfrac.EmptyBox()
	for _, p := range cloud {
		box = box.Add(p)
	}
	return box.Grow(0.8)
}

// inField says how much of a cloud the stack holds.
func (a *acquisition) inField(cloud []vec) string {
	field := a.grid().Bounds()
	for c, h := range [3]float64{a.PixelMM / 2, a.PixelMM / 2, a.SpacingMM / 2} {
		field.Min[c] -= h
		field.Max[c] += h
	}
	var in int
	for _, p := range cloud {
		if field.Contains(p) {
			in++
		}
	}
	switch all := len(cloud); {
	case in*100 >= all*98:
		return "full"
	case in*100 <= all*2:
		return "none"
	}
	return "partial"
}
