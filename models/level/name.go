package level

import (
	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/input"
)

const (
	// fullMM3 is less than the smallest adult cervical vertebra measures (C3 of a
	// small woman, about 5 cm³ with its arch); a smaller mask is a part of one.
	fullMM3 = 2500
	// edgeVoxels is how near to the border of the field a mask counts as cut: a
	// segmenter often leaves the very last row empty.
	edgeVoxels = 1
)

// Found is one level in the field.
type Found struct {
	Coverage neckfrac.Coverage
	// Region measures the level's mask; it is zero with CoverageNone.
	Region input.Region
}

// Result holds the named vertebrae.
type Result struct {
	// Labels is the segmentation with the final names, on the same grid.
	Labels []uint8
	Levels [neckfrac.Levels]Found
	// Ambiguous says that the segmenter's names did not fit the anatomical order.
	Ambiguous bool
}

// Full counts the levels that lie wholly in the field.
func (r Result) Full() int {
	n := 0
	for _, f := range r.Levels {
		if f.Coverage == neckfrac.CoverageFull {
			n++
		}
	}
	return n
}

// Last is the lowest level wholly in the field, or none.
func (r Result) Last() neckfrac.Vertebra {
	var last neckfrac.Vertebra
	for _, v := range neckfrac.Vertebrae() {
		if r.Levels[v.Index()].Coverage == neckfrac.CoverageFull {
			last = v
		}
	}
	return last
}

// Name names the vertebrae of a segmentation: 0 background, 1..7 C1..C7, 8 other
// bone, in the order of g. labels is not modified; its length must be g.Len(), which
// is the caller's to keep since it made both.
func Name(g input.Grid, labels []uint8) Result {
	frags, ids := fragments(g, labels)
	chain := choose(frags)
	names, conflict := attach(frags, chain)
	out := Result{Labels: make([]uint8, len(labels)), Ambiguous: conflict || broken(frags, chain)}
	for i, l := range labels {
		switch {
		case l == neckfrac.LabelOtherBone:
			out.Labels[i] = l
		case ids[i] > 0:
			out.Labels[i] = names[ids[i]-1]
		case neckfrac.Vertebra(l).Valid():
			out.Labels[i] = neckfrac.LabelOtherBone
		}
	}
	regions := input.Regions(g, out.Labels)
	for _, v := range neckfrac.Vertebrae() {
		if r := regions[v]; r.Voxels > 0 {
			out.Levels[v.Index()] = Found{Coverage: coverage(g, r), Region: r}
		}
	}
	return out
}

func coverage(g input.Grid, r input.Region) neckfrac.Coverage {
	if float64(r.Voxels)*g.SpacingMM*g.SpacingMM*g.SpacingMM < fullMM3 {
		return neckfrac.CoveragePartial
	}
	for c := range 3 {
		edge := 0
		if c == 2 {
			edge = edgeVoxels
		}
		if r.Lo[c] <= edge || r.Hi[c] >= g.Dims[c]-1-edge {
			return neckfrac.CoveragePartial
		}
	}
	return neckfrac.CoverageFull
}

// broken reports whether the chain changed a name or leaves a level out between two
// others.
func broken(frags []fragment, chain []link) bool {
	for i, l := range chain {
		if frags[l.frag].class != l.level || i > 0 && l.level != chain[i-1].level+1 {
			return true
		}
	}
	return false
}
