package bench

import (
	"math"
	"slices"

	"github.com/neckfrac/neckfrac/models/evaluate"
)

// Domain is the sentence that stands above every figure.
const Domain = "Synthetic patients: these figures prove machinery, never clinical accuracy."

// Report is the difficulty proof of a benchmark.
type Report struct {
	Domain     string     `json:"domain"`
	Recipe     Recipe     `json:"recipe"`
	Comparison Comparison `json:"comparison"`
	Counts     Counts     `json:"counts"`
	// Baselines see less than an image: what each sees is its name.
	Baselines []Figures `json:"baselines"`
	// Scan are single fields of what is known without the image, best first by patient:
	// where the baseline finds what it finds.
	Scan []Figures `json:"scan"`
	// Features are single measures, best first by the AUC within a level.
	Features []Figures `json:"features"`
	// Cells split the fractures by what they look like, for the best feature and the
	// ridge over all.
	Cells []Cell `json:"cells"`
	Goals []Goal `json:"goals"`
	Draws int    `json:"bootstrap_draws"`
}

// Figures are the AUC of one score: over all vertebrae, comparing vertebrae of the same
// level only, and of patients. Position alone gives an AUC over all vertebrae, since some
// levels break more often; it gives none within a level.
type Figures struct {
	Name string `json:"name"`
	// Lower says that less of a feature speaks for a fracture. The way is chosen on the
	// set itself, which flatters a feature that says nothing.
	Lower   bool              `json:"lower,omitempty"`
	All     evaluate.Estimate `json:"vertebrae"`
	Within  evaluate.Estimate `json:"within_level"`
	Patient evaluate.Estimate `json:"patient"`
}

// Goal is what the benchmark was meant to be.
type Goal struct {
	Name string            `json:"name"`
	Most float64           `json:"at_most"`
	Got  evaluate.Estimate `json:"got"`
	Met  bool              `json:"met"`
}

// Goals of ml.md for a benchmark that only the image can answer, and not one look at it.
const (
	blindMost   = 0.55
	featureMost = 0.75
)

// The names of baselines.
const (
	byLevel    = "name of the level"
	byScan     = "all but the image: level, place, coverage, scanner, person"
	byShape    = "shape of the true mask"
	byFeatures = "all hand-made features, shape and scan"
)

// Judge computes the proof. It needs some patients with and some without fractures;
// what it can't say is NaN.
func Judge(r Recipe, list []Entry, studies []Study) Report {
	t := newTable(studies)
	out := Report{Domain: Domain, Recipe: r, Comparison: Compare(r, list, studies), Counts: count(studies), Draws: evaluate.Draws}
	none := t.vertebrae(parts{})
	out.Baselines = append(out.Baselines, t.baseline(byLevel, none, nil), t.baseline(byScan, t.vertebrae(parts{scan: true}), t.patients()),
		t.baseline(byShape, t.vertebrae(parts{shape: true}), nil))
	everything := t.vertebrae(parts{scan: true, shape: true, image: true, beside: true})
	ridge := outOfFold(everything, levelCount)
	out.Baselines = append(out.Baselines, t.figures(byFeatures, everything, ridge, anyOf, foldOf))
	out.Scan = t.fields()
	best := t.features(&out)
	out.Cells = t.cells(none, best, ridge)
	out.goals()
	return out
}

// baseline cross-validates a model of vertebrae; with rows of patients these have a
// model of their own, else they get the chance that any vertebra is broken.
func (t *table) baseline(name string, rows, patients []row) Figures {
	f := t.figures(name, rows, outOfFold(rows, levelCount), anyOf, foldOf)
	if len(patients) > 0 {
		f.Patient = area(samples(patients, outOfFold(patients, 1), foldOf))
	}
	return f
}

func (t *table) figures(name string, rows []row, score []float64, join func([]float64) float64, in part) Figures {
	s := samples(rows, score, in)
	return Figures{
		Name: name, All: area(overLevels(s)), Within: area(s),
		Patient: area(t.perPatient(rows, score, join, in)),
	}
}

// features judges each measure alone and returns the best one's score of every vertebra,
// standardised within its level.
func (t *table) features(out *Report) []float64 {
	rows := t.vertebrae(parts{shape: true, image: true, beside: true})
	scores := map[string][]float64{}
	out.Features = t.alone(featureNames(), rows, scores)
	slices.SortStableFunc(out.Features, func(a, b Figures) int {
		return compareDown(float64(a.Within.Value), float64(b.Within.Value))
	})
	if len(out.Features) == 0 {
		return nil
	}
	return scores[out.Features[0].Name]
}

// fields judges each field of the scan and each vertebra's place alone.
func (t *table) fields() []Figures {
	out := t.alone(slices.Concat(t.scanNames(), PlaceNames()), t.vertebrae(parts{scan: true}), map[string][]float64{})
	slices.SortStableFunc(out, func(a, b Figures) int { return compareDown(float64(a.Patient.Value), float64(b.Patient.Value)) })
	return out
}

// alone judges each column and notes its standardised score by name.
func (t *table) alone(names []string, rows []row, scores map[string][]float64) []Figures {
	if len(rows) == 0 {
		return nil
	}
	var out []Figures
	m := ridge{}
	m.standards(rows, levelCount)
	for c, name := range names {
		var f Figures
		f, scores[name] = t.feature(name, c, rows, &m)
		out = append(out, f)
	}
	return out
}

// feature judges one column. Vertebrae that lack it are left out of its figures; for the
// patient the highest standardised value counts.
func (t *table) feature(name string, col int, all []row, m *ridge) (Figures, []float64) {
	var rows []row
	var raw, standard []float64
	score := make([]float64, len(all))
	for i, r := range all {
		score[i] = m.standard(r)[levelCount+col]
		if v := r.x[col]; !math.IsNaN(v) {
			rows, raw, standard = append(rows, r), append(raw, v), append(standard, score[i])
		}
	}
	f := Figures{Name: name, Lower: evaluate.AUCWithin(samples(rows, raw, onePart)) < 0.5}
	if f.Lower {
		flip(raw)
		flip(standard)
		flip(score)
	}
	s := samples(rows, raw, onePart)
	f.All, f.Within = area(overLevels(s)), area(s)
	f.Patient = area(t.perPatient(rows, standard, slices.Max[[]float64], onePart))
	return f, score
}

func flip(v []float64) {
	for i := range v {
		v[i] = -v[i]
	}
}

// compareDown puts the greater first and NaN last.
func compareDown(a, b float64) int {
	switch {
	case math.IsNaN(a) && math.IsNaN(b) || a == b:
		return 0
	case math.IsNaN(b) || a > b:
		return -1
	}
	return 1
}

func (r *Report) goals() {
	add := func(name string, most float64, got evaluate.Estimate) {
		r.Goals = append(r.Goals, Goal{name, most, got, float64(got.Value) <= most})
	}
	for _, b := range r.Baselines {
		if b.Name == byScan {
			add("image-zeroed AUC within a level", blindMost, b.Within)
			add("image-zeroed AUC of patients", blindMost, b.Patient)
		}
	}
	if len(r.Features) > 0 {
		add("best single feature within a level: "+r.Features[0].Name, featureMost, r.Features[0].Within)
		most := slices.MaxFunc(r.Features, func(a, b Figures) int { return -compareDown(float64(a.All.Value), float64(b.All.Value)) })
		add("best single feature over all vertebrae: "+most.Name, featureMost, most.All)
		most = slices.MaxFunc(r.Features, func(a, b Figures) int { return -compareDown(float64(a.Patient.Value), float64(b.Patient.Value)) })
		add("best single feature of patients: "+most.Name, featureMost, most.Patient)
	}
}
