package bench

import (
	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/evaluate"
	"github.com/neckfrac/neckfrac/models/phantom"
)

// Study is what is kept of a generated study: its truth and its features, some 8 KB.
type Study struct {
	ID       string                 `json:"id"`
	Seed     uint64                 `json:"seed"`
	Digest   string                 `json:"digest"`
	Patient  int                    `json:"patient_label"`
	Scanner  phantom.Scanner        `json:"scanner"`
	Person   phantom.Person         `json:"person"`
	Rows     int                    `json:"rows"`
	Slices   int                    `json:"slices"`
	FieldMM  float64                `json:"field_mm"`
	HeightMM float64                `json:"height_mm"`
	Levels   [neckfrac.Levels]Level `json:"levels"`
}

// Level is one vertebra of a study.
type Level struct {
	Label  int    `json:"label"`
	Occult bool   `json:"occult"`
	Field  string `json:"in_field"`
	// Type, WidthMM and CNR are the fracture's: the widest one's where there are several.
	Type    phantom.Type `json:"type,omitempty"`
	WidthMM float64      `json:"width_mm,omitempty"`
	CNR     float64      `json:"cnr,omitempty"`
	// LookAlikes counts the level's hard negatives.
	LookAlikes int `json:"look_alikes"`
	// Place is where the whole bone's box stands in the stack, by PlaceNames.
	Place []evaluate.Number `json:"place"`
	// Shape and Image are by ShapeNames and ImageNames; NaN where a vertebra lacks what
	// is measured. Both are nil for a level that no voxel shows.
	Shape []evaluate.Number `json:"shape,omitempty"`
	Image []evaluate.Number `json:"image,omitempty"`
}

// PlaceNames are the measures of Level.Place, mm: the middle of the box beside the middle
// of the field, and its distance to the lowest and the highest slice.
func PlaceNames() []string { return []string{"x", "y", "above_lowest", "below_highest"} }

// Measure takes a study's truth and features.
func Measure(s *phantom.Study) Study {
	t, g := &s.Truth, s.Volume.Grid
	out := Study{
		ID: t.ID, Seed: t.Seed, Digest: s.Digest(), Patient: t.Patient, Scanner: t.Scanner, Person: t.Person,
		Rows: g.Dims[1], Slices: g.Dims[2],
		FieldMM: float64(g.Dims[0]) * g.SpacingMM[0], HeightMM: float64(g.Dims[2]) * g.SpacingMM[2],
	}
	bones := masks(&s.Labels)
	for _, v := range neckfrac.Vertebrae() {
		l := levelOf(t, v, g)
		if m := &bones[v.Index()]; len(m.at) > 0 && l.Field == "full" {
			l.Shape, l.Image = m.shape(), m.image(&s.Volume)
		}
		out.Levels[v.Index()] = l
	}
	besideNeighbours(&out.Levels)
	return out
}

func levelOf(t *phantom.Truth, v neckfrac.Vertebra, g neckfrac.Grid) Level {
	lt := t.Levels[v]
	l := Level{Label: lt.Label, Occult: lt.Occult, Field: lt.InField}
	for _, f := range lt.Fractures {
		if l.Type == "" || f.WidthMM > l.WidthMM {
			l.Type, l.WidthMM = f.Type, f.WidthMM
		}
		l.CNR = max(l.CNR, f.CNR)
	}
	for _, n := range t.Negatives {
		if n.Level == v {
			l.LookAlikes++
		}
	}
	field := g.Bounds()
	mid := field.Center()
	b := lt.BoxMM
	l.Place = []evaluate.Number{
		evaluate.Number((b[0]+b[3])/2 - mid[0]), evaluate.Number((b[1]+b[4])/2 - mid[1]),
		evaluate.Number(b[2] - field.Min[2]), evaluate.Number(field.Max[2] - b[5]),
	}
	return l
}

// scored says that a level is held against a score: wholly in the field, and its
// fracture, if any, can be seen. models/evaluate has the same rule.
func (l *Level) scored() bool { return l.Field == "full" && !l.Occult && l.Image != nil }

// judged says that the voxels can show the patient's state: something can be seen, or
// nothing is broken; and that a level is there to be scored.
func (s *Study) judged() bool {
	var seen, occult, scored bool
	for i := range s.Levels {
		l := &s.Levels[i]
		seen = seen || l.Label == 1
		occult = occult || l.Occult
		scored = scored || l.scored()
	}
	return scored && (seen || !occult)
}
