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
	slices.SortStableFunc(headers, byIdentifier)
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
	var scans []stack
	for _, s := range out {
		for _, p := range s.phases() {
			scans = append(scans, p.runs()...)
		}
	}
	return scans
}

// byIdentifier is the order that stands in for arrival, which means nothing.
func byIdentifier(a, b header) int {
	return cmp.Or(cmp.Compare(a.in.Instance, b.in.Instance), cmp.Compare(a.index, b.index))
}

// alongThen orders by place along a direction, then by identifier.
func alongThen(n neckfrac.Vec3) func(a, b header) int {
	return func(a, b header) int {
		return cmp.Or(cmp.Compare(dot(a.plane.position, n), dot(b.plane.position, n)), byIdentifier(a, b))
	}
}

// first is the slice that speaks for what all slices share.
func (s stack) first() *header { return &s.slices[0] }

// normal is the direction that the slices' order is measured along.
func (s stack) normal() neckfrac.Vec3 { p := s.first().plane; return cross(p.row, p.col) }

// thicknessMM is the largest stated slice thickness, 0 if none is stated.
func (s stack) thicknessMM() float64 {
	t := 0.0
	for _, h := range s.slices {
		t = max(t, h.thicknessMM)
	}
	return t
}
