package phantom

import (
	"math"
	"slices"

	"github.com/neckfrac/neckfrac"
)

// DrawsOf are the kernels and fracture types of n seeds of a configuration, all on one
// scene, without a picture.
func DrawsOf(c Config, n uint64) (kernels []string, kinds []Type) {
	c, err := c.filled()
	if err != nil {
		panic(err)
	}
	s := newScene(c)
	for seed := range n {
		c.Seed, s.seed = seed, seed
		for _, e := range drawEvents(c, s) {
			for _, f := range e.found {
				kinds = append(kinds, f.Type)
			}
		}
		a := plan(s, c)
		a.restyle(c.Seed, c.WithoutKernels)
		kernels = append(kernels, a.Kernel)
	}
	return kernels, kinds
}

// Shares are shares among draws of Phantom4.
type Shares struct {
	Look, Metal, SwellBroken, SwellWhole, Comminuted, Slip, Dens, Wide, Hairline float64
}

// CountDraws counts over n patients, whose fractures are drawn on one scene: a scene takes
// longer than all that is drawn on it.
func CountDraws(n uint64) Shares {
	c, err := Config{Edition: Phantom4, Mode: Natural}.filled()
	if err != nil {
		panic(err)
	}
	s := newScene(c)
	var out Shares
	var broken, whole, fractures, facets, c2 float64
	soft := []string{LookCarotid, LookLarynx, LookNuchal}
	metal := []string{LookAnteriorPlate, LookPosteriorRods}
	for seed := range n {
		c.Seed, s.seed = seed, seed
		looks := drawLooks(seed, drawPerson(seed).age)
		out.Look += count(slices.ContainsFunc(looks, func(l Look) bool { return !slices.Contains(soft, l.Kind) }))
		out.Metal += count(slices.ContainsFunc(looks, func(l Look) bool { return slices.Contains(metal, l.Kind) }))
		events := drawEvents(c, s)
		s.swelling = 0
		s.soften(events, false)
		if len(events) == 0 {
			whole++
			out.SwellWhole += count(s.swelling > 0)
			continue
		}
		broken++
		out.SwellBroken += count(s.swelling > 0)
		for _, e := range events {
			for _, f := range e.found {
				fractures++
				out.Comminuted += count(f.Comminuted)
				switch {
				case f.Type == Facet && e.level > neckfrac.C3 && e.level < neckfrac.C7:
					facets++
					out.Slip += count(f.SlipMM > 0)
				case f.Type == DensTip || f.Type == DensNeck || f.Type == DensBody:
					out.Dens++
				}
				c2 += count(e.level == neckfrac.C2)
				if f.WidthMM > 0 {
					out.Wide += count(f.WidthMM > 1.5)
					out.Hairline += count(f.WidthMM < 0.5)
				}
			}
		}
	}
	return Shares{out.Look / float64(n), out.Metal / float64(n), out.SwellBroken / broken, out.SwellWhole / whole, out.Comminuted / fractures,
		out.Slip / facets, out.Dens / c2, out.Wide / fractures, out.Hairline / fractures}
}

func count(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// Overlap is the volume that neighbouring vertebrae share, in mm3, in the twin and in the
// broken patient, and how far C2 moved, in mm.
func Overlap(c Config) (before, after, moved float64) {
	c, err := c.filled()
	if err != nil {
		panic(err)
	}
	s := newScene(c)
	at := s.chain[1].pose.at
	before = s.overlap(nil)
	events := drawEvents(c, s)
	broken := map[*bone]*breakage{}
	for _, e := range events {
		broken[s.chain[e.level.Index()]] = e.breakage
	}
	s.follow(events)
	return before, s.overlap(broken), norm(sub(s.chain[1].pose.at, at))
}

func (s *scene) overlap(broken map[*bone]*breakage) float64 {
	depth := func(b *bone, p vec) float64 {
		p = b.pose.local(p)
		if k := broken[b]; k != nil {
			if d, share := k.at(b, p, 0.2); share > 0.5 {
				return d.d
			}
			return far
		}
		return b.at(p).d
	}
	var n int
	for i := range s.clouds {
		for _, p := range s.clouds[i] {
			if depth(s.chain[i+1], p) < -0.8 && depth(s.chain[i], p) < 0.2 {
				n++
			}
		}
	}
	return math.Round(float64(n) * 8)
}
