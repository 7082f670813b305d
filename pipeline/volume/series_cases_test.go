package volume_test

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/dicomnet/dataset"
	"github.com/neckfrac/neckfrac/pipeline/volume"
)

// seriesCase is a study and what becomes of it: the series by its description, its
// slices, the step between them in mm and the tilt that is undone, or the reason.
type seriesCase struct {
	name string
	// real names files below the folder of real scans; else in draws them.
	real  string
	match []string
	in    func(*testing.T) []volume.Input

	series       string
	slices       int
	stepMM, tilt float64
	limits       []neckfrac.Reason

	reason neckfrac.Reason
}

// wholeNeck is a scan of a neck, 1 mm, 130 mm long.
func wholeNeck() scan {
	s := neck()
	s.n, s.description = 130, "C-SPINE BONE"
	s.edit = paint(ramp60)
	return s
}

// ramp60 differs at every place and stays on the scale over a whole neck.
func ramp60(p neckfrac.Vec3) float64 { return 200 + 7*p[0] - 9*p[1] + 2*(p[2]+100) }

// sent is one scan of a neck, edited.
func sent(edit ...func(*scan)) func(*testing.T) []volume.Input {
	return func(t *testing.T) []volume.Input {
		s := wholeNeck()
		for _, f := range edit {
			f(&s)
		}
		return s.files(t)
	}
}

// beside puts another scan into the study; numbered ones may share a series.
func beside(first, other func(*scan)) func(*testing.T) []volume.Input {
	return func(t *testing.T) []volume.Input {
		a, b := wholeNeck(), wholeNeck()
		first(&a)
		other(&b)
		return append(b.numbered(t, 5000), a.files(t)...)
	}
}

func asIs(*scan) {}

func tilt(degrees float64) func(*scan) { return func(s *scan) { *s = s.tilted(degrees) } }

func steps(mm, thick float64, n int) func(*scan) {
	return func(s *scan) { s.stepMM, s.thickness, s.n = mm, thick, n }
}

func lying(code string) func(*scan) {
	return func(s *scan) {
		at := slices.IndexFunc(positions, func(p position) bool { return p.code == code })
		p := positions[at].lying()
		s.row, s.col, s.extra = p.row, p.col, p.extra
		if p.stepMM < 0 {
			s.stepMM, s.firstMM = -s.stepMM, s.firstMM+s.stepMM*float64(s.n-1)
		}
	}
}

func all(edits ...func(*scan)) func(*scan) {
	return func(s *scan) {
		for _, f := range edits {
			f(s)
		}
	}
}

func header(tag dataset.Tag, v string) func(*scan) {
	return func(s *scan) { s.extra = append(slices.Clone(s.extra), dataset.NewText(tag, v)) }
}

func named(series, description, kernel string) func(*scan) {
	return func(s *scan) { s.series, s.description, s.kernel = series, description, kernel }
}

// after starts a scan a step behind the end of a whole neck.
func after(mm float64) func(*scan) { return func(s *scan) { s.firstMM += 129 + mm } }

// lost leaves slices out.
func lost(in func(*testing.T) []volume.Input, which ...int) func(*testing.T) []volume.Input {
	return func(t *testing.T) []volume.Input {
		var out []volume.Input
		for i, x := range in(t) {
			if !slices.Contains(which, i) {
				out = append(out, x)
			}
		}
		return out
	}
}

// backwards hands the files over from the other end.
func backwards(in func(*testing.T) []volume.Input) func(*testing.T) []volume.Input {
	return func(t *testing.T) []volume.Input {
		out := in(t)
		slices.Reverse(out)
		return out
	}
}

// inOneObject stores the slices of a scan in a multi-frame object, out of order.
func inOneObject(class string) func(*testing.T) []volume.Input {
	return func(t *testing.T) []volume.Input {
		m := wholeNeck().enhanced(class, dataset.ExplicitVRLittleEndian)
		slices.Reverse(m.frames)
		return []volume.Input{m.input(t)}
	}
}

// twice sends slices again under other identifiers, with as many HU more.
func twice(hu float64, n int) func(*testing.T) []volume.Input {
	return beside(asIs, func(s *scan) {
		s.n = n
		s.edit = paint(func(p neckfrac.Vec3) float64 { return ramp60(p) + hu })
	})
}

// rounded writes positions to a tenth of a millimetre.
func rounded(s *scan) {
	before := s.edit
	s.edit = func(i int, ds dataset.Dataset) dataset.Dataset {
		p, _ := ds.Floats(dataset.TagImagePositionPatient)
		return before(i, ds).Put(dataset.NewFloat(dataset.TagImagePositionPatient, p[0], p[1], math.Round(p[2]*10)/10))
	}
}

func scout(at float64) func(*scan) {
	return func(s *scan) {
		s.n, s.rows, s.firstMM = 1, 4, at
		s.row, s.col = neckfrac.Vec3{0, 1, 0}, neckfrac.Vec3{0, 0, -1}
	}
}

func moved(slice int, by neckfrac.Vec3) func(*scan) {
	return func(s *scan) { s.edit = shift(slice, by) }
}

// sheared moves slice i by the vector i times.
func sheared(by neckfrac.Vec3) func(*scan) {
	return func(s *scan) {
		s.edit = move(func(i int) neckfrac.Vec3 {
			return neckfrac.Vec3{by[0] * float64(i), by[1] * float64(i), by[2] * float64(i)}
		})
	}
}

// framePlace is where a frame lies by its own header.
type framePlace struct {
	at     neckfrac.Vec3
	normal neckfrac.Vec3
	row    neckfrac.Vec3
	mm     [2]float64 // along a row and down a column
}

// framePlaces reads the files again, apart from the code under test: places by instance
// and frame, counted from 0.
func framePlaces(t *testing.T, in []volume.Input) map[neckfrac.InstanceUID][]framePlace {
	t.Helper()
	out := map[neckfrac.InstanceUID][]framePlace{}
	for u, ds := range headersOf(t, in) {
		frames, multi := ds.Items(dataset.TagPerFrameFunctionalGroupsSequence)
		if !multi {
			out[u] = []framePlace{placeIn(ds)}
			continue
		}
		shared, _ := ds.Items(dataset.TagSharedFunctionalGroupsSequence)
		for _, f := range frames {
			var flat dataset.Dataset
			for _, g := range append(slices.Clone(shared), f) {
				for _, seq := range []dataset.Tag{dataset.TagPlanePositionSequence, dataset.TagPlaneOrientationSequence, dataset.TagPixelMeasuresSequence} {
					items, _ := g.Items(seq)
					for _, i := range items {
						flat = append(flat, i...)
					}
				}
			}
			out[u] = append(out[u], placeIn(flat))
		}
	}
	return out
}

func placeIn(ds dataset.Dataset) framePlace {
	at, _ := ds.Floats(dataset.TagImagePositionPatient)
	o, _ := ds.Floats(dataset.TagImageOrientationPatient)
	mm, _ := ds.Floats(dataset.TagPixelSpacing)
	if len(at) != 3 || len(o) != 6 || len(mm) != 2 {
		return framePlace{}
	}
	return framePlace{at: neckfrac.Vec3(at), row: neckfrac.Vec3(o[:3]), mm: [2]float64{mm[1], mm[0]},
		normal: neckfrac.Vec3{o[1]*o[5] - o[2]*o[4], o[2]*o[3] - o[0]*o[5], o[0]*o[4] - o[1]*o[3]}}
}

// spacingError is the largest share by which a volume's distances differ from those of the
// frames that its slices name: of a pixel's sides, and of the scan's length for the place of
// each slice, the last one's being the error of the step.
func spacingError(t *testing.T, v *neckfrac.Volume, in []volume.Input) float64 {
	t.Helper()
	places := framePlaces(t, in)
	worst, off, length := 0.0, 0.0, 0.0
	var first framePlace
	for k := range v.Source {
		u, frame := v.Cite(k)
		p := places[u][max(frame-1, 0)]
		if k == 0 {
			first = p
		}
		pixels := p.mm
		if math.Abs(p.row[1]) > math.Abs(p.row[0]) {
			pixels[0], pixels[1] = pixels[1], pixels[0]
		}
		for a := range 2 {
			worst = max(worst, math.Abs(v.SpacingMM[a]/pixels[a]-1))
		}
		if k == 0 {
			continue
		}
		way := 0.0
		for c := range 3 {
			way += first.normal[c] * (p.at[c] - first.at[c])
		}
		length = math.Abs(way)
		off = max(off, math.Abs(length-float64(k)*v.SpacingMM[2]))
	}
	return max(worst, off/length)
}

// row is the case's row in the document.
func (c seriesCase) row() string {
	from := "drawn"
	if c.real != "" {
		from = "real"
	}
	if c.reason != "" {
		return fmt.Sprintf("| %s | %s | %s | %s |\n", c.name, from, c.reason, c.reason.Text())
	}
	tilt, limits := "–", "–"
	if c.tilt > 0 {
		tilt = fmt.Sprintf("%.1f°", c.tilt)
	}
	if len(c.limits) > 0 {
		var b bytes.Buffer
		for i, r := range c.limits {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(string(r))
		}
		limits = b.String()
	}
	return fmt.Sprintf("| %s | %s | %s | %d | %.3f mm | %s | %s |\n", c.name, from, c.series, c.slices, c.stepMM, tilt, limits)
}
