package dataset

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/neckfrac/neckfrac"
)

const (
	maxTruthBytes = 4 << 20
	maxStudies    = 200_000
)

// Truth is what the generator knows of a study; fields that nobody reads here are
// left out.
type Truth struct {
	ID           string                           `json:"id"`
	Seed         uint64                           `json:"seed"`
	PatientLabel int                              `json:"patient_label"`
	Levels       map[neckfrac.Vertebra]LevelTruth `json:"levels"`
}

// LevelTruth is the truth of one vertebra.
type LevelTruth struct {
	Label int `json:"label"`
	// Occult says that the fracture can't be seen in the voxels: excluded from loss
	// and score, and counted.
	Occult    bool       `json:"occult"`
	Fractures []Fracture `json:"fractures"`
	// InField is "full", "partial" or "none".
	InField string `json:"in_field"`
}

// Fracture describes one lesion.
type Fracture struct {
	Type           string  `json:"type"`
	WidthMM        float64 `json:"width_mm"`
	DisplacementMM float64 `json:"displacement_mm"`
	CNR            float64 `json:"cnr"`
	Voxels         int     `json:"voxels"`
}

// Coverage is InField as the domain's word.
func (l LevelTruth) Coverage() neckfrac.Coverage {
	switch l.InField {
	case neckfrac.CoverageFull.String():
		return neckfrac.CoverageFull
	case neckfrac.CoveragePartial.String():
		return neckfrac.CoveragePartial
	default:
		return neckfrac.CoverageNone
	}
}

// Seen reports whether the patient's label can be explained by the voxels: no
// fracture, or at least one that is visible.
func (t Truth) Seen() bool {
	if t.PatientLabel == 0 {
		return true
	}
	for _, l := range t.Levels {
		if l.Label == 1 && !l.Occult {
			return true
		}
	}
	return false
}

// ReadTruth reads DIR/truth.json of one study. The error is Invalid for a file that
// is not a truth and Limit for one over 4 MiB.
func ReadTruth(dir string) (Truth, error) {
	const op = "dataset: truth"
	f, err := os.Open(filepath.Join(dir, "truth.json"))
	if err != nil {
		return Truth{}, neckfrac.Wrap(neckfrac.NotFound, op, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxTruthBytes+1))
	if err != nil {
		return Truth{}, neckfrac.E(op, err)
	}
	if len(b) > maxTruthBytes {
		return Truth{}, neckfrac.Errorf(neckfrac.Limit, op, "over %d bytes", maxTruthBytes)
	}
	var t Truth
	if err := json.Unmarshal(b, &t); err != nil {
		return Truth{}, neckfrac.Wrap(neckfrac.Invalid, op, err)
	}
	if t.ID == "" || t.PatientLabel < 0 || t.PatientLabel > 1 {
		return Truth{}, neckfrac.Errorf(neckfrac.Invalid, op, "id or patient_label missing")
	}
	for v, l := range t.Levels {
		if l.Label < 0 || l.Label > 1 {
			return Truth{}, neckfrac.Errorf(neckfrac.Invalid, op, "%v: label %d", v, l.Label)
		}
	}
	return t, nil
}

// StudyDirs lists the folders of dir that hold a truth.json, by name.
func StudyDirs(dir string) ([]string, error) {
	const op = "dataset: list studies"
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, neckfrac.Wrap(neckfrac.NotFound, op, err)
	}
	var out []string
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		p := filepath.Join(dir, e.Name())
		if _, err := os.Stat(filepath.Join(p, "truth.json")); err == nil {
			out = append(out, p)
		}
	}
	if len(out) == 0 {
		return nil, neckfrac.Errorf(neckfrac.NotFound, op, "no folder with a truth.json")
	}
	if len(out) > maxStudies {
		return nil, neckfrac.Errorf(neckfrac.Limit, op, "%d studies", len(out))
	}
	slices.Sort(out)
	return out, nil
}
