package neckfrac

import "context"

// Coverage says how much of a vertebra the field of view holds.
type Coverage uint8

const (
	// CoverageNone is the zero value: no part of the level was found.
	CoverageNone Coverage = iota
	// CoveragePartial means that the stack or the field cuts the level.
	CoveragePartial
	// CoverageFull means that the level is wholly in field.
	CoverageFull
)

var coverageNames = [...]string{"none", "partial", "full"}

// String is "none", "partial" or "full".
func (c Coverage) String() string {
	if int(c) >= len(coverageNames) {
		return coverageNames[0]
	}
	return coverageNames[c]
}

// MarshalText writes the word of String.
func (c Coverage) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads the word of String.
func (c *Coverage) UnmarshalText(b []byte) error {
	for i, n := range coverageNames {
		if n == string(b) {
			*c = Coverage(i)
			return nil
		}
	}
	return Errorf(Invalid, "parse coverage", "unknown word")
}

// PackID identifies a model pack on every output.
type PackID struct {
	ID      string `json:"id"`
	Version string `json:"version"`
	// Digest is the SHA-256 of manifest.json, which in turn states every file's.
	Digest string `json:"digest"`
	Domain Domain `json:"domain"`
}

// Domain says what a pack was trained on; W13 hangs on it.
type Domain string

const (
	// DomainSynthetic packs never act beyond research for a patient's study.
	DomainSynthetic Domain = "synthetic"
	// DomainPatients packs were trained and validated on patients.
	DomainPatients Domain = "patients"
)

// ModelScore is one network's output before calibration, kept so that a report can
// show what each contributed.
type ModelScore struct {
	Model string  `json:"model"`
	Logit float64 `json:"logit"`
}

// LevelPrediction is what the ensemble says about one vertebra. With
// CoverageNone only Vertebra and Coverage mean anything.
type LevelPrediction struct {
	Vertebra Vertebra `json:"vertebra"`
	Coverage Coverage `json:"coverage"`
	// Probability is the calibrated ensemble probability of a visible fracture.
	Probability float64 `json:"probability"`
	// Scores holds the members' raw logits.
	Scores []ModelScore `json:"scores,omitempty"`
	// Extent is the vertebra's own box; Lesion is where the classifier's map points.
	Extent Box `json:"extent"`
	Lesion Box `json:"lesion"`
	// CentroidMM is the centre of the vertebra's mask.
	CentroidMM Vec3 `json:"centroidMM"`
	// KeySlice is the instance that shows the lesion best, KeyIndex its slice in the
	// volume. KeyFrame is its frame in a multi-frame instance, counted from 1, 0 where
	// the instance has one frame; Volume.Cite sets both by KeyIndex.
	KeySlice InstanceUID `json:"keySlice,omitempty"`
	KeyFrame int         `json:"keyFrame,omitempty"`
	KeyIndex int         `json:"keyIndex"`
}

// Prediction is the output of a pack on one volume; no decision is taken in it.
type Prediction struct {
	Pack   PackID                  `json:"pack"`
	Levels [Levels]LevelPrediction `json:"levels"`
	// Patient is the calibrated probability of the joint patient head.
	Patient       float64      `json:"patient"`
	PatientScores []ModelScore `json:"patientScores,omitempty"`
	// Findings on the input that limit or refuse the result (out-of-domain gate,
	// ambiguous level names, resolution).
	Reasons []Reason `json:"reasons,omitempty"`
	// Mask is the segmentation; nil where a model has none. Not serialised.
	Mask *Labels `json:"-"`
}

// Predictor runs a model pack. Implementations are deterministic per pack and
// execution provider and safe for concurrent use.
type Predictor interface {
	// Pack identifies the pack on outputs.
	Pack() PackID
	// Decision gives the thresholds and bands that package assess compares.
	Decision() Decision
	// Predict reads v and never writes it. A volume that the pack can't judge is an
	// error of kind Refused made by Refuse.
	Predict(ctx context.Context, v *Volume) (Prediction, error)
}
