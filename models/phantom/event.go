package phantom

import (
	"math"
	"strconv"

	"github.com/neckfrac/neckfrac"
)

// event is the fracture of one vertebra.
type event struct {
	level    neckfrac.Vertebra
	found    []Fracture
	breakage *breakage
	swelling float64
	shifts   []shift // of the neck above
}

// drawEvents draws the fractures of a study. Every level has its own stream.
func drawEvents(c Config, s *scene) []event {
	r := stream(c.Seed, "levels")
	var specs []FractureSpec
	if c.Mode == Forced {
		specs = c.Fractures
	} else {
		for _, v := range drawLevels(r, c.Mode) {
			specs = append(specs, FractureSpec{Level: v})
		}
	}
	var out []event
	at := map[neckfrac.Vertebra]int{}
	for i, f := range specs {
		fr := stream(c.Seed, "fracture "+strconv.Itoa(i)+f.Level.String())
		if f.Type == "" {
			f.Type = c.drawType(fr, f.Level)
		}
		n, ok := at[f.Level]
		if !ok {
			n = len(out)
			at[f.Level] = n
			out = append(out, event{level: f.Level, breakage: &breakage{blood: fr.between(20, 70)}})
		}
		e := &out[n]
		b := &breaker{r: fr, b: s.chain[f.Level.Index()], m: s.p.level[f.Level.Index()], k: e.breakage, level: f.Level}
		b.drawWidth()
		if c.Edition == Phantom4 {
			b.more(f.Type, s, stream(c.Seed, "fracture-4 "+strconv.Itoa(i)+f.Level.String()))
			e.shifts = append(e.shifts, b.shifts...)
		} else {
			b.breakAs(f.Type)
		}
		e.found = append(e.found, Fracture{
			Type: f.Type, WidthMM: round2(b.width), DisplacementMM: round2(b.moved), HeightLoss: round2(b.loss),
			Comminuted: b.comminuted, SlipMM: round2(b.slip), KyphosisDeg: round2(b.kyphosis), CanalMM: round2(b.canal),
		})
		if fr.chance(0.6) {
			e.swelling = fr.between(2.5, 7)
		}
	}
	return out
}

// swell thickens the tissue in front of the spine.
func (s *scene) swell(e event) {
	if e.swelling > s.swelling {
		s.swelling, s.swellingU = e.swelling, float64(e.level.Index())
	}
}

func round2(v float64) float64 { return math.Round(v*100) / 100 }

// breaker breaks one bone: it adds cuts to the breakage from the bone's marks.
type breaker struct {
	r     random
	b     *bone
	m     measures
	k     *breakage
	level neckfrac.Vertebra
	width float64 // of the gap, mm
	moved float64 // greatest move, mm
	loss  float64
	// Of Phantom4.
	shifts                []shift
	slip, kyphosis, canal float64
	comminuted            bool
}

// drawWidth draws the gap by the mix hairline 35 %, usual 45 %, wide 20 %.
func (b *breaker) drawWidth() {
	switch b.r.pick([]float64{35, 45, 20}) {
	case 0:
		b.width = b.r.logBetween(0.25, 0.5)
	case 1:
		b.width = b.r.logBetween(0.5, 1.5)
	default:
		b.width = b.r.logBetween(1.5, 3.6)
	}
}

// step draws a move that goes with the gap: hairlines hardly move.
func (b *breaker) step(most float64) float64 {
	return most * b.r.Float64() * smooth(0.1, 1.6, b.width)
}

// cut adds a cut with the breaker's gap.
func (b *breaker) cut(c cut) {
	if c.gap == 0 {
		c.gap = b.width
	}
	if c.rough == 0 {
		c.rough = b.r.between(0.3, 0.9)
	}
	if c.hi == (vec{}) && c.lo == (vec{}) {
		c.lo, c.hi = vec{-200, -200, -200}, vec{200, 200, 200}
	}
	c.phase = b.r.between(0, 500)
	b.moved = max(b.moved, norm(c.move))
	b.k.cuts = append(b.k.cuts, newCut(c))
}

func (b *breaker) side() (int, float64) {
	if b.r.chance(0.5) {
		return 0, -1
	}
	return 1, 1
}

func (b *breaker) breakAs(t Type) {
	switch t {
	case C1PosteriorArch:
		b.posteriorArch()
	case C1Jefferson:
		b.jefferson()
	case C1LateralMass:
		b.atlasMass()
	case C1AnteriorArch:
		b.anteriorArch()
	case DensTip, DensNeck, DensBody:
		b.dens(t)
	case Hangman:
		b.hangman()
	case Facet:
		b.facet()
	case Pedicle:
		b.pedicle()
	case Lamina:
		b.lamina()
	case TransverseProcess:
		b.transverse()
	case SpinousProcess:
		b.spinous()
	case Compression:
		b.compression()
	case Burst:
		b.burst()
	case FlexionTeardrop:
		b.teardrop(5, 11, 1)
	case ExtensionTeardrop:
		b.teardrop(2.5, 6, 0)
	}
}

// along is the box of one side of the bone.
func half(x float64) (lo, hi vec) {
	lo, hi = vec{-200, -200, -200}, vec{200, 200, 200}
	if x < 0 {
		hi[0] = -1.5
	} else {
		lo[0] = 1.5
	}
	return lo, hi
}
