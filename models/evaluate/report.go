package evaluate

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"

	"github.com/neckfrac/neckfrac"
)

// Report is the judgement on a pack by one set of studies.
type Report struct {
	// Domain is the sentence that stands above every figure.
	Domain string          `json:"domain"`
	Pack   neckfrac.PackID `json:"pack"`
	// Data is the SHA-256 over the truth of the studies, in order.
	Data    string `json:"data_digest"`
	Studies int    `json:"studies"`
	// Analysed and Limited count what the service would answer, fully and with a limit
	// (a limited study is analysed too).
	Analysed int `json:"analysed"`
	Limited  int `json:"limited"`
	// RefusedBroken counts refused patients with a fracture: no figure below holds them.
	RefusedBroken int                     `json:"refused_with_fracture"`
	Refused       map[neckfrac.Reason]int `json:"refused_by_reason"`
	Limits        map[neckfrac.Reason]int `json:"limited_by_reason"`
	// OccultLevels and OccultPatients were left out of the figures of analysed studies.
	OccultLevels   int              `json:"occult_levels"`
	OccultPatients int              `json:"occult_patients"`
	Vertebra       Figures          `json:"vertebra"`
	Patient        Figures          `json:"patient"`
	Levels         []LevelFigures   `json:"levels"`
	Finding        Finding          `json:"finding"`
	Bootstrap      bootstrapSetting `json:"bootstrap"`
}

type bootstrapSetting struct {
	Draws int    `json:"draws"`
	Seed  uint64 `json:"seed"`
	By    string `json:"by"`
}

// LevelFigures are the figures of one level.
type LevelFigures struct {
	Level neckfrac.Vertebra `json:"level"`
	Figures
}

// Figures are what is said of one question.
type Figures struct {
	N         int      `json:"n"`
	Fractured int      `json:"fractured"`
	AUC       Estimate `json:"auc"`
	// BlindAUC is with the image zeroed, PositionAUC from the name of the level alone. An
	// ensemble knows that some levels break more often, so its blind AUC over all levels
	// comes near the position's; BlindWithinAUC compares within levels and shows what
	// masks and crops give away.
	BlindAUC       Estimate      `json:"blind_auc"`
	BlindWithinAUC Estimate      `json:"blind_auc_within_level"`
	PositionAUC    Estimate      `json:"position_auc"`
	Brier          Number        `json:"brier"`
	ECE            Number        `json:"calibration_error"`
	FlagAllF2      Number        `json:"flag_all_f2"`
	Points         []PointFigure `json:"points"`
	ROC            [][2]Number   `json:"roc"`
	Reliability    []Bin         `json:"reliability"`
}

// PointFigure is one of the pack's operating points, measured on this set.
type PointFigure struct {
	Name      neckfrac.PointName `json:"name"`
	Threshold float64            `json:"threshold"`
	Counts
	Sensitivity Estimate `json:"sensitivity"`
	Specificity Estimate `json:"specificity"`
	F2          Number   `json:"f2"`
	MCC         Number   `json:"mcc"`
}

// Judge makes the report of cases with the ensemble and decision of a pack.
func Judge(pack neckfrac.PackID, d neckfrac.Decision, cases, blind []Case) Report {
	r := Report{Pack: pack, Domain: domain(pack.Domain), Data: dataDigest(cases), Studies: len(cases),
		Refused: map[neckfrac.Reason]int{}, Limits: map[neckfrac.Reason]int{},
		Finding: find(cases), Bootstrap: bootstrapSetting{Draws, Seed, "patient"}}
	for _, c := range cases {
		r.count(c)
	}
	position := byPosition(cases)
	level := func(p neckfrac.OperatingPoint) float64 { return p.Level.Probability }
	patient := func(p neckfrac.OperatingPoint) float64 { return p.Patient.Probability }
	r.Vertebra = figures(d, level, pooled(cases), pooled(blind), pooled(position))
	r.Patient = figures(d, patient, patients(cases), patients(blind), patients(position))
	for _, v := range neckfrac.Vertebrae() {
		r.Levels = append(r.Levels, LevelFigures{v, figures(d, level, vertebrae(cases, v), vertebrae(blind, v), vertebrae(position, v))})
	}
	return r
}

func (r *Report) count(c Case) {
	if c.Refused != "" {
		r.Refused[c.Refused]++
		if c.broken() {
			r.RefusedBroken++
		}
		return
	}
	r.Analysed++
	if len(c.Limits) > 0 {
		r.Limited++
	}
	for _, l := range c.Limits {
		r.Limits[l]++
	}
	for _, l := range c.Truth.Levels {
		if l.Occult {
			r.OccultLevels++
		}
	}
	if !c.judged() {
		r.OccultPatients++
	}
}

func domain(d neckfrac.Domain) string {
	if d == neckfrac.DomainSynthetic {
		return neckfrac.SyntheticPack + " The figures below prove that the machinery works, never clinical accuracy."
	}
	return "Trained on patients. " + neckfrac.ResearchUse
}

func dataDigest(cases []Case) string {
	h := sha256.New()
	enc := json.NewEncoder(h)
	for _, c := range cases {
		enc.Encode(c.Truth) // numbers of a JSON file and words: they can be encoded, and a hash never fails
	}
	return hex.EncodeToString(h.Sum(nil))
}

func figures(d neckfrac.Decision, threshold func(neckfrac.OperatingPoint) float64, seen, blind, position []Sample) Figures {
	f := Figures{N: len(seen), AUC: Interval(seen, AUC), BlindAUC: Interval(blind, AUC),
		BlindWithinAUC: Interval(blind, AUCWithin), PositionAUC: Interval(position, AUC),
		Brier: Number(Brier(seen)), ECE: Number(CalibrationError(seen)), FlagAllF2: Number(FlagAllF2(seen)),
		ROC: ROC(seen), Reliability: Reliability(seen)}
	for _, x := range seen {
		if x.True {
			f.Fractured++
		}
	}
	for _, p := range d.Points {
		c := CountAt(seen, threshold(p))
		f.Points = append(f.Points, PointFigure{Name: p.Name, Threshold: threshold(p), Counts: c,
			Sensitivity: wilson(c.TP, c.TP+c.FN), Specificity: wilson(c.TN, c.TN+c.FP), F2: Number(c.F2()), MCC: Number(c.MCC())})
	}
	return f
}

// WriteJSON writes the report; a figure that the set can't give is null.
func (r Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return neckfrac.E("evaluate: json", enc.Encode(r))
}
