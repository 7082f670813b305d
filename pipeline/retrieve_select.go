package pipeline

import (
	"slices"

	"github.com/neckfrac/neckfrac"
)

// Selection names what one request asks for: the whole study without Series, whole series
// without Instances, else Instances of the one series.
type Selection struct {
	Series    []neckfrac.SeriesUID
	Instances []neckfrac.InstanceUID
}

const (
	// maxAskedInstances bounds the UID list of one request: 64 UIDs are at most 4 KiB.
	maxAskedInstances = 64
	// maxAskedSeries bounds it at the series level.
	maxAskedSeries = 32
	// Some archives match one UID where PS3.4 §C.2.2.2.2 has a list, or know fewer levels:
	// from these attempts on whole series are asked for, and then the study, unless the
	// source was merely away or slow.
	attemptBySeries, attemptByStudy = 2, 4
)

// want asks for what is missing and for nothing that is held: whole series of which
// nothing came, single instances of the others.
func want(r neckfrac.Retrieval, missing []neckfrac.AnnouncedInstance) Wanted {
	w := Wanted{Study: r.Study}
	for _, in := range missing {
		if !slices.Contains(w.SOPClasses, in.SOPClassUID) {
			w.SOPClasses = append(w.SOPClasses, in.SOPClassUID)
		}
	}
	attempt := r.Attempt
	if r.Reason != neckfrac.NotFound && r.Reason != neckfrac.Invalid {
		attempt = 0
	}
	if attempt >= attemptByStudy {
		w.Selections = []Selection{{}}
		return w
	}
	announced := map[neckfrac.SeriesUID]int{}
	for _, in := range r.Instances {
		announced[in.Series]++
	}
	var order []neckfrac.SeriesUID
	absent := map[neckfrac.SeriesUID][]neckfrac.InstanceUID{}
	for _, in := range missing {
		if absent[in.Series] == nil {
			order = append(order, in.Series)
		}
		absent[in.Series] = append(absent[in.Series], in.UID)
	}
	var whole []neckfrac.SeriesUID
	for _, s := range order {
		if attempt >= attemptBySeries || len(absent[s]) == announced[s] {
			whole = append(whole, s)
			continue
		}
		for part := range slices.Chunk(absent[s], maxAskedInstances) {
			w.Selections = append(w.Selections, Selection{Series: []neckfrac.SeriesUID{s}, Instances: part})
		}
	}
	for part := range slices.Chunk(whole, maxAskedSeries) {
		w.Selections = append(w.Selections, Selection{Series: part})
	}
	return w
}
