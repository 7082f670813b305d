package volume

import (
	"math"
	"slices"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/pipeline/pixel"
)

// fault is why a stack can't be analysed.
type fault struct {
	reason neckfrac.Reason
	detail string
}

func (f fault) bad() bool { return f.reason != "" }

// gated is a stack that passed: slices in place, one per place, with the spare copies
// of a place beside them.
type gated struct {
	slices []header
	// spare holds slices at a place that is taken; each must have the pixels of
	// slices[spare.of].
	spare   []spare
	stepMM  float64
	axes    axes
	shear   shear
	limited bool // coarser than the analysis is made for
}

type spare struct {
	header
	of int
}

// gate checks the stack's geometry (reliability: missing, doubled, mixed and sheared
// slices must never reach a model). It reads no pixels.
func gate(s stack, lim Limits) (gated, fault) {
	if s.damaged.bad() {
		return gated{}, s.damaged
	}
	if f := gateFiles(s, lim); f.bad() {
		return gated{}, f
	}
	ax, ok := canonical(s.first().plane)
	if !ok || s.first().plane.tiltDegrees() > MaxTiltDegrees {
		return gated{}, fault{neckfrac.Geometry, "orientation"}
	}
	g := gated{axes: ax}
	if f := g.takePlaces(s.slices); f.bad() {
		return gated{}, f
	}
	at := offsets(g.slices, ax.dir[2])
	if f := checkSteps(at); f.bad() {
		return gated{}, f
	}
	var f fault
	if g.shear, f = measureShear(g.slices, ax.dir); f.bad() {
		return gated{}, f
	}
	if f := g.fits(lim); f.bad() {
		return gated{}, f
	}
	g.stepMM = (at[len(at)-1] - at[0]) / float64(len(at)-1)
	coarse := max(g.stepMM, s.thicknessMM())
	if coarse > MaxThicknessMM+epsMM {
		return gated{}, fault{neckfrac.SliceThickness, "slice thickness"}
	}
	p := s.first().plane
	g.limited = coarse > FullThicknessMM+epsMM || max(p.rowMM, p.colMM) > FullPixelMM+epsMM
	return g, fault{}
}

// gateFiles checks sizes and pixel formats before anything is sized by them.
func gateFiles(s stack, lim Limits) fault {
	h := s.first()
	n := int64(len(s.slices))
	switch {
	case len(s.slices) > lim.MaxSlices || h.rows > lim.MaxSide || h.cols > lim.MaxSide,
		n*int64(h.rows)*int64(h.cols) > lim.MaxVoxels:
		return fault{neckfrac.Geometry, "larger than the limits"}
	}
	for _, x := range s.slices {
		if x.formatFault != "" {
			return fault{neckfrac.PixelUnreadable, x.formatFault}
		}
		if x.syntax.Encapsulated && !pixel.Decodes(x.syntax.UID) {
			return fault{neckfrac.PixelUnreadable, "no decoder for the transfer syntax"}
		}
	}
	return fault{}
}

// fits checks the limits again with what undoing a shear adds to the grid.
func (g gated) fits(lim Limits) fault {
	d := g.grid().Dims
	if max(d[0], d[1]) > lim.MaxSide || int64(d[0])*int64(d[1])*int64(d[2]) > lim.MaxVoxels {
		return fault{neckfrac.Geometry, "larger than the limits"}
	}
	return fault{}
}

// takePlaces sorts by place; slices at the same place are ordered by identifier, the
// first is kept.
func (g *gated) takePlaces(in []header) fault {
	k := g.axes.dir[2]
	sorted := slices.Clone(in)
	slices.SortStableFunc(sorted, alongThen(k))
	for _, h := range sorted {
		last := len(g.slices) - 1
		if last >= 0 && dot(sub(h.plane.position, g.slices[last].plane.position), k) < samePlaceMM {
			if d := sub(h.plane.position, g.slices[last].plane.position); dot(d, d) > stepMM*stepMM {
				return fault{neckfrac.Geometry, "slices beside each other"}
			}
			g.spare = append(g.spare, spare{h, last})
			continue
		}
		g.slices = append(g.slices, h)
	}
	if len(g.slices) < minSlices {
		return fault{neckfrac.Geometry, "slices at the same place"}
	}
	return fault{}
}

// checkSteps compares every step with the median. Few wide steps are missing slices;
// many, or narrow ones, are two scans in one or an irregular one.
func checkSteps(at []float64) fault {
	usual := medianStep(at)
	tol := stepTolerance(usual)
	if rs := stepRuns(at); len(rs) > 1 && slices.ContainsFunc(rs, func(r run) bool { return math.Abs(r.stepMM-rs[0].stepMM) > tol }) {
		// Scans that could be told apart were, in stack.runs.
		return fault{neckfrac.Gap, "two spacings"}
	}
	wide, narrow := 0, 0
	for i := 1; i < len(at); i++ {
		switch d := at[i] - at[i-1] - usual; {
		case d > tol:
			wide++
		case d < -tol:
			narrow++
		}
	}
	switch {
	case narrow > 0:
		return fault{neckfrac.Geometry, "uneven steps"}
	case wide > 3 && wide*10 > len(at):
		return fault{neckfrac.Geometry, "mixed steps"}
	case wide > 0:
		return fault{neckfrac.Gap, "step between slices"}
	}
	mean := (at[len(at)-1] - at[0]) / float64(len(at)-1)
	for i := range at {
		// Steps that are each within tolerance may still add up to a stack that no single
		// spacing describes: every slice lies within a step's tolerance of its place.
		if math.Abs(at[i]-at[0]-float64(i)*mean) > stepTolerance(mean) {
			return fault{neckfrac.Geometry, "uneven steps"}
		}
	}
	return fault{}
}

// stepTolerance is how far a step may differ from the usual one.
func stepTolerance(usual float64) float64 { return max(stepShare*usual, stepMM) + epsMM }

// offsets are the places along a direction, ascending, in mm.
func offsets(in []header, k neckfrac.Vec3) []float64 {
	at := make([]float64, len(in))
	for i, h := range in {
		at[i] = dot(h.plane.position, k)
	}
	slices.Sort(at)
	return at
}

// medianStep is the median distance of neighbouring places that differ, 0 if there
// are none.
func medianStep(at []float64) float64 {
	var steps []float64
	for i := 1; i < len(at); i++ {
		if d := at[i] - at[i-1]; d >= samePlaceMM {
			steps = append(steps, d)
		}
	}
	if len(steps) == 0 {
		return 0
	}
	slices.Sort(steps)
	return steps[len(steps)/2]
}
