package evaluate

import (
	"encoding/json"
	"io"
	"math"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models"
)

// scoreRow is a line of scores.jsonl, which the fit stage of models/training reads.
// null is "not scored".
type scoreRow struct {
	Study string `json:"study"`
	Split string `json:"split"`
	// PatientLabel is 1 for any fracture: the reader leaves a patient out whose
	// fractures are all occult.
	PatientLabel  int             `json:"patient_label"`
	Levels        []scoreLevelRow `json:"levels"`
	Model1Patient *float64        `json:"model1_patient"`
	Noise         *float64        `json:"noise"`
	// Coverage counts the levels that were found wholly in field.
	Coverage int `json:"coverage"`
	// Features is for the bounds of the out-of-domain gate.
	Features map[models.Feature]float64 `json:"features"`
}

type scoreLevelRow struct {
	Level    neckfrac.Vertebra `json:"level"`
	Label    int               `json:"label"`
	Occult   bool              `json:"occult"`
	InField  string            `json:"in_field"`
	Classify *float64          `json:"classify"`
	Model1   *float64          `json:"model1"`
}

// WriteScores writes the score table of the cases that were analysed, one JSON object
// a line: what the service refuses takes no part in a fit. Scores
// are those that the service's ensemble would be given, also of levels that are only
// partly in field, since the patient's head sees them too.
func WriteScores(w io.Writer, split string, cases []Case) error {
	enc := json.NewEncoder(w)
	for _, c := range cases {
		if c.Refused != "" {
			continue
		}
		row := scoreRow{Study: c.Truth.ID, Split: split, Model1Patient: number(c.Scores.Model1Patient), Coverage: c.Scores.Coverage,
			Features: map[models.Feature]float64{}}
		if c.broken() {
			row.PatientLabel = 1
		}
		for f, x := range c.Features {
			if number(x) != nil {
				row.Features[f] = x
			}
		}
		if x, ok := c.Features[models.NoiseHU]; ok {
			row.Noise = number(x)
		}
		for _, v := range neckfrac.Vertebrae() {
			l, s := c.Truth.Levels[v], c.Scores.Levels[v.Index()]
			row.Levels = append(row.Levels, scoreLevelRow{Level: v, Label: l.Label, Occult: l.Occult, InField: l.Coverage().String(),
				Classify: number(s.Classify), Model1: number(s.Model1)})
		}
		if err := enc.Encode(row); err != nil {
			return neckfrac.E("write scores", err)
		}
	}
	return nil
}

// number is null for what JSON has no word for.
func number(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}
