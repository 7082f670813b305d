package dataset

import "github.com/neckfrac/neckfrac"

// leastOverlap is the share of a predicted mask that must lie on one true vertebra
// for its truth to count; under it the mask is on nothing that is labelled.
const leastOverlap = 0.3

// TrueLevel gives the vertebra that most of a predicted level's mask lies on; false
// when too little of it lies on any. The fields must have the same grid.
func TrueLevel(predicted, truth []uint8, level uint8) (neckfrac.Vertebra, bool) {
	var hits [neckfrac.LabelOtherBone + 1]int
	n := 0
	for i, l := range predicted {
		if l == level {
			n++
			hits[min(truth[i], neckfrac.LabelOtherBone)]++
		}
	}
	var best neckfrac.Vertebra
	most := 0
	for _, v := range neckfrac.Vertebrae() {
		if hits[v] > most {
			best, most = v, hits[v]
		}
	}
	return best, n > 0 && float64(most) >= leastOverlap*float64(n)
}
