package volume

import (
	"cmp"
	"slices"
	"strings"

	"github.com/neckfrac/neckfrac"
)

// stack is a group of parallel slices that could be one scan. Slices are sorted by
// instance UID and frame until the gate sorts them by place.
type stack struct {
	slices []header
	// damaged says why the stack may lack slices that no gap shows: files of its series
	// can't be read or did not come.
	damaged fault
}

// stackKey is what slices of a stack have in common to the letter; orientation and
// pixel spacing are compared with a tolerance on top.
type stackKey struct {
	series, class, modality, frame, imageType, kernel string
	rows, cols                                        int
	placed                                            bool
}

func keyOf(h header) stackKey {
	t := h.imageType
	if len(t) > 4 {
		t = t[:4] // later values count things up on some scanners
	}
	return stackKey{
		series: string(h.in.Series), class: h.meta.SOPClassUID, modality: h.modality, frame: h.frame,
		imageType: strings.Join(append(slices.Clip(t), h.computed...), `\`), kernel: h.kernel, rows: h.rows, cols: h.cols, placed: h.placed,
	}
}

// split groups headers into stacks before anything is sorted by place, so that a
// localizer in a series never becomes one of its slices. Input order has no effect.
func split(headers []header, damaged map[neckfrac.SeriesUID]fault) []stack {
	headers = slices.Clone(headers)
	slices.SortStableFunc(headers, func(a, b header) int {
		return cmp.Or(cmp.Compare(a.in.Instance, b.in.Instance), cmp.Compare(a.index, b.index))
	})
	var out []stack
	byKey := make(map[stackKey][]int)
	for _, h := range headers {
		k := keyOf(h)
		at := slices.IndexFunc(byKey[k], func(i int) bool {
			return !h.placed || out[i].slices[0].plane.like(h.plane)
		})
		if at >= 0 {
			i := byKey[k][at]
			out[i].slices = append(out[i].slices, h)
			continue
		}
		byKey[k] = append(byKey[k], len(out))
		out = append(out, stack{slices: []header{h}, damaged: damaged[h.in.Series]})
	}
	var phases []stack
	for _, s := range out {
		phases = append(phases, s.phases()...)
	}
	return phases
}

// phases takes scans of the same place apart, such as arterial and venous ones in one
// series, by their acquisition number. The number alone says nothing: some scanners
// count every rotation. So a stack is only taken apart where that leaves each place
// once; else it stays whole, and the gate judges its doubled places.
func (s stack) phases() []stack {
	if !s.first().placed || !s.doubled() {
		return []stack{s}
	}
	var out []stack
	for _, h := range s.slices {
		at := slices.IndexFunc(out, func(o stack) bool { return o.first().acquisition == h.acquisition })
		if at < 0 {
			at = len(out)
			out = append(out, stack{damaged: s.damaged})
		}
		out[at].slices = append(out[at].slices, h)
	}
	for _, o := range out {
		if len(o.slices) < minSlices || o.doubled() {
			return []stack{s}
		}
	}
	return out
}

// doubled reports whether two slices lie at the same place.
func (s stack) doubled() bool {
	p := s.first().plane
	at := offsets(s.slices, cross(p.row, p.col))
	for i := 1; i < len(at); i++ {
		if at[i]-at[i-1] < samePlaceMM {
			return true
		}
	}
	return false
}

// first is the slice that speaks for what all slices share.
func (s stack) first() *header { return &s.slices[0] }

// thicknessMM is the largest stated slice thickness, 0 if none is stated.
func (s stack) thicknessMM() float64 {
	t := 0.0
	for _, h := range s.slices {
		t = max(t, h.thicknessMM)
	}
	return t
}
