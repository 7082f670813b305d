package phantom

import (
	"slices"

	"github.com/neckfrac/neckfrac"
)

func contained(list []string, s string) bool { return slices.Contains(list, s) }

// Kernels lists the names of reconstruction kernels that are drawn, softest family first.
func Kernels() []string {
	var out []string
	for _, f := range kernels {
		out = append(out, f...)
	}
	return out
}

// checkHeldOut refuses what cannot be left out, and what leaves nothing to draw.
func (c Config) checkHeldOut(op string) error {
	if (len(c.WithoutTypes) > 0 || len(c.WithoutKernels) > 0 || len(c.Looks) > 0) && c.Edition != Phantom4 {
		return neckfrac.Errorf(neckfrac.Invalid, op, "types, kernels and look-alikes are chosen in %s only", Phantom4)
	}
	known := map[Type]bool{}
	for _, v := range neckfrac.Vertebrae() {
		left := 0
		for _, t := range c.Edition.Types(v) {
			known[t] = true
			if !slices.Contains(c.WithoutTypes, t) {
				left++
			}
		}
		if left == 0 {
			return neckfrac.Errorf(neckfrac.Invalid, op, "no fracture type is left at %v", v)
		}
	}
	for _, t := range c.WithoutTypes {
		if !known[t] {
			return neckfrac.Errorf(neckfrac.Invalid, op, "unknown fracture type to leave out")
		}
	}
	for _, f := range c.Fractures {
		if slices.Contains(c.WithoutTypes, f.Type) {
			return neckfrac.Errorf(neckfrac.Invalid, op, "a fracture type is asked for and left out")
		}
	}
	for _, k := range c.WithoutKernels {
		if !slices.Contains(Kernels(), k) {
			return neckfrac.Errorf(neckfrac.Invalid, op, "unknown kernel to leave out")
		}
	}
	for _, f := range kernels {
		if !slices.ContainsFunc(f, func(k string) bool { return !slices.Contains(c.WithoutKernels, k) }) {
			return neckfrac.Errorf(neckfrac.Invalid, op, "no kernel is left of a family")
		}
	}
	for _, l := range c.Looks {
		if !slices.Contains(LookKinds(), l.Kind) {
			return neckfrac.Errorf(neckfrac.Invalid, op, "unknown look-alike")
		}
	}
	return nil
}

// drawType draws a pattern of an edition, held-out ones aside.
func (c Config) drawType(r random, v neckfrac.Vertebra) Type {
	s := c.Edition.shares(v)
	w := make([]float64, len(s))
	for i := range s {
		if !slices.Contains(c.WithoutTypes, s[i].t) {
			w[i] = s[i].w
		}
	}
	return s[r.pick(w)].t
}
