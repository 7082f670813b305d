package phantom

import "math"

// series is a stack of parallel images of one kind: its place in the patient and what
// its headers say.
type series struct {
	kind         SeriesKind
	number       int // (0020,0011)
	description  string
	imageType    []string
	kernel       string
	row, col     vec
	rows, cols   int
	rowMM, colMM float64 // distance of rows, of columns
	tilt         float64
	images       []plane
	// pixels makes the values of an image, in HU.
	pixels func(plane) []int16
}

// plane is one image of a series.
type plane struct {
	k       int // names the instance within its series
	number  int // (0020,0013)
	at      vec // centre of the first pixel
	thickMM float64
	stepMM  float64 // to the next plane along the normal
}

// main is the axial series, planes from the feet up.
func (t *Study) main() series {
	v, f := &t.Volume, &t.form
	l := lyings[f.position()]
	lean := l.tilted(f.TiltDegrees)
	s := series{kind: mainSeries, number: 2, description: SeriesDescription, imageType: []string{"ORIGINAL", "PRIMARY", "AXIAL"},
		kernel: t.Truth.Scanner.Kernel, row: lean.row, col: lean.col,
		rows: v.Dims[1], cols: v.Dims[0], rowMM: v.SpacingMM[1], colMM: v.SpacingMM[0], tilt: f.TiltDegrees}
	if l.row[0] == 0 {
		s.rows, s.cols, s.rowMM, s.colMM = s.cols, s.rows, s.colMM, s.rowMM
	}
	cx, cy := l.corner()
	half := float64(s.rows-1) / 2 * s.rowMM
	step := v.SpacingMM[2] * math.Cos(f.TiltDegrees*math.Pi/180)
	for k := range v.Dims[2] {
		at := v.ToMM(vec{float64(cx * (v.Dims[0] - 1)), float64(cy * (v.Dims[1] - 1)), float64(k)})
		if f.TiltDegrees != 0 {
			// The gantry turns about the middle row.
			at = add(at, scale(sub(l.col, lean.col), half))
		}
		s.images = append(s.images, plane{k: k, at: at, thickMM: v.SliceThicknessMM, stepMM: step})
	}
	if f.TwoSpacings {
		s.images = coarseBelow(s.images)
	}
	t.count(s.images)
	s.pixels = t.axial(&s, v.HU)
	return s
}

// axial makes the pixels of a main series out of a volume with the study's grid.
func (t *Study) axial(s *series, hu []int16) func(plane) []int16 {
	v := &t.Volume
	if s.row == v.Direction[0] && s.col == v.Direction[1] && !t.form.TwoSpacings {
		n := s.rows * s.cols
		return func(p plane) []int16 { return hu[p.k*n : (p.k+1)*n] }
	}
	return s.cut(sampler{v.Grid, hu}, v.SliceThicknessMM)
}

// coarseBelow takes every second of the lower half's planes, twice as far apart and at
// least as thick as that.
func coarseBelow(in []plane) []plane {
	var out []plane
	for i, p := range in {
		switch half := len(in) / 2; {
		case i >= half:
			out = append(out, p)
		case (half-i)%2 == 0:
			p.stepMM *= 2
			p.thickMM = max(p.thickMM, p.stepMM)
			out = append(out, p)
		}
	}
	return out
}

// count numbers a stack, in two of three studies from the head.
func (t *Study) count(images []plane) {
	up := t.Truth.Seed%3 == 2
	if t.form.Reverse {
		up = !up
	}
	for i := range images {
		images[i].number = len(images) - i
		if up {
			images[i].number = i + 1
		}
	}
}

// arrived are the planes that are not dropped.
func (s *series) arrived(drop []int) []plane {
	gone := map[int]bool{}
	for _, d := range drop {
		if d < 0 {
			d += len(s.images) + 1
		}
		gone[d] = true
	}
	var out []plane
	for _, p := range s.images {
		if !gone[p.number] {
			out = append(out, p)
		}
	}
	return out
}

// all are the image series of the study in the order of their numbers. The main series
// has the planes that arrive.
func (t *Study) all() []series {
	f := &t.form
	m := t.main()
	var out []series
	if f.has(Localizer) {
		front := t.localizer(len(m.images))
		out = append(out, front, t.lateral(front))
	}
	m.images = m.arrived(f.Drop)
	out = append(out, m)
	for _, k := range []SeriesKind{Soft, Bone} {
		if s, ok := t.filtered(k); ok && f.has(k) {
			out = append(out, s)
		}
	}
	if f.has(Sagittal) {
		out = append(out, t.reformat(Sagittal))
	}
	if f.has(Coronal) {
		out = append(out, t.reformat(Coronal))
	}
	return out
}

// find is the image that a place lies in, by its instance number, and the pixel there.
func (s *series) find(p vec) (image, x, y int, ok bool) {
	normal := cross(s.row, s.col)
	for _, i := range s.images {
		d := sub(p, i.at)
		if math.Abs(dot(d, normal)) > i.stepMM/2+1e-6 {
			continue
		}
		x, y = int(math.Round(dot(d, s.row)/s.colMM)), int(math.Round(dot(d, s.col)/s.rowMM))
		return i.number, x, y, x >= 0 && y >= 0 && x < s.cols && y < s.rows
	}
	return 0, 0, 0, false
}
