package phantom

import (
	"slices"

	"github.com/neckfrac/neckfrac"
)

// Kinds of look-alikes that Phantom4 adds to those of Phantom3.
const (
	LookBridge         = "bridging-osteophyte"
	LookDISH           = "dish"
	LookSplitSpur      = "split-osteophyte"
	LookVacuum         = "disc-vacuum"
	LookOPLL           = "opll"
	LookErosion        = "endplate-erosion"
	LookSclerosis      = "endplate-sclerosis"
	LookApophysis      = "ring-apophysis"
	LookBipartite      = "bipartite-facet"
	LookSpinaBifida    = "spina-bifida-occulta"
	LookLongTransverse = "long-transverse-process"
	LookCervicalRib    = "cervical-rib"
	LookBlock          = "block-vertebra"
	LookAnteriorPlate  = "anterior-plate"
	LookPosteriorRods  = "posterior-rods"
	LookHealedWedge    = "healed-wedge"
	LookOldSpinous     = "ununited-spinous-tip"
	LookNuchal         = "nuchal-calcification"
	LookCarotid        = "carotid-calcification"
	LookLongusColli    = "longus-colli-calcification"
	LookLarynx         = "laryngeal-calcification"
)

// Look asks for a look-alike. Without a Level one is drawn; kinds that are bound to a
// place ignore it.
type Look struct {
	Kind  string
	Level neckfrac.Vertebra
}

// lookKind is a kind with its share of patients by age in years and how it is made.
type lookKind struct {
	kind  string
	share func(age float64) float64
	make  func(*look)
}

// lookKinds lists the kinds in the order in which they are drawn and made: what changes
// the shape of bones comes first, metal last.
func lookKinds() []lookKind {
	rising := func(from, full, share float64) func(float64) float64 {
		return func(age float64) float64 { return share * smooth(from, full, age) }
	}
	always := func(share float64) func(float64) float64 { return func(float64) float64 { return share } }
	young := func(age float64) float64 {
		if age < 26 {
			return 0.25
		}
		return 0.01
	}
	return []lookKind{
		{LookHealedWedge, rising(40, 75, 0.05), (*look).healedWedge},
		{LookOldSpinous, always(0.015), (*look).oldSpinous},
		{LookBlock, always(0.007), (*look).block},
		{LookBridge, rising(40, 80, 0.14), (*look).bridge},
		{LookDISH, rising(45, 80, 0.07), (*look).dish},
		{LookSplitSpur, rising(35, 75, 0.08), (*look).splitSpur},
		{LookVacuum, rising(40, 80, 0.14), (*look).vacuum},
		{LookOPLL, rising(35, 60, 0.025), (*look).opll},
		{LookErosion, rising(25, 70, 0.06), (*look).erosion},
		{LookSclerosis, rising(30, 75, 0.12), (*look).sclerosis},
		{LookApophysis, young, (*look).apophysis},
		{LookBipartite, always(0.006), (*look).bipartite},
		{LookSpinaBifida, always(0.02), (*look).spinaBifida},
		{LookLongTransverse, always(0.03), (*look).longTransverse},
		{LookCervicalRib, always(0.008), (*look).cervicalRib},
		{LookNuchal, rising(35, 75, 0.12), (*look).nuchal},
		{LookCarotid, rising(45, 80, 0.6), (*look).carotid},
		{LookLongusColli, rising(25, 50, 0.005), (*look).longusColli},
		{LookLarynx, rising(20, 60, 0.7), (*look).larynx},
		{LookAnteriorPlate, rising(25, 55, 0.018), (*look).anteriorPlate},
		{LookPosteriorRods, rising(20, 55, 0.008), (*look).posteriorRods},
	}
}

// LookKinds lists the kinds that Phantom4 adds.
func LookKinds() []string {
	var out []string
	for _, k := range lookKinds() {
		out = append(out, k.kind)
	}
	return out
}

// look makes one look-alike of a scene, from a stream of its own.
type look struct {
	r     random
	s     *scene
	level neckfrac.Vertebra // asked for, or 0
	kind  string
}

// drawLooks draws the kinds that a patient of an age carries.
func drawLooks(seed uint64, age float64) []Look {
	r := stream(seed, "looks")
	var out []Look
	for _, k := range lookKinds() {
		if r.chance(k.share(age)) {
			out = append(out, Look{Kind: k.kind})
		}
	}
	return out
}

// addLooks gives a patient look-alikes, those that are asked for among them. They do not
// depend on fractures.
func addLooks(s *scene, asked []Look) {
	all := drawLooks(s.seed, s.p.age)
	for _, l := range asked {
		all = slices.DeleteFunc(all, func(d Look) bool { return d.Kind == l.Kind })
	}
	all = append(all, asked...)
	for _, k := range lookKinds() {
		for _, l := range all {
			if l.Kind == k.kind {
				x := look{r: stream(s.seed, "look "+l.Kind+l.Level.String()), s: s, level: l.Level, kind: l.Kind}
				k.make(&x)
			}
		}
	}
}

// note writes the look-alike into the truth.
func (x *look) note(v neckfrac.Vertebra) {
	x.s.negatives = append(x.s.negatives, Negative{Level: v, Kind: x.kind})
}

// index is the asked level's index, or one drawn by weights of C1 to C7, held between
// two levels.
func (x *look) index(w []float64, lo, hi int) int {
	i := x.r.pick(w)
	if x.level.Valid() {
		i = x.level.Index()
	}
	return min(max(i, lo), hi)
}

// wornLevels are where discs wear most.
var wornLevels = []float64{0, 0.3, 1, 2, 4, 4, 1.5}

// under adds a piece that is painted before the vertebrae, in the frame of the vertebra
// i that it goes with.
func (x *look) under(name string, i int) *bone {
	b := x.piece(name, i)
	x.s.unders = append(x.s.unders, b)
	return b
}

// over adds a piece that is painted after all other bone.
func (x *look) over(name string, i int) *bone {
	b := x.piece(name, i)
	x.s.others = append(x.s.others, b)
	return b
}

func (x *look) piece(name string, i int) *bone {
	host := x.s.chain[i]
	return &bone{name: name, pose: host.pose, wobble: 0.25, spongy: host.spongy, hard: host.hard, ride: i}
}

// calcium adds a calcification: even, without marrow and without a label.
func (x *look) calcium(name string, i int, hu float64) *bone {
	b := x.over(name, i)
	b.unmarked, b.hard, b.wobble = true, hu, 0.5
	return b
}

// solidAll is a thickness of compact bone that leaves no marrow.
const solidAll = 60.0
