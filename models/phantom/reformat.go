package phantom

// Reformats are slabs of reformatMM, side by side, over the spine.
const (
	reformatMM = 2.0
	besideMM   = 30.0 // to each side of the spine
	beforeMM   = 30.0 // in front of its middle
	behindMM   = 50.0
)

// reformat is a sagittal or a coronal stack out of the drawn volume, upright and with
// square pixels.
func (t *Study) reformat(kind SeriesKind) series {
	v := &t.Volume
	mm := v.SpacingMM[0]
	s := series{kind: kind, number: 5, description: SeriesDescription + " SAG MPR", imageType: []string{"DERIVED", "SECONDARY", "REFORMATTED", "AVERAGE"},
		kernel: t.Truth.Scanner.Kernel, row: vec{0, 1, 0}, col: vec{0, 0, -1}, rowMM: mm, colMM: mm}
	across, along := 0, 1
	less, more := besideMM, besideMM
	if kind == Coronal {
		s.number, s.description, s.row = 6, SeriesDescription+" COR MPR", vec{1, 0, 0}
		across, along = 1, 0
		less, more = beforeMM, behindMM
	}
	s.cols = v.Dims[along]
	s.rows = int(float64(v.Dims[2]-1)*v.SpacingMM[2]/mm) + 1
	top := v.ToMM(vec{0, 0, float64(v.Dims[2] - 1)})
	mid := float64(t.spine()[across]) * v.SpacingMM[across]
	wide := float64(v.Dims[across]-1) * v.SpacingMM[across]
	for off := max(mid-less, reformatMM/2); off <= min(mid+more, wide-reformatMM/2); off += reformatMM {
		at := top
		at[across] += off
		k := len(s.images)
		s.images = append(s.images, plane{k: k, number: k + 1, at: at, thickMM: reformatMM, stepMM: reformatMM})
	}
	s.pixels = s.cut(sampler{v.Grid, v.HU}, 0)
	return s
}
