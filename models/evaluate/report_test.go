package evaluate_test

import (
	"bytes"
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models"
	"github.com/neckfrac/neckfrac/models/dataset"
	"github.com/neckfrac/neckfrac/models/evaluate"
)

// study has all levels in field, found and named; C5 and the patient get p, the other
// levels 0.1.
func study(id string, label int, occult bool, p float64) evaluate.Case {
	c := evaluate.Case{Study: id, Truth: dataset.Truth{ID: id, PatientLabel: label, Levels: map[neckfrac.Vertebra]dataset.LevelTruth{}},
		Scores: models.NoScores(), Blind: models.NoScores(), Compared: true}
	for _, v := range neckfrac.Vertebrae() {
		c.Truth.Levels[v] = dataset.LevelTruth{InField: "full"}
		c.Levels[v.Index()] = evaluate.LevelCase{Coverage: neckfrac.CoverageFull, Named: true, Dice: 0.9}
		c.Probabilities.Levels[v.Index()] = 0.1
	}
	c.Probabilities.Levels[neckfrac.C5.Index()], c.Probabilities.Patient = p, p
	c.Truth.Levels[neckfrac.C5] = dataset.LevelTruth{Label: label, Occult: occult, InField: "full"}
	return c
}

func decision() neckfrac.Decision {
	t := neckfrac.Threshold{Probability: 0.5}
	return neckfrac.Decision{Points: []neckfrac.OperatingPoint{{Name: neckfrac.PointBalanced, Level: t, Patient: t}}}
}

// edit changes the C5 of a case, and what is true of it.
func edit(c evaluate.Case, f func(l *evaluate.LevelCase, t *dataset.LevelTruth)) evaluate.Case {
	t := c.Truth.Levels[neckfrac.C5]
	f(&c.Levels[neckfrac.C5.Index()], &t)
	c.Truth.Levels[neckfrac.C5] = t
	return c
}

// judged is a report on one study of each kind.
func judged() evaluate.Report {
	refused := study("refused", 1, false, 0.9)
	refused.Refused, refused.Compared = neckfrac.AgeUnder18, false
	limited := study("limited", 0, false, 0.7)
	limited.Limits = []neckfrac.Reason{neckfrac.Resolution, neckfrac.CoverageLimited}
	limited = edit(limited, func(l *evaluate.LevelCase, t *dataset.LevelTruth) {
		t.InField, l.Dice = "none", math.NaN()
	})
	cases := []evaluate.Case{
		study("right", 1, false, 0.9), study("intact", 0, false, 0.2), study("occult", 0, true, 0.3), refused, limited,
		edit(study("lost", 1, false, math.NaN()), func(l *evaluate.LevelCase, _ *dataset.LevelTruth) { *l = evaluate.LevelCase{} }),
		edit(study("cut", 1, false, 0.9), func(l *evaluate.LevelCase, _ *dataset.LevelTruth) { l.Coverage = neckfrac.CoveragePartial }),
		edit(study("misnamed", 0, false, 0.2), func(l *evaluate.LevelCase, _ *dataset.LevelTruth) { l.Named, l.Dice = false, 0 }),
	}
	cases[5].Probabilities.Patient = 0.2
	blind := slices.Clone(cases)
	for i := range blind {
		blind[i].Probabilities.Patient = 0.5
	}
	return evaluate.Judge(neckfrac.PackID{ID: "demo", Domain: neckfrac.DomainSynthetic}, decision(), cases, blind)
}

func TestJudgeCountsWhatCounts(t *testing.T) {
	t.Parallel()
	r := judged()
	if r.Studies != 8 || r.Analysed != 7 || r.Limited != 1 || r.RefusedBroken != 1 || r.Refused[neckfrac.AgeUnder18] != 1 || r.Limits[neckfrac.Resolution] != 1 {
		t.Errorf("studies %+v", r)
	}
	if r.OccultLevels != 1 || r.OccultPatients != 1 {
		t.Errorf("occult: %d levels, %d patients", r.OccultLevels, r.OccultPatients)
	}
	// Seven analysed studies of seven levels, less an occult and one out of field.
	if f := r.Vertebra; f.N != 47 || f.Fractured != 3 || f.Points[0].Counts != (evaluate.Counts{TP: 1, FN: 2, TN: 44}) {
		t.Errorf("vertebra: %d, %d fractured, %+v: a level lost or cut off is not flagged", f.N, f.Fractured, f.Points[0].Counts)
	}
	if f := r.Patient; f.N != 6 || f.Fractured != 3 || f.Points[0].Counts != (evaluate.Counts{TP: 2, FN: 1, FP: 1, TN: 2}) {
		t.Errorf("patient: %d, %d fractured, %+v", f.N, f.Fractured, f.Points[0].Counts)
	}
	if c5 := r.Levels[4]; c5.Level != neckfrac.C5 || c5.N != 5 || c5.Fractured != 3 || math.Abs(float64(c5.PositionAUC.Value)-0.5) > 1e-9 {
		t.Errorf("C5: %+v", c5)
	}
	if c1 := r.Levels[0]; c1.N != 7 || c1.Fractured != 0 || !math.IsNaN(float64(c1.AUC.Value)) {
		t.Errorf("C1: %+v", c1)
	}
	// All fractures are in C5: its name alone tells 3 of 3 from all but its own 2 of 44.
	if got, want := float64(r.Vertebra.PositionAUC.Value), (42+2*0.5)/44; math.Abs(got-want) > 1e-9 {
		t.Errorf("position only: %v, want %v", got, want)
	}
	// 0.9, 0.9 and 0.2 against 0.2, 0.7 and 0.2: six pairs right and two halves of nine.
	if seen, blind := float64(r.Patient.AUC.Value), float64(r.Patient.BlindAUC.Value); math.Abs(seen-7.0/9) > 1e-9 || blind != 0.5 {
		t.Errorf("patient AUC %v, blind %v", seen, blind)
	}
	want := evaluate.Finding{Studies: 7, InField: 48, Named: 46, Misnamed: 1, Missed: 1, Partial: 1, Phantom: 1, Whole: 6, AllSeven: 4, Dice: r.Finding.Dice}
	if r.Finding != want || math.Abs(float64(r.Finding.Dice)-0.9*46/48) > 1e-9 {
		t.Errorf("finding %+v, want %+v", r.Finding, want)
	}
}

func TestReportForms(t *testing.T) {
	t.Parallel()
	r := judged()
	outside := regexp.MustCompile(`(?i)https?:|src=|href=|url\(|@import|<script`)
	for name, write := range map[string]func(*bytes.Buffer) error{
		"text": func(b *bytes.Buffer) error { return r.WriteText(b) },
		"html": func(b *bytes.Buffer) error { return r.WriteHTML(b) },
		"json": func(b *bytes.Buffer) error { return r.WriteJSON(b) },
	} {
		var b, again bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := write(&again); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
			t.Errorf("%s: two writings differ, %v", name, err)
		}
		at := strings.Index(b.String(), neckfrac.SyntheticPack)
		if auc := strings.Index(strings.ToLower(b.String()), "auc"); at < 0 || auc < at {
			t.Errorf("%s: the domain does not stand above the figures", name)
		}
		if found := outside.FindString(b.String()); found != "" {
			t.Errorf("%s refers to the outside: %q", name, found)
		}
		if strings.Contains(b.String(), "NaN") {
			t.Errorf("%s holds NaN", name)
		}
	}
}

func TestReportReadsBack(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := judged().WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var back evaluate.Report
	if err := json.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if back.Vertebra.N != 47 || back.Levels[4].Level != neckfrac.C5 || !math.IsNaN(float64(back.Levels[0].AUC.Value)) || back.Levels[4].Points[0].TP != 1 {
		t.Errorf("read back %+v", back)
	}
}

func TestJudgeOfNothing(t *testing.T) {
	t.Parallel()
	r := evaluate.Judge(neckfrac.PackID{Domain: neckfrac.DomainPatients}, decision(), nil, nil)
	var b bytes.Buffer
	if err := r.WriteText(&b); err != nil || strings.Contains(b.String(), neckfrac.SyntheticPack) {
		t.Errorf("%v in %s", err, b.String())
	}
	if err := r.WriteHTML(&b); err != nil {
		t.Error(err)
	}
}

// TestCalibrateAndBlinded: the blind figures go through the same ensemble.
func TestCalibrateAndBlinded(t *testing.T) {
	t.Parallel()
	e := models.Ensemble{Level: models.LevelFit{Members: models.Members[models.Line]{Classify: models.Line{A: 1}}, Weights: models.Members[float64]{Classify: 1},
		Platt: models.Line{A: 1}}, Patient: models.PatientFit{Features: []string{"highest"}, Mean: []float64{0}, SD: []float64{1}, Weights: []float64{1}}}
	c := study("a", 1, false, 0)
	c.Scores.Levels[4].Classify, c.Blind.Levels[4].Classify = 2, -2
	in := []evaluate.Case{c}
	seen, blind := evaluate.Calibrate(e, in)[0].Probabilities, evaluate.Calibrate(e, evaluate.Blinded(in))[0].Probabilities
	want := 1 / (1 + math.Exp(-2))
	if math.Abs(seen.Levels[4]-want) > 1e-12 || math.Abs(seen.Patient-want) > 1e-12 || math.Abs(blind.Levels[4]-(1-want)) > 1e-12 {
		t.Errorf("seen %v, blind %v, want %v", seen, blind, want)
	}
	if in[0].Probabilities.Levels[0] != 0.1 {
		t.Error("the cases were changed")
	}
}
