package phantom

import (
	"fmt"

	"github.com/neckfrac/neckfrac"
)

// Study is one synthetic patient: the picture and what is true about it.
type Study struct {
	// Volume is in HU; Direction is the identity, slices rise to the head. Its UIDs are
	// those of the zero time of acquisition.
	Volume neckfrac.Volume
	// Labels has the grid of Volume.
	Labels neckfrac.Labels
	// Fracture has the vertebra's number where its fracture can be seen, else 0.
	Fracture []uint8
	Truth    Truth

	form Form
}

// Truth is truth.json.
type Truth struct {
	ID        string `json:"id"`
	Generator string `json:"generator"`
	Anatomy   string `json:"anatomy"`
	// Attribution is the line of the anatomy's licence, empty for the built-in one.
	Attribution string `json:"attribution,omitempty"`
	Seed        uint64 `json:"seed"`
	Intact      bool   `json:"intact,omitempty"`
	// Recipe names the settings other than the seed.
	Recipe string `json:"recipe"`
	// Digest is Study.Digest, in files only.
	Digest    string                            `json:"digest,omitempty"`
	Patient   int                               `json:"patient_label"`
	Levels    map[neckfrac.Vertebra]*LevelTruth `json:"levels"`
	Negatives []Negative                        `json:"negatives"`
	Scanner   Scanner                           `json:"scanner"`
	Person    Person                            `json:"person"`
	// Form and Series say what is sent, nil for the zero form's one series.
	Form   *Form         `json:"form,omitempty"`
	Series []SeriesTruth `json:"series,omitempty"`
}

// SeriesTruth is what the headers of a series have to lead to.
type SeriesTruth struct {
	Kind   SeriesKind `json:"kind"`
	Number int        `json:"series_number"`
	Images int        `json:"images"`
	// SpacingMM are the distances of neighbouring slices along their normal, each named
	// once, from the feet; empty for images that are no stack.
	SpacingMM   []float64 `json:"spacing_mm,omitempty"`
	ThicknessMM float64   `json:"thickness_mm,omitempty"`
}

// LevelTruth is what is true about one vertebra.
type LevelTruth struct {
	// Label is 1 if a fracture of the level can be seen in the stack.
	Label int `json:"label"`
	// Occult says that the level is broken but nothing of it can be seen: it is left
	// out of training and scoring.
	Occult    bool       `json:"occult"`
	Fractures []Fracture `json:"fractures"`
	// BoxMM is the vertebra's box in LPS: x, y, z of its least and then of its greatest
	// corner, also where the stack does not reach.
	BoxMM [6]float64 `json:"box_mm"`
	// InField is "full", "partial" or "none".
	InField string `json:"in_field"`
}

// Fracture is one pattern with what can be seen of it.
type Fracture struct {
	Type           Type    `json:"type"`
	WidthMM        float64 `json:"width_mm"`
	DisplacementMM float64 `json:"displacement_mm"`
	// HeightLoss is the share of the front height, for wedges and bursts.
	HeightLoss float64 `json:"height_loss,omitempty"`
	// Comminuted says that a further piece broke out beside the pattern's own.
	Comminuted bool `json:"comminuted,omitempty"`
	// SlipMM and KyphosisDeg are how far the neck above moved and tipped forward.
	SlipMM      float64 `json:"slip_mm,omitempty"`
	KyphosisDeg float64 `json:"kyphosis_deg,omitempty"`
	// CanalMM is how far a fragment of a burst body stands into the canal.
	CanalMM float64 `json:"canal_mm,omitempty"`
	// CNR is the noise-free change of the picture over the local noise, the mean over
	// the 20 most changed voxels.
	CNR    float64 `json:"cnr"`
	Voxels int     `json:"voxels"`
}

// Negative is a look-alike of a fracture.
type Negative struct {
	Level neckfrac.Vertebra `json:"level,omitempty"`
	Kind  string            `json:"kind"`
}

// Person is the drawn patient.
type Person struct {
	Age float64 `json:"age"`
	Sex string  `json:"sex"`
	// PostOperative says that the spine carries metal.
	PostOperative bool `json:"post_operative,omitempty"`
}

// Scanner is the drawn acquisition.
type Scanner struct {
	Protocol  string  `json:"protocol"`
	Kernel    string  `json:"kernel"`
	FWHM      float64 `json:"fwhm_mm"`
	PixelMM   float64 `json:"pixel_mm"`
	SliceMM   float64 `json:"slice_mm"`
	SpacingMM float64 `json:"spacing_mm"`
	NoiseHU   float64 `json:"noise_hu"`
	StreakHU  float64 `json:"streak_hu"`
	KVP       int     `json:"kvp"`
	Contrast  bool    `json:"contrast"`
	Metal     bool    `json:"metal"`
	Motion    bool    `json:"motion"`
	Partial   string  `json:"partial,omitempty"`
	LowDose   bool    `json:"low_dose,omitempty"`
	quirks    quirks
	overshoot float64
	shoulder  float64
	fov       float64
	rows      int
}

// studyID names a study by its seed.
func studyID(seed uint64) string { return fmt.Sprintf("nf-%08d", seed) }
