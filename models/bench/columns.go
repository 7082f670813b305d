package bench

import (
	"math"
	"slices"
	"strconv"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models/evaluate"
)

// table are the measures of a set of studies in the form that models take.
type table struct {
	studies []Study
	words   [][]string // what each word of wordsOf is one of, sorted
}

func newTable(studies []Study) *table {
	t := &table{studies: studies}
	for i := range studies {
		for c, w := range wordsOf(&studies[i]) {
			if len(t.words) <= c {
				t.words = append(t.words, nil)
			}
			if !slices.Contains(t.words[c], w) {
				t.words[c] = append(t.words[c], w)
			}
		}
	}
	for c := range t.words {
		slices.Sort(t.words[c])
	}
	return t
}

// wordsOf are the fields of a scan that are no numbers.
func wordsOf(s *Study) []string {
	return []string{s.Scanner.Kernel, strconv.Itoa(s.Scanner.KVP), s.Scanner.Protocol, s.Scanner.Partial, s.Person.Sex}
}

// scanNames are those of the columns of scan.
func (t *table) scanNames() []string {
	out := []string{
		"fwhm", "pixel", "slice", "spacing", "noise", "streaks", "contrast", "metal", "motion", "low_dose", "post_operative",
		"rows", "slices", "field", "height", "age", "levels_full", "levels_partial",
	}
	for k, kind := range [...]string{"kernel", "kvp", "protocol", "cut", "sex"} {
		for _, is := range t.others(k) {
			out = append(out, kind+"="+is)
		}
	}
	return out
}

// others are the words of a kind but the last, which is where all others are not.
func (t *table) others(kind int) []string {
	if kind >= len(t.words) {
		return nil
	}
	return t.words[kind][:len(t.words[kind])-1]
}

// scan is all that is known of a scan without its pixels, by scanNames.
func (t *table) scan(s *Study) []float64 {
	c := &s.Scanner
	full, part := 0.0, 0.0
	for _, l := range s.Levels {
		switch l.Field {
		case "full":
			full++
		case "partial":
			part++
		}
	}
	out := []float64{
		c.FWHM, c.PixelMM, c.SliceMM, c.SpacingMM, c.NoiseHU, c.StreakHU, yes(c.Contrast), yes(c.Metal), yes(c.Motion), yes(c.LowDose), yes(s.Person.PostOperative),
		float64(s.Rows), float64(s.Slices), s.FieldMM, s.HeightMM, s.Person.Age, full, part,
	}
	for k, w := range wordsOf(s) {
		for _, is := range t.others(k) {
			out = append(out, yes(w == is))
		}
	}
	return out
}

// parts choose what a model of vertebrae sees beside the level's name. beside is shape
// and image once more, beside the patient's other levels.
type parts struct{ scan, shape, image, beside bool }

// vertebrae are the scored levels as rows.
func (t *table) vertebrae(p parts) []row {
	var out []row
	for g := range t.studies {
		s := &t.studies[g]
		var scan []float64
		if p.scan {
			scan = t.scan(s)
		}
		for i := range s.Levels {
			l := &s.Levels[i]
			if !l.scored() {
				continue
			}
			x := slices.Clone(scan)
			if p.scan {
				x = append(x, floats(l.Place)...)
			}
			if p.shape {
				x = append(x, floats(l.Shape)...)
			}
			if p.image {
				x = append(x, floats(l.Image)...)
			}
			out = append(out, row{x: x, broken: l.Label == 1, group: g, level: i})
		}
	}
	if p.beside {
		for i, x := range beside(t.vertebrae(parts{shape: true, image: true})) {
			out[i].x = append(out[i].x, x...)
		}
	}
	return out
}

// beside gives each measure as a reader sees it who looks at the patient's other levels:
// standardised within the level, less the mean of the others. Noise, kernel and age are
// those of all levels and fall out. Truth is not looked at.
func beside(rows []row) [][]float64 {
	out := make([][]float64, len(rows))
	if len(rows) == 0 {
		return out
	}
	var m ridge
	m.standards(rows, levelCount)
	cols := len(rows[0].x)
	for from := 0; from < len(rows); {
		to := from
		for to < len(rows) && rows[to].group == rows[from].group {
			to++
		}
		z := make([][]float64, to-from)
		for i, r := range rows[from:to] {
			z[i] = m.standard(r)[levelCount:]
			out[from+i] = make([]float64, cols)
		}
		for c := range cols {
			var sum, n float64
			for i, r := range rows[from:to] {
				if !math.IsNaN(r.x[c]) {
					sum, n = sum+z[i][c], n+1
				}
			}
			for i, r := range rows[from:to] {
				out[from+i][c] = math.NaN()
				if n >= 3 && !math.IsNaN(r.x[c]) {
					out[from+i][c] = z[i][c] - (sum-z[i][c])/(n-1)
				}
			}
		}
		from = to
	}
	return out
}

// featureNames are those of the columns of parts{shape, image, beside}.
func featureNames() []string {
	out := slices.Concat(ShapeNames(), ImageNames())
	for _, name := range slices.Clone(out) {
		out = append(out, name+", beside the other levels")
	}
	return out
}

// patients are the judged patients as rows: the scan alone.
func (t *table) patients() []row {
	var out []row
	for g := range t.studies {
		if s := &t.studies[g]; s.judged() {
			out = append(out, row{x: t.scan(s), broken: s.Patient == 1, group: g})
		}
	}
	return out
}

// part says which of the folds a patient's score is compared in. Scores of models that
// did not see the fold differ between folds for no reason of the patient's: a fold with
// many fractures is answered by a model that saw few, so that pairs across folds are in
// the wrong order more often than not. Scores of no model are all in one part.
type part func(patient int) int

func onePart(int) int { return 0 }

func foldOf(patient int) int { return patient % folds }

// samples puts scores beside rows. A stratum is a level and a part.
func samples(rows []row, score []float64, in part) []evaluate.Sample {
	out := make([]evaluate.Sample, len(rows))
	for i, r := range rows {
		out[i] = evaluate.Sample{P: score[i], True: r.broken, Group: r.group, Stratum: r.level*folds + in(r.group)}
	}
	return out
}

// overLevels joins the strata of a part.
func overLevels(s []evaluate.Sample) []evaluate.Sample {
	out := slices.Clone(s)
	for i := range out {
		out[i].Stratum %= folds
	}
	return out
}

// perPatient turns scores of vertebrae into one for each judged patient, by join.
func (t *table) perPatient(rows []row, score []float64, join func([]float64) float64, in part) []evaluate.Sample {
	by := make([][]float64, len(t.studies))
	for i, r := range rows {
		by[r.group] = append(by[r.group], score[i])
	}
	var out []evaluate.Sample
	for g := range t.studies {
		if s := &t.studies[g]; s.judged() && len(by[g]) > 0 {
			out = append(out, evaluate.Sample{P: join(by[g]), True: s.Patient == 1, Group: g, Stratum: in(g)})
		}
	}
	return out
}

// anyOf is the chance that one of some independent events happens.
func anyOf(p []float64) float64 {
	none := 1.0
	for _, x := range p {
		none *= 1 - x
	}
	return 1 - none
}

func floats(v []evaluate.Number) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = float64(x)
	}
	return out
}

func yes(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// levelCount is the number of strata of rows of vertebrae.
const levelCount = neckfrac.Levels
