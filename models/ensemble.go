package models

import (
	"fmt"
	"math"
	"strings"

	"github.com/neckfrac/neckfrac"
)

// Line is a straight map of a score, a*x + b.
type Line struct {
	A float64 `json:"a"`
	B float64 `json:"b"`
}

func (l Line) at(x float64) float64 { return l.A*x + l.B }

// Ensemble turns the networks' scores into calibrated probabilities. The fit stage
// of training states every number in it.
//
//	level:   z = platt(Σ weight·member(score) / Σ weight) + offset[level],  p = 1/(1+e^-z)
//	patient: p = 1/(1+e^-(intercept + Σ weight·(x-mean)/sd))
//
// A member that did not score is left out; a patient feature that is missing counts
// as its mean.
type Ensemble struct {
	Level   LevelFit   `json:"level"`
	Patient PatientFit `json:"patient"`
}

// LevelFit is the part for one vertebra.
type LevelFit struct {
	Members Members[Line]    `json:"members"`
	Weights Members[float64] `json:"weights"`
	Platt   Line             `json:"platt"`
	// Offsets shifts the logit of each level.
	Offsets map[neckfrac.Vertebra]float64 `json:"offsets"`
	// Prevalence is the share of fractured levels it was fitted on; a site's prior
	// shift starts from it.
	Prevalence float64 `json:"prevalence"`
}

// Members holds one value per scorer of a vertebra.
type Members[T any] struct {
	Classify T `json:"classify"`
	Model1   T `json:"model1"`
}

// PatientFit is the joint head for the patient, with its calibration built in.
type PatientFit struct {
	Features   []string  `json:"features"`
	Mean       []float64 `json:"mean"`
	SD         []float64 `json:"sd"`
	Weights    []float64 `json:"weights"`
	Intercept  float64   `json:"intercept"`
	Prevalence float64   `json:"prevalence"`
}

// Scores are the networks' raw outputs for one study. NaN is "not scored".
type Scores struct {
	Levels [neckfrac.Levels]LevelScores
	// Model1Patient is the mean of the highest slice logits of the patient network.
	Model1Patient float64
	// Coverage counts the levels wholly in the field.
	Coverage int
}

// LevelScores are the raw outputs for one vertebra.
type LevelScores struct {
	Classify, Model1 float64
}

// NoScores has no score yet.
func NoScores() Scores {
	s := Scores{Model1Patient: math.NaN()}
	for i := range s.Levels {
		s.Levels[i] = LevelScores{math.NaN(), math.NaN()}
	}
	return s
}

// Probabilities are calibrated; a level that was not scored is NaN.
type Probabilities struct {
	Levels  [neckfrac.Levels]float64
	Patient float64
}

// Apply calibrates the scores of one study.
func (e Ensemble) Apply(s Scores) Probabilities {
	var z [neckfrac.Levels]float64
	var out Probabilities
	for _, v := range neckfrac.Vertebrae() {
		i := v.Index()
		z[i] = e.Level.logit(v, s.Levels[i])
		out.Levels[i] = sigmoid(z[i])
	}
	out.Patient = sigmoid(e.Patient.logit(s, z))
	return out
}

// logit blends and calibrates the members of a vertebra; NaN when none scored.
func (l LevelFit) logit(v neckfrac.Vertebra, s LevelScores) float64 {
	c, m := l.Members.Classify.at(s.Classify), l.Members.Model1.at(s.Model1)
	mean := (l.Weights.Classify*c + l.Weights.Model1*m) / (l.Weights.Classify + l.Weights.Model1)
	switch {
	case math.IsNaN(c):
		mean = m
	case math.IsNaN(m):
		mean = c
	}
	return l.Platt.at(mean) + l.Offsets[v]
}

func (p PatientFit) logit(s Scores, z [neckfrac.Levels]float64) float64 {
	values := patientFeatures(s, z)
	out := p.Intercept
	for i, name := range p.Features {
		if x := values[name]; finite(x) {
			out += p.Weights[i] * (x - p.Mean[i]) / p.SD[i]
		}
	}
	return out
}

// patientFeatures are the features that a head may name.
func patientFeatures(s Scores, z [neckfrac.Levels]float64) map[string]float64 {
	nan := math.NaN()
	out := map[string]float64{"highest": nan, "second": nan, "log_sum_exp": nan,
		"model1_patient": s.Model1Patient, "coverage": float64(s.Coverage)}
	first, second := math.Inf(-1), math.Inf(-1)
	for _, v := range neckfrac.Vertebrae() {
		i := v.Index()
		name := strings.ToLower(v.String())
		out["level_"+name], out["model1_"+name] = z[i], s.Levels[i].Model1
		switch {
		case z[i] > first:
			first, second = z[i], first
		case z[i] > second:
			second = z[i]
		}
	}
	if finite(first) {
		var sum float64
		for _, x := range z {
			if !math.IsNaN(x) {
				sum += math.Exp(x - first)
			}
		}
		out["highest"], out["log_sum_exp"] = first, first+math.Log(sum)
	}
	if finite(second) {
		out["second"] = second
	}
	return out
}

func (e Ensemble) check() error {
	const op = "ensemble"
	l := e.Level
	if !finite(l.Members.Classify.A, l.Members.Classify.B, l.Members.Model1.A, l.Members.Model1.B, l.Platt.A, l.Platt.B,
		l.Weights.Classify, l.Weights.Model1, e.Patient.Intercept) {
		return neckfrac.Errorf(neckfrac.Invalid, op, "a number is not finite")
	}
	if l.Weights.Classify < 0 || l.Weights.Model1 < 0 || l.Weights.Classify+l.Weights.Model1 <= 0 || l.Platt.A <= 0 {
		return neckfrac.Errorf(neckfrac.Invalid, op, "weights must be positive and the calibration rising")
	}
	if !probability(l.Prevalence) || !probability(e.Patient.Prevalence) {
		return neckfrac.Errorf(neckfrac.Invalid, op, "a prevalence is out of 0..1")
	}
	for _, v := range neckfrac.Vertebrae() {
		if o, ok := l.Offsets[v]; !ok || !finite(o) {
			return neckfrac.Errorf(neckfrac.Invalid, op, "offset of %v is missing", v)
		}
	}
	return e.Patient.check()
}

func (p PatientFit) check() error {
	const op = "ensemble: patient"
	n := len(p.Features)
	if n == 0 || len(p.Mean) != n || len(p.SD) != n || len(p.Weights) != n {
		return neckfrac.Errorf(neckfrac.Invalid, op, "features, mean, sd and weights differ in length")
	}
	known := patientFeatures(Scores{}, [neckfrac.Levels]float64{})
	seen := map[string]bool{}
	for i, f := range p.Features {
		if _, ok := known[f]; !ok || seen[f] {
			return neckfrac.Errorf(neckfrac.Invalid, op, "feature %s is unknown or stated twice", fmt.Sprintf("%.40q", f))
		}
		seen[f] = true
		if !finite(p.Mean[i], p.SD[i], p.Weights[i]) || p.SD[i] <= 0 {
			return neckfrac.Errorf(neckfrac.Invalid, op, "feature %s: a number is not finite or its spread not positive", f)
		}
	}
	return nil
}

func sigmoid(z float64) float64 {
	if z < 0 {
		e := math.Exp(z)
		return e / (1 + e)
	}
	return 1 / (1 + math.Exp(-z))
}
