package evaluate

import (
	"math"
	"slices"

	"github.com/neckfrac/neckfrac"
	"github.com/neckfrac/neckfrac/models"
	"github.com/neckfrac/neckfrac/models/dataset"
	"github.com/neckfrac/neckfrac/models/input"
	"github.com/neckfrac/neckfrac/models/level"
)

// Outcome is what the networks say about one volume, before calibration.
type Outcome struct {
	Grid   input.Grid
	Found  level.Result
	Scores models.Scores
	// Blind are the scores with the image zeroed; all NaN where that was not asked for.
	Blind    models.Scores
	Features map[models.Feature]float64
}

// Case is one study: its truth beside the answer.
type Case struct {
	Study string
	Truth dataset.Truth
	// Refused is why the service would not analyse the study; the fields below are then
	// empty, or as far as the analysis came.
	Refused neckfrac.Reason
	// Limits are the reasons that limit the analysis.
	Limits   []neckfrac.Reason
	Scores   models.Scores
	Blind    models.Scores
	Features map[models.Feature]float64
	// Compared says that the masks were held against the true ones.
	Compared bool
	Levels   [neckfrac.Levels]LevelCase
	// Probabilities are filled by Calibrate.
	Probabilities models.Probabilities
}

// LevelCase is what was found of one level.
type LevelCase struct {
	Coverage neckfrac.Coverage
	// Named says that most of the found mask lies on this level's true bone.
	Named bool
	// Dice is 2·|both| / (|found| + |true|) on the segmenter's grid; NaN where neither
	// has a voxel or nothing was compared.
	Dice float64
}

// Calibrate returns the cases with the probabilities that an ensemble gives them.
func Calibrate(e models.Ensemble, cases []Case) []Case {
	out := slices.Clone(cases)
	for i := range out {
		out[i].Probabilities = e.Apply(out[i].Scores)
	}
	return out
}

// Blinded returns the cases with the scores of the zeroed image.
func Blinded(cases []Case) []Case {
	out := slices.Clone(cases)
	for i := range out {
		out[i].Scores = out[i].Blind
	}
	return out
}

// inField says that a level is wholly in the field, by the truth.
func (c Case) inField(v neckfrac.Vertebra) bool {
	return c.Truth.Levels[v].Coverage() == neckfrac.CoverageFull
}

// probability is what the service states of a level. It states nothing of one that it
// did not find whole: such a level is flagged at no threshold, so a fracture that is
// lost with its vertebra counts as missed.
func (c Case) probability(v neckfrac.Vertebra) float64 {
	p := c.Probabilities.Levels[v.Index()]
	if c.Levels[v.Index()].Coverage != neckfrac.CoverageFull || math.IsNaN(p) {
		return 0
	}
	return p
}

// broken reports whether any vertebra is fractured, seen or occult.
func (c Case) broken() bool {
	for _, l := range c.Truth.Levels {
		if l.Label == 1 || l.Occult {
			return true
		}
	}
	return c.Truth.PatientLabel == 1
}

// judged reports whether the voxels can show the patient's state: nothing is broken,
// or some of it can be seen.
func (c Case) judged() bool {
	for _, l := range c.Truth.Levels {
		if l.Label == 1 && !l.Occult {
			return true
		}
	}
	return !c.broken()
}
