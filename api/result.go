package api

import (
	"time"

	"github.com/neckfrac/neckfrac"
)

// ResultView is the latest assessment. Without the right to details (triage) it has
// no level, grade, probability, mark or key image, and Open is empty.
type ResultView struct {
	ID         string    `json:"id"`
	Revision   int       `json:"revision"`
	Created    time.Time `json:"created"`
	T0         time.Time `json:"t0"`
	Profile    string    `json:"profile"`
	Conclusion string    `json:"conclusion"`
	Action     string    `json:"action,omitempty"`
	Limits     []string  `json:"limits"`
	Pack       string    `json:"pack,omitempty"`
	Slices     int       `json:"slices,omitempty"`
	// Basis is why the images were taken as complete.
	Basis *ReasonView `json:"basis,omitempty"`
	// ShearDegrees is the gantry tilt that was undone.
	ShearDegrees float64 `json:"shearDegrees,omitempty"`
	// Details says whether the profile lets the fields below be shown.
	Details       bool     `json:"details"`
	Probability   *float64 `json:"probability,omitempty"`
	Grade         string   `json:"grade,omitempty"`
	GradeSentence string   `json:"gradeSentence,omitempty"`
	// FlagThreshold is the level threshold of the flag's operating point.
	FlagThreshold *float64 `json:"flagThreshold,omitempty"`
	Points        []string `json:"points,omitempty"`
	Confirmation  string   `json:"confirmation,omitempty"`
	// Open is the level that a page opens on: the flagged one with the highest
	// probability, else such an indeterminate one, else the first with pictures.
	Open       string          `json:"open,omitempty"`
	Levels     []LevelView     `json:"levels,omitempty"`
	Candidates []CandidateView `json:"candidates"`
	Artefacts  []ArtefactView  `json:"artefacts"`
}

// LevelView is the result of one vertebra.
type LevelView struct {
	Level string `json:"level"`
	// State is a word of our own code system; StateText is for people.
	State     string `json:"state"`
	StateText string `json:"stateText"`
	// Coverage is full, partial or none; CoverageText its sentence.
	Coverage     string `json:"coverage"`
	CoverageText string `json:"coverageText"`
	// KeySlice is the image that shows the level's finding best.
	KeySlice *KeySliceView `json:"keySlice,omitempty"`
	// Probability is left out where the level is not imaged.
	Probability *float64 `json:"probability,omitempty"`
	Point       string   `json:"point,omitempty"`
	Grade       string   `json:"grade,omitempty"`
	Sentences   []string `json:"sentences"`
	// Images are the key images in reading order of the planes.
	Images []ArtefactView `json:"images"`
}

// KeySliceView names an image of the study; Frame counts from 1 and is left out where the
// instance has one frame.
type KeySliceView struct {
	Instance string `json:"instance"`
	Frame    int    `json:"frame,omitempty"`
}

// CandidateView is a series that could have been analysed and why it was not.
type CandidateView struct {
	Series      string  `json:"series"`
	Description string  `json:"description,omitempty"`
	Slices      int     `json:"slices"`
	SpacingMM   float64 `json:"spacingMM"`
	ThicknessMM float64 `json:"thicknessMM,omitempty"`
	ExtentMM    float64 `json:"extentMM,omitempty"`
	FieldMM     float64 `json:"fieldMM,omitempty"`
	TiltDegrees float64 `json:"tiltDegrees,omitempty"`
	Kernel      string  `json:"kernel,omitempty"`
	// Score is of 100; Rules are its parts in the order of the rules.
	Score  float64      `json:"score"`
	Rules  []PointsView `json:"rules"`
	Chosen bool         `json:"chosen"`
	Lost   string       `json:"lost,omitempty"`
	// Rule is the one that it lost by, Reason what that would mean for the study.
	Rule   string `json:"rule,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// PointsView is what one rule gave a candidate.
type PointsView struct {
	Rule   string  `json:"rule"`
	Points float64 `json:"points"`
	Of     float64 `json:"of"`
}

// ArtefactView is a derived file and where its bytes are.
type ArtefactView struct {
	ID          string `json:"id"`
	Kind        string `json:"kind"`
	Level       string `json:"level,omitempty"`
	Plane       string `json:"plane,omitempty"`
	Marked      bool   `json:"marked,omitempty"`
	Caption     string `json:"caption,omitempty"`
	ContentType string `json:"contentType"`
	Bytes       int64  `json:"bytes"`
	Href        string `json:"href"`
}

func (s *Server) resultView(a neckfrac.Assessment, readStatus string) ResultView {
	show := revealOf(a.Profile)
	out := ResultView{
		ID: string(a.ID), Revision: a.Revision, Created: s.local(a.Created), T0: s.local(a.T0), Profile: string(a.Profile),
		Conclusion: neckfrac.Conclusion(a, show.wording(), readStatus), Limits: limitSentences(a), Pack: packSentence(a.Pack),
		Slices: a.Slices, ShearDegrees: a.ShearDegrees, Details: show.details, Candidates: []CandidateView{}, Artefacts: []ArtefactView{},
	}
	if text := a.Basis.Text(); text != "" {
		out.Basis = &ReasonView{Code: string(a.Basis), Text: text}
	}
	for _, c := range a.Candidates {
		out.Candidates = append(out.Candidates, candidateView(c))
	}
	for _, art := range a.Artefacts {
		if show.artefact(art) {
			out.Artefacts = append(out.Artefacts, artefactView(art))
		}
	}
	if a.Status != neckfrac.Analysed {
		return out
	}
	if a.Presence == neckfrac.Suspected {
		out.Action = neckfrac.Action
	}
	if show.details {
		out.detail(a)
	}
	return out
}

func candidateView(c neckfrac.Candidate) CandidateView {
	out := CandidateView{
		Series: string(c.Series), Description: c.Description, Slices: c.Slices, SpacingMM: c.SpacingMM, ThicknessMM: c.ThicknessMM,
		ExtentMM: c.ExtentMM, FieldMM: c.FieldMM, TiltDegrees: c.TiltDegrees, Kernel: c.Kernel, Score: c.Score, Rules: []PointsView{},
		Chosen: c.Lost == "", Lost: c.Lost, Rule: c.Rule, Reason: string(c.Reason),
	}
	for _, p := range c.Rules {
		out.Rules = append(out.Rules, PointsView(p))
	}
	return out
}

// detail adds what triage hides.
func (v *ResultView) detail(a neckfrac.Assessment) {
	p := a.Probability
	v.Probability = &p
	v.Grade, v.GradeSentence = string(a.Grade), neckfrac.GradeSentence(a.Grade)
	v.Confirmation = neckfrac.ConfirmationUnknown
	for _, p := range a.Decision.Points {
		v.Points = append(v.Points, pointSentence(p))
	}
	if flag, ok := a.Decision.Point(a.Decision.Flag); ok {
		t := flag.Level.Probability
		v.FlagThreshold = &t
	}
	for _, f := range a.Findings {
		v.Levels = append(v.Levels, levelView(f, a))
	}
	v.Open = likeliest(a, neckfrac.Suspected)
	if v.Open == "" {
		v.Open = likeliest(a, neckfrac.Indeterminate)
	}
	for _, l := range v.Levels {
		if v.Open == "" && len(l.Images) > 0 {
			v.Open = l.Level
		}
	}
	if v.Open == "" && len(v.Levels) > 0 {
		v.Open = v.Levels[0].Level
	}
}

// likeliest is the level in a state with the highest probability, "" if there is none.
func likeliest(a neckfrac.Assessment, p neckfrac.Presence) string {
	best, level := -1.0, ""
	for _, f := range a.Findings {
		if f.Presence == p && f.Probability > best {
			best, level = f.Probability, f.Vertebra.String()
		}
	}
	return level
}

func levelView(f neckfrac.Finding, a neckfrac.Assessment) LevelView {
	l := LevelView{Level: f.Vertebra.String(), State: f.Presence.String(), Sentences: levelSentences(f, a), Images: []ArtefactView{},
		Coverage: neckfrac.CoverageFull.String(), CoverageText: neckfrac.CoverageSentence(a, f.Vertebra)}
	if f.Presence == neckfrac.NotImaged {
		l.StateText, l.Coverage = "not analysed", f.Coverage.String()
		return l
	}
	if f.KeySlice != "" {
		l.KeySlice = &KeySliceView{string(f.KeySlice), f.KeyFrame}
	}
	code, _ := f.Presence.Code()
	p := f.Probability
	l.StateText, l.Probability, l.Point = code.Text, &p, string(f.Point)
	if f.Presence == neckfrac.Suspected {
		l.Grade = string(f.Grade)
	}
	for _, plane := range neckfrac.Planes() {
		for _, art := range a.Artefacts {
			if art.Kind == neckfrac.ArtefactKeyImage && art.Vertebra == f.Vertebra && art.Plane == plane {
				l.Images = append(l.Images, artefactView(art))
			}
		}
	}
	return l
}

func artefactView(a neckfrac.Artefact) ArtefactView {
	out := ArtefactView{ID: string(a.ID), Kind: string(a.Kind), Plane: string(a.Plane), Marked: a.Marked,
		ContentType: contentType(a.ContentType), Bytes: a.Blob.Size, Href: apiRoot + "/artefacts/" + string(a.ID)}
	if a.Vertebra.Valid() {
		out.Level = a.Vertebra.String()
	}
	if a.Kind == neckfrac.ArtefactKeyImage {
		out.Caption = neckfrac.PreviewCaption
	}
	return out
}
