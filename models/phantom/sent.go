package phantom

import (
	"math"
	"slices"

	"github.com/neckfrac/neckfrac"
)

// take gives a study its form and notes in the truth what is sent and what of it the
// main series shows.
func (t *Study) take(f Form) {
	if f.Plain() {
		return
	}
	t.form = f
	t.Truth.Form = &t.form
	for _, s := range t.all() {
		i := len(t.Truth.Series) - 1
		if i >= 0 && t.Truth.Series[i].Kind == s.kind {
			t.Truth.Series[i].Images += len(s.images) // the other projection
			continue
		}
		t.Truth.Series = append(t.Truth.Series, s.truth())
	}
	if f.has(DoseReport) {
		t.Truth.Series = append(t.Truth.Series, SeriesTruth{Kind: DoseReport, Number: doseSeries, Images: 1})
	}
	if f.TiltDegrees != 0 || len(f.Drop) > 0 {
		t.judgeAgain()
	}
}

// truth is what a series' headers lead to.
func (s *series) truth() SeriesTruth {
	out := SeriesTruth{Kind: s.kind, Number: s.number, Images: len(s.images)}
	normal := cross(s.row, s.col)
	at := make([]float64, len(s.images))
	for i, p := range s.images {
		at[i] = dot(p.at, normal)
		out.ThicknessMM = max(out.ThicknessMM, p.thickMM)
	}
	slices.Sort(at)
	for i := 1; i < len(at); i++ {
		if mm := math.Round((at[i]-at[i-1])*1e6) / 1e6; !slices.Contains(out.SpacingMM, mm) {
			out.SpacingMM = append(out.SpacingMM, mm)
		}
	}
	return out
}

// judgeAgain judges coverage and visible fractures again for a main series that does not
// show all of the drawn volume.
func (t *Study) judgeAgain() {
	m := t.main()
	m.images = m.arrived(t.form.Drop)
	var all, in, broken [neckfrac.Levels + 1]int
	v := &t.Volume
	for k := range v.Dims[2] {
		for j := range v.Dims[1] {
			for i := range v.Dims[0] {
				at := v.Index(i, j, k)
				l := t.Labels.Voxel[at]
				if l == 0 || int(l) > neckfrac.Levels {
					continue
				}
				all[l]++
				if _, _, _, ok := m.find(v.ToMM(vec{float64(i), float64(j), float64(k)})); !ok {
					continue
				}
				in[l]++
				if t.Fracture[at] == l {
					broken[l]++
				}
			}
		}
	}
	t.Truth.Patient = 0
	for v, l := range t.Truth.Levels {
		switch i := v.Index() + 1; {
		case l.InField == "none" || in[i]*100 <= all[i]*2:
			l.InField = "none"
		case in[i]*100 < all[i]*98:
			l.InField = "partial"
		}
		if l.Label == 1 && broken[v.Index()+1] < minVoxels {
			l.Label, l.Occult = 0, true
			for i := range t.Fracture {
				if t.Fracture[i] == uint8(v) {
					t.Fracture[i] = 0
				}
			}
		}
		t.Truth.Patient = max(t.Truth.Patient, l.Label)
	}
}
