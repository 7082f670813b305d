package models

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/neckfrac/neckfrac"
)

// fit is the part of training's fit.json that a manifest states. Its figures are
// those of the calibration split, the patient's out of fold.
type fit struct {
	Schema int `json:"schema"`
	Source struct {
		Split   string `json:"split"`
		Studies int    `json:"studies"`
	} `json:"source"`
	Level struct {
		Members    Members[Line]                 `json:"members"`
		Weights    Members[float64]              `json:"weights"`
		Platt      Line                          `json:"platt"`
		Offsets    map[neckfrac.Vertebra]float64 `json:"offsets"`
		Prevalence float64                       `json:"prevalence"`
		Points     []fitPoint                    `json:"points"`
		Grades     []struct {
			Name neckfrac.Grade `json:"name"`
			From float64        `json:"from"`
		} `json:"grades"`
	} `json:"level"`
	Patient struct {
		PatientFit
		Points []fitPoint `json:"points"`
	} `json:"patient"`
}

type fitPoint struct {
	Name          neckfrac.PointName `json:"name"`
	Threshold     float64            `json:"threshold"`
	TP            int                `json:"tp"`
	FN            int                `json:"fn"`
	FP            int                `json:"fp"`
	TN            int                `json:"tn"`
	Sensitivity   float64            `json:"sensitivity"`
	SensitivityCI [2]float64         `json:"sensitivity_ci"`
	Specificity   float64            `json:"specificity"`
	SpecificityCI [2]float64         `json:"specificity_ci"`
}

func (p fitPoint) threshold() neckfrac.Threshold {
	return neckfrac.Threshold{Probability: p.Threshold,
		Sensitivity: neckfrac.Rate{Value: p.Sensitivity, Low: p.SensitivityCI[0], High: p.SensitivityCI[1], N: p.TP + p.FN},
		Specificity: neckfrac.Rate{Value: p.Specificity, Low: p.SpecificityCI[0], High: p.SpecificityCI[1], N: p.FP + p.TN}}
}

// takeFit reads fit.json into the manifest.
func (m *Manifest) takeFit(path string, o BuildOptions) error {
	const op = "pack build: fit.json"
	b, err := os.ReadFile(path)
	if err != nil {
		return neckfrac.Wrap(neckfrac.NotFound, op, err)
	}
	var f fit
	if err := json.Unmarshal(b, &f); err != nil {
		return neckfrac.Wrap(neckfrac.Invalid, op, err)
	}
	if f.Schema != 1 {
		return neckfrac.Errorf(neckfrac.Unsupported, op, "schema %d, want 1", f.Schema)
	}
	if len(f.Level.Points) != len(f.Patient.Points) {
		return neckfrac.Errorf(neckfrac.Invalid, op, "level and patient differ in their points")
	}
	m.Ensemble = Ensemble{
		Level: LevelFit{Members: f.Level.Members, Weights: f.Level.Weights, Platt: f.Level.Platt, Offsets: f.Level.Offsets,
			Prevalence: f.Level.Prevalence},
		Patient: f.Patient.PatientFit,
	}
	validation := o.Validation
	if validation == "" {
		validation = fmt.Sprintf("%s, %s split, %d studies", m.Domain, f.Source.Split, f.Source.Studies)
	}
	m.Decision = neckfrac.Decision{Flag: o.Flag}
	for i, l := range f.Level.Points {
		if f.Patient.Points[i].Name != l.Name {
			return neckfrac.Errorf(neckfrac.Invalid, op, "level and patient differ in their points")
		}
		m.Decision.Points = append(m.Decision.Points, neckfrac.OperatingPoint{Name: l.Name, Level: l.threshold(),
			Patient: f.Patient.Points[i].threshold(), Validation: validation})
	}
	for _, g := range f.Level.Grades {
		switch g.Name {
		case neckfrac.GradeLow:
			m.Decision.Grades.Low = g.From
		case neckfrac.GradeMedium:
			m.Decision.Grades.Medium = g.From
		case neckfrac.GradeHigh:
			m.Decision.Grades.High = g.From
		}
	}
	return nil
}

// untrained is the ensemble of a pack with random weights: it only has to run.
func untrained() (Ensemble, neckfrac.Decision) {
	e := Ensemble{
		Level: LevelFit{Members: Members[Line]{Line{1, 0}, Line{1, 0}}, Weights: Members[float64]{0.5, 0.5}, Platt: Line{1, 0},
			Offsets: map[neckfrac.Vertebra]float64{}},
		Patient: PatientFit{Features: []string{"highest"}, Mean: []float64{0}, SD: []float64{1}, Weights: []float64{1}},
	}
	for _, v := range neckfrac.Vertebrae() {
		e.Level.Offsets[v] = 0
	}
	d := neckfrac.Decision{Flag: neckfrac.PointBalanced, Grades: neckfrac.GradeBands{Low: 0.25, Medium: 0.5, High: 0.75}}
	for i, n := range neckfrac.PointNames() {
		t := neckfrac.Threshold{Probability: 0.25 * float64(i+1), Sensitivity: neckfrac.Rate{High: 1}, Specificity: neckfrac.Rate{High: 1}}
		d.Points = append(d.Points, neckfrac.OperatingPoint{Name: n, Level: t, Patient: t, Validation: "none: random weights"})
	}
	return e, d
}
