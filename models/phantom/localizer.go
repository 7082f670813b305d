package phantom

import "math"

// A ray through a mm of water adds scoutHU to scoutBase: a neck of 12 cm looks grey,
// shoulders of 40 cm white.
const (
	scoutBase = -1000.0
	scoutHU   = 8.0
)

// localizer is the pair of projections, frontal and lateral, over the height of the
// drawn volume. They are drawn as the patient stands, whatever his position was.
// before is the number of images that have a lower number, for one that shares their
// series.
func (t *Study) localizer(before int) series {
	v := &t.Volume
	if !t.form.LocalizerInSeries {
		before = 0
	}
	s := series{kind: Localizer, number: 1, description: SeriesDescription + " LOCALIZER", imageType: []string{"ORIGINAL", "PRIMARY", "LOCALIZER"},
		row: vec{1, 0, 0}, col: vec{0, 0, -1}, rows: v.Dims[2], cols: v.Dims[0], rowMM: v.SpacingMM[2], colMM: v.SpacingMM[0]}
	if t.form.LocalizerInSeries {
		s.number, s.description = 2, SeriesDescription
	}
	at := v.ToMM(vec{0, float64(v.Dims[1]-1) / 2, float64(v.Dims[2] - 1)})
	s.images = []plane{{k: 0, number: before + 1, at: at, thickMM: float64(v.Dims[1]) * v.SpacingMM[1]}}
	s.pixels = func(plane) []int16 { return t.project(1) }
	return s
}

// lateral is the second projection, which lies in a plane of its own.
func (t *Study) lateral(front series) series {
	v := &t.Volume
	front.row, front.cols, front.colMM = vec{0, 1, 0}, v.Dims[1], v.SpacingMM[1]
	at := v.ToMM(vec{float64(v.Dims[0]-1) / 2, 0, float64(v.Dims[2] - 1)})
	front.images = []plane{{k: 1, number: front.images[0].number + 1, at: at, thickMM: float64(v.Dims[0]) * v.SpacingMM[0]}}
	front.pixels = func(plane) []int16 { return t.project(0) }
	return front
}

// project adds up the attenuation along an axis, 0 or 1, rows from the head down.
func (t *Study) project(axis int) []int16 {
	v := &t.Volume
	d := v.Dims
	wide := d[1-axis]
	sum := make([]float64, wide*d[2])
	for at, hu := range v.HU {
		ij := [2]int{at % d[0], at / d[0] % d[1]}
		row := d[2] - 1 - at/(d[0]*d[1])
		sum[row*wide+ij[1-axis]] += max(0, float64(hu)+1000) / 1000 * v.SpacingMM[axis]
	}
	out := make([]int16, len(sum))
	for i, mm := range sum {
		out[i] = int16(math.Round(clamp(scoutBase+scoutHU*mm, -1024, 3071)))
	}
	return out
}
