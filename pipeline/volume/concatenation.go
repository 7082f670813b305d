package volume

import (
	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
)

// concatenation says that an object is one part of a larger one, PS3.3 §C.7.6.16.1.3.
// Its frames join those of the other parts like slices of a series.
type concatenation struct {
	uid           string
	number, total int // total is 0 where it is not stated
}

func readConcatenation(ds dataset.Dataset) concatenation {
	uid, ok := ds.UID(dataset.TagConcatenationUID)
	if !ok {
		return concatenation{}
	}
	n, _ := ds.Uint16(dataset.TagInConcatenationNumber)
	total, _ := ds.Uint16(dataset.TagInConcatenationTotalNumber)
	return concatenation{uid: uid, number: int(n), total: int(total)}
}

// missing marks the series of a concatenation of which a part that is known to exist
// did not come. Where that is the last part, no gap between slices would show it.
func missing(in []header, damaged map[neckfrac.SeriesUID]fault) {
	type seen struct {
		series neckfrac.SeriesUID
		parts  map[int]bool
		want   int
	}
	all := make(map[string]*seen)
	for _, h := range in {
		c := h.concatenation
		if c.uid == "" {
			continue
		}
		s := all[c.uid]
		if s == nil {
			s = &seen{series: h.in.Series, parts: make(map[int]bool)}
			all[c.uid] = s
		}
		s.parts[c.number] = true
		s.want = max(s.want, c.number, c.total)
	}
	for _, s := range all {
		if len(s.parts) < s.want && !damaged[s.series].bad() {
			damaged[s.series] = fault{neckfrac.Gap, "part of a concatenation"}
		}
	}
}
