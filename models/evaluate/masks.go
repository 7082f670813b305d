package evaluate

import (
	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/input"
)

// leastOverlap is the share of a found mask that must lie on one true vertebra, as in
// the data set that the classifier is trained on.
const leastOverlap = 0.3

// compareMasks fills what the true labels, in any axis order, say of the found ones.
func (c *Case) compareMasks(x Outcome, truth *neckfrac.Labels) error {
	want, err := input.SampleLabels(truth, x.Grid)
	if err != nil {
		return neckfrac.E("compare masks", err)
	}
	if len(want) != len(x.Found.Labels) {
		return neckfrac.Errorf(neckfrac.Internal, "compare masks", "%d labels for %d voxels", len(x.Found.Labels), len(want))
	}
	// both[f][t] counts the voxels that were found as f and are t.
	var both [neckfrac.LabelOtherBone + 1][neckfrac.LabelOtherBone + 1]int
	for i, f := range x.Found.Labels {
		both[min(f, neckfrac.LabelOtherBone)][min(want[i], neckfrac.LabelOtherBone)]++
	}
	c.Compared = true
	for _, v := range neckfrac.Vertebrae() {
		found, real := 0, 0
		for l := range both {
			found += both[v][l]
			real += both[l][v]
		}
		l := &c.Levels[v.Index()]
		if found+real > 0 {
			l.Dice = 2 * float64(both[v][v]) / float64(found+real)
		}
		l.Named = both[v][v] > 0 && float64(both[v][v]) >= leastOverlap*float64(found)
		for _, other := range neckfrac.Vertebrae() {
			l.Named = l.Named && both[v][other] <= both[v][v]
		}
	}
	return nil
}
