package volume

import (
	"cmp"
	"context"
	"slices"

	"github.com/neckfrac/neckfrac"
)

// Bounds of what asking the pixels may cost.
const (
	// maxAsked candidates at the top of the ranking are asked.
	maxAsked = 6
	// maxSamples slices are read of each, evenly spread: one in 20 mm of a neck scan.
	maxSamples = 12
)

// askPixels lets the content rules speak where they can change the choice: of at least
// two eligible candidates, those that the rule's points could lift to the top. Where the
// pixels of one can't be read, nobody gets points: a broken neck must meet the gate before
// a whole head that happens to be readable. cs is ranked before and after.
func askPixels(ctx context.Context, cs []candidate, rules *Rules, lim Limits) error {
	points := 0.0 // that pixels may give
	for _, s := range rules.Score {
		if s.Group == GroupContent {
			points += s.Points
		}
	}
	near := 0 // candidates that points could lift to the top, the first one among them
	for near < min(len(cs), maxAsked) && cs[near].eligible() && (cs[near].last == nil) == (cs[0].last == nil) &&
		cs[near].score()+points >= cs[0].score() {
		near++
	}
	if points == 0 || near < 2 {
		return nil
	}
	var necks [maxAsked]float64
	for i := range near {
		if err := ctx.Err(); err != nil {
			return neckfrac.Wrap(neckfrac.Unavailable, "assemble", err)
		}
		mm, ok := neckMM(cs[i].stack, lim)
		if !ok {
			return nil
		}
		necks[i] = mm
	}
	for i := range near {
		cs[i].facts.neckMM, cs[i].facts.neckMMKnown = necks[i], true
		cs[i].weigh()
	}
	rank(cs)
	return nil
}

// neckMM is the length of a stack whose slices look like a neck.
func neckMM(s stack, lim Limits) (mm float64, ok bool) {
	ax, ok := canonical(s.first().plane)
	if !ok || gateFiles(s, lim).bad() {
		return 0, false
	}
	k := ax.dir[2]
	sorted := slices.Clone(s.slices)
	slices.SortStableFunc(sorted, func(a, b header) int {
		return cmp.Or(cmp.Compare(dot(a.plane.position, k), dot(b.plane.position, k)),
			cmp.Compare(a.in.Instance, b.in.Instance), cmp.Compare(a.index, b.index))
	})
	n := min(len(sorted), maxSamples)
	f := filler{axes: ax, frames: frameReader{lim: lim}, tables: make(map[format]*table)}
	h := sorted[0]
	hu := make([]int16, h.rows*h.cols) // bounded by Limits.MaxSide
	picture := slice{hu, h.cols, h.rows, h.plane.colMM, h.plane.rowMM}
	if ax.swap {
		picture = slice{hu, h.rows, h.cols, h.plane.rowMM, h.plane.colMM}
	}
	necks := 0
	for i := range n {
		x := sorted[(2*i+1)*len(sorted)/(2*n)]
		if err := f.decode(x, hu); err != nil {
			return 0, false
		}
		if picture.outline().neck() {
			necks++
		}
	}
	extent := dot(sub(sorted[len(sorted)-1].plane.position, h.plane.position), k)
	return extent * float64(necks) / float64(n), true
}
